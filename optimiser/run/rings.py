"""Carry the rings of a job through its steps: rules, closing links, problem, and what the report shows."""

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from shapely import MultiLineString

from networks.cities import CityNames, UnknownCityError, load_csv
from networks.errors import NetworksError
from optimiser.engine.search.circuit_starts import start_circuits
from optimiser.job.sections import Rings
from optimiser.problem import DesignProblem
from optimiser.problem.errors import InfeasibleError, JobError
from optimiser.problem.model import TIERS
from optimiser.problem.ring_geometry import link_line
from optimiser.proposals.base_case import BaseCase, plane_of, project
from optimiser.proposals.costs import CostTable
from optimiser.proposals.generate import Rules
from optimiser.proposals.rings.generate import GeneratedRing, RingNetwork, generate, with_longest
from optimiser.proposals.rings.graph import RAIL_SPEED_KMH, ROAD_CLASSES, UNITS_A_DEGREE, RingRules
from optimiser.proposals.rings.reference_rings import CORRIDOR_KM, ReferenceRing, overlap
from optimiser.proposals.rings.ring_gaps import close_gaps, link_lengths, obstacles
from optimiser.proposals.rings.web import CLEAR, MOST_NEW, propose_web, spikes
from optimiser.proposals.table import Candidates, merge
from optimiser.proposals.terrain import Terrain
from optimiser.report import ring_layout, ring_section
from optimiser.report.ring_layout import ExistingRing, Overlap, RingFacts, RingShown, Stop
from optimiser.verify import Plan
from optimiser.verify.rings import circuit_nodes

type Ground = tuple[CostTable, Terrain]
"""Unit costs and terrain."""

