"""Liken the rings of a plan to the known rings of its region."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

from networks import regions
from optimiser.job.model import LoadedJob
from optimiser.proposals.rings.reference_rings import (
    CORRIDOR_KM,
    ReferenceRing,
    describe_difference,
    overlap,
    read_reference_rings,
)
from optimiser.report.ring_layout import Overlap, RingShown

KNOWN_FILE = "rings.csv"
"""Table of known rings among the facts of a region."""
_ASKED = (
    "What a ring is likened to plays no part in its choice, which follows what the job asks for, cost and "
    "times between cities."
)


def known_rings(loaded: LoadedJob) -> tuple[ReferenceRing, ...]:
    """Return the rings that the region of a job knows of; none without an embedded region or a table.

    Parameters
    ----------
    loaded
        The job.
    """
    if not loaded.job.region.name:
        return ()
    path: Path = regions.read(loaded.job.region.name).facts / KNOWN_FILE
    return read_reference_rings(path) if path.is_file() else ()


def likened(
    rings: tuple[RingShown, ...],
    known: tuple[ReferenceRing, ...],
    cities: gpd.GeoDataFrame,
    links: gpd.GeoDataFrame | None,
) -> tuple[RingShown, ...]:
    """Return the rings with how far each goes together with the known rings of its mode.

    Parameters
    ----------
    rings
        Rings of a plan; those that are not formed stay as they are.
    known
        Known rings.
    cities
        Columns `name` and `geometry` (points, degrees).
    links
        Links of the rings: columns `ring`, `candidate_id` and `geometry`.
    """
    return tuple(
        replace(
            ring,
            overlaps=tuple(
                _overlap(ring, reference, cities, _existing(ring, links))
                for reference in known
                if reference.mode == ring.facts.mode
            ),
        )
        if ring.is_formed
        else ring
        for ring in rings
    )


def _existing(ring: RingShown, links: gpd.GeoDataFrame | None) -> list[shapely.Geometry]:
    """Return the lines of what a ring could use and exists."""
    if links is None:
        return []
    return list(links.geometry[(links["ring"] == ring.id) & (links["candidate_id"] == "")])


def _overlap(
    ring: RingShown, reference: ReferenceRing, cities: gpd.GeoDataFrame, existing: list[shapely.Geometry]
) -> Overlap:
    found = overlap(ring.circuit, reference.line)
    points = np.column_stack([cities.geometry.x, cities.geometry.y]).astype(np.float64)
    where = describe_difference(found, [str(name) for name in cities["name"]], points, existing)
    return Overlap(
        reference=reference.id,
        name=reference.title,
        corridor_km=CORRIDOR_KM,
        reference_km=reference.length_km,
        share_of_ring=found.share_of_ring,
        share_of_reference=found.share_of_reference,
        line=reference.line,
        why=f"{where} {_ASKED}",
        source=reference.source,
    )
