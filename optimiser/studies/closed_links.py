"""Find what is closed when a road, a railway, a part of one, or a candidate fails or is not open yet."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Self

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from networks.cities import CityNames, UnknownCityError
from networks.osm.tags import was_open
from networks.rail import RailBuild
from networks.skims import ARC_KINDS, TimeGraph
from optimiser.engine.search.paths import Mask
from optimiser.job.model import did_you_mean
from optimiser.problem.errors import JobError
from optimiser.proposals.table import Candidates
from optimiser.run.chain import Chain

LATER = "opened after "
"""Begin of the name of all links that opened after a day."""
_STOP = re.compile(r"^stop:(.+)/(\d+)")
_PART = re.compile(r"^(?P<name>.+): (?P<one>.+) - (?P<other>[^:]+)$")


@dataclass(frozen=True, slots=True)
class ClosedLinks:
    """What is not there under one name.

    Attributes
    ----------
    arcs
        Arcs of the time graph, int64 rows, rising.
    candidates
        Ids of candidates that cannot be built.
    """

    arcs: NDArray[np.int64]
    candidates: tuple[str, ...]


@dataclass(frozen=True)
class LinkFinder:
    """Finds links of today, and candidates, by the names that planners use.

    Attributes
    ----------
    graph
        Time graph of the definition that counts.
    roads
        Road links to which its arcs refer.
    rail
        Railways with the services to which its arcs refer; None without.
    candidates
        What may be built.
    cities
        Table of cities.
    """

    graph: TimeGraph
    roads: gpd.GeoDataFrame
    rail: RailBuild | None
    candidates: Candidates
    cities: gpd.GeoDataFrame

    @classmethod
    def of(cls, chain: Chain) -> Self:
        """Return the finder of a job, whose trains count where the job reads them."""
        times, job = chain.times.value, chain.loaded.job
        rail = chain.rail if job.times.rail else None
        graph = times.graphs[job.times.definition]
        return cls(graph, times.road.links, rail, chain.candidates.value, times.cities)

    def closures(self, names: Sequence[str]) -> dict[str, ClosedLinks]:
        """Return what each name closes.

        Parameters
        ----------
        names
            Ids of candidates; names or references of roads and railways (`G4`); parts of them between two
            cities (`G4: Baoding - Shijiazhuang`: what lies between the lines through the cities across the
            way from one to the other); `opened after 2024-12-31`.

        Raises
        ------
        JobError
            With all names under which there is nothing.

        Notes
        -----
        Of a service, the rides between two stops are closed that run over a closed link; a candidate that
        runs trains over one cannot be built.
        """
        found, faults = dict[str, ClosedLinks](), []
        for name in dict.fromkeys(names):
            try:
                found[name] = self._closure(name)
            except (LookupError, UnknownCityError) as fault:
                faults.append(f"'{name}': {fault.args[0]}")
        if faults:
            raise JobError(
                "links are named that do not exist",
                where="sweep.factors",
                faults=faults,
                done="No case was made.",
                remedy="Name roads and railways as the columns ref and name of network.gpkg have them, or "
                "candidates by id.",
            )
        return found

    def _closure(self, name: str) -> ClosedLinks:
        if name in set(self.candidates.table["candidate_id"]):
            return ClosedLinks(np.zeros(0, dtype=np.int64), (name,))
        if name.startswith(LATER):
            day = date.fromisoformat(name.removeprefix(LATER))  # what has no date was open
            masks = [
                np.array([not was_open(str(text), on=day) for text in links["start_date"]], dtype=np.bool_)
                for links in self._networks
            ]
        else:
            masks = self._named(name)
        found = self.closing(*masks)
        if not len(found.arcs) and not name.startswith(LATER):
            raise LookupError("no road of the map, and no train, runs over it")
        return found

    def closing(self, roads: Mask, tracks: Mask | None = None) -> ClosedLinks:
        """Return what some links close: road links, and links of the rail network; bool [links] each."""
        kinds = [ARC_KINDS.index(kind) for kind in ("road", "ferry")]
        rows = np.flatnonzero(np.isin(self.graph.kind, kinds))
        closed = [rows[roads[self.graph.ref[rows]]] if len(rows) else rows]
        candidates: tuple[str, ...] = ()
        if tracks is not None:
            closed.append(self._rides(tracks))
            runs = self.candidates.runs
            over = runs["candidate"][tracks[runs["link"].to_numpy(dtype=np.int64)]].unique()
            candidates = tuple(sorted(self.candidates.table["candidate_id"].astype(str).iloc[over]))
        return ClosedLinks(np.unique(np.concatenate(closed)), candidates)

    @property
    def _networks(self) -> list[gpd.GeoDataFrame]:
        return [self.roads] if self.rail is None else [self.roads, self.rail.network.links]

    def _named(self, name: str) -> list[Mask]:
        part = _PART.match(name)
        whole = name if part is None else part["name"]
        masks = [((links["ref"] == whole) | (links["name"] == whole)).to_numpy() for links in self._networks]
        if not any(mask.any() for mask in masks):
            known = {
                str(value) for links in self._networks for key in ("ref", "name") for value in links[key]
            }
            raise LookupError(f"nothing has this name{did_you_mean(whole, sorted(known - {''}))}")
        if part is None:
            return masks
        cities = CityNames(self.cities)
        ends = [cities.row(part[key].strip()) for key in ("one", "other")]
        between = [
            mask & self._between(links, *ends) for mask, links in zip(masks, self._networks, strict=True)
        ]
        if not any(mask.any() for mask in between):
            raise LookupError("nothing of it lies between these cities")
        return between

    def _between(self, links: gpd.GeoDataFrame, one: int, other: int) -> Mask:
        """Return which links have their middle between the lines across the way from one city to another."""
        places = self.cities.geometry.iloc[[one, other]]
        lon, lat = places.x.to_numpy(), places.y.to_numpy()
        scale = np.cos(np.radians(lat.mean()))
        middle = shapely.line_interpolate_point(links.geometry.to_numpy(), 0.5, normalized=True)
        east, north = (lon[1] - lon[0]) * scale, lat[1] - lat[0]
        along = (shapely.get_x(middle) - lon[0]) * scale * east + (shapely.get_y(middle) - lat[0]) * north
        along = along / (east**2 + north**2)
        return np.asarray((along >= 0) & (along <= 1))

    def _rides(self, closed: Mask) -> NDArray[np.int64]:
        """Return the rides between two stops that run over closed links."""
        legs = set(self._closed_legs(closed))
        ids = self.graph.nodes["node_id"].to_numpy(dtype=object)
        found = []
        for row in np.flatnonzero(self.graph.kind == ARC_KINDS.index("ride")).tolist():
            stop = _STOP.match(ids[self.graph.tail[row]])
            if stop is not None and (stop[1], int(stop[2])) in legs:
                found.append(row)
        return np.array(found, dtype=np.int64)

    def _closed_legs(self, closed: Mask) -> Iterator[tuple[str, int]]:
        """Yield service and number of the first stop of each leg that runs over a closed link."""
        if self.rail is None or not closed.any():
            return
        services, links = self.rail.services, self.rail.network.links
        names = services.lines["service_id"].astype(str).tolist()
        ends = links[["tail", "head"]].to_numpy(dtype=np.int64).tolist()
        stops = {key: own["node"].tolist() for key, own in services.stops.groupby("service")}
        for service in services.routes["service"][closed[services.routes["link"]]].unique().tolist():
            route = services.routes[services.routes["service"] == service]
            ahead, leg = stops[service], 0
            node = ahead[0]
            for link in route["link"].tolist():
                if closed[link]:
                    yield names[service], leg
                tail, head = ends[link]
                node = head if node == tail else tail
                if leg + 2 < len(ahead) and node == ahead[leg + 1]:
                    leg += 1
