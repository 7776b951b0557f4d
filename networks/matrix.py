"""Load a matrix of travel times, or a table of weights, for use without OpenStreetMap."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from networks import inputs
from networks.cities.table import Cities, CityNames, UnknownCityError
from networks.errors import SchemaError, SourceError
from networks.schema import Floats, Ints
from networks.skims import Arcs, TimeGraph

SECONDS_BY_UNIT = {"seconds": 1, "minutes": 60}
"""Column names of times, with the seconds in their unit."""

WEIGHT_NAMES = ("weight", "demand")
"""Column names of weights."""

_FORMS = 8
"""Cells of a table, at most, for each pair of its cities: the long form has a row a pair."""
_TIMES, _WEIGHTS = "matrix", "table of weights"
_MOST_EXAMPLES = 20
_MOST_LETTERS = 1000
"""Letters of a text in a Parquet file, which may hold one for many cells."""
_LARGEST_VALUE = 2**53


def load_times(
    path: str | Path, cities: Cities, *, definition: str = "door_to_door", in_order: bool = False
) -> TimeGraph:
    """Load travel times between cities from CSV, Parquet or OMX.

    The long form has columns `origin`, `destination`, and `seconds` or `minutes`. In the square form, the
    first column is named `seconds` or `minutes` and contains the origins; the other columns are named after
    the destinations. Cities are identified by `city_id` or by name. An empty cell or an absent pair means
    that there is no path. An OMX file holds a matrix of one of these names and a mapping with the ids of the
    cities: `city_id`, else the first.

    Parameters
    ----------
    cities
        The cities of the matrix.
    definition
        Definition of the times: `door_to_door` or `in_vehicle`.
    in_order
        Whether the rows of an OMX file without a mapping are the cities in their order; else it is refused.

    Returns
    -------
    TimeGraph
        One node for each city, and one arc of kind `matrix` for each pair, in whole seconds. A shortest path
        may lead through a third city if that is faster than the given time.

    Raises
    ------
    SourceError
        If the file cannot be read.
    SchemaError
        With all faults: unknown cities, cities without any time, repeated pairs, invalid values.
    """
    unit, cells, rows, value, faults = _read(Path(path), cities, tuple(SECONDS_BY_UNIT), in_order=in_order)
    seconds = np.rint(value * SECONDS_BY_UNIT[unit])
    given = np.isfinite(value) & (rows[:, 0] != rows[:, 1]) & (rows >= 0).all(axis=1)
    faults.add(cells[given & (seconds < 1)], lambda one: f"{one.place}: less than one second")
    missing = np.setdiff1d(np.arange(len(cities)), rows[given])
    table = cities.table
    faults.add(table.iloc[missing], lambda one: f"no time from or to {one.name}")
    faults.check(path)
    place = {"lon": table.geometry.x.to_numpy(), "lat": table.geometry.y.to_numpy()}
    nodes = pd.DataFrame({"node_id": [f"city:{key}" for key in table["city_id"]], "kind": "city", **place})
    tail, head = rows[given].T.copy()
    arcs, every = Arcs.of("matrix", tail, head, seconds[given].astype(np.int64)), np.arange(len(cities))
    return TimeGraph.of(nodes, arcs, origin=every, destination=every, definition=definition)


def load_weights(path: str | Path, cities: Cities, *, in_order: bool = False) -> Ints:
    """Load weights of pairs of cities, such as demand.

    The forms are those of `load_times`, with `weight` or `demand` in place of the unit.

    Parameters
    ----------
    cities
        The cities of the table.
    in_order
        As for `load_times`.

    Returns
    -------
    numpy.ndarray of int64, shape [n, n]
        Weights from rows to columns in the order of the cities; 0 for absent pairs and on the diagonal.

    Raises
    ------
    SourceError
        If the file cannot be read.
    SchemaError
        With all faults: unknown cities, repeated pairs, values that are not whole numbers of at least 0.
    """
    _, cells, rows, value, faults = _read(Path(path), cities, WEIGHT_NAMES, in_order=in_order, table=_WEIGHTS)
    broken = cells[np.isfinite(value) & (value != np.rint(value))]
    faults.add(broken, lambda one: f"{one.place}: {one.value} is not a whole number")
    faults.check(path, table=_WEIGHTS)
    weights = np.zeros((len(cities), len(cities)), dtype=np.int64)
    given = np.isfinite(value)
    weights[rows[given, 0], rows[given, 1]] = value[given].astype(np.int64)
    np.fill_diagonal(weights, 0)
    return weights


def _read(
    path: Path, cities: Cities, quantities: tuple[str, ...], *, in_order: bool, table: str = _TIMES
) -> tuple[str, pd.DataFrame, Ints, Floats, _Faults]:
    """Return quantity and cells of a file, the rows of their cities, their numbers, and faults.

    The cells are texts: `origin`, `destination`, `value`, `place` in the file. Numbers are NaN where empty.
    """
    most = max(inputs.MOST_CELLS, _FORMS * len(cities) ** 2)
    try:
        suffix = inputs.checked(path).suffix.lower()
        if suffix in (".parquet", ".omx"):
            if suffix == ".omx":
                frame = _read_omx(path, cities, quantities, in_order=in_order)
            else:
                frame = _read_parquet(path, most)
            frame = frame.astype(object)
            frame = frame.where(frame.notna(), "").astype(str)
        else:
            frame = inputs.read_frame(path, most)
    except (OSError, ValueError, RuntimeError) as error:
        raise SourceError(
            f"the {table} cannot be read: {error}",
            where=str(path),
            remedy="Provide a CSV (UTF-8), Parquet or OMX file.",
        ) from error
    frame.columns = frame.columns.astype(str).str.strip()
    named = [name for name in quantities if name in frame.columns]
    if fault := inputs.separator_fault([*frame.columns]):
        raise SchemaError(fault, where=str(path))
    if len(named) != 1:
        raise SchemaError(
            f"the table has {' and '.join(named) or 'no such column'}; exactly one of "
            f"{', '.join(quantities)} is required",
            where=str(path),
            remedy=f"Long form: origin, destination, {quantities[0]}. Square form: the first column, or "
            f"in memory the index, is named {quantities[0]} and contains the origins.",
        )
    quantity, lines = named[0], [f"line {row + 2}" for row in range(len(frame))]
    if {"origin", "destination"} <= set(frame.columns):
        cells = frame.assign(place=pd.Series(lines, dtype=str))
    elif frame.columns[0] == quantity:
        origins, columns = frame[quantity].to_numpy(), frame.columns[1:]
        cells = pd.DataFrame(
            {
                "origin": np.repeat(origins, len(columns)),
                "destination": np.tile(columns, len(frame)),
                quantity: frame.iloc[:, 1:].to_numpy().ravel(),
                "place": [f"{line}, column {name}" for line in lines for name in columns],
            },
            dtype=str,
        )
    else:
        raise SchemaError(
            f"the column '{quantity}' is not the first, and there are no columns origin and destination",
            where=str(path),
        )
    found = cells[["origin", "destination", quantity, "place"]].apply(lambda texts: texts.str.strip())
    found = found.rename(columns={quantity: "value"})
    rows, faults = _rows(found, cities)
    value = pd.to_numeric(found["value"], errors="coerce").to_numpy(dtype=np.float64)
    masks = (
        ((found["value"] != "") & ~np.isfinite(value), "is not a number"),
        (value < 0, "is negative"),
        (value > _LARGEST_VALUE, "is too large"),
    )
    for mask, text in masks:
        faults.add(found[mask].assign(text=text), lambda one: f"{one.place}: '{one.value}' {one.text}")
    return quantity, found, rows, value, faults


def _read_parquet(path: Path, most: int) -> pd.DataFrame:
    """Return a table, unless a small file makes a huge one: by equal values, texts used often, or packing."""
    known = pq.ParquetFile(path).metadata
    inputs.refuse_cells(known.num_rows * known.num_columns, most)
    groups = (known.row_group(number) for number in range(known.num_row_groups))
    inputs.refuse_expansion(sum(group.total_byte_size for group in groups), path.stat().st_size)
    texts = pq.read_table(path, read_dictionary=known.schema.names)
    for column in texts.columns:
        for chunk in column.chunks if pa.types.is_dictionary(column.type) else ():
            if (pc.max(pc.binary_length(chunk.dictionary)).as_py() or 0) > _MOST_LETTERS:
                raise ValueError(f"a text has more than {_MOST_LETTERS} letters")
    return inputs.flat(texts.to_pandas())


def _read_omx(path: Path, cities: Cities, quantities: tuple[str, ...], *, in_order: bool) -> pd.DataFrame:
    """Return the matrix of a file that has the name of a quantity, as a table in the square form.

    An OMX file is HDF5 with the groups `data` and `lookup`; read as that, nothing in it is unpickled.
    """
    with _h5py().File(path) as file:
        matrices, mappings = (file.get(group, {}) for group in ("data", "lookup"))
        name = next((one for one in matrices if one in quantities), None)
        if name is None:
            names = f"its matrices are called {', '.join(matrices)}" if len(matrices) else "it has no matrix"
            raise ValueError(f"{names}; give the one that is meant the name {' or '.join(quantities)}")
        shape = matrices[name].shape
        if max(shape, default=0) > len(cities):  # before it is read: a small file may hold a huge one
            raise ValueError(f"the matrix '{name}' is {' x '.join(map(str, shape))}, of {len(cities)} cities")
        values = np.asarray(matrices[name], dtype=np.float64)
        if not (len(mappings) or in_order):
            raise ValueError(
                "it has no mapping with the ids of the cities; add one, or set cities.omx_in_order=true if "
                "its rows are the cities in the order of their table"
            )
        mapping = mappings.get("city_id", next(iter(mappings.values()), None))
        labels = cities.table["city_id"] if mapping is None else mapping[()]
    texts = [label.decode() if isinstance(label, bytes) else str(label) for label in labels]
    frame = pd.DataFrame(values, columns=texts)
    frame.insert(0, name, frame.columns)
    return frame


def write_omx(path: str | Path, ids: Iterable[object], matrices: Mapping[str, pd.DataFrame]) -> None:
    """Write matrices between cities as an OMX file, float64, NaN where a cell is empty.

    Parameters
    ----------
    ids
        Ids of the cities, which become the mapping `city_id`: as int64 where that keeps them all, else as
        texts of one length in UTF-8.
    matrices
        Tables [n x n] in the order of the ids, by name.
    """
    labels = [str(one) for one in ids]
    are_numbers = all(one.isdecimal() and len(one) < 19 and one == str(int(one)) for one in labels)
    with _h5py().File(path, "w") as file:
        file.attrs["OMX_VERSION"] = np.bytes_("0.2")
        file.attrs["SHAPE"] = np.full(2, len(labels), dtype=np.int32)
        data, lookup = file.create_group("data"), file.create_group("lookup")
        for name, table in matrices.items():
            cells = table.to_numpy(dtype=np.float64, na_value=np.nan)
            data.create_dataset(name, data=cells, chunks=True, compression="gzip")
        kept = [int(one) if are_numbers else one.encode() for one in labels]
        lookup.create_dataset("city_id", data=np.array(kept))


def _h5py() -> Any:  # noqa: ANN401 - a module without types
    try:
        import h5py
    except ImportError as error:
        raise SourceError(
            "matrices in the format OMX need the package h5py, which is not installed",
            done="Nothing was read or written.",
            remedy="Install the extra `omx`: in a clone begin with `uv run --extra omx`, of a wheel "
            "`pip install 'WHEEL[omx]'`.",
        ) from error
    return h5py


def _rows(cells: pd.DataFrame, cities: Cities) -> tuple[Ints, _Faults]:
    """Return the rows of origin and destination of each cell (-1 if unknown), and their faults."""
    finder, faults = CityNames(cities.table), _Faults()
    labels, row_of = pd.concat([cells["origin"], cells["destination"]]), dict[str, int]()
    for label in labels.unique():
        try:
            row_of[label] = finder.row(label, hints=faults.number < _MOST_EXAMPLES)
        except UnknownCityError as fault:
            faults.number += 1
            faults.texts += [str(fault)][: _MOST_EXAMPLES - len(faults.texts)]
    rows = np.array([row_of.get(label, -1) for label in labels], dtype=np.int64).reshape(2, -1).T
    pairs = pd.DataFrame(rows).assign(cell=np.arange(len(rows)))
    first = pairs.groupby([0, 1])["cell"].transform("min").to_numpy()
    twice = cells.assign(first=cells["place"].to_numpy()[first])
    twice = twice[(first != pairs["cell"].to_numpy()) & (rows >= 0).all(axis=1)]
    faults.add(
        twice,
        lambda one: f"{one.place}: the pair {one.origin}, {one.destination} is already given at {one.first}",
    )
    return rows, faults


@dataclass(slots=True)
class _Faults:
    """The number of faults, and the texts of the first: a small file can have millions."""

    number: int = 0
    texts: list[str] = field(default_factory=list)

    def add(self, rows: pd.DataFrame, text: Callable[[Any], str]) -> None:
        """Take rows of a table as faults, each with the text that a function makes of it."""
        self.number += len(rows)
        self.texts += map(text, rows.head(_MOST_EXAMPLES - len(self.texts)).itertuples())

    def check(self, path: str | Path, *, table: str = _TIMES) -> None:
        """Raise an error with the first faults, if there are any."""
        if self.number:
            empty = "without a path" if table == _TIMES else "without a weight"
            rest = self.number - len(self.texts)
            raise SchemaError(
                f"{self.number} fault(s) in the {table}",
                where=str(path),
                faults=[*self.texts, *([f"and {rest} more"] if rest > 0 else [])],
                done="Nothing was loaded from it.",
                remedy=f"Identify cities by id or name; leave the cells of pairs {empty} empty.",
            )
