"""Write the summary of a bench: command, machine, tables, comparisons, figures, footnotes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from optimiser.bench.footnotes import footnotes
from optimiser.bench.rows import Row
from optimiser.bench.speedups import EASY_S, SLOW_S, Speedup, speedups
from optimiser.bench.table import (
    Line,
    Trace,
    best_known,
    families,
    labelled,
    line_of,
    proves,
    tightest_bound,
)

MOST_SHOWN = 10.0
"""Relative figures beyond this are not written out."""


def summary(
    rows: Sequence[Row],
    trace_of: Callable[[Row], Trace],
    *,
    command: str,
    faults: Sequence[str],
    figures: Mapping[str, Path],
    left_out: Sequence[str] = (),
) -> str:
    """Return the summary as Markdown.

    Parameters
    ----------
    rows
        The table, one row an instance, way and seed.
    trace_of
        Progress of the solve of a row.
    command
        What was typed.
    faults
        Contradictions between outcomes.
    figures
        Paths of figures by what they show, to be linked from a page beside their folder.
    left_out
        What was asked for and could not be done.
    """
    parts = [
        "# Benchmark of solver variants\n",
        *_head(rows, command),
        *(["## Left out\n", "\n".join(f"* {text}" for text in left_out) + "\n"] if left_out else []),
        *_consistency(rows, faults),
        *_families(rows),
        *_comparisons(speedups(labelled(rows), trace_of)),
        *_instances(rows),
        *_figures(figures),
        "## Footnotes\n",
        "\n".join(f"* {note}" for note in footnotes(rows)),
    ]
    return "\n".join(parts) + "\n"


def _head(rows: Sequence[Row], command: str) -> Iterator[str]:
    yield f"Command: `{command}`\n"
    for what, name in (("Machine", "machine"), ("Versions", "versions"), ("Source", "source")):
        for value in dict.fromkeys(getattr(row, name) for row in rows):
            if value:
                yield f"{what}: {value}  "
    for name, digest in dict.fromkeys((row.variant, row.own) for row in rows if row.own):
        yield f"Variant {name}: a file of the user's own, SHA-256 {digest}...  "
    limits = sorted({row.time_limit_s for row in rows})
    threads = sorted({row.threads for row in rows})
    yield (
        f"Solves: {len(rows)}; time limit {_listed(limits)} s; threads {_listed(threads)}; "
        f"seeds {_listed(sorted({row.seed for row in rows}))}\n"
    )


def _listed(values: Iterable[float]) -> str:
    return ", ".join(f"{value:g}" for value in values)


def _consistency(rows: Sequence[Row], faults: Sequence[str]) -> Iterator[str]:
    yield "## Consistency\n"
    if faults:
        yield "**The outcomes contradict each other; at least one proof is false:**\n"
        yield "\n".join(f"* {fault}" for fault in faults) + "\n"
        return
    checked = sum(row.check == "ok" for row in rows)
    yield (
        f"{checked} of {len(rows)} outcomes passed the independent check (the others gave no result); on "
        "every instance every bound is at least as good as every plan that any way found.\n"
    )


def _families(rows: Sequence[Row]) -> Iterator[str]:
    best = best_known(rows)
    groups = {"all": list(rows), **families(rows)}
    for name, group in groups.items():
        if name == "all" and len(groups) == 2:
            continue
        count = len({row.instance for row in group})
        instances = "1 instance" if count == 1 else f"{count} instances"
        yield f"## {'All families' if name == 'all' else f'Family {name}'}: {instances}\n"
        lines = [line_of(label, found, best) for label, found in labelled(group).items()]
        yield _table(
            ("way", "solves", "proved", "failed", "best plan", "sgm 1 s [1]", "sgm 10 s [1]", "mean gap [2]",
             "mean loss [3]", "to 1 % of best [4]", "peak MB [5]"),
            [_cells(line) for line in lines],
        )  # fmt: skip


def _cells(line: Line) -> tuple[str, ...]:
    return (
        line.label, str(line.runs), str(line.proved) if line.sgm_1s is not None else "-", str(line.failed),
        str(line.best), _seconds(line.sgm_1s), _seconds(line.sgm_10s), _percent(line.mean_gap),
        _percent(line.mean_loss), _seconds(line.near_s), f"{line.peak_mb:,.0f}",
    )  # fmt: skip


def _comparisons(found: Sequence[Speedup]) -> Iterator[str]:
    if not found:
        return
    yield "## Against the baselines\n"
    yield (
        f"To proof: problems on which the baseline needs more than {EASY_S:g} s. To the same gap: problems "
        f"on which it needs more than {SLOW_S:g} s or does not finish, and the gap at which it ended.\n"
    )
    yield _table(
        ("baseline", "way", "to", "problems", "baseline cut off", "way cut off", "ratio of sgm [6]",
         "paired [6]"),
        [
            (one.baseline, one.other, one.what, str(one.problems), str(one.baseline_outs),
             str(one.other_outs), f"{one.ratio:.2f}", f"{one.paired:.2f}")
            for one in found
        ],
    )  # fmt: skip


def _instances(rows: Sequence[Row]) -> Iterator[str]:
    labels = list(labelled(rows))
    best = best_known(rows)
    grouped: dict[str, list[Row]] = {}
    for row in rows:
        grouped.setdefault(row.instance, []).append(row)
    yield "## Every instance\n"
    yield "Seconds to proof, else the gap at the end; of heuristics the loss; of several seeds the median.\n"
    yield _table(
        ("instance", "places / candidates / open pairs", "best plan", "tightest bound", *labels),
        [
            (name, f"{group[0].places} / {group[0].candidates:,} / {group[0].open_pairs:,}",
             _whole(best[name]), _whole(tightest_bound(group)),
             *(_median(labelled(group).get(label, []), best[name]) for label in labels))
            for name, group in grouped.items()
        ],
    )  # fmt: skip


def _median(rows: Sequence[Row], best: int | None) -> str:
    """Return the cell of the middle row: those proved by time, then the others by what is left open."""
    if not rows:
        return ""
    ranked = sorted(rows, key=lambda row: (not row.proved, row.seconds if row.proved else _left(row, best)))
    row = ranked[(len(ranked) - 1) // 2]
    if row.objective is None and not row.proved:
        return row.termination
    return f"{row.seconds:.2f} s" if row.proved else _percent(_left(row, best))


def _left(row: Row, best: int | None) -> float:
    if proves(row):
        return 1.0 if row.gap is None else row.gap
    if best is None or row.objective is None:
        return 1.0
    return abs(best - row.objective) / max(1, abs(best))


def _figures(figures: Mapping[str, Path]) -> Iterator[str]:
    if figures:
        yield "## Figures\n"
        yield "\n".join(f"![{name}]({path.parent.name}/{path.name})\n" for name, path in figures.items())


def _table(head: Sequence[str], cells: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *cells]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _percent(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{100 * value:.2f} %" if value <= MOST_SHOWN else f"> {100 * MOST_SHOWN:g} %"


def _whole(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"
