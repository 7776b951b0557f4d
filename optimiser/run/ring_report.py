"""Bring what the problem step keeps of rings into the report."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import geopandas as gpd

from optimiser.report import ring_layout, ring_text
from optimiser.report.inputs import ReportInput
from optimiser.report.ring_layout import RingFacts, RingShown, Stop
from optimiser.run import likening, store
from optimiser.run.chain import Chain
from optimiser.verify import Plan

LINKS_FILE, FACTS_FILE = "rings.parquet", "rings.json"
"""Files of the problem step: a row a ring link (`ring_layout.LINKS`), and what the job asks of each."""


def save_facts(folder: Path, facts: Iterable[RingFacts]) -> None:
    """Write what a job asks of its rings.

    Parameters
    ----------
    folder
        Folder of the problem step.
    facts
        One for each ring of the problem.
    """
    store.save_json(folder / FACTS_FILE, [dataclasses.asdict(fact) for fact in facts])


def load_facts(folder: Path) -> tuple[RingFacts, ...]:
    """Read what `save_facts` wrote; nothing where there is no file."""
    path = folder / FACTS_FILE
    values: list[dict[str, Any]] = store.load_json(path) if path.exists() else []
    return tuple(
        RingFacts(
            **{
                **value,
                "centres": tuple(value["centres"]),
                "classes": tuple(value.get("classes", ())),
                "stops": tuple(Stop(**stop) for stop in value["stops"]),
            }
        )
        for value in values
    )


def shown(chain: Chain, plan: Plan, cities: gpd.GeoDataFrame) -> tuple[RingShown, ...]:
    """Return the rings of a plan as a report shows them.

    Parameters
    ----------
    chain
        The steps.
    plan
        The verified plan.
    cities
        Table of the cities.
    """
    if not chain.design.rings:
        return ()
    folder = chain.draft.folder
    path = folder / LINKS_FILE
    links = gpd.read_parquet(path) if path.exists() else None
    rings = ring_layout.lay_out(chain.design, plan, cities=cities, links=links, facts=load_facts(folder))
    return likening.likened(rings, likening.known_rings(chain.loaded), cities, links)


def rows(report: ReportInput) -> list[dict[str, Any]]:
    """Return the rings of a plan for `summary.json`.

    Parameters
    ----------
    report
        What the report shows.
    """
    return [_row(ring) for ring in report.rings]


def _row(ring: RingShown) -> dict[str, Any]:
    cities = ring.cities[["city_id", "name", "tier", "seconds"]].to_dict("records")
    likened = ("reference", "name", "corridor_km", "reference_km", "share_of_ring", "share_of_reference")
    return {
        "id": ring.id,
        "sentence": ring_text.sentence(ring),
        "mode": ring.facts.mode,
        "centres": list(ring.facts.centres),
        "formed": ring.is_formed,
        "required": ring.required,
        "reward": ring.reward,
        "length_km": round(ring.length_km, 3),
        "existing_km": round(ring.existing_km, 3),
        "new_km": round(ring.new_km, 3),
        "existing_share": round(ring.existing_share, 6),
        "crosses_itself": ring.crosses_itself,
        "cost": ring.cost,
        "candidates": list(ring.candidates),
        "links": [int(link) for link in ring.pieces["link"]],
        "cities": [{**row, "seconds": int(row["seconds"])} for row in cities],
        "least_cities": ring.least_cities,
        "inside": list(ring.inside),
        "overlaps": [{name: _rounded(getattr(one, name)) for name in likened} for one in ring.overlaps],
    }


def _rounded(value: object) -> object:
    return round(value, 6) if isinstance(value, float) else value
