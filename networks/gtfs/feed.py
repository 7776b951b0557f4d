"""Read a timetable in the format GTFS, and report all its faults at once."""

from __future__ import annotations

import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
import pandas as pd

from networks import inputs
from networks.errors import SourceError
from networks.inputs import MOST_BYTES, MOST_CELLS, checked, checksum, printable
from networks.schema import Floats, Ints

Mode = Literal["rail", "coach"]

_ROUTE_TYPES: Mapping[Mode, tuple[range, ...]] = {
    "rail": (range(2, 3), range(100, 118)),
    "coach": (range(3, 4), range(200, 210)),
}
"""Basic and extended route types of GTFS; type 3 is every bus, coaches included."""

_REQUIRED = {
    "stops": ("stop_id", "stop_name", "stop_lat", "stop_lon"),
    "routes": ("route_id", "route_type"),
    "trips": ("route_id", "service_id", "trip_id"),
    "stop_times": ("trip_id", "arrival_time", "departure_time", "stop_id", "stop_sequence"),
}
"""Tables that a feed must have, with the columns that are read."""
_CALENDARS = {
    "calendar": (
        *("service_id", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
        *("start_date", "end_date"),
    ),
    "calendar_dates": ("service_id", "date", "exception_type"),
}
"""Tables of service days, of which a feed must have one."""
_OTHERS = {
    "stops": ("parent_station",),
    "routes": ("route_short_name", "route_long_name"),
    "agency": ("agency_name",),
    "feed_info": ("feed_publisher_name",),
    "frequencies": ("trip_id", "start_time", "end_time", "headway_secs"),
    "transfers": ("from_stop_id", "to_stop_id", "transfer_type", "min_transfer_time"),
}
"""Further tables and columns that are read."""
_FRACTIONS = ("stop_lat", "stop_lon")
_WHOLE = (
    *("route_type", "stop_sequence", "exception_type", "headway_secs", "transfer_type", "min_transfer_time"),
    *_CALENDARS["calendar"][1:8],
)
"""Columns of numbers."""
_KEYS = (("stops", "stop_id"), ("routes", "route_id"), ("trips", "trip_id"))
_REFERENCES = (
    ("trips", "route_id", "routes"),
    ("stop_times", "trip_id", "trips"),
    ("stop_times", "stop_id", "stops"),
)
_MOST_CELLS_A_BYTE = 4
"""Cells of a feed's tables, for each byte of its file; real ones have one or two (assumed)."""
_MOST_DAYS, _MOST_SERVICE_DAYS = 36_600, 10_000_000
"""Days from the first to the last of a calendar, and the sum of those of all services."""
_MOST_EXAMPLES = 5
_CLOCK = r"(\d{1,3}):(\d{2}):(\d{2})"
_DATE = r"\d{8}"
_NO_TRANSFER = 3
"""Value of `transfer_type` where passengers cannot change."""


@dataclass(frozen=True, slots=True)
class Feed:
    """The trips of a timetable, with times in seconds.

    Attributes
    ----------
    name, sha256
        Name of the file and its checksum.
    publisher
        Who publishes it, or else its operators; empty if unknown.
    stops
        One row per stop; columns `stop_id`, `name`, `parent` (str, empty without a parent), `lon`, `lat`
        (float64, degrees).
    trips
        One row per trip of the modes asked for; columns `trip_id`, `route` (name of its route), `mode`,
        `service_id` (str), `starts` (tuple of int, seconds after midnight at which `frequencies.txt` repeats
        the trip, empty for one that runs once).
    calls
        One row per call, by trip and then in order; columns `trip`, `stop` (int64, rows of the tables above),
        `arrives_s`, `departs_s` (int64, seconds after midnight of the service day, past 86,400 where a trip
        runs on). A trip has at least two.
    services
        Keys of the services with trips that run on each day, in order of the days.
    transfers
        Pairs of stops between which passengers can or cannot change; columns `start`, `end` (int64, rows of
        `stops`), `possible` (bool), `least_s` (int64, 0 if not stated).
    counts
        What was read and what was left out.
    """

    name: str
    sha256: str
    publisher: str
    stops: pd.DataFrame
    trips: pd.DataFrame
    calls: pd.DataFrame
    services: Mapping[date, frozenset[str]]
    transfers: pd.DataFrame
    counts: Mapping[str, int]


def read_feed(path: Path, *, modes: Sequence[Mode] = ("rail",)) -> Feed:
    """Read the trips of some modes from a feed.

    Parameters
    ----------
    path
        Zip file of the tables of GTFS.
    modes
        `rail` (route types 2 and 100 to 117), `coach` (3 and 200 to 209), or both.

    Returns
    -------
    Feed
        Times at stops without one are interpolated between those around them. Trips that run backwards in
        time or call at fewer than two stops are left out and counted.

    Raises
    ------
    SourceError
        With all faults: tables and columns that are missing, keys that are repeated or lead nowhere, values
        that cannot be read.
    OSError
        If the file is none that is read (`networks.inputs`).
    """
    tables, faults = _read_tables(checked(path))
    _refuse(path, [*_missing_columns(tables), *faults])
    # Calls of trips of other modes do not count, whatever is wrong with them: trips that run on demand call
    # at areas instead of stops, for one.
    trips, routes = tables["trips"], tables["routes"].drop_duplicates("route_id")
    kind = trips["route_id"].map(routes.set_index("route_id")["route_type"])
    others = trips["trip_id"][kind.notna() & ~kind.isin(_modes_of(modes))]
    tables["stop_times"] = tables["stop_times"][~tables["stop_times"]["trip_id"].isin(others)]
    _refuse(path, [*_key_faults(tables), *_value_faults(tables)])
    _refuse(path, [*_size_faults(tables)])
    trips, left_out = _trips(tables, modes)
    if not len(trips):
        found = ", ".join(f"{kind} ({n})" for kind, n in sorted(left_out.items())) or "none"
        raise SourceError(
            f"the feed has no trip of the mode {' or '.join(modes)}; route types of its trips: {found}",
            where=path.name,
            done="Nothing was written.",
            remedy="Set gtfs_modes: rail is the types 2 and 100 to 117, coach 3 and 200 to 209.",
        )
    table = tables["stops"].reset_index(drop=True)
    stops = pd.DataFrame(
        {
            "stop_id": table["stop_id"].astype(str),
            "name": _text(table, "stop_name").map(printable),
            "parent": _text(table, "parent_station"),
            "lon": table["stop_lon"].astype("float64"),
            "lat": table["stop_lat"].astype("float64"),
        }
    )
    trips, calls, dropped = _calls(trips, tables["stop_times"], stops)
    publishers = (("feed_info", "feed_publisher_name"), ("agency", "agency_name"))
    lists = (_text(tables[name], column).tolist() for name, column in publishers if name in tables)
    named = next(filter(any, lists), [])
    return Feed(
        name=path.name,
        sha256=checksum(path),
        publisher=printable(", ".join(dict.fromkeys(name for name in named if name))),
        stops=stops,
        trips=trips.assign(starts=_starts(trips, tables.get("frequencies"))),
        calls=calls,
        services=_services_by_day(tables, trips),
        transfers=_transfers(tables.get("transfers"), stops),
        counts={
            "stops": len(stops),
            "trips": len(trips),
            "calls": len(calls),
            **{f"trips of route type {kind} left out": n for kind, n in sorted(left_out.items())},
            **dropped,
        },
    )


def _read_tables(path: Path) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """Return the tables of a feed by name, those without empty ones, and the values that are no numbers."""
    tables, faults = dict[str, pd.DataFrame](), list[str]()
    try:
        with zipfile.ZipFile(path) as archive, pd.option_context("mode.string_storage", "pyarrow"):
            members = [member for member in archive.infolist() if member.filename.endswith(".txt")]
            size, packed = sum(member.file_size for member in members), path.stat().st_size
            inputs.refuse_expansion(size, packed)
            if size > MOST_BYTES:
                problem = f"its tables have {size:,} bytes, more than {MOST_BYTES:,}"
                raise SourceError(problem, where=path.name)
            cells = 0
            for member in members:
                with archive.open(member) as stream:
                    cells += inputs.count_cells(stream)
                inputs.refuse_cells(cells, max(MOST_CELLS, _MOST_CELLS_A_BYTE * packed))
            for member in members:
                name = Path(member.filename).stem
                read = (*_REQUIRED.get(name, ()), *_CALENDARS.get(name, ()), *_OTHERS.get(name, ()))
                if read and member.file_size:
                    with archive.open(member) as stream:
                        try:
                            table = _read_table(stream, read)
                        except ValueError as fault:
                            faults.append(f"{name}.txt: {fault}")
                            continue
                    faults += _to_numbers(table, name)
                    tables |= {name: table} if len(table) else {}
    except (zipfile.BadZipFile, zlib.error) as fault:
        raise SourceError("it is no zip file, or a damaged one", where=path.name) from fault
    return tables, faults


def _read_table(stream: IO[bytes], columns: Sequence[str]) -> pd.DataFrame:
    """Return some columns of a table as texts; blanks around headers and values do not count."""
    table = pd.read_csv(
        stream,
        usecols=lambda name: name.strip() in columns,
        dtype=str,
        na_values=["nan", "NaN", "null"],
        keep_default_na=False,
        skipinitialspace=True,
        encoding="utf-8-sig",
    )
    table = table.rename(columns=str.strip)
    stripped = {name: table[name].str.strip() for name in table}
    return pd.DataFrame({name: texts.mask(texts == "") for name, texts in stripped.items()})


def _to_numbers(table: pd.DataFrame, name: str) -> Iterator[str]:
    """Turn the columns of numbers into such, and yield the values that are none."""
    for column in table.columns.intersection([*_FRACTIONS, *_WHOLE]):
        given, is_whole = table[column], column in _WHOLE
        numbers = pd.to_numeric(given, errors="coerce").astype("float64")
        wrong = given.notna() & (numbers.isna() | is_whole & (numbers % 1 != 0))
        yield from _examples(wrong, given, f"{name}.txt: {column} is no number")
        table[column] = numbers.mask(wrong).astype("Int64") if is_whole else numbers


def _refuse(path: Path, faults: Sequence[str]) -> None:
    if faults:
        raise SourceError(
            "the GTFS feed cannot be used",
            where=path.name,
            faults=faults,
            done="Nothing was written.",
            remedy="Correct the feed; gtfs.org describes its tables, and a validator of GTFS checks them.",
        )


def _missing_columns(tables: Mapping[str, pd.DataFrame]) -> Iterator[str]:
    calendars = {name: columns for name, columns in _CALENDARS.items() if name in tables}
    for name, columns in {**_REQUIRED, **calendars}.items():
        if name not in tables:
            yield f"{name}.txt is missing or has no rows"
        else:
            yield from (f"{name}.txt: column {c} is missing" for c in columns if c not in tables[name])
    if not calendars:
        yield "calendar.txt and calendar_dates.txt are missing; one of them says on which days trips run"


def _key_faults(tables: Mapping[str, pd.DataFrame]) -> Iterator[str]:
    for name, key in _KEYS:
        values = tables[name][key]
        yield from _examples(values.isna(), values, f"{name}.txt: {key} is empty")
        yield from _examples(values.duplicated() & values.notna(), values, f"{name}.txt: {key} is repeated")
    for name, key, other in _REFERENCES:
        values = tables[name][key]
        lost = ~values.isin(tables[other][key])
        yield from _examples(lost, values, f"{name}.txt: {key} is not in {other}.txt")


def _value_faults(tables: Mapping[str, pd.DataFrame]) -> Iterator[str]:
    stops, times = tables["stops"], tables["stop_times"]
    used = stops["stop_id"].isin(times["stop_id"].unique())
    for column, most in (("stop_lat", 90.0), ("stop_lon", 180.0)):
        wrong = used & ~stops[column].astype("float64").abs().le(most)
        yield from _examples(wrong, stops["stop_id"], f"stops.txt: {column} is none of this Earth")
    for column in ("arrival_time", "departure_time"):
        wrong = times[column].notna() & np.isnan(_seconds(times[column]))
        yield from _examples(wrong, times[column], f"stop_times.txt: {column} is no time HH:MM:SS")
    ordered = times["stop_sequence"].isna() | times.duplicated(["trip_id", "stop_sequence"])
    yield from _examples(
        ordered, times["trip_id"], "stop_times.txt: stop_sequence is empty or repeated in a trip"
    )
    for name, columns in (("calendar", ("start_date", "end_date")), ("calendar_dates", ("date",))):
        for column in columns if name in tables else ():
            values = tables[name][column]
            wrong = pd.to_datetime(values, format="%Y%m%d", errors="coerce").isna()
            wrong |= ~values.str.fullmatch(_DATE).fillna(value=False)
            yield from _examples(wrong, values, f"{name}.txt: {column} is no date YYYYMMDD")


def _size_faults(tables: Mapping[str, pd.DataFrame]) -> Iterator[str]:
    """Yield what a few bytes of a feed would make of many: days of service, and trips that repeat."""
    if "calendar" in tables:
        first, last = (
            pd.to_datetime(tables["calendar"][name], format="%Y%m%d") for name in ("start_date", "end_date")
        )
        days = (last - first).dt.days.clip(lower=0) + 1
        if (last.max() - first.min()).days > _MOST_DAYS or days.sum() > _MOST_SERVICE_DAYS:
            most = f"{_MOST_DAYS:,} in a row or {_MOST_SERVICE_DAYS:,} in all"
            yield f"calendar.txt: services run on {days.sum():,} days, more than {most}"
    if "frequencies" in tables:
        start, end, headway = _repeats(tables["frequencies"])
        number = int(((end - start).clip(0) / headway)[headway > 0].sum())
        if number > MOST_CELLS:
            yield f"frequencies.txt: trips repeat {number:,} times, more than {MOST_CELLS:,}"


def _examples(wrong: pd.Series[Any], values: pd.Series[Any], fault: str) -> Iterator[str]:
    """Yield one message on the rows that are wrong, with the first of them by line and value."""
    rows = np.flatnonzero(wrong.to_numpy(dtype=bool, na_value=True))
    if len(rows):
        few, lines = rows[:_MOST_EXAMPLES], values.index.to_numpy() + 2
        texts = values.iloc[few].astype("str").fillna("").map(printable)
        shown = [f"line {line} {text!r}" for line, text in zip(lines[few], texts, strict=True)]
        more = f" and {len(rows) - len(shown)} more" if len(rows) > len(shown) else ""
        yield f"{fault}: {', '.join(shown)}{more}"


def _trips(tables: Mapping[str, pd.DataFrame], modes: Sequence[Mode]) -> tuple[pd.DataFrame, dict[str, int]]:
    """Return the trips of some modes, and the number of others by route type."""
    routes = tables["routes"].set_index("route_id")
    trips = tables["trips"]
    kind = trips["route_id"].map(routes["route_type"])
    mode = kind.map(_modes_of(modes))
    wanted = mode.notna()
    label = _text(routes, "route_short_name")
    label = label.where(label != "", _text(routes, "route_long_name"))
    found = pd.DataFrame(
        {
            "trip_id": trips["trip_id"].astype(str),
            "route": trips["route_id"].map(label).astype(str).map(printable),
            "mode": mode.astype(str),
            "service_id": trips["service_id"].astype(str),
        }
    )[wanted]
    left_out = kind[~wanted].astype(str).value_counts()
    return found.reset_index(drop=True), {str(name): int(n) for name, n in left_out.items()}


def _modes_of(modes: Sequence[Mode]) -> dict[int, Mode]:
    """Return the mode of each route type that counts."""
    return {kind: mode for mode in modes for kinds in _ROUTE_TYPES[mode] for kind in kinds}


def _text(table: pd.DataFrame, column: str) -> pd.Series[str]:
    """Return a column of text, empty where there is none."""
    if column not in table:
        return pd.Series("", index=table.index, dtype=str)
    return table[column].fillna("").astype(str).str.strip()


def _calls(
    trips: pd.DataFrame, times: pd.DataFrame, stops: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, int]]:
    """Return the trips that can be ridden, their calls, and the numbers of those that were left out."""
    row_of_trip = pd.Series(np.arange(len(trips)), index=trips["trip_id"])
    row_of_stop = pd.Series(np.arange(len(stops)), index=stops["stop_id"])
    mine = times[times["trip_id"].isin(row_of_trip.index)]
    calls = pd.DataFrame(
        {
            "trip": mine["trip_id"].map(row_of_trip).to_numpy(dtype=np.int64),
            "stop": mine["stop_id"].map(row_of_stop).to_numpy(dtype=np.int64),
            "sequence": mine["stop_sequence"].to_numpy(dtype=np.int64),
            "arrives_s": _seconds(mine["arrival_time"]),
            "departs_s": _seconds(mine["departure_time"]),
        }
    ).sort_values(["trip", "sequence"], ignore_index=True)
    calls = _with_all_times(calls)
    trip, order = calls["trip"].to_numpy(), calls[["arrives_s", "departs_s"]].to_numpy().ravel()
    falls = (np.diff(order) < 0) & (np.repeat(trip, 2)[:-1] == np.repeat(trip, 2)[1:])
    reasons = {
        "trips without times at their ends left out": trip[calls["departs_s"].isna()],
        "trips that run backwards in time left out": np.repeat(trip, 2)[:-1][falls],
        "trips with fewer than two calls left out": np.bincount(trip, minlength=len(trips)) < 2,
    }
    kept, counts = np.ones(len(trips), dtype=bool), dict[str, int]()
    for reason, lost in reasons.items():
        before = np.count_nonzero(kept)
        kept[lost] = False
        counts[reason] = int(before - np.count_nonzero(kept))
    calls = calls[kept[trip]]
    whole = {name: calls[name].to_numpy(dtype=np.int64) for name in ("stop", "arrives_s", "departs_s")}
    table = pd.DataFrame({"trip": (np.cumsum(kept) - 1)[calls["trip"].to_numpy()], **whole})
    return trips[kept].reset_index(drop=True), table, {name: n for name, n in counts.items() if n}


