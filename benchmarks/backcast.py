"""Back-cast the region Jing-Jin-Ji under several questions, and write a table of what each chooser finds.

Usage: python benchmarks/backcast.py [VARIANT ...] [--as-of DAY] [--out FILE.md]

Each variant of `VARIANTS` is `polyring backcast jing-jin-ji-links` with the settings that it names; where not
every plan is proven in time, the page says so. docs/backcast.md describes the choosers.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from optimiser.job import find
from optimiser.proposals.generate import KINDS
from optimiser.report.backcast import CHOOSERS, PLANS, POOLS, PURSES, Backcast, means
from optimiser.studies.backcast import backcast
from optimiser.tasks.cache import Progress

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "benchmarks" / "results" / "backcast.md"
JOB = "jing-jin-ji-links"
DAY = date(2016, 3, 10)
NEAR = [name for name, kind in KINDS.items() if not kind.far]
"""Every kind but links between cities that are no neighbours."""
_NEAR = f"candidates.kinds={NEAR!r}"
_THREE, _TWO = "times.limit_s=10800", "times.limit_s=7200"
VARIANTS: Mapping[str, tuple[str, Sequence[str]]] = {
    "4h": ("four hours: the question of the job", ()),
    "3h": ("three hours", (_THREE,)),
    "2h": ("two hours", (_TWO,)),
    "steps": (
        "two, three and four hours at once: 0.4, 0.3 and 0.3 of the weight of a pair",
        (_TWO, "steps.shares=[0.4, 0.3, 0.3]", "steps.later_s=[0, 3600, 7200]"),
    ),
    "steps-alike": (
        "the same with 0.34, 0.33 and 0.33",
        (_TWO, "steps.shares=[0.34, 0.33, 0.33]", "steps.later_s=[0, 3600, 7200]"),
    ),
    "steps-late": (
        "the same with 0.2, 0.3 and 0.5",
        (_TWO, "steps.shares=[0.2, 0.3, 0.5]", "steps.later_s=[0, 3600, 7200]"),
    ),
    "4h-population": ("four hours, pairs weighed by population", ("objective.weight=population",)),
    "4h-equal": ("four hours, all pairs alike", ("objective.weight=equal",)),
    "4h-neighbours": ("four hours, no links between cities that are no neighbours", (_NEAR,)),
    "3h-neighbours": ("three hours, likewise", (_NEAR, _THREE)),
    "2h-neighbours": ("two hours, likewise", (_NEAR, _TWO)),
}
"""What each variant asks, and its settings."""


def page(name: str, found: Backcast, *, proven: bool) -> list[str]:
    """Return the tables of a variant, one a division of the money.

    Parameters
    ----------
    name
        Name of the variant.
    found
        The back-cast.
    proven
        Whether every plan is within the gap of the job.
    """
    then, today, total = (found.pairs[name] for name in ("then", "today", "total"))
    pools = tuple(POOLS) if name == next(iter(VARIANTS)) else (next(iter(POOLS)),)
    pairs = f"Pairs within the limit: {then} of {total} on {found.day}, {today} with what was built."
    ending = "" if proven else " NOT all plans are proven."
    lines = [
        f"## {name}: {VARIANTS[name][0]}",
        "",
        f"{pairs} Every line proposed finds {_recalls(found)}.{ending}",
        "",
    ]
    for purse, words in PURSES.items():
        shares = [row.share for row in means(found.of(PLANS[0], purse=purse))]
        lines += [
            f"Share of the built km near a line of the same mode (in brackets road, rail), {words}:",
            "",
            f"| chooser | {' | '.join(f'{share:.0%} of the money' for share in shares)} |",
            f"|---|{'---|' * len(shares)}",
            *(line for pool in pools for line in _rows(found, purse, pool)),
            "",
            _verdict(found, purse),
            "",
        ]
    return lines


def _recalls(found: Backcast) -> str:
    everything = next(one for one in found.choices if one.chooser == "everything")
    return ", ".join(f"{name} {everything.figure(name) or 0:.2f}" for name in ("road", "rail", "both"))


def _rows(found: Backcast, purse: str, pool: str) -> list[str]:
    rows = []
    for chooser, name in CHOOSERS.items():
        cells = [
            f"{row.middle['both'] or 0:.2f} ({row.middle['road'] or 0:.2f}, {row.middle['rail'] or 0:.2f})"
            for row in means(found.of(chooser, purse=purse, pool=pool))
        ]
        if cells:
            ending = "" if pool == "proposed" else ", all neighbours"
            rows.append(f"| {name}{ending} | {' | '.join(cells)} |")
    return rows


def _verdict(found: Backcast, purse: str) -> str:
    """Return where each plan finds more than every rule does from the same lines, and than random draws."""
    rules = [name for name in CHOOSERS if name not in (*PLANS, "everything")]
    draws = found.of("random", purse=purse)
    count = len({one.draw for one in draws})
    said = []
    for plan in PLANS:
        above, fewer = [], []
        for at, row in enumerate(means(found.of(plan, purse=purse))):
            finds = row.middle["both"] or 0.0
            if finds > max(means(found.of(name, purse=purse))[at].middle["both"] or 0.0 for name in rules):
                above.append(f"{row.share:.0%}")
            fewer.append(sum((one.figure("both") or 0.0) < finds for one in draws if one.share == row.share))
        numbers = ", ".join(map(str, fewer))
        said.append(
            f"{CHOOSERS[plan]}: {' '.join(above) or 'none'} (more than {numbers} of {count} random draws)"
        )
    return f"More than every rule among the lines proposed at these shares: {'; '.join(said)}."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the variants and write the page.

    Returns
    -------
    int
        0 when the page is written.
    """
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("variants", nargs="*", metavar="VARIANT", help=f"of {', '.join(VARIANTS)} [all]")
    parser.add_argument("--as-of", type=date.fromisoformat, default=DAY)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.variants) - set(VARIANTS))
    if unknown:
        parser.error(f"unknown variants: {', '.join(unknown)}")
    lines = [
        f"# Back-cast of {options.as_of}",
        "",
        "Written by `python benchmarks/backcast.py`; docs/backcast.md says what the figures mean. Choices",
        "among all neighbours do not depend on the question and stand under the first variant alone.",
        "",
    ]
    for name in options.variants or VARIANTS:
        with tempfile.TemporaryDirectory() as folder:
            loaded = find(JOB, settings=("solve.time_limit_s=60", *VARIANTS[name][1]))
            done = backcast(loaded, day=options.as_of, out=Path(folder) / name, progress=Progress())
        print(f"{name}: {'proven' if done.exit_code == 0 else 'not all proven'}", file=sys.stderr, flush=True)
        lines += page(name, done.found, proven=done.exit_code == 0)
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
