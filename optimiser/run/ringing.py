"""Carry the rings of a job through the steps: propose links that close them, write them into the problem."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd
import pandas as pd
from shapely import MultiLineString

from optimiser.job.rings import Rings
from optimiser.problem import DesignProblem
from optimiser.problem.errors import InfeasibleError, JobError
from optimiser.proposals.base_case import BaseCase
from optimiser.proposals.costs import CostTable, Terrain
from optimiser.proposals.generate import Rules
from optimiser.proposals.rings.generate import GeneratedRing, generate
from optimiser.proposals.rings.ring_gaps import close_gaps, obstacles
from optimiser.proposals.rings.ring_network import RingNetwork
from optimiser.proposals.rings.rules import ROAD_CLASSES, RingRules
from optimiser.proposals.table import Candidates, merge
from optimiser.report.ring_layout import RingFacts, Stop
from optimiser.run import ring_report
from optimiser.run.ring_asking import ring_rules

TIERS = ("core", "secondary", "small")
"""Tiers that a job may name though no city is of them."""

log = logging.getLogger(__name__)


def with_closing_links(
    found: Candidates,
    base: BaseCase,
    asked: Sequence[Rings],
    rates: Rules,
    ground: tuple[CostTable, Terrain],
) -> Candidates:
    """Return candidates with the links by which the rings of a job can be closed.

    Parameters
    ----------
    found
        Candidates of the rules and of the user.
    base
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
    _check_region(base, asked)
    taken: dict[str, MultiLineString] = {}
    for rules in ring_rules(asked, base.ids, base.names):
        avoid = [taken[other] for other in rules.apart if other in taken]
        closing = close_gaps(RingNetwork(base, rules), found, rates, ground, avoid=avoid)
        log.info("ring %s: %d further links proposed to close it", rules.id, len(closing.candidates))
        found, taken[rules.id] = merge(found, closing.candidates), closing.circuit
    return found


def _check_region(base: BaseCase, asked: Sequence[Rings]) -> None:
    """Refuse rings that ask for networks, classes or tiers that the region does not have."""
    faults = []
    for section in asked:
        known = sorted(set(base.tiers))
        faults += [
            f"rings ('{section.id}').tiers: no city is of the tier '{tier}'; there are {', '.join(known)}"
            for tier in section.tiers
            if tier not in known and tier not in TIERS
        ]
        network = base.road if section.mode == "road" else base.rail
        if network is None or not len(network.links):
            faults.append(f"rings ('{section.id}'): the job reads no {section.mode} network")
            continue
        classes = set(network.links["link_class"])
        wanted = section.classes or (ROAD_CLASSES if section.mode == "road" else ())
        if wanted and not classes & set(wanted):
            held = ", ".join(sorted(classes))
            faults.append(
                f"rings ('{section.id}').classes: the network has no {', '.join(wanted)}; it has {held}"
            )
    if faults:
        raise JobError(
            "rings ask for what the region does not have",
            faults=faults,
            done="No candidate was proposed.",
            remedy="Rings need a map with roads or railways (times.rail), and classes and tiers that it has.",
        )


def add_rings(
    problem: DesignProblem,
    folder: Path,
    base: BaseCase,
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
    base, candidates
        What exists, and what may be built.
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
    found: list[tuple[RingRules, GeneratedRing]] = []
    faults: list[str] = []
    for rules in ring_rules(asked, base.ids, base.names):
        network = RingNetwork(base, rules)
        proposed = generate(network, candidates, budget=problem.budget)
        unlimited = proposed
        if not proposed.ring.links and problem.budget is not None:
            unlimited = generate(network, candidates)
        reasons = list(obstacles(unlimited, network, candidates, rates, ground))
        if not reasons and not proposed.ring.links:
            reasons = [f"every circuit that could form it costs more than the budget of {problem.budget}"]
        if rules.required:
            faults += [f"ring '{rules.id}': {reason}" for reason in reasons]
        else:
            for reason in reasons:
                log.warning("ring %s: %s", rules.id, reason)
        found.append((rules, proposed))
    if faults:
        raise InfeasibleError(
            "a ring that the job requires cannot exist",
            faults=faults,
            done="No problem was written.",
            remedy="Change [[rings]] as said, or let the ring be a wish: required = false with a reward.",
        )
    _write(folder, base, found)
    return problem.replace(rings=tuple(proposed.ring for _, proposed in found))


def _write(folder: Path, base: BaseCase, found: Sequence[tuple[RingRules, GeneratedRing]]) -> None:
    """Write the lines of the links, and what is asked of the rings."""
    rows = [
        (rules.id, position, link.candidate, link.length_km, link.name, link.line)
        for rules, proposed in found
        for position, link in enumerate(proposed.graph.links)
    ]
    columns = ["ring", "position", "candidate_id", "length_km", "name", "geometry"]
    table = pd.DataFrame(rows, columns=columns)
    gpd.GeoDataFrame(table, geometry="geometry", crs="EPSG:4326").to_parquet(folder / ring_report.LINKS_FILE)
    ring_report.save_facts(folder, [_facts(base, *one) for one in found])


def _facts(base: BaseCase, rules: RingRules, proposed: GeneratedRing) -> RingFacts:
    """Return what is asked of a ring, for the report."""
    return RingFacts(
        id=rules.id,
        mode=rules.mode,
        speed_kmh=rules.speed_kmh,
        classes=rules.classes,
        centres=tuple(base.names[city] for city in rules.centres),
        on_s=rules.on_s,
        stops=tuple(
            Stop(city_id=base.ids[city], node=node, seconds=seconds)
            for city, nodes in sorted(proposed.stops.items())
            for node, seconds in sorted(nodes.items())
        ),
    )