def _seconds(clock: pd.Series[str]) -> Floats:
    """Return clock times in seconds, NaN where there is none."""
    # A timetable has far fewer clock times than calls.
    codes, words = pd.factorize(clock)
    parts = pd.Series(words, dtype=str).str.strip().str.extract(f"^{_CLOCK}$").astype("float64")
    seconds = np.append(parts.to_numpy(dtype=np.float64) @ np.array([3600.0, 60.0, 1.0]), np.nan)
    return np.asarray(seconds[codes], dtype=np.float64)


def _with_all_times(calls: pd.DataFrame) -> pd.DataFrame:
    """Return calls whose empty times are those of the other column, or lie between the known ones around."""
    arrives = calls["arrives_s"].fillna(calls["departs_s"])
    departs = calls["departs_s"].fillna(calls["arrives_s"])
    calls = calls.assign(arrives_s=arrives, departs_s=departs)
    known, row, trip = arrives.notna(), pd.Series(np.arange(len(calls))), calls["trip"]
    before, after = row.where(known).groupby(trip).ffill(), row.where(known).groupby(trip).bfill()
    between = np.flatnonzero(~known & before.notna() & after.notna())
    left, right = (rows.to_numpy()[between].astype(np.int64) for rows in (before, after))
    share = (between - left) / (right - left)
    start, end = departs.to_numpy()[left], arrives.to_numpy()[right]
    for name in ("arrives_s", "departs_s"):
        calls.loc[between, name] = np.rint(start + share * (end - start))
    return calls


