"""Write numbers, money and names the way a reader expects them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeGuard, cast

from optimiser.problem.jsonfile import packaged

if TYPE_CHECKING:
    import pandas as pd


def data_of(name: str) -> dict[str, Any]:
    """Return a file of data of this package, such as ``words``."""
    return packaged("optimiser.report", f"data/{name}.toml")


WORDS: Mapping[str, Any] = data_of("words")
"""Words for what the code knows by a short name, by table of `words.toml`."""

SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9}

ASKING = "“polyring cases RUN”, with the folder of this run,"
"""Command that asks what a run leaves open: plausible cases, the value of rings, the price of demands."""

NONE = "–"
"""What stands in a cell without a value."""


def is_known[Value](value: Value | None) -> TypeGuard[Value]:
    """Return whether a cell of a table holds a value."""
    from pandas import isna  # commands that show no plan do without it

    return value is not None and not isna(cast("Any", value))


def clock(seconds: int) -> str:
    """Return a travel time as hours and minutes, rounded up so that 4:00:01 never reads as 4:00."""
    from networks.skims import UNREACHABLE

    if seconds >= UNREACHABLE:
        return "no path"
    return f"{minutes(seconds) // 60}:{minutes(seconds) % 60:02d}"


def clock_of_minutes(value: float | None) -> str:
    """Return minutes as hours and minutes, rounded up; a dash without a value."""
    return clock(round(60 * value)) if is_known(value) else NONE


def minutes(seconds: int) -> int:
    """Return whole minutes, rounded up, so that nothing seems nearer than it is."""
    return -(-int(seconds) // 60)


def hours(seconds: int) -> str:
    """Return a limit in words: ``4 hours``, ``90 minutes``."""
    if seconds % 3600 == 0:
        return "1 hour" if seconds == 3600 else f"{seconds // 3600} hours"
    return f"{seconds // 60} minutes" if seconds % 60 == 0 else f"{seconds} seconds"


def short_hours(seconds: int) -> str:
    """Return a limit in short: ``4 h``, ``1.5 h``, ``35 min``, ``2,099 s``."""
    if seconds % 1800 == 0:
        return f"{seconds / 3600:g} h"
    return f"{seconds // 60} min" if seconds % 60 == 0 else f"{seconds:,} s"


def integer(value: float | None) -> str:
    """Return a number rounded to an integer, thousands separated by commas; a dash without a value."""
    return f"{round(value):,}" if is_known(value) else NONE


def money(amount: float, unit: str) -> str:
    """Return an amount of money with its unit, which may be empty."""
    return f"{integer(amount)} {unit}".strip()


def amount(value: int, unit: str, *, of: int | None = None) -> str:
    """Return an amount of money as one says it, or an amount `of` a larger one.

    Examples
    --------
    >>> amount(51324, "million CNY", of=130000)
    '51 of 130 billion CNY'
    """
    factor, single = per_person(unit)
    parts = [value, *([] if of is None else [of])]
    whole = [one * factor for one in parts]
    names = [next((name for name, size in reversed(SCALES.items()) if size <= one), "") for one in whole]
    scaled = [one / SCALES.get(name, 1) for one, name in zip(whole, names, strict=True)]
    words = [f"{one:,.0f}" if one >= 10 else f"{one:.1f}".removesuffix(".0") for one in scaled]
    scales = [name if name != names[-1] or at == len(names) - 1 else "" for at, name in enumerate(names)]
    said = [f"{one} {scale}".strip() for one, scale in zip(words, scales, strict=True)]
    return f"{' of '.join(said)} {single}".strip()


def different_moneys(first: str, second: str) -> str:
    """Return in a sentence that two plans count in different moneys; empty where they count in the same."""
    if first == second:
        return ""
    one, two = (name or "no named unit" for name in (first, second))
    return f"Costs are in {one} in the first and in {two} in the second, and are not converted."


def people(count: float) -> str:
    """Return a number of people in short: ``1.24 M``, ``310 k``."""
    if count >= 999_500:
        return f"{count / 1e6:.2f} M" if count < 1e7 else f"{count / 1e6:.1f} M"
    return f"{count / 1e3:.0f} k" if count >= 1000 else f"{count:.0f}"


def share(part: float, total: float) -> str:
    """Return a part of a total as a percentage without decimals; a dash where the total is 0.

    Only the whole is 100 %, and only nothing is 0 %.
    """
    if not total:
        return NONE
    if 0.995 * total <= part < total:
        return "> 99 %"
    return "< 1 %" if 0 < part < 0.005 * total else f"{100 * part / total:.0f} %"


def percent(value: float | None, *, digits: int = 1) -> str:
    """Return a share of 0 to 1 as a percentage; a dash without a value."""
    return f"{100 * value:.{digits}f} %" if is_known(value) else NONE


def share_of(part: int, total: int) -> str:
    """Return a part of a total as a percentage with a decimal; a dash where the total is 0."""
    return percent(part / total if total else None)


def counted(part: int, total: int) -> str:
    """Return a number and in brackets its share of a total."""
    return f"{integer(part)} ({share(part, total)})"


def gap(value: float | None) -> str:
    """Return a relative gap as a percentage of two digits, or that none is known."""
    if value is None:
        return "not known"
    return "0 %" if value == 0 else f"{100 * value:.2g} %"


def per_person(money: str) -> tuple[int, str]:
    """Return the factor that turns a cost into single units of money, and the name of that unit.

    Examples
    --------
    >>> per_person("million CNY")
    (1000000, 'CNY')
    """
    scale, _, unit = money.partition(" ")
    return (SCALES[scale], unit) if scale in SCALES and unit else (1, money)


def kind(name: str, line: Any = None) -> str:  # noqa: ANN401 (a geometry, whose library few commands need)
    """Return the kind of a candidate in words; of a new line whose geometry is given, how it runs as well."""
    from optimiser.proposals.costs import drawn  # as above
    from optimiser.proposals.generate import NEW_LINES, WORDS

    words = WORDS.get(name, name.replace("_", " "))
    return words if line is None or name not in NEW_LINES else f"{words}, {drawn(line)}"


def link_name(row: Mapping[Any, Any]) -> str:
    """Return a row of the table of links as its two ends; what is done at a station as the station."""
    from optimiser.proposals.generate import AT_STATIONS  # few commands need it
    from optimiser.proposals.stations import REGION

    if row.get("kind") in AT_STATIONS and row["kind"] != "access":
        return f"{row['from_name']} of {REGION}" if row["to_name"] == REGION else str(row["to_name"])
    return f"{row['from_name']} – {row['to_name']}"


def told_apart(rows: Iterable[Mapping[Any, Any]]) -> dict[str, str]:
    """Return name and kind of each link of a table by its id, which follows where they are repeated."""
    words = {row["candidate_id"]: f"{link_name(row)} ({kind(row['kind'])})" for row in rows}
    often = Counter(words.values())
    return {name: f"{text} [{name}]" if often[text] > 1 else text for name, text in words.items()}


def records(table: pd.DataFrame) -> list[dict[Any, Any]]:
    """Return the rows of a table; what is missing is None."""
    return table.astype(object).where(table.notna(), None).to_dict("records")


def split_ids(cell: str) -> list[str]:
    """Return the ids in a cell of a table, where semicolons separate them."""
    return cell.split("; ") if cell else []


def join_names(names: Sequence[str]) -> str:
    """Return names as in a sentence: ``A``, ``A and B``, ``A, B and C``."""
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)


def capitalised(words: str) -> str:
    """Return words with a capital first letter."""
    return words[:1].upper() + words[1:]


# ---- texts in tables for spreadsheets

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""First letters by which a spreadsheet takes a text for a formula, or that hide one of them."""


def unguarded(cell: str) -> str:
    """Return a text that `guard_formula` may have changed as it was."""
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(FORMULA_STARTS) else cell


def guard_formula(value: object) -> object:
    """Return a text that starts like a formula with an apostrophe before it; leave all else as it is."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value
