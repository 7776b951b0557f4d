"""Carry the rings of a job through the steps: propose links that close them, write them into the problem."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path

import geopandas as gpd
import pandas as pd

from networks.cities import load_csv
from networks.errors import NetworksError
from optimiser.candidates import Candidates, Rules, Situation
from optimiser.candidates.table import merge
from optimiser.costs import CostTable
from optimiser.errors import InfeasibleError, JobError
from optimiser.job.rings import Rings
from optimiser.pipeline import ring_report
from optimiser.problem import DesignProblem
from optimiser.report.rings_shown import RingFacts, Stop
from optimiser.rings.closing import closing_links
from optimiser.rings.driving import Driving
from optimiser.rings.generation import Proposed, generate
from optimiser.rings.refusal import obstacles
from optimiser.rings.rules import RAIL_SPEED_KMH, ROAD_CLASSES, RingRules
from optimiser.terrain import Terrain

log = logging.getLogger(__name__)


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
            gap_longest_km=float(section.gap_longest_km),
        )


def _band(given: tuple[float, ...]) -> tuple[float, float]:
    """Return a band with both ends; none given: everything."""
    return (given[0], given[1]) if given else (0.0, float("inf"))


def with_closing_links(
    found: Candidates,
    situation: Situation,
    asked: Sequence[Rings],
    rates: Rules,
    ground: tuple[CostTable, Terrain],
) -> Candidates:
    """Return candidates with the links by which the rings of a job can be closed.

    Parameters
    ----------
    found
        Candidates of the rules and of the user.
    situation
        Networks and cities.
    asked
        The rings of the job.
    rates, ground
        Standards of new links, unit costs and terrain.

    Raises
    ------
    JobError
        When the job has no networks, or a centre is unknown.
    """
    if not asked:
        return found
    _check_networks(situation, asked)
    driving = Driving(situation)
    for rules in ring_rules(asked, situation.ids, situation.names):
        more = closing_links(situation, found, rules, rates, ground, driving=driving)
        log.info("ring %s: %d further links proposed to close it", rules.id, len(more))
        found = merge(found, more)
    return found


def _check_networks(situation: Situation, asked: Sequence[Rings]) -> None:
    """Refuse rings where there is no network that they could run on."""
    faults = []
    for section in asked:
        network = situation.road if section.mode == "road" else situation.rail
        if network is None or not len(network.links):
            faults.append(f"rings ('{section.id}'): the job reads no {section.mode} network")
            continue
        classes = set(network.links["link_class"])
        wanted = section.classes or (ROAD_CLASSES if section.mode == "road" else ())
        if wanted and not classes & set(wanted):
            known = ", ".join(sorted(classes))
            faults.append(
                f"rings ('{section.id}').classes: the network has no {', '.join(wanted)}; it has {known}"
            )
    if faults:
        raise JobError(
            "rings have nothing to run on",
            faults=faults,
            done="No candidate was proposed.",
            remedy="Rings need a map with roads or railways (times.rail), and classes that it has.",
        )


def add_rings(
    problem: DesignProblem,
    folder: Path,
    situation: Situation,
    candidates: Candidates,
    asked: Sequence[Rings],
    rates: Rules,
    ground: tuple[CostTable, Terrain],
) -> DesignProblem:
    """Return a problem with the rings of a job; write beside it what their numbers mean.

    Parameters
    ----------
    problem
        The problem without rings.
    folder
        Where `rings.parquet` and `rings.json` go.
    situation, candidates
        What there is, and what may be built.
    asked
        The rings of the job.
    rates, ground
        Standards of new links, unit costs and terrain, to name a gap that cannot be closed.

    Raises
    ------
    InfeasibleError
        When a required ring cannot exist, with the reason for each.
    """
    if not asked:
        return problem
    driving = Driving(situation)
    found: list[tuple[RingRules, Proposed]] = []
    faults: list[str] = []
    for rules in ring_rules(asked, situation.ids, situation.names):
        proposed = generate(situation, candidates, rules, budget=problem.budget, driving=driving)
        whole = proposed
        if not proposed.ring.links and problem.budget is not None:
            whole = generate(situation, candidates, rules, driving=driving)
        reasons = list(obstacles(whole, situation, candidates, rules, rates, ground, driving=driving))
        if not reasons and not proposed.ring.links:
            reasons = [f"every circuit that could form it costs more than the budget of {problem.budget}"]
        for reason in reasons:
            log.warning("ring %s: %s", rules.id, reason)
        faults += [f"ring '{rules.id}': {reason}" for reason in reasons if rules.required]
        found.append((rules, proposed))
    if faults:
        raise InfeasibleError(
            "a ring that the job requires cannot exist",
            faults=faults,
            done="No problem was written.",
            remedy="Change [[rings]] as said, or let the ring be a wish: required = false with a reward.",
        )
    _write(folder, situation, found)
    return problem.replace(rings=tuple(proposed.ring for _, proposed in found))


def _write(folder: Path, situation: Situation, found: Sequence[tuple[RingRules, Proposed]]) -> None:
    """Write the lines of the links, and what is asked of the rings."""
    rows = [
        (rules.id, position, link.candidate, link.length_km, link.name, link.line)
        for rules, proposed in found
        for position, link in enumerate(proposed.graph.links)
    ]
    columns = ["ring", "position", "candidate_id", "length_km", "name", "geometry"]
    table = pd.DataFrame(rows, columns=columns)
    gpd.GeoDataFrame(table, geometry="geometry", crs="EPSG:4326").to_parquet(folder / ring_report.LINKS_FILE)
    ring_report.save_facts(folder, [_facts(situation, *one) for one in found])


def _facts(situation: Situation, rules: RingRules, proposed: Proposed) -> RingFacts:
    """Return what is asked of a ring, for the report."""
    return RingFacts(
        id=rules.id,
        mode=rules.mode,
        speed_kmh=rules.speed_kmh,
        classes=rules.classes,
        centres=tuple(situation.names[city] for city in rules.centres),
        on_s=rules.on_s,
        stops=tuple(
            Stop(city_id=situation.ids[city], node=node, seconds=seconds)
            for city, nodes in sorted(proposed.stops.items())
            for node, seconds in sorted(nodes.items())
        ),
    )
