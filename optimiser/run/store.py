"""Write the values between steps to files and read them back: Parquet, npy and JSON, never pickles."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from networks.cities import Cities
from networks.rail import RailBuild, RailReport
from networks.schema import CRS, Network, Services
from networks.skims import TimeGraph
from optimiser import problem as problems
from optimiser.engine.certification import Certified
from optimiser.frontier.cases import Layer
from optimiser.measures.order import LinkGain
from optimiser.measures.ring_use import RoadTimes
from optimiser.measures.tables import Measures
from optimiser.proposals.table import Candidates
from optimiser.report.ring_layout import ExistingRing, RingFacts, RingReward, Stop
from optimiser.run.proposing import StatedProblem
from optimiser.run.reading import Networks
from optimiser.run.rings import RingTables
from optimiser.run.timing import Times

VALUE = "value.json"
"""File that says how the other files of a folder make up a value."""
_CLASSES = {
    kind.__name__: kind
    for kind in (
        Candidates, Certified, Cities, ExistingRing, Layer, LinkGain, Measures, Network, Networks, RailBuild,
        RailReport, RingFacts, RingReward, RingTables, RoadTimes, Services, StatedProblem, Stop, TimeGraph,
        Times,
    )
}  # fmt: skip
"""What may be read back, by name; the fields of each are its only state."""


def save(folder: Path, value: object) -> None:
    """Write a value; the same value makes the same bytes.

    Parameters
    ----------
    folder
        Place for `VALUE`, and for a file of each table, array and problem in it, named by the fields that
        lead there.
    value
        A problem, an instance of one of the classes that can be read back, or a JSON value.
    """
    save_json(folder / VALUE, _written(folder, "", value))


def load(folder: Path, fields: Sequence[str] = ()) -> Any:  # noqa: ANN401 - any class that can be read back
    """Read what `save` wrote; `fields` lead to the part of it that is read."""
    found = load_json(folder / VALUE)
    for name in fields:
        found = found["fields"][name]
    return _read(folder, found)


def _written(folder: Path, name: str, value: Any) -> Any:  # noqa: ANN401, PLR0911 - a field of any type
    """Return a value as JSON that `_read` understands; tables, arrays and problems go into files."""
    match value:
        case problems.DesignProblem():
            file = f"{name or 'problem'}.json"
            problems.save(value, folder / file)
            return {"problem": file}
        case pd.DataFrame():
            value.to_parquet(folder / f"{name}.parquet")
            return {"map" if isinstance(value, gpd.GeoDataFrame) else "table": f"{name}.parquet"}
        case np.ndarray():
            np.save(folder / f"{name}.npy", value, allow_pickle=False)
            return {"array": f"{name}.npy"}
        case Fraction():
            return {"fraction": str(value)}
        case tuple():
            return {"tuple": [_written(folder, f"{name}_{at}", one) for at, one in enumerate(value)]}
        case Mapping():
            first = {id(one): key for key, one in reversed([*value.items()]) if dataclasses.is_dataclass(one)}
            same = {key: at for key, one in value.items() if (at := first.get(id(one), key)) != key}
            own = {key: one for key, one in value.items() if key not in same}
            inside = {key: _written(folder, f"{name}_{key}", one) for key, one in own.items()}
            return {"mapping": inside, "same": same}
    if not dataclasses.is_dataclass(value):
        return value
    fields = {one.name: getattr(value, one.name) for one in dataclasses.fields(value)}
    inside = {key: _written(folder, f"{name}_{key}" if name else key, one) for key, one in fields.items()}
    return {"class": type(value).__name__, "fields": inside}


def _read(folder: Path, found: Any) -> Any:  # noqa: ANN401, PLR0911 - a field of any type
    match found:
        case {"problem": str(file)}:
            return problems.load(folder / file)
        case {"map": str(file)}:
            table = pd.read_parquet(folder / file)  # all are in WGS 84: to parse that from each takes 20 ms
            return gpd.GeoDataFrame(table.assign(geometry=gpd.GeoSeries.from_wkb(table["geometry"], crs=CRS)))
        case {"table": str(file)}:
            return _with_tuples(pd.read_parquet(folder / file))
        case {"array": str(file)}:
            return np.load(folder / file, allow_pickle=False)
        case {"fraction": str(text)}:
            return Fraction(text)
        case {"tuple": list(parts)}:
            return tuple(_read(folder, one) for one in parts)
        case {"mapping": dict(inside)}:
            own = {key: _read(folder, one) for key, one in inside.items()}
            return own | {key: own[first] for key, first in found.get("same", {}).items()}
        case {"class": str(kind), "fields": dict(inside)}:
            return _CLASSES[kind](**{key: _read(folder, one) for key, one in inside.items()})
    return found


def _with_tuples(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose cells that held tuples hold them again: Parquet knows lists alone."""
    held = [str(name) for name in table if len(table) and isinstance(table[name].iloc[0], np.ndarray)]
    return table.assign(**{name: table[name].map(tuple) for name in held})


def save_json(path: Path, value: object) -> None:
    """Write a JSON file; nan and infinity are refused."""
    text = json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False, default=_plain)
    path.write_text(text + "\n", encoding="utf-8")


def load_json(path: Path) -> Any:  # noqa: ANN401 - any JSON value
    """Read a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def _plain(value: object) -> object:
    """Return the plain Python number of a numpy one."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, tuple | set | frozenset):
        return list(value)
    raise TypeError(f"{type(value).__name__} is no JSON value")
