"""Select the tracks that trains use, and assign a class and a design speed to each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from networks.osm.access import NOT_RUNNING
from networks.osm.elements import Elements, Tags
from networks.osm.vintage import was_open
from networks.rail.parameters import RailParameters
from networks.rail.tags import SPEED_KEYS, design_speed_kmh

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
    elements
        Elements of the source.
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
        link_class = parameters.class_without_speed[_default_class_key(tags)]
        design, source = parameters.named(link_class).design_kmh, FROM_CLASS
    return Track(way_id, points, link_class, design, source, tags)


def _default_class_key(tags: Tags) -> str:
    if tags.get("highspeed") == "yes":
        return "highspeed"
    usage = tags.get("usage", "")
    return usage if usage in {"main", "branch"} else "other"
