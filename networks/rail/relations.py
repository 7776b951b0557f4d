"""Read train services from `route=train` relations."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from networks.osm.elements import Elements, Relation
from networks.osm.vintage import was_open
from networks.rail.drafts import BY_TAG, Draft
from networks.rail.stations import is_stop_role
from networks.rail.tags import parse_interval_s, parse_speed_kmh


def train_relations(elements: Elements, *, opened_by: date | None = None) -> tuple[Relation, ...]:
    """Return the relations with `route=train`, sorted by id.

    Parameters
    ----------
    elements
        Elements of the source.
    opened_by
        Leave out services that started after this day; None for the services of today.
    """
    found = (r for r in elements.relations if r.tags.get("route") == "train")
    return tuple(
        sorted((r for r in found if was_open(r.tags.get("start_date", ""), on=opened_by)), key=lambda r: r.id)
    )


def drafts(
    relations: Sequence[Relation],
    *,
    station_of_id: Mapping[int, int],
    reached: NDArray[np.bool_],
    link_way: NDArray[np.int64],
) -> tuple[tuple[Draft, ...], Mapping[str, int]]:
    """Draft the services of relations.

    Stops are the members with a stop role (nodes, or outlines of stations) in their order; consecutive
    repeats count once. Two relations with the same stops in opposite order are the two directions of one
    service: they are merged, and the longer headway is kept.

    Parameters
    ----------
    relations
        Relations with `route=train`.
    station_of_id
        Row of the station for each OSM id.
    reached
        Whether each station is on a track.
    link_way
        OSM way of each link.

    Returns
    -------
    drafts, counts
        Services with at least two stops; and numbers of relations and stops by what was found in them.
    """
    counts, found = Counter[str](), []
    links_of_way: dict[int, list[int]] = defaultdict(list)
    for link, way in enumerate(link_way.tolist()):
        links_of_way[way].append(link)
    for relation in relations:
        stations = _stations(relation, station_of_id, reached, counts)
        if len(stations) < 2:
            counts["relations with fewer than two stops here"] += 1
        else:
            found.append(_draft(relation, stations, links_of_way, counts))
    merged = _merge_directions(found)
    counts["directions merged"] = len(found) - len(merged)
    return merged, dict(counts)


def _stations(
    relation: Relation, station_of_id: Mapping[int, int], reached: NDArray[np.bool_], counts: Counter[str]
) -> tuple[int, ...]:
    rows: list[int] = []
    for member in relation.members:
        if not is_stop_role(member.role) or member.kind == "r":
            continue
        if member.kind == "w" and not member.role:
            continue
        row = station_of_id.get(member.ref if member.kind == "n" else -member.ref, -1)
        if row < 0:
            counts["stops not in the source"] += 1
        elif not reached[row]:
            counts["stops out of reach of tracks"] += 1
        elif not rows or rows[-1] != row:
            rows.append(row)
    return tuple(rows)


def _draft(
    relation: Relation,
    stations: tuple[int, ...],
    links_of_way: Mapping[int, list[int]],
    counts: Counter[str],
) -> Draft:
    tags = relation.tags
    headway = parse_interval_s(tags.get("interval"))
    if headway is None:
        counts["interval not readable" if tags.get("interval") else "interval not tagged"] += 1
    ways = [m.ref for m in relation.members if m.kind == "w"]
    links = [link for way in dict.fromkeys(ways) for link in links_of_way.get(way, ())]
    return Draft(
        service_id=f"r{relation.id}",
        name=tags.get("name") or tags.get("ref") or f"relation {relation.id}",
        stations=stations,
        headway_s=headway,
        headway_source=BY_TAG,
        links=np.array(sorted(links), dtype=np.int64) if links else None,
        most_kmh=parse_speed_kmh(tags.get("maxspeed")) or np.inf,
    )


def _merge_directions(found: Sequence[Draft]) -> tuple[Draft, ...]:
    waiting: dict[tuple[int, ...], list[int]] = defaultdict(list)
    kept: list[Draft] = []
    for draft in found:
        opposite = waiting[draft.stations[::-1]] if draft.stations != draft.stations[::-1] else []
        if opposite:
            first = opposite.pop(0)
            kept[first] = _merge_two(kept[first], draft)
        else:
            waiting[draft.stations].append(len(kept))
            kept.append(draft)
    return tuple(kept)


def _merge_two(a: Draft, b: Draft) -> Draft:
    known = [d.headway_s for d in (a, b) if d.headway_s is not None]
    parts = [d.links for d in (a, b) if d.links is not None]
    return replace(
        a,
        headway_s=max(known) if known else None,
        links=np.unique(np.concatenate(parts)) if parts else None,
        most_kmh=min(a.most_kmh, b.most_kmh),
    )
