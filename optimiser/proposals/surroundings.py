"""Measure how much of a line lies in towns, and how much beside one expressway of today."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from optimiser.proposals.base_case import BaseCase, on_sphere
from optimiser.proposals.costs import sample_line, urban_radius_km

_STEP_DEG = 0.01
"""Greatest distance between the points that stand for an expressway."""


@dataclass(frozen=True, slots=True)
class ArtefactRules:
    """Rules by which a road is taken for an artefact of the map and not for a road between cities.

    Attributes
    ----------
    town_km
        A town reaches at least this far from its centre, and as far as its residents need at
        `costs.PEOPLE_PER_KM2`. Centres are single points that are joined to the network some km off, and the
        ring roads of a medium city lie within 8 km: so near, the map decides what a road gains.
    most_in_towns
        A road with a greater share within towns is a street of a town.
    beside_km
        A line within this distance of an expressway runs beside it: interchanges are 5 to 10 km apart.
    most_beside
        A road with a greater share beside one expressway duplicates it, or is a junction that the map lacks.
    """

    town_km: float = 8.0
    most_in_towns: float = 0.5
    beside_km: float = 5.0
    most_beside: float = 0.5


@dataclass(frozen=True)
class Surroundings:
    """Towns and expressways of a region.

    Attributes
    ----------
    base
        The base case.
    rules
        How far towns reach, and what counts as beside an expressway.
    expressway_classes
        Link classes that are expressways.
    """

    base: BaseCase
    rules: ArtefactRules
    expressway_classes: tuple[str, ...]

    @cached_property
    def _reach_km(self) -> NDArray[np.float64]:
        """Return how far each town reaches from its centre; float64 [c]."""
        people = self.base.cities["population"].to_numpy(dtype=np.float64)
        return np.maximum(self.rules.town_km, urban_radius_km(people))

    @cached_property
    def _centres(self) -> NDArray[np.float64]:
        return on_sphere(self.base.lon, self.base.lat)

    @cached_property
    def _expressways(self) -> tuple[cKDTree, NDArray[np.int64], list[str]]:
        """Return points of all expressways, the row of the expressway of each, and their names.

        Links of one `ref` are one expressway; a link with several counts for each of them. Of links without
        any, those that are joined are one.
        """
        links = self.base.road.links
        fast = links[links["link_class"].isin(self.expressway_classes)]
        labels = _names_of(fast)
        names = sorted({name for several in labels for name in several})
        row = {name: at for at, name in enumerate(names)}
        position, label = (
            np.array(values, dtype=np.int64)
            for values in (
                [at for at, several in enumerate(labels) for _ in several],
                [row[name] for several in labels for name in several],
            )
        )
        lines = shapely.segmentize(fast.geometry.to_numpy(), _STEP_DEG)
        points, index = shapely.get_coordinates(lines[position], return_index=True)
        return cKDTree(on_sphere(points[:, 0], points[:, 1])), label[index], names

    @cached_property
    def _known(self) -> dict[bytes, tuple[float, float, str]]:
        """Remember of each line its share within towns, and its share beside which expressway."""
        return {}

    def look_at(self, lines: Sequence[shapely.Geometry]) -> list[tuple[float, float, str]]:
        """Return the shares of lines within towns and beside one expressway; many at once cost least.

        Parameters
        ----------
        lines
            Degrees.

        Returns
        -------
        list of tuple
            For each line its share within towns, the largest share beside one expressway, and the name of
            that expressway: 0 and no name where none is near.
        """
        keys = shapely.to_wkb(np.array(lines, dtype=object)).tolist() if lines else []
        new = {key: line for key, line in zip(keys, lines, strict=True) if key not in self._known}
        if new:
            parts = [sample_line(line) for line in new.values()]
            points = np.concatenate(parts)
            owner = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
            at = on_sphere(points[:, 0], points[:, 1])
            self._known.update(zip(new, self._shares(at, owner, len(parts)), strict=True))
        return [self._known[key] for key in keys]

    def _shares(
        self, at: NDArray[np.float64], owner: NDArray[np.int64], count: int
    ) -> Iterator[tuple[float, float, str]]:
        """Yield the shares of lines, given their points on the sphere and the line of each point."""
        sizes = np.bincount(owner, minlength=count)
        in_town = np.zeros(len(at), dtype=np.bool_)
        for centre, reach_km in zip(self._centres, self._reach_km, strict=True):
            in_town |= np.linalg.norm(at - centre, axis=1) <= reach_km
        towns = (np.bincount(owner[in_town], minlength=count) / sizes).tolist()
        tree, label, names = self._expressways
        if not names:
            yield from ((share, 0.0, "") for share in towns)
            return
        near = cKDTree(at).sparse_distance_matrix(tree, self.rules.beside_km, output_type="coo_matrix")
        # A point of a line counts once for an expressway, however many points of it are near.
        point, road = np.divmod(
            np.unique(near.row.astype(np.int64) * len(names) + label[near.col]), len(names)
        )
        counts = np.bincount(owner[point] * len(names) + road, minlength=count * len(names))
        beside = counts.reshape(count, len(names))
        most = beside.argmax(axis=1)
        for line, (share, which) in enumerate(zip(towns, most.tolist(), strict=True)):
            points = int(beside[line, which])
            yield share, float(points / sizes[line]), names[which] if points else ""

    def town_share(self, line: shapely.Geometry) -> float:
        """Return the share of a line that lies within towns."""
        return self.look_at([line])[0][0]

    def beside(self, line: shapely.Geometry) -> tuple[float, str]:
        """Return the largest share of a line beside one expressway, and its name; see `look_at`."""
        _, share, name = self.look_at([line])[0]
        return share, name

    def fault(self, line: shapely.Geometry) -> str:
        """Return why a road along a line is an artefact of the map; empty where it is none."""
        rules = self.rules
        in_towns, beside, _ = self.look_at([line])[0]
        if in_towns > rules.most_in_towns:
            return f"more than {100 * rules.most_in_towns:.0f} % within towns"
        if beside > rules.most_beside:
            return (
                f"more than {100 * rules.most_beside:.0f} % within {rules.beside_km:g} km of one expressway"
            )
        return ""


def _names_of(fast: pd.DataFrame) -> list[list[str]]:
    """Return the names of the expressways that each link is part of."""
    refs = [[part.strip() for part in str(ref).split(";") if part.strip()] for ref in fast["ref"]]
    bare = np.flatnonzero([not several for several in refs])
    ends = fast[["tail", "head"]].to_numpy(dtype=np.int64)[bare]
    if len(ends):
        count = int(ends.max()) + 1
        graph = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(count, count))
        group = connected_components(graph, directed=False)[1][ends[:, 0]]
        for at, number in zip(bare.tolist(), group.tolist(), strict=True):
            refs[at] = [f"expressway without a number ({number})"]
    return refs
