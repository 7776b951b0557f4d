"""Hold cities as one table, with tiers, and find them by id, or by name in any language."""

from __future__ import annotations

import difflib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike, NDArray

from networks import schema, sphere
from networks.schema import Column
from networks.world.towns import Box, Part, plain_name, towns_in

TIERS = ("core", "secondary", "small")
"""Tiers from the largest cities to the smallest."""

COLUMNS = (
    Column("city_id", "str", "-", "key, unique"),
    Column("name", "str", "-", "display name, unique: cities that share a name get their key added"),
    Column(
        "local_name",
        "str",
        "-",
        "name as it is written there, shown beside one in other letters; may be empty",
    ),
    Column("other_names", "str", "-", "names in other languages, separated by `; `; may be empty"),
    Column("tier", "str", "-", "`core`, `secondary`, `small`, or a tier of the region's own"),
    Column("population", "int64", "persons", "residents, >= 0"),
    Column("population_definition", "str", "-", "definition of the count (built-up area, census year, ...)"),
    Column("extent_km", "float64", "km", "radius of the built-up area; NaN: not known"),
    Column("source", "str", "-", "source of position and population"),
    Column("road_node", "int64", "row of nodes", "road node that it is snapped to; -1 if none"),
    Column("road_snap_km", "float64", "km", "great-circle distance to that node; NaN if none"),
    Column("geometry", "Point", "degree", "centre, WGS 84"),
)
"""Columns of the cities table, in order; rows are numbered from 0."""


CORE_SHARE, SECONDARY_SHARE = 0.06, 0.35
"""Shares of the cities of a cluster that are core and secondary by rank: as in Beijing, Tianjin and Hebei by
population (2 and 12 of 34)."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Population limits of the tiers, and whether they or ranks count.

    Attributes
    ----------
    core
        Cities with more residents than this are core.
    secondary
        Other cities with at least this many residents are secondary; all others are small.
    rule
        Whether tiers go by these limits or by rank; `auto`: by rank where they leave no core city.
    """

    core: int = 5_000_000
    secondary: int = 500_000
    rule: Literal["auto", "population", "rank"] = "population"

    def __post_init__(self) -> None:
        """Reject thresholds in the wrong order."""
        if not 0 <= self.secondary <= self.core:
            raise ValueError(f"Expected 0 <= secondary <= core, got {self.secondary} and {self.core}.")

    def tier(self, population: ArrayLike, *, has_core: bool = False) -> NDArray[np.str_]:
        """Return the tier (`core`, `secondary` or `small`) of each city of a cluster.

        Parameters
        ----------
        population
            Residents of all its cities.
        has_core
            Whether the table of cities names a core city itself, so that `auto` goes by population.
        """
        people = np.asarray(population)
        if self.rule == "rank" or (self.rule == "auto" and not has_core and not (people > self.core).any()):
            return tier_by_rank(people)
        lower = np.where(people >= self.secondary, TIERS[1], TIERS[2])
        return np.where(people > self.core, TIERS[0], lower)


def tier_by_rank(population: ArrayLike) -> NDArray[np.str_]:
    """Return the tier of each city by its rank in the cluster.

    Core are `CORE_SHARE` of the cities, rounded, at least one; secondary the next `SECONDARY_SHARE`, rounded;
    small the rest. Cities of equal population have the same tier, the higher one.

    Examples
    --------
    >>> tier_by_rank([1_100_000, 600_000, 600_000, 300_000, 90_000, 80_000]).tolist()
    ['core', 'secondary', 'secondary', 'small', 'small', 'small']
    """
    people = np.asarray(population)
    count = len(people)
    core = min(count, max(1, round(CORE_SHARE * count)))
    rank = np.searchsorted(np.sort(-people), -people, side="left")
    lower = np.where(rank < core + round(SECONDARY_SHARE * count), TIERS[1], TIERS[2])
    return np.where(rank < core, TIERS[0], lower)


