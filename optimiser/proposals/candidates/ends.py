"""Find where the user's own candidates begin and end."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from optimiser.proposals.candidates.neighbours import great_circle_km
from optimiser.proposals.candidates.situation import Situation
from optimiser.proposals.candidates.tracks import Tracks
from optimiser.proposals.candidates.trains import Stop


class EndFault(Exception):
    """An end that cannot be found; the text says why."""


@dataclass(frozen=True, slots=True)
class End:
    """An end of a candidate.

    Attributes
    ----------
    name
        Name for people.
    lon, lat
        Position, degrees.
    city
        Row of the city, -1 where the end is none.
    road_id
        Node of the road network in the graph, for roads.
    stop
        Where trains stop, for railways.
    """

    name: str
    lon: float
    lat: float
    city: int
    road_id: str = ""
    stop: Stop | None = None


@dataclass(frozen=True)
class Finder:
    """Find ends by name or by position.

    Attributes
    ----------
    situation
        What there is.
    tracks
        Stations of cities.
    snap_km
        A position is at most this far from the road node or station that it stands for.
    """

    situation: Situation
    tracks: Tracks
    snap_km: float

    def by_name(self, text: str, mode: str) -> End:
        """Return the end at a city.

        Parameters
        ----------
        text
            Id or name of a city.
        mode
            `road` or `rail`.

        Raises
        ------
        EndFault
            When no city, or more than one, is called so, or the city is not on the network.
        """
        situation = self.situation
        rows = [row for row, name in enumerate(situation.ids) if name == text]
        rows = rows or [row for row, name in enumerate(situation.names) if name.lower() == text.lower()]
        if not rows:
            close = get_close_matches(text, [*situation.names, *situation.ids], n=1)
            raise EndFault(f"no city is called `{text}`" + (f"; did you mean `{close[0]}`?" if close else ""))
        if len(rows) > 1:
            raise EndFault(f"`{text}` names {len(rows)} cities; give the id")
        row = rows[0]
        name, lon, lat = situation.names[row], float(situation.lon[row]), float(situation.lat[row])
        if mode == "rail":
            near = self.tracks.stations[row]
            return End(name, lon, lat, row, stop=self.tracks.stop(row, near[0] if near else None))
        if not len(situation.road.nodes):  # the job starts from a matrix: cities are all the places there are
            return End(name, lon, lat, row, road_id=f"city:{situation.ids[row]}")
        if situation.road_nodes[row] < 0:
            raise EndFault(f"{name} is not joined to the road network")
        return End(name, lon, lat, row, road_id=f"road:{situation.road_nodes[row]}")

    def by_position(self, lon: float, lat: float, mode: str) -> End:
        """Return the end at the road node or station nearest to a position.

        Parameters
        ----------
        lon, lat
            Degrees.
        mode
            `road` or `rail`.

        Raises
        ------
        EndFault
            When none is within the limit, or the position is off the globe.
        """
        if not (-180.0 <= lon <= 180.0 and -90.0 <= lat <= 90.0):
            raise EndFault(f"lon {lon:g}, lat {lat:g} is no position in degrees")
        what = "station" if mode == "rail" else "road node"
        ids, lons, lats = self._stations if mode == "rail" else self._roads
        if len(ids) == 0:
            raise EndFault(f"the network has no {what}")
        far = great_circle_km(np.full(len(ids), lon), np.full(len(ids), lat), lons, lats)
        row = int(np.argmin(far))
        if far[row] > self.snap_km:
            raise EndFault(
                f"lon {lon:g}, lat {lat:g}: the nearest {what} is {far[row]:.1f} km off,"
                f" the limit is {self.snap_km:g} km"
            )
        place = f"{lon:.3f},{lat:.3f}"
        if mode == "rail":
            return End(place, lon, lat, -1, stop=Stop(ids[row]))
        return End(place, lon, lat, -1, road_id=ids[row])

    @cached_property
    def _roads(self) -> tuple[list[str], NDArray[np.float64], NDArray[np.float64]]:
        """Return ids and positions of road nodes that a link touches."""
        road = self.situation.road
        used = np.unique(road.links[["tail", "head"]].to_numpy(dtype=np.int64))
        points = road.nodes.geometry.iloc[used]
        return [f"road:{row}" for row in used.tolist()], np.asarray(points.x), np.asarray(points.y)

    @cached_property
    def _stations(self) -> tuple[list[str], NDArray[np.float64], NDArray[np.float64]]:
        """Return ids and positions of stations."""
        nodes = self.situation.graph.nodes
        table = nodes[nodes["node_id"].str.fullmatch(r"station:\d+")]
        return table["node_id"].tolist(), np.asarray(table["lon"]), np.asarray(table["lat"])
