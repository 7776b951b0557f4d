"""Tabulate a plan: its links, pairs and rings, what each column means, and full sections of line."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from shapely import linestrings

from networks.skims import UNREACHABLE
from optimiser.engine.search.paths import UNREACHED
from optimiser.measures import coverage, valuation
from optimiser.measures.order import Ranking
from optimiser.measures.ring_use import RingUse
from optimiser.problem import DesignProblem, jsonfile, model
from optimiser.proposals.generate import AT_STATIONS, SERVICES
from optimiser.proposals.stations import REGION
from optimiser.report import wording
from optimiser.report.ring_layout import PIECES, WGS84, RingShown, drawn, joined, known_rings
from optimiser.verify import Plan

COUNTED = ("pairs", "people", "pairs_added", "pairs_lost_alone")
"""Columns counted from the gains of a link."""

DECIMALS = {"length_km": 1, "speed_kmh": 0, "water_km": 1} | dict.fromkeys(
    ("plain", "hill", "mountain", "urban", "seats_filled", "town_share", "beside_share"), 2
)
"""Decimals of columns of links.csv."""


def _columns() -> dict[str, dict[str, str]]:
    """Return every column and its meaning by table; candidates have what links have beside the plan."""
    found = wording.data_of("columns")
    apart = {*found.pop("of_plan"), "geometry"}
    described = {name: words for name, words in found["links"].items() if name not in apart}
    found["candidates"] = {**described, **found["candidates"], "geometry": found["links"]["geometry"]}
    return found


COLUMNS: Mapping[str, Mapping[str, str]] = _columns()
"""Columns of each table of a run, of `why`, of `compare` and of a sweep, and their meaning."""

DESCRIBED = tuple(
    name for name in COLUMNS["candidates"] if name not in ("candidate_id", "fixed", "built", "geometry")
)
"""Columns of links that are taken over from the candidates, where they exist."""


def dictionary() -> pd.DataFrame:
    """Return every column of every table: index `table` and `column`, column `meaning`."""
    series = {table: pd.Series(columns, name="meaning") for table, columns in COLUMNS.items()}
    found: pd.DataFrame = pd.concat(series, names=["table", "column"]).to_frame()
    return found


def write_csv(table: pd.DataFrame, path: Path) -> Path:
    """Write a table as UTF-8 CSV, text cells and headings guarded against formulas.

    Parameters
    ----------
    table
        Any table without geometry. Numbers are written as they are.
    path
        The file; written whole or not at all.
    """
    safe = table.rename(columns=wording.guard_formula)
    cells = {str(name): own for name, own in safe.items() if not pd.api.types.is_numeric_dtype(own)}
    guarded = {
        name: pd.Series(map(wording.guard_formula, own), own.index, own.dtype) for name, own in cells.items()
    }
    safe = safe.assign(**guarded)
    return jsonfile.write_atomically(path, safe.to_csv(index=False, lineterminator="\n"))


def table_of(records: Iterable[object], columns: Iterable[str]) -> pd.DataFrame:
    """Return attributes of records as a table of what they are, each text in one line."""
    names = list(columns)
    cells = ([getattr(record, name) for name in names] for record in records)
    rows = [[" ".join(one.split()) if isinstance(one, str) else one for one in row] for row in cells]
    return pd.DataFrame(rows, columns=names, dtype=object)


def tabulate_links(
    problem: DesignProblem,
    ranking: Ranking,
    *,
    candidates: gpd.GeoDataFrame,
    smaller_city: NDArray[np.int64],
    population: NDArray[np.int64],
) -> tuple[gpd.GeoDataFrame, dict[int, tuple[str, ...]]]:
    """Tabulate the links of a plan by rank, and count who gains by each.

    Parameters
    ----------
    problem
        The problem that was solved.
    ranking
        The rank of the links: `optimiser.measures.order.rank_links`.
    candidates
        Their description: `candidate_id`, the columns in `DESCRIBED`, `geometry`.
    smaller_city
        For each pair of the problem, the position of its smaller city, int64 [pairs].
    population
        Inhabitants of each city, int64 [cities].

    Returns
    -------
    geopandas.GeoDataFrame, dict
        The links with their `COLUMNS`; and for each newly covered pair (position in
        the problem) the ids of the links on its path.
    """
    ids = [candidate.id for candidate in problem.candidates]
    gains, routes = ranking
    people = [int(population[np.unique(smaller_city[list(gain.used_by)])].sum()) for gain in gains]
    rows = [
        (rank, ids[gain.candidate], len(gain.used_by), count, len(gain.added), len(gain.lost_alone))
        for rank, (gain, count) in enumerate(zip(gains, people, strict=True), start=1)
    ]
    table = pd.DataFrame(rows, columns=["rank", "candidate_id", *COUNTED])
    paths = {k: tuple(ids[j] for j in route) for k, route in routes}
    return _described(problem, table, candidates), paths


def _described(
    problem: DesignProblem, counted: pd.DataFrame, candidates: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    known = [column for column in (*DESCRIBED, "geometry") if column in candidates.columns]
    described = candidates.set_index("candidate_id")[known].reindex(counted["candidate_id"]).reset_index()
    table = described.assign(**{name: counted[name].to_numpy() for name in counted.columns})
    costs = {candidate.id: candidate.cost for candidate in problem.candidates}
    table["cost"] = table["candidate_id"].map(costs).astype("int64")
    scale, _ = wording.per_person(problem.money)
    gaining = table["people"].where(table["people"] > 0)
    table["cost_per_person"] = (table["cost"] * scale / gaining).round().astype("Int64")
    table["cost_so_far"] = table["cost"].cumsum()
    table["pairs_so_far"] = table["pairs_added"].cumsum()
    order = [column for column in COLUMNS["links"] if column in table.columns and column != "geometry"]
    return gpd.GeoDataFrame(table[[*order, "geometry"]], geometry="geometry", crs=candidates.crs)


def package(row: Mapping[Any, Any], rings: Iterable[RingShown]) -> str:
    """Return what a proposal, a row of the table of links, is part of."""
    closed = [ring.id for ring in rings if row["candidate_id"] in ring.candidates]
    if closed:
        return f"ring{'' if len(closed) == 1 else 's'} {wording.join_names(closed)}"
    if row["mode"] == "access" or row["kind"] in AT_STATIONS:
        return "rules of the region" if row["to_name"] == REGION else f"stations of {row['from_name']}"
    return "trains" if row["kind"] in SERVICES else "lines and roads"


def packages(links: gpd.GeoDataFrame) -> list[tuple[str, gpd.GeoDataFrame]]:
    """Return links by package, that of the best rank first."""
    return [(name, links[links["package"] == name]) for name in links["package"].unique()]


def rounded(table: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return links or candidates as their CSV file has them."""
    return pd.DataFrame(table.drop(columns="geometry")).round(DECIMALS)


