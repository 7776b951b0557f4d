"""Start from a travel-time matrix or a table of weights, without OpenStreetMap."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from networks import skims
from networks.cities.table import Cities
from networks.errors import SchemaError, SourceError
from networks.timegraph import ARC_KINDS, UNREACHABLE, TimeGraph

logger = logging.getLogger(__name__)

SECONDS_BY_UNIT = {"seconds": 1, "minutes": 60}
"""Seconds in the unit that a column of times may name."""

WEIGHT_NAMES = ("weight", "demand")
"""Names that a column of weights may have."""
_TIMES, _WEIGHTS = "matrix", "table of weights"

_EXAMPLES = 20
_LARGEST = 2**53


@dataclass(frozen=True, slots=True)
class _Table:
    """Cells of a matrix in long form: labels, text values, where each stands, and the name of the values."""

    origin: NDArray[np.object_]
    destination: NDArray[np.object_]
    value: NDArray[np.object_]
    place: NDArray[np.object_]
    quantity: str


def load_times(path: str | Path, cities: Cities, *, definition: str = "door_to_door") -> TimeGraph:
    """Load travel times between cities.

    Two forms are understood, in CSV or Parquet. Long: columns `origin`, `destination`, and `seconds` or
    `minutes`. Square: the first column is named `seconds` or `minutes` and holds the origins; the other
    columns are named by the destinations. Cities go by their `city_id`, or by their name where it is unique.
    An empty cell or a pair that is not there means that no path leads.

    Parameters
    ----------
    path
        The file.
    cities
        The cities that the matrix speaks of.
    definition
        `door_to_door` or `in_vehicle`: what the times include.

    Returns
    -------
    TimeGraph
        One node a city and one arc of kind `matrix` for each pair, in whole seconds. Where a way over a third
        city is faster than the time given, a shortest path takes it; how often is logged as a warning.

    Raises
    ------
    SourceError
        When the file cannot be read.
    SchemaError
        With all faults: unknown cities, cities without any time, pairs given twice, values that are no time.
    """
    cells = _read(Path(path), tuple(SECONDS_BY_UNIT))
    rows, faults = _rows(cells, cities)
    value, more = _values(cells, least=0.0)
    faults += more
    seconds = np.rint(value * SECONDS_BY_UNIT[cells.quantity])
    apart = rows[:, 0] != rows[:, 1]
    given = np.isfinite(value) & apart & (rows >= 0).all(axis=1)
    faults += [f"{cells.place[i]}: less than one second" for i in np.flatnonzero(given & (seconds < 1))]
    silent = np.setdiff1d(np.arange(len(cities)), rows[given])
    faults += [f"no time from or to {cities.table['name'].iloc[row]}" for row in silent]
    _refuse(faults, path)
    graph = _graph(cities, rows[given], seconds[given].astype(np.int64), definition)
    _warn_of_detours(graph)
    return graph


def load_weights(path: str | Path, cities: Cities) -> NDArray[np.int64]:
    """Load weights (such as demand) of pairs of cities.

    The forms are those of `load_times`, with `weight` or `demand` in place of the unit.

    Parameters
    ----------
    path
        The file.
    cities
        The cities that the table speaks of.

    Returns
    -------
    numpy.ndarray of int64, shape [n, n]
        Weight from row to column in the order of the cities; 0 where the table is silent and on the diagonal.

    Raises
    ------
    SourceError
        When the file cannot be read.
    SchemaError
        With all faults: unknown cities, pairs given twice, values that are no whole number >= 0.
    """
    cells = _read(Path(path), WEIGHT_NAMES, table=_WEIGHTS)
    rows, faults = _rows(cells, cities)
    value, more = _values(cells, least=0.0)
    broken = np.flatnonzero(np.isfinite(value) & (value != np.rint(value)))
    faults += more + [f"{cells.place[i]}: {cells.value[i]} is no whole number" for i in broken]
    _refuse(faults, path, table=_WEIGHTS)
    weights = np.zeros((len(cities), len(cities)), dtype=np.int64)
    given = np.isfinite(value)
    weights[rows[given, 0], rows[given, 1]] = value[given].astype(np.int64)
    np.fill_diagonal(weights, 0)
    return weights


def _read(path: Path, quantities: tuple[str, ...], *, table: str = _TIMES) -> _Table:
    try:
        if path.suffix.lower() == ".parquet":
            frame = pd.read_parquet(path).astype(object)
            frame = frame.where(frame.notna(), "").astype(str)
        else:
            frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise SourceError(
            f"the {table} cannot be read: {error}",
            where=str(path),
            remedy="It has to be CSV (UTF-8) or Parquet.",
        ) from error
    frame.columns = frame.columns.astype(str).str.strip()
    named = [name for name in quantities if name in frame.columns]
    if len(named) != 1:
        raise SchemaError(
            f"it names {' and '.join(named) or 'no quantity'}, needed is one of {', '.join(quantities)}",
            where=str(path),
            remedy=f"Long form: origin, destination, {quantities[0]}. Square form: the first column is "
            f"called {quantities[0]} and holds the origins.",
        )
    if {"origin", "destination"} <= set(frame.columns):
        return _long(frame, named[0])
    if frame.columns[0] != named[0]:
        raise SchemaError(
            f"the column '{named[0]}' is not the first, and there are no columns origin and destination",
            where=str(path),
        )
    return _square(frame, named[0])


def _long(frame: pd.DataFrame, quantity: str) -> _Table:
    return _Table(
        origin=frame["origin"].str.strip().to_numpy(dtype=object),
        destination=frame["destination"].str.strip().to_numpy(dtype=object),
        value=frame[quantity].str.strip().to_numpy(dtype=object),
        place=np.array([f"line {row + 2}" for row in range(len(frame))], dtype=object),
        quantity=quantity,
    )


def _square(frame: pd.DataFrame, quantity: str) -> _Table:
    origins, destinations = frame[quantity].str.strip().to_numpy(dtype=object), frame.columns[1:]
    count = len(destinations)
    lines = np.arange(len(frame)) + 2
    return _Table(
        origin=np.repeat(origins, count),
        destination=np.tile(destinations.to_numpy(dtype=object), len(frame)),
        value=np.char.strip(frame.iloc[:, 1:].to_numpy(dtype=str)).astype(object).ravel(),
        place=np.array(
            [f"line {line}, column {name}" for line in lines for name in destinations], dtype=object
        ),
        quantity=quantity,
    )


def _rows(cells: _Table, cities: Cities) -> tuple[NDArray[np.int64], list[str]]:
    """Return for each cell the rows of origin and destination (-1 unknown), and what is wrong with them."""
    row_of = {str(name): row for row, name in enumerate(cities.table["name"])}
    row_of |= {str(key): row for row, key in enumerate(cities.table["city_id"])}
    labels = np.concatenate((cells.origin, cells.destination))
    unknown = [f"'{label}' is no city of the list" for label in dict.fromkeys(labels) if label not in row_of]
    rows = np.array([row_of.get(label, -1) for label in labels], dtype=np.int64).reshape(2, -1).T
    return rows, unknown + _repeats(cells, rows)


def _repeats(cells: _Table, rows: NDArray[np.int64]) -> list[str]:
    pairs = pd.DataFrame({"origin": rows[:, 0], "destination": rows[:, 1], "cell": np.arange(len(rows))})
    first = pairs.groupby(["origin", "destination"])["cell"].transform("min").to_numpy()
    twice = np.flatnonzero((first != np.arange(len(rows))) & (rows >= 0).all(axis=1))
    return [
        f"{cells.place[i]}: the pair {cells.origin[i]}, {cells.destination[i]} is given "
        f"at {cells.place[first[i]]} already"
        for i in twice
    ]


def _values(cells: _Table, *, least: float) -> tuple[NDArray[np.float64], list[str]]:
    """Return the numbers (NaN for empty cells), and what is wrong with them."""
    value = pd.to_numeric(pd.Series(cells.value), errors="coerce").to_numpy(dtype=np.float64)
    empty = cells.value == ""
    no_number = ~empty & ~np.isfinite(value)
    low, high = value < least, value > _LARGEST
    return value, list(_faults(cells, no_number, low, high))


def _faults(
    cells: _Table, no_number: NDArray[np.bool_], low: NDArray[np.bool_], high: NDArray[np.bool_]
) -> Iterator[str]:
    for mask, text in ((no_number, "is no number"), (low, "is negative"), (high, "is too large")):
        yield from (f"{cells.place[i]}: '{cells.value[i]}' {text}" for i in np.flatnonzero(mask))


def _refuse(faults: list[str], path: str | Path, *, table: str = _TIMES) -> None:
    if faults:
        empty = "that no path joins empty" if table == _TIMES else "without weight empty"
        rest = len(faults) - _EXAMPLES
        raise SchemaError(
            f"{len(faults)} fault(s) in the {table}",
            where=str(path),
            faults=[*faults[:_EXAMPLES], *([f"and {rest} more"] if rest > 0 else [])],
            done="Nothing was taken from it.",
            remedy=f"Name cities by their id or name; leave cells of pairs {empty}.",
        )


def _graph(cities: Cities, rows: NDArray[np.int64], seconds: NDArray[np.int64], definition: str) -> TimeGraph:
    table, every = cities.table, np.arange(len(cities), dtype=np.int64)
    nodes = pd.DataFrame(
        {
            "node_id": [f"city:{key}" for key in table["city_id"]],
            "kind": ["city"] * len(table),
            "lon": table.geometry.x.to_numpy(),
            "lat": table.geometry.y.to_numpy(),
        }
    )
    return TimeGraph(
        nodes=nodes,
        tail=rows[:, 0].copy(),
        head=rows[:, 1].copy(),
        seconds=seconds,
        kind=np.full(seconds.size, ARC_KINDS.index("matrix"), dtype=np.int8),
        ref=np.full(seconds.size, -1, dtype=np.int64),
        origin=every,
        destination=every,
        definition=definition,
    )


def _warn_of_detours(graph: TimeGraph) -> None:
    best = skims.travel_times(graph)[graph.tail, graph.head]
    faster = int(np.count_nonzero((best < graph.seconds) & (best != UNREACHABLE)))
    if faster:
        logger.warning(
            "%d of %d times of the matrix are slower than a way over a third city.",
            faster,
            graph.seconds.size,
        )
