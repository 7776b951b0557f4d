"""Read the tags of railways, and select the tracks that trains use, each with a class and a design speed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from networks.osm.elements import Elements, Tags
from networks.osm.tags import NOT_RUNNING, duration_s, was_open
from networks.rail.parameters import RailParameters
from networks.schema import LEAST_SPEED_KMH, MOST_SPEED_KMH

_KM_PER_MILE = 1.609344
LONGEST_LEG_S = 24 * 3600
LONGEST_INTERVAL_S = 7 * 24 * 3600
"""A train that runs once a week is a service; one a day in one direction alone counts half in each, so that
16 hours of service over half a train, 32 hours, are common."""

SPEED_KEYS = ("maxspeed", "maxspeed:forward", "maxspeed:backward")
"""Tags of the speed of a track."""

_SPEED = re.compile(r"^(\d{1,4}(?:\.\d{1,3})?)\s*(km/h|kmh|kph|mph)?$")
_COUNT = re.compile(r"^[1-9]\d?$", re.ASCII)
_PLAIN_MINUTES = re.compile(r"^(\d{1,5}(?:\.\d{1,3})?)\s*(?:min|minutes)?$")


def parse_speed_kmh(text: str | None) -> float | None:
    """Parse a rail speed limit.

    Parameters
    ----------
    text
        Value of `maxspeed`: a number in km/h or mph, or a list separated by `;` or `|`, of which the highest
        counts. Limits for some trains only, `40 (freight)`, do not count.

    Returns
    -------
    float or None
        Speed in km/h; None if no part is a speed within the range of the data contract.
    """
    parts = [_one_speed_kmh(part.strip().lower()) for part in re.split(r"[;|]", text or "")]
    return max((speed for speed in parts if speed is not None), default=None)


def design_speed_kmh(tags: Mapping[str, str]) -> float | None:
    """Return the highest speed that the tags of a track state, in either direction; None without one.

    Parameters
    ----------
    tags
        Tags of a way; read are `maxspeed`, `maxspeed:forward` and `maxspeed:backward`.
    """
    values = (parse_speed_kmh(tags.get(key)) for key in SPEED_KEYS)
    return max((kmh for kmh in values if kmh is not None), default=None)


def _one_speed_kmh(text: str) -> float | None:
    match = _SPEED.match(text)
    if match is None:
        return None
    speed = float(match[1]) * (_KM_PER_MILE if match[2] == "mph" else 1.0)
    return speed if LEAST_SPEED_KMH <= speed <= MOST_SPEED_KMH else None


def number_of_tracks(tags: Mapping[str, str]) -> int:
    """Return the number of tracks of the line to which a way belongs.

    `tracks` counts what one way stands for, `passenger_lines` the tracks of a line whose tracks are ways of
    their own; the larger number counts.

    Returns
    -------
    int
        0 if neither tag is a whole number from 1 to 99.
    """
    values = (tags.get(key, "").strip() for key in ("tracks", "passenger_lines"))
    return max((int(value) for value in values if _COUNT.match(value)), default=0)


def parse_minutes_s(text: str | None) -> tuple[int, ...] | None:
    """Parse a list of minutes.

    Parameters
    ----------
    text
        Numbers of minutes at least 0, separated by `;`; fractions are allowed.

    Returns
    -------
    tuple of int or None
        Seconds of each; None if there is no list, or any part of it is not such a number below one day.
    """
    parts = [_PLAIN_MINUTES.match(part.strip()) for part in (text or "").split(";")]
    seconds = [round(float(match[0]) * 60) for match in parts if match is not None]
    return tuple(seconds) if len(seconds) == len(parts) and max(seconds) <= LONGEST_LEG_S else None


def parse_interval_s(text: str | None) -> int | None:
    """Parse the time between departures.

    Parameters
    ----------
    text
        Value of `interval`, in the forms of `networks.osm.tags.duration_s`.

    Returns
    -------
    int or None
        Seconds; None if the value is not a time between 1 s and one week.
    """
    seconds = duration_s(text or "")
    return seconds if seconds is not None and seconds <= LONGEST_INTERVAL_S else None


FROM_TAG, FROM_CLASS = "tag", "class"
"""Sources of a design speed: the tag `maxspeed`, or the table of classes."""


@dataclass(frozen=True, slots=True)
class Track:
    """A track: one way, or one part of a way cut at the border of the extract.

    Attributes
    ----------
    way_id
        OSM id of the way.
    points
        Rows of its points in order, int64.
    link_class
        Class, from the tagged speed or else from `highspeed` and `usage`.
    design_kmh
        Design speed, km/h.
    speed_source
        `tag` or `class`.
    tags
        Tags of the way.
    """

    way_id: int
    points: NDArray[np.int64]
    link_class: str
    design_kmh: float
    speed_source: str
    tags: Tags


@dataclass(frozen=True, slots=True)
class Tracks:
    """The selected tracks.

    Attributes
    ----------
    kept
        The tracks.
    left_out
        Number of tracks left out, by reason.
    unread_speeds
        Number of selected tracks by the value of `maxspeed` that states no speed for passenger trains.
    """

    kept: tuple[Track, ...]
    left_out: Mapping[str, int]
    unread_speeds: Mapping[str, int]


def choose(elements: Elements, *, parameters: RailParameters, opened_by: date | None = None) -> Tracks:
    """Select the tracks of a network, in the order of the source.

    Parameters
    ----------
    parameters
        Tags of tracks that are used, and the classes.
    opened_by
        Leave out tracks that opened after this day; None for the network of today.
    """
    kept, left_out, unread = [], Counter[str](), Counter[str]()
    ways = elements.tracks
    for i, tags in enumerate(ways.tags):
        reason = _reason_to_leave_out(tags, parameters, opened_by)
        if reason:
            left_out[reason] += 1
            continue
        points = ways.rows[ways.offsets[i] : ways.offsets[i + 1]]
        track = _track(int(ways.id[i]), points, tags, parameters)
        kept.append(track)
        if track.speed_source == FROM_CLASS:
            unread.update(tags[key] for key in SPEED_KEYS if tags.get(key))
    return Tracks(kept=tuple(kept), left_out=dict(left_out), unread_speeds=dict(unread))


def _reason_to_leave_out(tags: Tags, parameters: RailParameters, opened_by: date | None) -> str:
    railway, usage, service = tags.get("railway", ""), tags.get("usage", ""), tags.get("service", "")
    if railway not in parameters.railway:
        return f"railway={railway}" if railway in parameters.left_out_railway else "other railway"
    if service and service not in parameters.kept_service:
        return f"service={service}"
    if usage in parameters.left_out_usage:
        return f"usage={usage}"
    if tags.get("railway:traffic_mode") == "freight":
        return "railway:traffic_mode=freight"
    for state in sorted(NOT_RUNNING):
        if tags.get(state) == "yes":
            return f"railway={state}"
    return "" if was_open(tags.get("start_date", ""), on=opened_by) else "opened later"


def _track(way_id: int, points: NDArray[np.int64], tags: Tags, parameters: RailParameters) -> Track:
    tagged = design_speed_kmh(tags)
    if tagged is not None:
        link_class, design, source = parameters.class_of_speed(tagged), tagged, FROM_TAG
    else:
        usage = tags.get("usage", "")
        key = (
            "highspeed"
            if tags.get("highspeed") == "yes"
            else usage
            if usage in {"main", "branch"}
            else "other"
        )
        link_class = parameters.class_without_speed[key]
        design, source = parameters.named(link_class).design_kmh, FROM_CLASS
    return Track(way_id, points, link_class, design, source, tags)