def sizes(cities: pd.DataFrame) -> list[str]:
    """Return the tier by which trips from and to each city are timed.

    It is that of the table; where it went by rank, the one by population: to be the largest of a cluster
    makes no town large, so that it takes no longer to leave.
    """
    tiers = cities["tier"].astype(str).to_numpy()
    people = cities["population"].to_numpy()
    by_rank = np.array_equal(tiers, tier_by_rank(people))
    return [str(one) for one in (Thresholds().tier(people) if by_rank else tiers)]


def describe_tiers(cities: pd.DataFrame, thresholds: Thresholds) -> tuple[str, str]:
    """Return in words how the cities of a cluster got their tiers, and what a reader must know about it.

    Parameters
    ----------
    cities
        Table with `population` and `tier`.
    thresholds
        The limits and the rule.

    Returns
    -------
    rule, note : str
        The note is empty where tiers go by population, or as the table of cities says, with a core city.
    """
    people, tiers = cities["population"].to_numpy(), cities["tier"].astype(str).to_numpy()
    counts = ", ".join(f"{int((tiers == tier).sum())} {tier}" for tier in dict.fromkeys([*TIERS, *tiers]))
    has_core, none_is_core = TIERS[0] in tiers, f"No city has more than {thresholds.core:,} residents"
    by_population = np.array_equal(tiers, replace(thresholds, rule="population").tier(people))
    if by_population and thresholds.rule != "rank":
        rule = f"core: more than {thresholds.core:,} residents; secondary: from {thresholds.secondary:,}"
        remedy = "cities.tiers = 'rank' goes by rank in the cluster."
        return f"{rule} ({counts})", "" if has_core else f"{none_is_core}, so that none is core: {remedy}"
    if np.array_equal(tiers, tier_by_rank(people)):
        shares = f"the largest {100 * CORE_SHARE:.0f} %; secondary: the next {100 * SECONDARY_SHARE:.0f} %"
        remedy = "cities.tiers and cities.core_above choose otherwise."
        fell_back = f"{none_is_core}, so that tiers go by rank in the cluster ({counts}); {remedy}"
        return f"by rank, core: {shares} ({counts})", "" if thresholds.rule == "rank" else fell_back
    return (
        f"as the table of cities says ({counts})",
        "" if has_core else "The table of cities has no core city.",
    )


DEFAULT_THRESHOLDS = Thresholds()