def smaller_city(ends: NDArray[np.int64], population: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the less populous city of each pair; of equals the destination."""
    first = population[ends[:, 0]] < population[ends[:, 1]]
    return np.where(first, ends[:, 0], ends[:, 1]).astype(np.int64)


def tabulate_pairs(
    problem: DesignProblem, plan: Plan, *, ends: NDArray[np.int64], paths: Mapping[int, tuple[str, ...]]
) -> pd.DataFrame:
    """Return the `pairs` table of `ReportInput`.

    Parameters
    ----------
    problem, plan
        What was solved and found.
    ends
        Rows of the cities of each pair, int64 [pairs x 2].
    paths
        Ids of the proposed links on the path of each newly covered pair.
    """
    best = valuation.Valuer.of(problem).times(c.id for c in problem.candidates if c.fixed != "out")
    times = {"before": plan.times_before_s, "after": plan.times_after_s}
    return pd.DataFrame(
        {
            "origin": ends[:, 0],
            "destination": ends[:, 1],
            "group": [pair.group or "all cities" for pair in problem.pairs],
            "weight": np.array([pair.weight for pair in problem.pairs], dtype=np.int64),
            "limit_s": np.array([pair.limit for pair in problem.pairs], dtype=np.int64),
            **{
                f"{state}_s": np.array([UNREACHABLE if time is None else time for time in seconds], np.int64)
                for state, seconds in times.items()
            },
            "all_built_s": np.where(best < UNREACHED, best, UNREACHABLE),
            "links": [paths.get(k, ()) for k in range(len(problem.pairs))],
        }
    )


def name_pairs(
    cities: gpd.GeoDataFrame, pairs: pd.DataFrame, minutes: Mapping[str, Sequence[int]]
) -> pd.DataFrame:
    """Return some rows of the `pairs` table by names: `origin`, `destination`, `tier`, `weight`, and minutes.

    `minutes` are whole ones of the seconds given by column; a cell is empty where no path exists.
    """
    columns = {"origin": "origin", "destination": "destination", "group": "tier", "weight": "weight"}
    table = pd.DataFrame(pair_lines(cities, pairs)[[*columns]]).rename(columns=columns)
    for column, seconds in minutes.items():
        whole = [None if s >= UNREACHED else wording.minutes(int(s)) for s in seconds]
        table[column] = pd.array(whole, dtype="Int64")
    return table


def pair_lines(cities: gpd.GeoDataFrame, pairs: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return one straight line a pair, with seconds in each state; a cell is empty where no path exists.

    Parameters
    ----------
    cities, pairs
        Tables of `ReportInput`.
    """
    points = cities.to_crs(WGS84).geometry
    ends = pairs[["origin", "destination"]].to_numpy(dtype=np.int64)
    names = cities["name"].astype(str).to_numpy()
    states = coverage.STATES
    seconds = pairs[[f"{state}_s" for state in states]].reset_index(drop=True)
    known = seconds.where(seconds < UNREACHABLE).astype("Int64")
    table = pd.DataFrame(
        {
            "origin": names[ends[:, 0]],
            "destination": names[ends[:, 1]],
            **{name: pairs[name].to_numpy() for name in ("group", "weight", "limit_s")},
            **{name: known[name] for name in known.columns},
            **{f"within_{state}": coverage.within(pairs, state=state).to_numpy() for state in states},
            "links": [", ".join(used) for used in pairs["links"]],
        }
    )
    lines = linestrings(np.column_stack([points.x, points.y])[ends])
    return gpd.GeoDataFrame(table, geometry=lines, crs=WGS84)


def out_of_reach_rows(cities: gpd.GeoDataFrame, pairs: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the pairs that no plan brings within the limit, for `summary.json`.

    Parameters
    ----------
    cities, pairs
        Tables of `ReportInput`.

    Returns
    -------
    list of dict
        Names, tier, weight, seconds today and with everything built; None where no path exists.
    """
    table = pair_lines(cities, coverage.out_of_reach(pairs))
    named = {"group": "tier", "before_s": "today_s"}
    columns = ["origin", "destination", "tier", "weight", "today_s", "all_built_s"]
    return wording.records(table.rename(columns=named)[columns])


# ---- rings

_OF_RING = (
    "required", "reward", "length_km", "existing_km", "new_km", "existing_share", "longest_km",
    "cost", "least_cities",
)  # fmt: skip
_RING_TYPES = dict.fromkeys(("longest_km", "roundness", "length_over_hull"), "Float64") | {
    "speed_kmh": "float64",
    "self_crossings": "Int64",
}
"""Types of the columns that may be empty."""
_RING_DECIMALS = {"existing_share": 4, "roundness": 3, "length_over_hull": 3} | dict.fromkeys(
    ("length_km", "existing_km", "new_km", "longest_km"), 1
)


def of_rings(rings: Sequence[RingShown], use: RingUse | None = None) -> dict[str, pd.DataFrame]:
    """Return the tables of rings by the names of their files; none where the job asks for no ring.

    `use` says what the road rings of the plan are for together.
    """
    if not rings:
        return {}
    makers = {"rings.csv": ring_table, "ring_links.csv": ring_links, "ring_legs.csv": ring_legs}
    written = {name: pd.DataFrame(make(rings).drop(columns="geometry")) for name, make in makers.items()}
    written["ring_links.csv"] = written["ring_links.csv"].astype({"length_km": "float64"}).round(3)
    written |= {"ring_use.csv": ring_use(rings, use)} if use is not None else {}
    return written | ({"ring_overlaps.csv": overlaps(rings)} if known_rings(rings) else {})


def ring_table(rings: Iterable[RingShown]) -> gpd.GeoDataFrame:
    """Return one row a ring, with its closed line, which is empty where no circuit is known."""
    rings = list(rings)
    rows = [
        {
            "ring": ring.id,
            "mode": ring.facts.mode,
            "speed_kmh": ring.facts.speed_kmh or None,
            "centres": "; ".join(ring.facts.centres),
            "formed": ring.is_formed,
            "reward_earned": ring.reward if ring.is_formed else 0,
            **{name: getattr(ring, name) for name in _OF_RING},
            **dict.fromkeys(("roundness", "length_over_hull", "self_crossings")),
            **ring.shape,
            "candidates": "; ".join(ring.candidates),
            "links": len(ring.pieces),
            "cities": len(ring.cities),
            "least_by_tier": "; ".join(f"{tier} {least}" for tier, least in ring.least_by_tier),
            "must": "; ".join(ring.must),
            **{f"{tier}_cities": _on_ring(ring, ring.cities["tier"] == tier) for tier in model.TIERS},
            "other_cities": _on_ring(ring, ~ring.cities["tier"].isin(model.TIERS)),
            "inside": "; ".join(ring.inside),
        }
        for ring in rings
    ]
    names = [name for name in COLUMNS["rings"] if name != "geometry"]
    table = pd.DataFrame(rows, columns=names).astype(_RING_TYPES).round(_RING_DECIMALS)
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries([ring.circuit for ring in rings], crs=WGS84))


def _on_ring(ring: RingShown, rows: pd.Series[bool]) -> str:
    cities = ring.cities[rows]
    return "; ".join(
        f"{name} ({wording.minutes(seconds)} min)" if seconds >= 0 else str(name)
        for name, seconds in zip(cities["name"], cities["seconds"], strict=True)
    )


def ring_links(rings: Iterable[RingShown]) -> gpd.GeoDataFrame:
    """Return the pieces of all rings, in order round each: `ring`, `PIECES`, `geometry`."""
    columns = ["ring", *PIECES, "geometry"]
    found = [ring.pieces.assign(ring=ring.id)[columns] for ring in drawn(rings)]
    table = pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=columns)
    return gpd.GeoDataFrame(table, geometry="geometry", crs=WGS84)


def ring_legs(rings: Iterable[RingShown]) -> gpd.GeoDataFrame:
    """Return the stretches of all rings between the cities on them."""
    rows = [
        {
            "ring": ring.id,
            "leg": number,
            "from_cities": "; ".join(leg.cities["name"].astype(str)),
            "to_cities": "; ".join(following.cities["name"].astype(str)),
            "length_km": leg.length_km,
            "existing_km": leg.existing_km,
            "new_km": leg.new_km,
            "roads": "; ".join(leg.roads),
            "geometry": joined(leg.pieces.geometry),
        }
        for ring in drawn(rings)
        for legs in [ring.legs]
        for number, (leg, following) in enumerate(zip(legs, [*legs[1:], legs[0]], strict=True), start=1)
    ]
    table = gpd.GeoDataFrame(rows, columns=list(COLUMNS["ring_legs"]), geometry="geometry", crs=WGS84)
    return table.round({"length_km": 3, "existing_km": 3, "new_km": 3})


def overlaps(rings: Iterable[RingShown]) -> pd.DataFrame:
    """Return one row a ring and known ring that it is compared with."""
    rows = [
        {"ring": ring.id, "ring_km": ring.length_km}
        | {name: getattr(one, name) for name in COLUMNS["ring_overlaps"] if hasattr(one, name)}
        for ring in rings
        for one in ring.overlaps
    ]
    decimals = {"ring_km": 1, "reference_km": 1, "share_of_ring": 4, "share_of_reference": 4}
    return pd.DataFrame(rows, columns=list(COLUMNS["ring_overlaps"])).round(decimals)


_OF_USE = ("near_people", "second_way_km", "second_way_existing_km")
"""Columns of `ring_use` that belong to rings, not to trips."""


def ring_use(rings: Iterable[RingShown], use: RingUse | None) -> pd.DataFrame:
    """Return one row a state and condition of roads: what rings are for, together and each alone."""
    if use is None:
        return pd.DataFrame(columns=list(COLUMNS["ring_use"]))
    states = [("", "today", use, use.today), ("", "plan", use, use.plan), ("", "rings alone", use, use.alone)]
    for ring in rings:
        if (own := ring.use) is not None:
            states += [(ring.id, "today", own, own.today), (ring.id, "ring alone", own, own.alone)]
    rows = [
        {"ring": name, "state": state, "cores": "; ".join(own.facts["cores"])}
        | asdict(trips)
        | ({column: getattr(own, column) for column in _OF_USE} if "alone" in state else {})
        for name, state, own, found in states
        for trips in found
    ]
    table = pd.DataFrame(rows, columns=list(COLUMNS["ring_use"])).astype({"near_people": "Int64"})
    decimals = {"through_trips": 0, "through_share": 4, "mean_minutes": 1}
    return table.round(decimals | dict.fromkeys(_OF_USE[1:], 1))


def known_table(rings: Iterable[RingShown]) -> gpd.GeoDataFrame:
    """Return the lines of the known rings that rings are compared with, each once."""
    names = ["reference", "name", "reference_km", "source"]
    rows = [[getattr(one, name) for name in (*names, "line")] for one in known_rings(rings)]
    return gpd.GeoDataFrame(rows, columns=[*names, "geometry"], geometry="geometry", crs=WGS84)


# ---- sections of line


def tabulate_sections(sections: pd.DataFrame, built: Collection[str]) -> pd.DataFrame:
    """Return the rows of `capacities.csv`.

    Parameters
    ----------
    sections
        Columns `section`, `line_class`, `length_km`, `tracks`, `tracks_source` (`map` or `class`), `most`,
        `today`, `left` and `use` (candidate id and trains a day), one row a section on which not all trains
        of candidates have room.
    built
        Ids of what the plan builds.

    Returns
    -------
    pandas.DataFrame
        The same sections; instead of `use` the columns `used` (trains a day that the plan adds), `candidates`
        and `kept_out` (numbers of candidates that run there, and of those that the plan does not build and
        whose trains no longer fit), `built` (ids, separated by blanks). Those that keep out most come first.
    """
    uses = sections["use"].tolist()
    used = [sum(trains for name, trains in use if name in built) for use in uses]
    free = sections["left"].to_numpy(dtype="int64") - used
    kept_out = [
        sum(name not in built and trains > room for name, trains in use)
        for use, room in zip(uses, free.tolist(), strict=True)
    ]
    table = sections.drop(columns="use").assign(
        used=pd.array(used, dtype="int64"),
        candidates=[len(use) for use in uses],
        kept_out=pd.array(kept_out, dtype="int64"),
        built=[" ".join(name for name, _ in use if name in built) for use in uses],
    )
    return table.sort_values(["kept_out", "section"], ascending=[False, True]).reset_index(drop=True)


def section_counts(table: pd.DataFrame) -> dict[str, int]:
    """Return the numbers of sections with limits that matter, without room today, and that keep some out."""
    return {
        "sections": len(table),
        "no_room_today": int((table["left"] == 0).sum()),
        "keep_out": int((table["kept_out"] > 0).sum()),
    }
