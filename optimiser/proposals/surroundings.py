"""Measure how much of a line lies in towns, and how much beside one expressway of today."""

from __future__ import annotations

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
    def _points(self) -> dict[bytes, NDArray[np.float64]]:
        """Return the points on the sphere that stand for lines, as far as they were needed."""
        return {}

    def _points_of(self, line: shapely.Geometry) -> NDArray[np.float64]:
        """Return the points on the sphere that stand for a line; float64 [n, 3], km."""
        if (key := shapely.to_wkb(line)) not in self._points:
            points = sample_line(line)
            self._points[key] = on_sphere(points[:, 0], points[:, 1])
        return self._points[key]

    def town_share(self, line: shapely.Geometry) -> float:
        """Return the share of a line that lies within towns."""
        at = self._points_of(line)
        distance_km = np.linalg.norm(at[:, None, :] - self._centres[None, :, :], axis=2)
        return float((distance_km <= self._reach_km).any(axis=1).mean())

    def beside(self, line: shapely.Geometry) -> tuple[float, str]:
        """Return the largest share of a line beside one expressway, and the name of that expressway.

        Parameters
        ----------
        line
            Degrees.

        Returns
        -------
        float, str
            0 and no name where no expressway is near.
        """
        tree, label, names = self._expressways
        if not names:
            return 0.0, ""
        at = self._points_of(line)
        near: NDArray[np.object_] = np.asarray(tree.query_ball_point(at, self.rules.beside_km), dtype=object)
        sample = np.repeat(np.arange(len(at)), [len(some) for some in near])
        if not len(sample):
            return 0.0, ""
        found = np.unique(sample * len(names) + label[[row for some in near for row in some]])
        count = np.bincount(found % len(names), minlength=len(names))
        most = int(np.argmax(count))
        return float(count[most] / len(at)), names[most]

    def fault(self, line: shapely.Geometry) -> str:
        """Return why a road along a line is an artefact of the map; empty where it is none."""
        rules = self.rules
        if self.town_share(line) > rules.most_in_towns:
            return f"more than {100 * rules.most_in_towns:.0f} % within towns"
        if self.beside(line)[0] > rules.most_beside:
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
