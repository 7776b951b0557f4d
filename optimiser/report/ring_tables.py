"""Tabulate the rings of a plan: rings, links, overlaps with known rings, and stretches of one road."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from optimiser.problem.model import TIERS
from optimiser.report import files, wording
from optimiser.report.inputs import ReportInput
from optimiser.report.ring_layout import EXISTING, NEW, PIECES, RingShown, formed, joined, known_rings
from optimiser.report.tables import WGS84

COLUMNS = {
    "ring": "id of the ring in problem.json",
    "mode": "road or rail",
    "speed_kmh": "design speed of its standard; empty when it is not known",
    "centres": "what it goes round",
    "formed": "whether the plan forms it",
    "required": "whether every plan must form it",
    "reward": "what forming it is worth, in the unit of the objective",
    "reward_earned": "what the plan earns by it",
    "length_km": "kilometres of the circuit",
    "existing_km": "kilometres that exist",
    "upgraded_km": "kilometres of them that are paid for, to bring them to the standard of a ring",
    "new_km": "kilometres that the plan builds",
    "existing_share": "share of the length that exists, 0 to 1",
    "longest_km": "greatest length that it may have; empty: any",
    "roundness": "4 pi area / length^2: 1 for a circle, 0.79 for a square",
    "length_over_hull": "length over the perimeter of its convex hull: 1 without any dent",
    "self_crossings": "points at which it crosses itself without a junction",
    "cost": "cost of the candidates on it, each once, in the money of the problem",
    "candidates": "their ids, in order round it",
    "links": "links of the circuit",
    "cities": "cities that lie on it",
    "least_cities": "cities that must lie on it",
    "least_by_tier": "cities of a tier that must lie on it",
    "must": "cities that must lie on it, by name",
    **{f"{tier}_cities": f"{tier} cities on it, in order round it, with minutes to it" for tier in TIERS},
    "other_cities": "cities of other tiers on it, in the same form",
    "inside": "cities that it encloses and that do not lie on it, largest first",
}
"""Columns of rings.csv and their meaning."""

_MAY_BE_EMPTY = ("speed_kmh", "longest_km", "roundness", "length_over_hull", "self_crossings")

OVERLAPS = {
    "ring": "id of the ring in problem.json",
    "reference": "id of the known ring",
    "name": "name of the known ring",
    "corridor_km": "two lines are together where they are at most so far apart",
    "ring_km": "kilometres of the proposed ring",
    "reference_km": "kilometres of the known ring",
    "share_of_ring": "share of the proposed ring within the corridor of the known one, 0 to 1",
    "share_of_reference": "share of the known ring within the corridor of the proposed one, 0 to 1",
    "why": "why they differ",
    "source": "where the known ring is from",
}
"""Columns of ring_overlaps.csv and their meaning."""


LEGS = {
    "ring": "id of the ring in problem.json",
    "leg": "place round the ring, 1 first: clockwise from the first city after the northernmost node",
    "from_cities": "cities at which it begins, by name",
    "to_cities": "cities at which it ends",
    "length_km": "kilometres",
    "existing_km": "kilometres that exist",
    "new_km": "kilometres that the plan builds",
    "roads": "names or numbers of the existing roads or lines",
}
"""Columns of the stretches of a ring between the cities on it, and their meaning."""


def write(report: ReportInput, folder: Path) -> tuple[Path, ...]:
    """Write rings.csv, ring_links.csv and ring_legs.csv, with ring_overlaps.csv where known rings are near.

    Parameters
    ----------
    report
        What to show; nothing is written where the job asks for no ring.
    folder
        Folder to write into.

    Returns
    -------
    tuple of pathlib.Path
        The files written.
    """
    if not report.rings:
        return ()
    links = pd.DataFrame(ring_links(report).drop(columns="geometry"))
    written = {
        "rings.csv": rings(report),
        "ring_links.csv": links.assign(length_km=links["length_km"].astype("float64").round(3)),
        "ring_legs.csv": pd.DataFrame(ring_legs(report).drop(columns="geometry")),
    }
    if known_rings(report.rings):
        written["ring_overlaps.csv"] = overlaps(report)
    return tuple(files.write_csv(table, folder / name) for name, table in written.items())


def rings(report: ReportInput) -> pd.DataFrame:
    """Return one row a ring, formed or not: columns `COLUMNS`."""
    table = pd.DataFrame([_row(ring) for ring in report.rings], columns=list(COLUMNS))
    return table.astype({name: "Int64" if name == "self_crossings" else "Float64" for name in _MAY_BE_EMPTY})


def _row(ring: RingShown) -> dict[str, Any]:
    tiers = {f"{tier}_cities": _cities(ring.cities[ring.cities["tier"] == tier]) for tier in TIERS}
    return {
        "ring": ring.id,
        "mode": ring.facts.mode,
        "speed_kmh": ring.facts.speed_kmh or None,
        "centres": "; ".join(ring.facts.centres),
        "formed": ring.is_formed,
        "required": ring.required,
        "reward": ring.reward,
        "reward_earned": ring.reward if ring.is_formed else 0,
        "length_km": round(ring.length_km, 1),
        "existing_km": round(ring.existing_km, 1),
        "upgraded_km": round(ring.upgraded_km, 1),
        "new_km": round(ring.new_km, 1),
        "existing_share": round(ring.existing_share, 4),
        **_limits_and_shape(ring),
        "cost": ring.cost,
        "candidates": "; ".join(ring.candidates),
        "links": len(ring.pieces),
        "cities": len(ring.cities),
        "least_cities": ring.least_cities,
        "least_by_tier": "; ".join(f"{tier} {least}" for tier, least in ring.least_by_tier),
        "must": "; ".join(ring.must),
        **tiers,
        "other_cities": _cities(ring.cities[~ring.cities["tier"].isin(TIERS)]),
        "inside": "; ".join(ring.inside),
    }


def _limits_and_shape(ring: RingShown) -> dict[str, Any]:
    shape = ring.shape
    return {
        "longest_km": None if ring.longest_km is None else round(ring.longest_km, 1),
        "roundness": None if shape is None else round(shape.roundness, 3),
        "length_over_hull": None if shape is None else round(shape.length_over_hull, 3),
        "self_crossings": None if shape is None else shape.self_crossings,
    }


def _cities(cities: pd.DataFrame) -> str:
    return "; ".join(
        f"{name} ({wording.minutes(seconds)} min)" if seconds >= 0 else str(name)
        for name, seconds in zip(cities["name"], cities["seconds"], strict=True)
    )


def ring_links(report: ReportInput) -> gpd.GeoDataFrame:
    """Return the pieces of all rings that are formed, in order round each: `ring`, `PIECES`, `geometry`."""
    columns = ["ring", *PIECES, "geometry"]
    found = [ring.pieces.assign(ring=ring.id)[columns] for ring in formed(report.rings)]
    table = pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=columns)
    return gpd.GeoDataFrame(table, geometry="geometry", crs=WGS84)


@dataclass(frozen=True, slots=True)
class Leg:
    """A stretch of a ring from one place where cities lie on it to the next.

    Attributes
    ----------
    cities
        Cities at its beginning: rows of `RingShown.cities`; empty where no city lies on the ring.
    pieces
        Its pieces in order: rows of `RingShown.pieces`.
    """

    cities: pd.DataFrame
    pieces: gpd.GeoDataFrame

    @property
    def length_km(self) -> float:
        """Return its length."""
        return float(self.pieces["length_km"].sum())

    def km_of(self, state: str) -> float:
        """Return how much of it is in a state, existing or new."""
        return float(self.pieces.loc[self.pieces["state"] == state, "length_km"].sum())

    @property
    def roads(self) -> tuple[str, ...]:
        """Return the first names of its existing pieces, each once, in order."""
        names = self.pieces.loc[self.pieces["state"] == EXISTING, "name"]
        return tuple(dict.fromkeys(first for name in names if (first := str(name).split(";")[0])))


def legs(ring: RingShown) -> list[Leg]:
    """Return a ring unrolled into its legs, clockwise from the first city on it; none if it is not formed."""
    if not ring.is_formed:
        return []
    starts = sorted(set(ring.cities["piece"].astype(int))) or [1]
    whole, place = len(ring.pieces), ring.pieces["piece"].to_numpy()
    ends = [*starts[1:], starts[0] + whole]
    return [
        Leg(
            ring.cities[ring.cities["piece"] == start],
            pd.concat([ring.pieces[(place >= start) & (place < end)], ring.pieces[place < end - whole]]),
        )
        for start, end in zip(starts, ends, strict=True)
    ]


def ring_legs(report: ReportInput) -> gpd.GeoDataFrame:
    """Return the stretches of all rings that are formed between the cities on them: `LEGS`, `geometry`."""
    rows = []
    for ring in formed(report.rings):
        found = legs(ring)
        for number, (leg, following) in enumerate(zip(found, [*found[1:], found[0]], strict=True), start=1):
            row = (
                ring.id,
                number,
                "; ".join(leg.cities["name"].astype(str)),
                "; ".join(following.cities["name"].astype(str)),
                round(leg.length_km, 3),
                round(leg.km_of(EXISTING), 3),
                round(leg.km_of(NEW), 3),
                "; ".join(leg.roads),
            )
            rows.append((*row, joined(leg.pieces.geometry)))
    return gpd.GeoDataFrame(rows, columns=[*LEGS, "geometry"], geometry="geometry", crs=WGS84)


def circuits(report: ReportInput) -> gpd.GeoDataFrame:
    """Return the rings that are formed as one closed line each, with the columns of `rings`."""
    shown = all_circuits(report)
    return shown[shown["formed"].to_numpy(dtype=bool)].reset_index(drop=True)


def all_circuits(report: ReportInput) -> gpd.GeoDataFrame:
    """Return all rings with the columns of `rings` and their closed lines; None where one is not formed."""
    table = rings(report)
    lines = gpd.GeoSeries([ring.circuit for ring in report.rings], crs=WGS84)
    return gpd.GeoDataFrame(table.assign(speed_kmh=table["speed_kmh"].astype("float64")), geometry=lines)


def overlaps(report: ReportInput) -> pd.DataFrame:
    """Return one row a ring and known ring that it is compared with: columns `OVERLAPS`."""
    rows = [
        {
            "ring": ring.id,
            "ring_km": round(ring.length_km, 1),
            **{name: getattr(one, name) for name in OVERLAPS if name not in {"ring", "ring_km"}},
        }
        for ring in report.rings
        for one in ring.overlaps
    ]
    decimals = {"reference_km": 1, "share_of_ring": 4, "share_of_reference": 4}
    return pd.DataFrame(rows, columns=list(OVERLAPS)).round(decimals)


def known(report: ReportInput) -> gpd.GeoDataFrame:
    """Return the lines of the known rings that rings are compared with, each once."""
    names = ["reference", "name", "reference_km", "source"]
    rows = [[getattr(one, name) for name in (*names, "line")] for one in known_rings(report.rings)]
    return gpd.GeoDataFrame(rows, columns=[*names, "geometry"], geometry="geometry", crs=WGS84)


def stretches(ring: RingShown) -> list[dict[str, Any]]:
    """Return runs of pieces that a reader takes for one road: of one state, and with a number in common.

    Returns
    -------
    list of dict
        In order: `name` (what the pieces share), `state`, `candidate_id`, `length_km`, `cost`, `pieces` (the
        first and the last), `geometry` (line).

    Notes
    -----
    Roads that share a line for a while bear both numbers (``G1;G25``); such a piece goes with the road before
    it as long as it can.
    """
    runs: list[tuple[list[dict[Any, Any]], set[str]]] = []
    for piece in ring.pieces.to_dict("records"):
        names = set(str(piece["name"]).split(";"))
        if runs and _continues(runs[-1], piece, names):
            runs[-1] = ([*runs[-1][0], piece], runs[-1][1] & names)
        else:
            runs.append(([piece], names))
    return [_stretch(run, names) for run, names in runs]


def _continues(run: tuple[list[dict[Any, Any]], set[str]], piece: dict[Any, Any], names: set[str]) -> bool:
    last = run[0][-1]
    same = (last["state"], last["candidate_id"]) == (piece["state"], piece["candidate_id"])
    return same and bool(run[1] & names)


def _stretch(run: Sequence[dict[Any, Any]], names: set[str]) -> dict[str, Any]:
    first, last = run[0], run[-1]
    return {
        "name": " / ".join(sorted(names)),
        "state": first["state"],
        "candidate_id": first["candidate_id"],
        "length_km": sum(piece["length_km"] for piece in run),
        "cost": sum(piece["cost"] for piece in run),
        "pieces": (first["piece"], last["piece"]),
        "geometry": joined(piece["geometry"] for piece in run),
    }
