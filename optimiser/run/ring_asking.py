"""Turn the [[rings]] sections of a job into rules, and refuse rings round cities that there are not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path

from networks.cities import load_csv
from networks.errors import NetworksError
from optimiser.job.rings import Rings
from optimiser.problem.errors import JobError
from optimiser.proposals.rings.rules import RAIL_SPEED_KMH, ROAD_CLASSES, RingRules


def ring_rules(asked: Sequence[Rings], ids: Sequence[str], names: Sequence[str]) -> tuple[RingRules, ...]:
    """Return the rules of each ring that a job asks for; a section with a count gives several.

    Parameters
    ----------
    asked
        The sections of the job.
    ids, names
        Of the cities, in the order of their rows.

    Returns
    -------
    tuple of RingRules
        `inner` with a count of 2 gives `inner-1` and `inner-2`.

    Raises
    ------
    JobError
        With all centres that no city is called after.
    """
    faults = list(_unknown_centres(asked, ids, names))
    if faults:
        raise JobError(
            "rings go round cities that the job does not have",
            faults=faults,
            done="Nothing was written.",
            remedy="Name centres as the table of cities does, by name or id.",
        )
    row = {name: at for at, name in reversed(list(enumerate(names)))} | {
        one: at for at, one in enumerate(ids)
    }
    several = {section.id: _ids(section) for section in asked}
    return tuple(
        rules
        for section in asked
        for rules in _expanded(section, tuple(row[name] for name in section.centres), several)
    )


def check_centres(asked: Sequence[Rings], cities_file: Path) -> None:
    """Refuse rings round cities that a table does not have, before anything else is read.

    Parameters
    ----------
    asked
        The sections of the job.
    cities_file
        CSV of the cities; a file with other faults is left to the step that reads it.

    Raises
    ------
    JobError
        With all centres that no city is called after.
    """
    try:
        table = load_csv(cities_file).table
    except NetworksError:
        return
    ring_rules(asked, [str(one) for one in table["city_id"]], [str(one) for one in table["name"]])


def _unknown_centres(asked: Sequence[Rings], ids: Sequence[str], names: Sequence[str]) -> Iterator[str]:
    """Yield a sentence for each centre that no city, or more than one, is called after."""
    for number, section in enumerate(asked):
        for name in section.centres:
            place = f"rings.{number}.centres ('{section.id}')"
            if name in ids:
                continue
            if list(names).count(name) > 1:
                yield f"{place}: '{name}' names {list(names).count(name)} cities; give the id"
            elif name not in names:
                close = get_close_matches(name, [*names, *ids], n=1, cutoff=0.5)
                hint = f"; did you mean '{close[0]}'?" if close else ""
                yield f"{place}: there is no city '{name}'{hint}"


def _ids(section: Rings) -> tuple[str, ...]:
    """Return the ids of the rings of a section."""
    if section.count == 1:
        return (section.id,)
    return tuple(f"{section.id}-{number}" for number in range(1, section.count + 1))


def _expanded(
    section: Rings, centres: tuple[int, ...], several: dict[str, tuple[str, ...]]
) -> Iterator[RingRules]:
    """Yield the rules of each ring of a section."""
    road = section.mode == "road"
    beside = section.arrangement == "side_by_side"
    others = tuple(one for other in section.apart for one in several[other])
    speed = 0.0 if road else RAIL_SPEED_KMH
    for number, name in enumerate(several[section.id]):
        own = (centres[number],) if beside else centres
        fellows = () if beside else tuple(one for one in several[section.id] if one != name)
        yield RingRules(
            id=name,
            mode=section.mode,
            classes=section.classes or (ROAD_CLASSES if road else ()),
            speed_kmh=speed if section.speed_kmh is None else section.speed_kmh,
            centres=own,
            rivals=tuple(city for city in centres if city not in own) if beside else (),
            radius_km=_band(section.radius_km),
            time_s=_band(section.time_s),
            tiers=section.tiers,
            least_cities=section.least_cities,
            on_s=round(60 * section.on_minutes),
            required=section.required,
            reward=section.reward,
            apart=fellows + others,
            gap_count=section.gap_count,
            gap_longest_km=section.gap_longest_km,
        )


def _band(given: tuple[float, ...]) -> tuple[float, float]:
    """Return a band with both ends; none given: everything."""
    return (given[0], given[1]) if given else (0.0, float("inf"))