_MOST_LOOKS = 3
"""So many circuits of a ring of a web are looked at for spikes."""
_MOST_NAMES = 3
"""A ring of a web is called by at most so many of its centres."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RingTables:
    """What the rings of a problem stand for.

    Attributes
    ----------
    links
        One row a ring link: `ring`, `position`, `candidate_id` (empty where it exists), `length_km`, `name`,
        `tie_km` (as of `GraphLink`), `geometry` (degrees).
    facts
        What the job asks of each ring, in the order of the problem.
    existing
        Rings of a web that the problem does not have, since they exist already.
    stretches
        What exists at the standard of each ring: `ring`, and as of `RingNetwork.stretches`.
    """

    links: gpd.GeoDataFrame
    facts: tuple[RingFacts, ...]
    existing: tuple[ExistingRing, ...] = ()
    stretches: gpd.GeoDataFrame | None = None


# ---- rules


def ring_rules(asked: Sequence[Rings], base: BaseCase) -> tuple[RingRules, ...]:
    """Return the rules of each ring that a job asks for; a section of a web gives several.

    Parameters
    ----------
    asked
        The sections of the job.
    base
        The cities.

    Raises
    ------
    JobError
        With all names that are no city's.
    """
    row = _rows_of_cities(asked, base.city_names)
    return tuple(
        rules
        for section in asked
        for rules in (_rules_of_web(section, base) if section.web else [_rules_of(section, row)])
    )


def check_centres(asked: Sequence[Rings], cities_file: Path) -> None:
    """Refuse rings round cities that a table does not have, before anything else is read.

    Parameters
    ----------
    asked
        The sections of the job.
    cities_file
        CSV of the cities; other faults of the file are reported by the step that reads it.

    Raises
    ------
    JobError
        With all names that are no city's.
    """
    try:
        table = load_csv(cities_file).table
    except NetworksError:
        return
    _rows_of_cities(asked, CityNames(table))


def _rows_of_cities(asked: Sequence[Rings], cities: CityNames) -> dict[str, int]:
    """Return the rows of the cities that rings name; refuse names that cannot stand."""
    rows: dict[str, int] = {}
    faults: list[str] = []
    for number, section in enumerate(asked):
        for key in ("centres", "must"):
            for name in getattr(section, key):
                place = f"rings.{number}.{key} ('{section.id}')"
                try:
                    rows[name] = cities.row(name)
                except UnknownCityError as fault:
                    faults.append(f"{place}: {fault}")
        centres = {rows[name]: name for name in section.centres if name in rows}
        faults += [
            f"rings.{number}.must ('{section.id}'): '{name}' is a centre, which the ring goes round"
            for name in section.must
            if rows.get(name) in centres
        ]
    JobError.refuse(
        faults,
        "rings name cities that the job does not have",
        done="Nothing was written.",
        remedy="Name cities by id, or by name in any language; none both as a centre and in must.",
    )
    return rows


def _rules_of(section: Rings, row: Mapping[str, int]) -> RingRules:
    """Return the rules of the ring of a section; `row` has the rows of the cities that it names."""
    return replace(
        _standard_of(section, section.id, tuple(row[name] for name in section.centres)),
        radius_km=(section.radius_km[0], section.radius_km[1]) if section.radius_km else (0.0, float("inf")),
        least_cities=section.least_cities,
        least_by_tier=tuple(sorted(section.least_by_tier.items())),
        must=tuple(row[name] for name in section.must),
        longest_km=section.longest_km or float("inf"),
        most_stretch=section.most_stretch or float("inf"),
        apart=section.apart,
    )


def _rules_of_web(section: Rings, base: BaseCase) -> Iterator[RingRules]:
    """Yield the rules of the rings of a web; each is called by its centres, those with most people first."""
    people = base.cities["population"].tolist()
    cores = [city for city, tier in enumerate(base.tiers) if tier == "core"]
    for ring in base.once("web", lambda: propose_web(project(base.lon, base.lat), base.tiers)):
        named = sorted(ring.centres, key=lambda city: -people[city])[:_MOST_NAMES]
        name = "-".join(re.sub(r"[\W_]+", "-", base.names[city].lower()).strip("-") for city in named)
        yield replace(
            _standard_of(section, name, ring.centres),
            rivals=tuple(city for city in cores if city not in ring.centres),
            radius_km=(CLEAR * float(base.extents_km[list(ring.centres)].max()), float("inf")),
            within=_in_degrees(ring.corridor, base),
            least_cities=ring.least_cities,
            least_by_tier=(("secondary", ring.least_secondary),) if ring.least_secondary else (),
            longest_km=ring.longest_km,
            is_proposed=True,
        )


def _in_degrees(area: shapely.Geometry, base: BaseCase) -> shapely.Geometry:
    """Return an area on the plane of the cities in degrees; rounding may have made it cross itself."""
    plane = plane_of(base.lon, base.lat)

    def back(points: NDArray[np.float64]) -> NDArray[np.float64]:
        x, y = points.T
        return np.column_stack(plane.transform(x, y, direction="INVERSE"))

    moved = shapely.transform(area, back)
    return shapely.make_valid(moved, method="structure", keep_collapsed=False)


def _standard_of(section: Rings, name: str, centres: tuple[int, ...]) -> RingRules:
    """Return the rules that a section states for each of its rings alike."""
    is_road = section.mode == "road"
    speed_kmh = 0.0 if is_road else RAIL_SPEED_KMH
    return RingRules(
        id=name,
        mode=section.mode,
        classes=section.classes or (ROAD_CLASSES if is_road else ()),
        speed_kmh=speed_kmh if section.speed_kmh is None else section.speed_kmh,
        centres=centres,
        tiers=section.tiers,
        on_s=round(60 * section.on_minutes),
        required=section.required,
        reward=section.reward if isinstance(section.reward, int) else 0,
        gap_count=section.gap_count,
        gap_longest_km=section.gap_longest_km,
    )


# ---- candidates and problem


def with_closing_links(
    found: Candidates, base: BaseCase, asked: Sequence[Rings], rules: Rules, ground: Ground
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
    rules, ground
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
    for stated in ring_rules(asked, base):
        ring = stated
        avoid = [taken[other] for other in ring.apart if other in taken]
        for _ in range(_MOST_LOOKS):
            network = RingNetwork.of(base, ring)
            closing, circuit = close_gaps(network, found, rules, ground, avoid=avoid)
            closed = merge(found, closing)
            if not ring.is_proposed:
                break
            ring, _, share = _narrower(network, generate(network, closed), closed)
            if ring is network.rules:
                break
        if not ring.is_proposed or _is_to_be_closed(ring.id, share):
            log.info("ring %s: %d further links proposed to close it", ring.id, len(closing))
            found, taken[ring.id] = closed, circuit
    return found


def _narrower(
    network: RingNetwork, proposed: GeneratedRing, candidates: Candidates
) -> tuple[RingRules, float, float]:
    """Return the rules of a ring of a web without the area of the spikes of its cheapest circuit.

    With them, the km of that circuit, the cheapest found that meets the demands, and the share of it that is
    new; without one, 0 km, all of them new.
    """
    rules, base, ring = network.rules, network.base, proposed.ring
    is_open = rules.is_proposed and ring.links
    found = start_circuits(ring, link_lengths(proposed, candidates.costs)) if is_open else ()
    if not found:
        return rules, 0.0, 1.0
    links = [proposed.graph.links[k] for k in found[0]]
    km = sum(link.length_km for link in links)
    new_km = sum(link.length_km for link in links if link.candidate)
    along = zip(found[0], circuit_nodes(ring, found[0]) or (), strict=True)
    lines = [link_line(ring, k)[:: 1 if ring.links[k].tail == node else -1] for k, node in along]
    lon, lat = np.array([point for line in lines for point in line]).T / UNITS_A_DEGREE
    area = spikes(shapely.LinearRing(np.column_stack(plane_of(base.lon, base.lat).transform(lon, lat))))
    if not area.is_empty:
        rules = replace(rules, within=shapely.difference(rules.within, _in_degrees(area, base)))
    return rules, km, new_km / km


def _is_to_be_closed(ring: str, share: float) -> bool:
    """Tell whether a ring of a web, by its id, lacks something, but not much: so much of it is new."""
    if not 0 < share <= MOST_NEW:
        why = {0.0: "it exists already", 1.0: "no circuit has its shape"}.get(
            share, f"{share:.0%} would be new"
        )
        log.info("ring %s is not proposed: %s", ring, why)
    return 0 < share <= MOST_NEW


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
        if wanted and not classes & set(wanted) and not section.web:
            held = ", ".join(sorted(classes))
            faults.append(
                f"rings ('{section.id}').classes: the network has no {', '.join(wanted)}; it has {held}"
            )
    JobError.refuse(
        faults,
        "rings ask for what the region does not have",
        done="No candidate was proposed.",
        remedy="Rings need a map with roads or railways (times.rail), and classes and tiers that it has.",
    )


def add_rings(
    problem: DesignProblem,
    base: BaseCase,
    candidates: Candidates,
    asked: Sequence[Rings],
    rules: Rules,
    ground: Ground,
    *,
    most: int | None,
) -> tuple[DesignProblem, RingTables]:
    """Return a problem with the rings of a job, and the tables that say what their numbers mean.

    Parameters
    ----------
    problem
        The problem without rings.
    base, candidates
        What there is, and what may be built.
    asked
        The rings of the job.
    rules, ground
        Standards of new links, unit costs and terrain, to name a gap that cannot be closed.
    most
        Most money that the plan or an alternative may spend: what only dearer circuits use is left out. None:
        some may spend any.

    Raises
    ------
    InfeasibleError
        When a required ring cannot exist, with the reason for each.
    """
    found: list[tuple[RingRules, GeneratedRing]] = []
    faults: list[str] = []
    existing: list[ExistingRing] = []
    for stated in ring_rules(asked, base):
        ring = stated
        for _ in range(_MOST_LOOKS):
            network = RingNetwork.of(base, ring)
            proposed = generate(network, candidates, budget=most)
            ring, length_km, share = _narrower(network, proposed, candidates)
            if ring is network.rules:
                break
        if ring.is_proposed and not _is_to_be_closed(ring.id, share):
            if not share:
                existing.append(ExistingRing(tuple(base.names[city] for city in ring.centres), length_km))
            continue
        unlimited = proposed
        if not proposed.ring.links and most is not None:
            unlimited = generate(network, candidates)
        reasons = list(obstacles(unlimited, network, candidates, rules, ground))
        if not reasons and not proposed.ring.links:
            reasons = [f"every circuit that could form it costs more than the budget of {most}"]
        if ring.required:
            faults += [f"ring '{ring.id}': {reason}" for reason in reasons]
        else:
            for reason in reasons:
                log.warning("ring %s: %s", ring.id, reason)
        found.append((ring, proposed))
    InfeasibleError.refuse(
        faults,
        "a ring that the job requires cannot exist",
        done="No problem was written.",
        remedy="Change [[rings]] accordingly, or make the ring optional: required = false with a reward.",
    )
    columns = ["ring", "position", "candidate_id", "length_km", "tie_km", "name", "geometry"]
    rows = [
        (ring.id, position, link.candidate, link.length_km, link.tie_km, link.name, link.line)
        for ring, proposed in found
        for position, link in enumerate(proposed.graph.links)
    ]
    links = gpd.GeoDataFrame(pd.DataFrame(rows, columns=columns), geometry="geometry", crs="EPSG:4326")
    facts = (
        RingFacts(
            id=ring.id,
            mode=ring.mode,
            speed_kmh=ring.speed_kmh,
            classes=ring.classes,
            centres=tuple(base.names[city] for city in ring.centres),
            on_s=ring.on_s,
            stops=tuple(
                Stop(city_id=base.ids[city], node=node, seconds=seconds)
                for city, nodes in sorted(proposed.stops.items())
                for node, seconds in sorted(nodes.items())
            ),
            along=tuple(
                Stop(base.ids[city], position, seconds)
                for city, position, seconds in RingNetwork.of(base, ring).along(proposed.graph, candidates)
            ),
        )
        for ring, proposed in found
    )
    today = [RingNetwork.of(base, ring).stretches.assign(ring=ring.id) for ring, _ in found]
    whole = gpd.GeoDataFrame(pd.concat(today, ignore_index=True)) if today else None
    tables = RingTables(links, tuple(facts), tuple(existing), whole)
    rings = with_longest([(ring, proposed.ring) for ring, proposed in found], candidates, problem.budget)
    return problem.replace(rings=rings), tables


# ---- report


def describe_rings(
    problem: DesignProblem,
    plan: Plan,
    tables: RingTables | None,
    cities: gpd.GeoDataFrame,
    references: Sequence[ReferenceRing],
) -> tuple[RingShown, ...]:
    """Return the rings of a plan as a report shows them.

    Parameters
    ----------
    problem, plan
        What was solved, and what the independent check found.
    tables
        What the rings of the problem stand for; None without rings.
    cities
        Table of the cities: `city_id`, `name`, `tier`, `population`, `geometry`.
    references
        Rings of the region that each formed ring of the same mode is compared with.
    """
    if tables is None:
        return ()
    links = tables.links
    rings = ring_layout.lay_out(problem, plan, cities=cities, links=links, facts=tables.facts)
    return tuple(
        replace(
            ring,
            overlaps=tuple(
                Overlap(
                    reference=one.id,
                    name=one.title,
                    corridor_km=CORRIDOR_KM,
                    reference_km=one.length_km,
                    share_of_ring=of_ring,
                    share_of_reference=of_reference,
                    line=one.line,
                    source=one.source,
                )
                for one in references
                if one.mode == ring.facts.mode
                for of_ring, of_reference in [overlap(ring.circuit, one.line)]
            ),
        )
        if ring.is_formed
        else ring
        for ring in rings
    )


def summarise(ring: RingShown) -> dict[str, Any]:
    """Return a ring of a plan for `summary.json`."""
    cities = ring.cities[["city_id", "name", "tier", "seconds"]].to_dict("records")
    parts = ("length", "existing", "new")
    shares = ("corridor_km", "reference_km", "share_of_ring", "share_of_reference")
    return {
        "id": ring.id,
        "sentence": ring_section.sentence(ring),
        "mode": ring.facts.mode,
        "centres": list(ring.facts.centres),
        "formed": ring.is_formed,
        "required": ring.required,
        "reward": ring.reward,
        **({} if ring.derived is None else {"worth": asdict(ring.derived)}),
        **({} if ring.use is None else {"use": asdict(ring.use)}),
        **{f"{name}_km": round(getattr(ring, f"{name}_km"), 3) for name in parts},
        "existing_share": round(ring.existing_share, 6),
        "crosses_itself": ring.self_crossings > 0,
        "shape": ring.shape or None,
        "longest_km": ring.longest_km,
        "cost": ring.cost,
        "candidates": list(ring.candidates),
        "links": [int(link) for link in ring.pieces["link"]],
        "cities": [{**row, "seconds": int(row["seconds"])} for row in cities],
        "least_cities": ring.least_cities,
        "least_by_tier": dict(ring.least_by_tier),
        "must": list(ring.must),
        "inside": list(ring.inside),
        "overlaps": [
            {
                "reference": one.reference,
                "name": one.name,
                **{key: round(getattr(one, key), 6) for key in shares},
            }
            for one in ring.overlaps
        ],
    }
