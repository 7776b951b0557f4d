"""Put two runs side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from optimiser.cli import screen
from optimiser.cli.options import Json
from optimiser.problem.errors import ProblemError

_FIGURES = (
    "status",
    "money",
    "cost",
    "budget",
    "objective",
    "bound",
    "gap",
    "gap_of_gain",
    "definition",
    "limit_s",
)


def compare(
    first: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    second: Annotated[Path, typer.Argument(metavar="RUN", help="Another run folder.")],
    json: Json = False,
) -> int:
    """Put two runs side by side."""
    from optimiser.report import wording

    summaries = _summary(first), _summary(second)
    found = difference(*summaries)
    if json:
        screen.as_json(found)
        return 0
    names = (str(first), str(second))
    figures = {
        key: list(map(_in_words, summaries, [key] * 2, pair)) for key, pair in found["figures"].items()
    }
    screen.table("Figures", _side_by_side(figures, names), right=names)
    if note := wording.different_moneys(*(str(run.get("money") or "") for run in summaries)):
        screen.line(note)
    screen.table("Covered weight after building", _side_by_side(found["coverage"], names), right=names)
    if any(any(pair) for pair in found["within"].values()):
        screen.table("Pairs within the limit", _side_by_side(found["within"], names), right=names)
    if found["dependence"]:
        screen.table("Dependence on the core", _side_by_side(found["dependence"], names), right=names)
    if found["reach"]:
        screen.table("Least cost of shares of all pairs", _side_by_side(found["reach"], names), right=names)
    _show_rings(found["rings"])
    if not found["same_cities"]:
        screen.line("The runs are about different cities: what each builds is in its own folder.")
        return 0
    titles = {"both": "Built in both", "first": "Only in the first", "second": "Only in the second"}
    links = {link["candidate_id"]: link for run in summaries for link in run.get("links", ())}
    for key, title in titles.items():
        screen.line(f"{title}: {'; '.join(_link(name, links) for name in found['built'][key]) or 'nothing'}")
    return 0


def difference(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """Return the figures of two summaries side by side, and what each builds.

    Parameters
    ----------
    first, second
        Contents of two `summary.json`.

    Returns
    -------
    dict
        `figures` and `coverage`: name to the two values; `within`: tier to the pairs within the limit in
        words; `dependence`: measure to its values today and after building; `reach`: share of all pairs to
        its least cost, where a run asks; `same_cities`: whether both count the same pairs in every tier;
        `built`: ids in `both`, `first` only, `second` only; `rings`: id to the two rings, None where a run
        does not ask for it.
    """
    one, two = set(first["built"]), set(second["built"])
    groups = sorted({*first["coverage"], *second["coverage"]})
    return {
        "figures": {key: [first.get(key), second.get(key)] for key in _FIGURES},
        "coverage": {
            group: [run["coverage"].get(group, {}).get("after_weight") for run in (first, second)]
            for group in groups
        },
        "within": {group: [_within(run, group) for run in (first, second)] for group in groups},
        "dependence": _dependence(first, second),
        "reach": _reach(first, second),
        "same_cities": _pairs(first) == _pairs(second) and first.get("title") == second.get("title"),
        "built": {"both": sorted(one & two), "first": sorted(one - two), "second": sorted(two - one)},
        "rings": _rings(first, second),
    }


_CORE = {
    "core_every_share": "of pairs outside it, all ways through it",
    "core_some_share": "of pairs outside it, some way through it",
    "core_closed_minutes": "minutes longer without it, mean",
    "core_betweenness_share": "of all fastest ways through it",
}
"""Measures of dependence on the core cities that are compared, in words."""


def _pairs(run: dict[str, Any]) -> dict[str, Any]:
    return {group: row.get("pairs") for group, row in run["coverage"].items()}


def _within(run: dict[str, Any], group: str) -> str | None:
    """Return how many pairs of a tier are within the limit today, after building, and at most."""
    row = run["coverage"].get(group)
    if row is None or not row.get("pairs") or "all_built_pairs" not in row:
        return None
    states = [row[f"{state}_pairs"] for state in ("before", "after", "all_built")]
    shares = [f"{100 * pairs / row['pairs']:.0f} %" for pairs in states]
    return f"{shares[0]} today, {shares[1]} after, {shares[2]} at most, of {row['pairs']}"


def _dependence(first: dict[str, Any], second: dict[str, Any]) -> dict[str, list[str | None]]:
    """Return the measures of dependence on the core that either run has, today and after building."""
    rows = [
        {
            row["measure"]: row
            for row in (run.get("measures") or {}).get("polycentricity", ())
            if row["measure"] in _CORE and row["today"] is not None
        }
        for run in (first, second)
    ]
    known = [name for name in _CORE if any(name in own for own in rows)]
    return {_CORE[name]: [_change(own.get(name)) for own in rows] for name in known}


def _change(row: Mapping[str, Any] | None) -> str | None:
    if row is None:
        return None
    factor, unit = (100.0, " %") if row["unit"] == "share" else (1.0, " min")
    ends = [
        "none" if row[state] is None else f"{factor * row[state]:.0f}{unit}" for state in ("today", "plan")
    ]
    return f"{ends[0]} today, {ends[1]} after"


def _reach(first: dict[str, Any], second: dict[str, Any]) -> dict[str, list[str | None]]:
    """Return what shares of all pairs cost at least in either run."""
    from optimiser.report import wording

    found: list[dict[str, str]] = []
    for run in (first, second):
        asked = run.get("reach") or {}
        rows = [row for row in asked.get("rows", ()) if row["group"] == "all"]
        found.append({_share(row): _least_cost(row, str(asked["money"]), wording.money) for row in rows})
    return {name: [own.get(name) for own in found] for name in dict.fromkeys([*found[0], *found[1]])}


def _share(row: Mapping[str, Any]) -> str:
    return "as many as can be" if row["share"] is None else f"{100 * row['share']:g} %"


def _least_cost(row: Mapping[str, Any], money: str, in_words: Callable[[int, str], str]) -> str:
    """Return the least cost of a share in words, with its bound where it is not proven."""
    if row["cost"] is None:
        return f"not reached: {row['most']} of {row['total']} at most"
    proof = "" if not row["gap"] else f", at least {row['bound']:,.0f}"
    return f"{in_words(row['cost'], money)}{proof}"


_RING_KEYS = ("sentence", "formed", "length_km", "existing_km", "new_km", "cost", "candidates")


def _rings(first: dict[str, Any], second: dict[str, Any]) -> dict[str, list[dict[str, Any] | None]]:
    """Return the rings of two summaries side by side, with the names of the cities on them."""
    runs = [{ring["id"]: ring for ring in run.get("rings", [])} for run in (first, second)]
    names = list(dict.fromkeys(name for run in runs for name in run))
    return {name: [_ring(run[name]) if name in run else None for run in runs] for name in names}


def _ring(ring: dict[str, Any]) -> dict[str, Any]:
    return {key: ring[key] for key in _RING_KEYS} | {"cities": [city["name"] for city in ring["cities"]]}


def _show_rings(rings: dict[str, list[dict[str, Any] | None]]) -> None:
    """Print what each ring is in either run, and which cities it gains and loses."""
    for name, (one, two) in rings.items():
        if one == two and one is not None:
            screen.line(f"Ring {name} in both: {one['sentence']}.")
            continue
        for which, ring in (("first", one), ("second", two)):
            screen.line(
                f"Ring {name} in the {which}: {'not asked for' if ring is None else ring['sentence']}."
            )
        if one is not None and two is not None:
            new = [city for city in two["cities"] if city not in one["cities"]]
            gone = [city for city in one["cities"] if city not in two["cities"]]
            screen.line(
                f"Ring {name} gains {', '.join(new) or 'no city'} and loses {', '.join(gone) or 'none'}."
            )


def _side_by_side(values: dict[str, list[Any]], names: tuple[str, str]) -> list[dict[str, object]]:
    left, right = names if names[0] != names[1] else (names[0], f"{names[1]} ")
    return [
        {"": key.replace("_", " "), left: _word(pair[0]), right: _word(pair[1])}
        for key, pair in values.items()
    ]


def _in_words(run: dict[str, Any], key: str, value: Any) -> object:  # noqa: ANN401 - a JSON value
    """Return a figure of a run as people write it: money with its unit, the limit in hours."""
    from optimiser.report import wording

    if value is None:
        return value
    if key in ("cost", "budget"):
        return wording.money(value, run.get("money", ""))
    if key in ("gap", "gap_of_gain"):
        return wording.gap(value)
    return wording.hours(value) if key == "limit_s" else value


def _link(name: str, links: Mapping[str, Mapping[str, Any]]) -> str:
    """Return a link by its ends and kind; by its id where no run ranks it."""
    from optimiser.report import wording

    row = links.get(name)
    return name if row is None else f"{wording.link_name(row)} ({wording.kind(row['kind'])})"


def _word(value: object) -> object:
    return "" if value is None else value


def _summary(folder: Path) -> dict[str, Any]:
    from optimiser.problem.jsonfile import read_json

    path = folder / "summary.json"
    if not path.is_file():
        raise ProblemError(
            "holds no finished run (no summary.json)",
            where=str(folder),
            done="Nothing was compared.",
            remedy="Name the folder that `polyring run --out` wrote.",
        )
    value = read_json(path)
    if not isinstance(value, dict) or not {"built", "coverage"} <= set(value):
        raise ProblemError("is no summary of a run", where=str(path), done="Nothing was compared.")
    return dict(value)
