"""Find cities of a table by id, or by name in any language."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property

import geopandas as gpd
import numpy as np
import pandas as pd

from networks.sphere import km_to_chord, unit_vectors
from networks.world.towns import Box, plain_name, towns_in

SEPARATOR = "; "
"""Text between the other names of a city."""
_REACH_KM = 25.0
"""A town of GeoNames within this distance of a city, and with its name in some language, is that city."""
_MARGIN_DEGREES = 0.5
_LEAST_POPULATIONS = (15_000, 5_000)
"""Smallest towns of GeoNames that are looked at, usually and where the table has smaller cities."""
_ALIKE = 0.7
_MOST_SUGGESTIONS = 2


class UnknownCityError(LookupError):
    """A name is no city's, or more than one city's; the text says so and what may be meant."""


class CityNames:
    """Find cities by id or by name.

    A name counts as it is written in the table, else without regard to capitals and accents, else in another
    language: as the table has it (`other_names`), or as GeoNames has it for the town at that place. GeoNames
    is read only when a name is found in no other way, and then only the towns round the cities are kept.

    Parameters
    ----------
    cities
        Table of cities; of its columns `city_id`, `name`, and where there are any `population`, `other_names`
        and points count.
    """

    def __init__(self, cities: pd.DataFrame) -> None:
        self.ids = cities["city_id"].astype(str).tolist()
        self.names = cities["name"].astype(str).tolist()
        self._cities = cities
        self._row_of_id = {key: row for row, key in reversed(list(enumerate(self.ids)))}

    def row(self, text: str, *, hints: bool = True) -> int:
        """Return the row of the city that a text names.

        Parameters
        ----------
        hints
            Whether an error names cities of similar spelling, which takes a moment.

        Raises
        ------
        UnknownCityError
            If no city has this name, with those of similar spelling, or more than one has it.
        """
        if text in self._row_of_id:
            return self._row_of_id[text]
        wanted, none = plain_name(text), set[int]()
        rows = [row for row, name in enumerate(self.names) if name == text]
        rows = rows or sorted(self._own.get(wanted, none) or self._of_table.get(wanted, none))
        rows = rows or sorted(self._of_geonames.get(wanted, none))
        if len(rows) == 1:
            return rows[0]
        if rows:
            among = ", ".join(f"{self.names[row]}: {self.ids[row]}" for row in rows)
            raise UnknownCityError(f"'{text}' names {len(rows)} cities; give the id ({among})")
        raise UnknownCityError(f"no city is called '{text}'{self._hint(wanted) if hints else ''}")

    def _hint(self, wanted: str) -> str:
        """Return the cities whose names in any language are spelt like a name, to end a sentence."""
        keys = _table([key] for key in self.ids)
        rows = self._of_geonames | self._of_table | keys | self._own
        close = difflib.get_close_matches(wanted, rows, n=2 * _MOST_SUGGESTIONS, cutoff=_ALIKE)
        found = dict.fromkeys(self.names[row] for name in close for row in sorted(rows[name]))
        names = [f"'{name}'" for name in list(found)[:_MOST_SUGGESTIONS]]
        return f"; did you mean {' or '.join(names)}?" if names else ""

    @cached_property
    def _own(self) -> dict[str, set[int]]:
        return _table([name] for name in self.names)

    @cached_property
    def _of_table(self) -> dict[str, set[int]]:
        if "other_names" not in self._cities:
            return {}
        return _table(str(names).split(SEPARATOR) for names in self._cities["other_names"])

    @cached_property
    def _of_geonames(self) -> dict[str, set[int]]:
        if "geometry" not in self._cities or not len(self._cities):
            return {}
        points = gpd.GeoSeries(self._cities["geometry"])
        west, south, east, north = points.total_bounds.tolist()
        margin, (usual, further) = _MARGIN_DEGREES, _LEAST_POPULATIONS
        has_smaller = "population" in self._cities and (self._cities["population"] < usual).any()
        box = Box(
            south=max(south - margin, -90.0), west=max(west - margin, -180.0),
            north=min(north + margin, 90.0), east=min(east + margin, 180.0),
        )  # fmt: skip
        towns = towns_in(box, least_population=further if has_smaller else usual)
        if not towns:
            return {}
        places = unit_vectors(np.array([t.lon for t in towns]), np.array([t.lat for t in towns]))
        centres = unit_vectors(points.x.to_numpy(dtype=float), points.y.to_numpy(dtype=float))
        known = [{plain_name(name) for name in (town.name, *town.other_names)} for town in towns]
        own: list[set[str]] = [set() for _ in self.names]
        for name, rows in [*self._own.items(), *self._of_table.items()]:
            for row in rows:
                own[row].add(name)
        # Of each city the names of the nearest town that shares a name with it; none without such a town.
        found: list[set[str]] = []
        for mine, centre in zip(own, centres, strict=True):
            away = np.linalg.norm(places - centre, axis=1)
            near = np.flatnonzero(away <= km_to_chord(_REACH_KM))
            near = near[np.argsort(away[near], kind="stable")]
            found.append(next((known[town] for town in near if mine & known[town]), set()))
        return _table(found)


def _table(names: Iterable[Iterable[str]]) -> dict[str, set[int]]:
    """Return the rows by plain name."""
    found: dict[str, set[int]] = defaultdict(set)
    for row, of_row in enumerate(names):
        for name in of_row:
            if plain := plain_name(name):
                found[plain].add(row)
    return dict(found)