def _repeats(frequencies: pd.DataFrame) -> tuple[Floats, Floats, Floats]:
    """Return the seconds at which each row of frequencies begins and ends, and those between two trips."""
    start, end = (np.nan_to_num(_seconds(frequencies[name])) for name in ("start_time", "end_time"))
    return start, end, np.nan_to_num(frequencies["headway_secs"].to_numpy(dtype=np.float64, na_value=np.nan))


def _starts(trips: pd.DataFrame, frequencies: pd.DataFrame | None) -> pd.Series:
    """Return the seconds after midnight at which each trip starts by its frequencies, empty without any."""
    found = defaultdict[str, list[int]](list)
    if frequencies is not None:
        start, end, headway = _repeats(frequencies)
        for row in np.flatnonzero((headway > 0) & (end > start)).tolist():
            often = np.rint(np.arange(start[row], end[row], headway[row])).astype(np.int64).tolist()
            found[str(frequencies["trip_id"].iloc[row])] += often
    return trips["trip_id"].map(lambda trip: tuple(sorted(found.get(trip, ()))))


def _services_by_day(tables: Mapping[str, pd.DataFrame], trips: pd.DataFrame) -> dict[date, frozenset[str]]:
    """Return the services with trips of each day on which there are any."""
    names = pd.Index(trips["service_id"].unique())
    runs = np.zeros(0, dtype=np.int64)  # a number for each day and service, the day first
    if "calendar" in tables:
        table = tables["calendar"]
        table = table[table["service_id"].isin(names)]
        first, last = (_day_number(table[name]) for name in ("start_date", "end_date"))
        count = np.maximum(last - first + 1, 0)
        row = np.repeat(np.arange(len(table)), count)
        day = np.arange(len(row)) + (first - np.cumsum(count) + count)[row]
        on = table[list(_CALENDARS["calendar"][1:8])].to_numpy(dtype=np.int64, na_value=0) == 1
        is_on = on[row, (day + _WEEKDAY_OF_DAY_0) % 7]
        runs = (day * len(names) + names.get_indexer(table["service_id"])[row])[is_on]
    if "calendar_dates" in tables:
        table = tables["calendar_dates"]
        table = table[table["service_id"].isin(names)]
        listed = _day_number(table["date"]) * len(names) + names.get_indexer(table["service_id"])
        added = (table["exception_type"] == 1).to_numpy(dtype=bool, na_value=False)
        runs = np.concatenate([runs[~np.isin(runs, listed[~added])], listed[added]])
    day, service = np.divmod(np.sort(pd.unique(runs)), max(len(names), 1))
    days, starts = np.unique(day, return_index=True)
    own = np.split(names.to_numpy(dtype=object)[service], starts[1:])
    on_days = days.astype("datetime64[D]").tolist()
    return {on: frozenset(keys) for on, keys in zip(on_days, own, strict=False)}


_WEEKDAY_OF_DAY_0 = 3
"""1 January 1970, from which days are numbered, was a Thursday."""


def _day_number(dates: pd.Series[str]) -> Ints:
    days = pd.to_datetime(dates, format="%Y%m%d").to_numpy(dtype="datetime64[D]")
    return days.astype(np.int64)


def _transfers(table: pd.DataFrame | None, stops: pd.DataFrame) -> pd.DataFrame:
    columns = {"start": "int64", "end": "int64", "possible": "bool", "least_s": "int64"}
    if table is None or not {"from_stop_id", "to_stop_id"} <= set(table):
        return pd.DataFrame({name: [] for name in columns}).astype(columns)
    row = pd.Series(np.arange(len(stops)), index=stops["stop_id"])
    ends = [table[name].map(row) for name in ("from_stop_id", "to_stop_id")]
    known = ends[0].notna() & ends[1].notna()
    kind, least = (
        table[name].fillna(0) if name in table else pd.Series(0, index=table.index)
        for name in ("transfer_type", "min_transfer_time")
    )
    found = {"start": ends[0], "end": ends[1], "possible": kind != _NO_TRANSFER, "least_s": least}
    return pd.DataFrame(found)[known].astype(columns).reset_index(drop=True)
