"""Back-cast the region Jing-Jin-Ji under several questions, and write a table of what each strategy finds.

Usage: python benchmarks/backcast.py [VARIANT ...] [--as-of DAY] [--out FILE.md]

Each variant of `VARIANTS` is `polyring backcast jing-jin-ji-links` with the settings that it names; where not
every plan is proven in time, the page says so. docs/backcast.md describes the strategies.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

from optimiser.job import find
from optimiser.proposals.generate import KINDS
from optimiser.report.backcast import BUDGETS, PLANS, POOLS, STRATEGIES, Backcast, against_rules, means
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


def _steps(*shares: float) -> Sequence[str]:
    """Return the settings with which parts of the weight count within two, three and four hours."""
    return _TWO, f"steps.shares={list(shares)}", "steps.later_s=[0, 3600, 7200]"


VARIANTS: Mapping[str, tuple[str, Sequence[str]]] = {
    "4h": ("four hours: the question of the job", ()),
    "3h": ("three hours", (_THREE,)),
    "2h": ("two hours", (_TWO,)),
    "steps": ("two, three and four hours at once: 0.4, 0.3 and 0.3 of the weight", _steps(0.4, 0.3, 0.3)),
    "steps-alike": ("the same with 0.34, 0.33 and 0.33", _steps(0.34, 0.33, 0.33)),
    "steps-late": ("the same with 0.2, 0.3 and 0.5", _steps(0.2, 0.3, 0.5)),
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
    pools = list(POOLS)[: None if name == next(iter(VARIANTS)) else 1]
    every = found.choices[found.choices["chooser"] == "everything"].fillna(0.0).iloc[0]
    recalls = ", ".join(f"{name} {every[f'recall_{name}']:.2f}" for name in ("road", "rail", "both"))
    pairs = (
        f"Pairs within the limit: {then} of {total} on {found.day}, {today} with what was built. Every line "
        f"proposed finds {recalls}.{'' if proven else ' NOT all plans are proven.'}"
    )
    lines = [f"## {name}: {VARIANTS[name][0]}", "", pairs, ""]
    for purse, words in BUDGETS.items():
        plans = means(found.choices[found.choices["purse"].eq(purse) & found.choices["chooser"].eq(PLANS[0])])
        # At which shares of the money the plan of lines alone finds more than every rule does.
        table = against_rules(found, purse)
        shares = " ".join(f"{share:.0%}" for share in table.index[table["more"]])
        more = f"more than every rule among the lines proposed at {shares or 'no share'}"
        lines += [
            f"Share of the built km near a line of the same mode (in brackets road, rail), {words}:",
            "",
            f"| strategy | {' | '.join(f'{share:.0%} of the money' for share in plans['share'])} |",
            f"|---|{'---|' * len(plans)}",
            *(line for pool in pools for line in _rows(found, purse, pool)),
            "",
            f"{STRATEGIES['plan_lines']}: {more}.",
            "",
        ]
    return lines


def _rows(found: Backcast, purse: str, pool: str) -> Iterator[str]:
    chosen = means(found.choices[found.choices["purse"].eq(purse) & found.choices["pool"].eq(pool)])
    for chooser, own in chosen.groupby("chooser", sort=False):
        finds = own[["recall_both", "recall_road", "recall_rail"]].fillna(0).to_numpy()
        cells = " | ".join("{:.2f} ({:.2f}, {:.2f})".format(*row) for row in finds)
        yield f"| {STRATEGIES[str(chooser)]}{'' if pool == 'proposed' else ', all neighbours'} | {cells} |"


def main() -> None:
    """Run the variants and write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("variants", nargs="*", metavar="VARIANT", help=f"of {', '.join(VARIANTS)} [all]")
    parser.add_argument("--as-of", type=date.fromisoformat, default=DAY)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    if unknown := set(options.variants) - set(VARIANTS):
        parser.error(f"unknown variants: {', '.join(sorted(unknown))}")
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


if __name__ == "__main__":
    main()