@dataclass(frozen=True, slots=True)
class Cities:
    """Cities of a region.

    Attributes
    ----------
    table
        One row per city; the columns are `COLUMNS`.
    merged
        Places that count as parts of these cities.
    notes
        What the source lacks, as sentences.
    """

    table: gpd.GeoDataFrame
    merged: tuple[Part, ...] = ()
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Return the number of cities."""
        return len(self.table)

    def largest(self, count: int) -> Cities:
        """Return the first cities of a table that begins with the largest; all of them with 0."""
        return replace(self, table=self.table.head(count)) if count else self


def readable_ids(names: Sequence[str], keys: Sequence[str]) -> list[str]:
    """Return ids that are the names in plain letters, the key added where that is no other's.

    Examples
    --------
    >>> readable_ids(["Köln", "Halle", "HALLE", "?"], ["1", "2", "3", "4"])
    ['koln', 'halle-2', 'halle-3', '4']
    """
    plain = [plain_name(name).replace(" ", "-") for name in names]
    times = Counter(plain)
    return [
        name if name and times[name] == 1 else f"{name}-{key}".lstrip("-")
        for name, key in zip(plain, keys, strict=True)
    ]


def build(columns: Mapping[str, object], *, lon: ArrayLike, lat: ArrayLike) -> Cities:
    """Build the table of cities from columns.

    Parameters
    ----------
    columns
        Values by column name: `city_id`, `name`, `tier`, `population`, `population_definition`, `source`, and
        where there are any, `local_name`, `other_names` and `extent_km`.
    lon, lat
        Degrees.

    Returns
    -------
    Cities
        Not snapped yet. Cities that share a name get their key added in brackets.

    Raises
    ------
    SchemaError
        If a column is missing or its values have the wrong type.
    """
    points = shapely.points(np.asarray(lon, dtype=float), np.asarray(lat, dtype=float))
    named = pd.Series(columns["name"], dtype=schema.text_dtype())
    twice = named.duplicated(keep=False)
    labels = named.where(
        ~twice, named + " (" + pd.Series(columns["city_id"], dtype=schema.text_dtype()) + ")"
    )
    snapped = {"road_node": np.full(len(named), -1), "road_snap_km": np.full(len(named), np.nan)}
    return Cities(
        schema.table(
            {
                **dict.fromkeys(("local_name", "other_names"), [""] * len(named)),
                "extent_km": np.full(len(named), np.nan),
                **columns,
                "name": labels,
                **snapped,
                "geometry": points,
            },
            COLUMNS,
        )
    )


SEPARATOR = "; "
"""Text between the other names of a city."""
_REACH_KM = 25.0
"""A town of GeoNames within this distance of a city, and with its name in some language, is that city."""
_LEAST_POPULATIONS = (15_000, 5_000)
"""Smallest towns of GeoNames that are looked at, usually and where the table has smaller cities."""
_ALIKE = 0.7
_MOST_SUGGESTIONS = 2


class UnknownCityError(LookupError):
    """A name is no city's, or more than one city's; the text says so and what may be meant."""


class CityNames:
    """Find cities by id or by name.

    A name counts as it is written in the table, else without regard to capitals and accents, else in another
    language: as the table has it (`local_name`, `other_names`), or as GeoNames has it for the town at that
    place. GeoNames is read only when a name is found in no other way, and then only the towns round the
    cities are kept.

    Parameters
    ----------
    cities
        Table of cities; of its columns `city_id`, `name`, and where there are any `population`, `local_name`,
        `other_names` and points count.
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
        rows = self._of_geonames | self._of_table | _table([key] for key in self.ids) | self._own
        close = difflib.get_close_matches(wanted, rows, n=2 * _MOST_SUGGESTIONS, cutoff=_ALIKE)
        found = dict.fromkeys(self.names[row] for name in close for row in sorted(rows[name]))
        names = [f"'{name}'" for name in list(found)[:_MOST_SUGGESTIONS]]
        return f"; did you mean {' or '.join(names)}?" if names else ""

    @cached_property
    def _own(self) -> dict[str, set[int]]:
        return _table([name] for name in self.names)

    @cached_property
    def _of_table(self) -> dict[str, set[int]]:
        columns = [self._cities[name] for name in ("local_name", "other_names") if name in self._cities]
        return _table(
            SEPARATOR.join(map(str, names)).split(SEPARATOR) for names in zip(*columns, strict=True)
        )

    @cached_property
    def _of_geonames(self) -> dict[str, set[int]]:
        if "geometry" not in self._cities or not len(self._cities):
            return {}
        points = gpd.GeoSeries(self._cities["geometry"])
        usual, small = _LEAST_POPULATIONS
        is_small = "population" in self._cities and (self._cities["population"] < usual).any()
        towns = towns_in(Box.around(points).widened(_REACH_KM), least_population=small if is_small else usual)
        places = np.array([(town.lon, town.lat) for town in towns]).reshape(-1, 2)
        around = sphere.within(shapely.get_coordinates(points), places, _REACH_KM)
        known = [{plain_name(name) for name in (town.name, *town.other_names)} for town in towns]
        own: list[set[str]] = [set() for _ in self.names]
        for name, rows in [*self._own.items(), *self._of_table.items()]:
            for row in rows:
                own[row].add(name)
        # Of each city the names of the nearest town that shares a name with it; none without such a town.
        return _table(
            next((known[town] for town in sorted(near, key=near.__getitem__) if mine & known[town]), set())
            for mine, near in zip(own, around, strict=True)
        )


def _table(names: Iterable[Iterable[str]]) -> dict[str, set[int]]:
    """Return the rows by plain name."""
    found: dict[str, set[int]] = defaultdict(set)
    for row, of_row in enumerate(names):
        for name in of_row:
            if plain := plain_name(name):
                found[plain].add(row)
    return dict(found)
