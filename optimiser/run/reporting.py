"""Turn the values of a finished run into its report, its tables and its summary."""

import sys
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from pydantic import TypeAdapter

from networks import skims, storage
from networks.cities import describe_tiers
from networks.intermodal import AccessParameters, ByTier
from networks.schema import Network
from networks.world import Town, cities_in
from optimiser.job.model import Job
from optimiser.job.sections import UNCERTAIN
from optimiser.measures import coverage, order, valuation
from optimiser.measures.ring_use import RingUse, RoadTimes, trip_use
from optimiser.measures.tables import Measures
from optimiser.problem import DesignProblem, errors, model
from optimiser.problem.result import Result
from optimiser.proposals.base_case import great_circle_km
from optimiser.proposals.generate import AT_STATIONS
from optimiser.proposals.rings.reference_rings import ReferenceRing, read_reference_rings
from optimiser.proposals.table import Candidates
from optimiser.report import answer, geopackage, inputs, ring_layout, sentences, tables, wording
from optimiser.report.inputs import CaseResults, ReportInput, StateShown, StateStep
from optimiser.report.wording import join_names, kind
from optimiser.run import demands, reading, rings, solving
from optimiser.run.folder import SUMMARY_FORMAT
from optimiser.run.proposing import StatedProblem, cost_table, line_sections, most_a_day
from optimiser.run.ring_use import ALL_RINGS, with_use
from optimiser.run.source import Source
from optimiser.run.timing import Times, access_parameters, count_covered, skim_table, warnings_of
from optimiser.verify import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What `polyring cases` asks of a finished run, and adds to its folder.

    Attributes
    ----------
    cases
        What plausible cases choose.
    speeds
        Coverage at other speeds on expressways.
    prices
        What the demands of the job for fairness cost.
    states
        Stated alternatives, the plan first; their rings are laid out by `assemble_report`.
    notes
        Which of the usual cases do not apply, as sentences.
    faults
        What failed and is left out, as sentences.
    """

    cases: CaseResults | None = None
    speeds: Sequence[Mapping[str, Any]] | None = None
    prices: coverage.Fairness | None = None
    states: tuple[StateShown, ...] = ()
    notes: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()

    @property
    def is_of_cases(self) -> bool:
        """Whether anything but alternatives was asked."""
        return replace(self, states=()) != Answers()


def answers_of(summary: Mapping[str, Any]) -> Answers | None:
    """Return what a finished run was asked, from its `summary.json`; None: nothing."""
    cases, prices, asked = (summary.get(name) for name in ("cases", "fairness", "asked"))
    further = asked or {}
    found = Answers(
        cases=None if cases is None else CaseResults(**cases),
        speeds=summary.get("sensitivity"),
        prices=None if prices is None else TypeAdapter(coverage.Fairness).validate_python(prices),
        states=tuple(map(state_of, summary.get("states", ()))),
        notes=tuple(further.get("notes", ())),
        faults=tuple(further.get("faults", ())),
    )
    return None if asked is None and found == Answers() else found


def state_of(kept: Mapping[str, Any]) -> StateShown:
    """Return a state from its entry in `summary.json`."""
    plain = {key: tuple(value) if isinstance(value, list) else value for key, value in kept.items()}
    steps = (StateStep(one["candidate_id"], one["cost"], tuple(one["covered"])) for one in kept["order"])
    circuits = {ring: tuple(links) for ring, links in kept["circuits"].items()}
    return StateShown(**plain | {"order": tuple(steps), "circuits": circuits})


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """All values of a finished run.

    Attributes
    ----------
    job, source
        The job and its data.
    times, candidates, draft
        Outcomes of the first steps.
    roads
        Times between places on the road alone, by ring; none without road rings.
    rail
        Network of the railways; empty without a map.
    problem, levels
        The problem that was solved, and the proof of its max-min levels (`levels.json`); None without any.
    result, plan
        What the solver claims, and what the independent check found.
    ranking
        The rank of the links of the plan; None: not known yet.
    seconds
        Exact time of each pair, as in `Measures`.
    measures
        Measures of the plan; None where not measured.
    answers
        What was asked of the finished run.
    unasked
        What was not asked of it, and why, as sentences.
    certified
        The bound that the certificate proves; None without one, or not yet.
    faults
        What failed without taking the plan along, as sentences.
    """

    job: Job
    source: Source
    times: Times
    candidates: Candidates
    draft: StatedProblem
    roads: Mapping[str, RoadTimes] = field(default_factory=dict)
    rail: Network
    problem: DesignProblem
    result: Result
    plan: Plan
    seconds: pd.DataFrame
    ranking: order.Ranking | None = None
    levels: Mapping[str, Any] | None = None
    measures: Measures | None = None
    answers: Answers = Answers()
    unasked: tuple[str, ...] = ()
    certified: inputs.CertifiedBound | None = None
    faults: tuple[str, ...] = ()


# ---- report


def assemble_report(found: Findings) -> ReportInput:
    """Bring together what the report shows."""
    job, source, cities, plan = found.job, found.source, found.times.cities, found.plan
    names = dict(zip(cities["city_id"].astype(str), cities["name"], strict=True))
    file = source.files.get("measures.known_rings")
    references = read_reference_rings(file) if found.problem.rings and file is not None else ()
    derived = {one.ring: one for one in found.draft.rewards}
    of_plan = rings.describe_rings(found.problem, plan, found.draft.rings, cities, references)
    of_plan, use = with_use(found.roads, found.problem, found.draft.rings, of_plan)
    shown = inputs.assemble(
        found.problem,
        plan,
        ranking=found.ranking,
        region=source.title,
        cities=cities,
        candidates=found.candidates.table,
        roads=found.times.road.links[["link_class", "geometry"]],
        rail=found.rail.links[["link_class", "geometry"]],
        ends=found.draft.pairs[["origin", "destination"]].to_numpy(dtype="int64"),
        definition=job.times.definition,
        variant=found.result.variant,
        solver=found.result.solver,
        seconds=found.result.seconds,
        assumptions=_assumptions(found),
        sensitivity=None if found.answers.speeds is None else pd.DataFrame(list(found.answers.speeds)),
        unasked=(*found.unasked, *found.answers.notes),
        sources=(*source.notes, *warnings_of(found.times, found.candidates)),
        notes=_notes(found),
        merged=tuple(found.times.report.get("snapped", {}).get("merged", ())),
        screening=_screening(found),
        attribution=source.attribution,
        measures=found.measures,
        rings=tuple(replace(one, derived=derived.get(one.id)) for one in of_plan),
        ring_use=_with_plan(use, found, plan.built),
        existing_rings=() if found.draft.rings is None else found.draft.rings.existing,
        fairness=found.answers.prices,
        cases=found.answers.cases,
        certified=found.certified,
        capacities=_capacities(found),
        city_cover=demands.city_cover(found.problem, plan, job, names),
        counted=demands.describe_objective(job),
    )
    shown = _with_states(found, shown, references)
    cases = found.answers.cases
    links = shown.links if cases is None else cases.with_counts(shown.links)
    exact, best = found.seconds[["before_s", "after_s"]], found.draft.pairs["best_s"]
    times = exact.assign(all_built_s=best.where(best >= 0, skims.UNREACHABLE))  # exact beyond the limits too
    return replace(shown, pairs=shown.pairs.assign(**times), links=links).with_circuits()


def idle(found: Findings) -> tuple[dict[str, Any], ...]:
    """Return `ReportInput.idle`: a search for each candidate, for the page of the plan alone."""
    valuer, built = valuation.Valuer.of(found.problem), frozenset(found.plan.built)
    table, of_plan = found.candidates.table, valuer.covered(built)
    left = table[table["candidate_id"].isin(found.problem.index.keys() - built)]
    columns = ["candidate_id", "kind", "from_name", "to_name", "cost"]
    rows = [
        {**row, "adds": sorted(valuer.covered({*built, row["candidate_id"]}) - of_plan)}
        for row in left[columns].to_dict("records")
    ]
    return tuple(sorted(rows, key=lambda row: (-len(row["adds"]), row["cost"], row["candidate_id"])))


def _with_states(found: Findings, shown: ReportInput, references: Sequence[ReferenceRing]) -> ReportInput:
    """Return a report with the stated alternatives, their rings laid out, and the links that they build."""
    states, cities = found.answers.states, found.times.cities
    laid = dict[str, tuple[tuple[ring_layout.RingShown, ...], RingUse | None]]()
    for one in states:
        if (key := str(one.circuits)) not in laid:
            plan = replace(found.plan, built=tuple(sorted(one.built)), rings=one.circuits)
            described = rings.describe_rings(found.problem, plan, found.draft.rings, cities, references)
            laid[key] = with_use(found.roads, found.problem, found.draft.rings, described)
    every, table = frozenset[str]().union(*(one.built for one in states)), found.candidates.table
    return replace(
        shown,
        states=tuple(
            replace(one, rings_shown=shown_rings, ring_use=_with_plan(use, found, one.built))
            for one in states
            for shown_rings, use in [laid[str(one.circuits)]]
        ),
        state_links=table[table["candidate_id"].isin(every)] if states else None,
    )


_SUBURB_KM = 12.0
"""Distance from a larger city within which a place may be a suburb of it (assumed)."""


def _with_plan(use: RingUse | None, found: Findings, built: Collection[str]) -> RingUse | None:
    """Return what rings are for together, with what trips do in their whole plan."""
    return None if use is None else replace(use, plan=trip_use(found.roads[ALL_RINGS], built))


def _screening(found: Findings) -> str:
    """Return the caution on a screening, with what its assumptions do to the count of today; else nothing."""
    text, cases = found.source.screening, found.answers.cases
    counts = [] if cases is None else [int(row["today"]) for row in cases.rows if row["name"] in UNCERTAIN]
    if not text or cases is None or not counts:
        return text
    return (
        f"{text} Under other assumptions on speeds, trains, waits and access, {min(counts)} to {max(counts)} "
        f"of {cases.pairs} pairs are within the limit today."
    )


def _notes(found: Findings) -> tuple[str, ...]:
    """Return what a reader must know before taking the plan for an answer, as sentences."""
    tiers = _tiers(found)[1]
    not_served = found.times.report.get("snapped", {}).get("not_served", [])
    left = found.times.report.get("snapped", {}).get("out_of_reach", [])  # those of own lists are refused
    gaps, closed = (found.times.report.get(key) for key in ("gaps_km", "closed_borders"))
    has_trains_alone = found.times.road.links.empty and "region.matrix" not in found.source.files
    # The problem of a what-if is another one than the draft.
    on_task = solving.notes_on_task(replace(found.draft, problem=found.problem), found.candidates, found.job)
    notes = wording.WORDS["notes"]
    return (
        *([f"Cities left out: {errors.listed(left, 5, '; ')}."] if left else []),
        *([sentences.not_served(not_served)] if not_served else []),
        *([notes["gaps"].format(len(gaps), max(gaps))] if gaps else []),
        *([notes["borders"].format(len(closed), ", ".join(sorted({*closed})))] if closed else []),
        *found.times.report.get("snapped", {}).get("notes", ()),
        *_suburbs(found),
        *([notes["trains_alone"]] if has_trains_alone else []),
        *found.faults,
        *found.answers.faults,
        *([found.source.caution] if found.source.caution else []),
        *([tiers] if tiers else []),
        *(on_task or (() if found.plan.built else solving.notes_on_empty(found.problem))),
        *solving.notes_on_levels(found.levels),
    )


def _suburbs(found: Findings) -> Iterator[str]:
    """Yield which cities lie near a larger one, where no table says which places are cities."""
    if found.source.cities_from in ("csv", "region"):
        return
    table, area = found.times.cities, found.source.area
    people, beyond = table["population"], list[Town]()
    if area is not None:
        towns = cities_in(area.widened(_SUBURB_KM), least_population=int(people.min()))
        beyond = [town for town in towns if not area.holds(np.array([town.lat]), np.array([town.lon]))[0]]
    lon = np.array([*table.geometry.x, *(town.lon for town in beyond)])
    lat = np.array([*table.geometry.y, *(town.lat for town in beyond)])
    names = [*table["name"], *(f"{town.name}, which lies outside" for town in beyond)]
    every = pd.Series([*people, *(town.population for town in beyond)])
    rank, own = every.rank(method="first", ascending=False).to_numpy(), len(table)
    km = great_circle_km(lon[:own, None], lat[:own, None], lon, lat)
    km[rank[:own, None] <= rank] = np.inf  # from a smaller city (row) to larger ones
    near = km.min(axis=1, initial=np.inf)
    if told := [
        f"{names[row]} ({near[row]:.0f} km from {names[km[row].argmin()]})"
        for row in np.flatnonzero(near <= _SUBURB_KM)
    ]:
        yield wording.WORDS["notes"]["suburbs"].format(errors.listed(told, 8))


def _tiers(found: Findings) -> tuple[str, str]:
    """Return how cities got their tiers, and what a reader must know about it."""
    return describe_tiers(found.times.cities, reading.tier_thresholds(found.job, found.source))


def _capacities(found: Findings) -> pd.DataFrame | None:
    """Return the sections of line with limits that matter; None where trains have no limits."""
    if not found.job.capacity.enabled or found.candidates.sections.empty:
        return None
    sections = line_sections(found.candidates, found.job.capacity)
    return tables.tabulate_sections(sections, set(found.plan.built))


def _assumptions(found: Findings) -> tuple[tuple[str, str], ...]:
    """Return the assumptions of a run, in the order in which they are to be read."""
    job, source, proposed = found.job, found.source, found.candidates
    has_trains, capacity = "region.matrix" not in source.files and job.times.rail, "no limit"
    if job.capacity.enabled:
        classes = wording.WORDS["line_classes"]
        carried = tuple(f"{trains} on {classes[name]}" for name, trains in most_a_day(job.capacity).items())
        capacity = f"at most {join_names(carried)} a day and direction, today's trains included"
    return (
        ("Limit", wording.short_hours(job.times.limit_s)),
        ("Travel time", wording.WORDS["times"][job.times.definition]),
        ("Tiers of cities", _tiers(found)[0]),
        *(describe_access(access_parameters(job, source)) if has_trains else ()),
        *((("Extents of towns", _extents(found.times.report["snapped"])),) if has_trains else ()),
        *((("Cities without passenger rail", _without_rail(found)),) if has_trains else ()),
        *((("Trains on sections of line", capacity),) if has_trains else ()),
        ("Tolls and fares", "no part of the time"),
        ("Costs", f"{job.costs.level} estimate, {proposed.money}, prices of {proposed.price_year}"),
        *((f"Price of {kind(one)}", basis) for one, basis in _station_prices(found)),
        ("Terrain", proposed.terrain_source),
        ("State of the network", str(job.region.as_of or "today's")),
        ("Candidates left out by the rules", f"{sum(proposed.report.values()):,} (left_out.csv)"),
    )


def _without_rail(found: Findings) -> str:
    """Return which cities have no station of a train near, and what the data of the region lack there."""
    km = access_parameters(found.job, found.source).centre_station_km
    near = f"no station of a train on this map within {km:g} km"
    names = join_names(found.times.report["snapped"].get("without_station", []))
    return f"{names}: {near} of the centre" if names else "none"


def _extents(snapped: Mapping[str, Any]) -> str:
    """Return what tells the radius of the built-up area of how many cities."""
    words, counts = wording.WORDS["extents"], snapped["extents"]
    found = (f"of {count} {words[name].format(**snapped)}" for name, count in counts.items() if count)
    return f"radius of the built-up area: {'; '.join(found)}"


def _station_prices(found: Findings) -> list[tuple[str, str]]:
    """Return the kinds of measures at stations that the plan builds, each with what its price rests on."""
    table, rates = found.candidates.table, cost_table(found.source)
    chosen = table[table["candidate_id"].isin(found.plan.built) & table["kind"].isin(AT_STATIONS)]
    named = chosen[chosen["standard"].isin(rates.standards)].drop_duplicates("kind")
    bases = [rates.rate(standard, "plain") for standard in named["standard"]]
    return [(one, f"{rate.basis} ({rate.source})") for one, rate in zip(named["kind"], bases, strict=True)]


def describe_access(assumed: AccessParameters) -> tuple[tuple[str, str], ...]:
    """Return the assumptions about trips outside roads and trains in words, each with its subject."""
    cap = _minutes(assumed.wait_cap_s)

    def wait(rule: str) -> str:
        share = 1.0 if rule == "turn_up" else assumed.schedule_weight
        part = {0.5: "half", 0.25: "a quarter of", 0.2: "a fifth of"}.get(share / 2, f"{share / 2:g} of")
        return f"{part} the time between two trains, at most {cap}"

    def by_tier(times: ByTier[int] | ByTier[int | None]) -> str:
        stated = ((tier, seconds) for tier in model.TIERS if (seconds := times.of(tier)) is not None)
        return join_names(tuple(f"{_minutes(seconds)} in {tier} cities" for tier, seconds in stated))

    modes = (
        "the fastest of "
        + ", ".join(
            f"{mode.name} ({_minutes(mode.fixed_s)} and {mode.speed_kmh:g} km/h"
            f"{', in core cities' if mode.core_only else ''})"
            for mode in assumed.modes
        )
        + ", over the mean distance of the residents"
    )
    fast, slow = assumed.check_in_hsr_s, assumed.check_in_conv_s
    waits = {"high-speed": wait(assumed.waiting_hsr), "conventional": wait(assumed.waiting_conv)}
    same = len(set(waits.values())) == 1
    return (
        (
            "Arrival at the station",
            f"{_minutes(fast)} before high-speed and {_minutes(slow)} before conventional trains",
        ),
        (
            "Wait before the first train",
            waits["conventional"] if same else "; ".join(f"{name}: {text}" for name, text in waits.items()),
        ),
        (
            "Change of trains",
            f"{_minutes(assumed.transfer_s)} and half the time between two trains, at most {cap}",
        ),
        ("From the train to the front of the station", _minutes(assumed.alight_s)),
        (
            f"From a town to a station within {assumed.centre_station_km:g} km",
            "; ".join(text for text in (by_tier(assumed.centre_station), modes) if text),
        ),
        ("From the centre to its roads", by_tier(assumed.terminal)),
    )


def _minutes(seconds: int) -> str:
    """Return seconds as minutes, with a decimal where they are not whole."""
    return f"{round(seconds / 60, 1):g} min"


# ---- tables


def write_tables(folder: Path, times: Times, candidates: Candidates, rail: Network) -> None:
    """Write the early steps as files for other programs: network, cities, times, candidates.

    Parameters
    ----------
    folder
        Where the files go.
    times, candidates
        Outcomes of the first steps.
    rail
        Network of the railways; without any network, no network is written.
    """
    times.cities.to_file(folder / "cities.gpkg", layer="cities", driver="GPKG", engine="pyogrio")
    geopackage.dress(folder / "cities.gpkg", {"cities": "places"})
    skim_table(times).to_parquet(folder / "skim.parquet")
    table = candidates.table
    table.to_file(folder / "candidates.gpkg", layer="candidates", driver="GPKG", engine="pyogrio")
    geopackage.dress(folder / "candidates.gpkg")
    tables.write_csv(tables.rounded(table), folder / "candidates.csv")
    tables.write_csv(rejected(candidates), folder / "left_out.csv")
    if len(times.road.nodes) or len(rail.nodes):
        # Road and rail as the two tables of one file; rail nodes are numbered after those of the road.
        first = len(times.road.nodes)
        links = rail.links.assign(tail=rail.links["tail"] + first, head=rail.links["head"] + first)
        nodes, both = (
            gpd.GeoDataFrame(
                pd.concat([one for one in pair if len(one)] or [pair[0]], ignore_index=True), crs=4326
            )
            for pair in [(times.road.nodes, rail.nodes), (times.road.links, links)]
        )
        storage.write_gpkg(Network(nodes=nodes, links=both), folder / "network.gpkg")
        geopackage.dress(folder / "network.gpkg")


def left_out(candidates: Candidates) -> pd.DataFrame:
    """Return what the rules left out: `reason`, which begins with the kind, and `count`."""
    return pd.DataFrame(sorted(candidates.report.items()), columns=["reason", "count"])


def rejected(candidates: Candidates) -> pd.DataFrame:
    """Return the same, with a row for each that had an id, and those that had none counted by reason."""
    found = candidates.rejected.items()
    named = sorted((why, 1, name, start, end) for name, (why, start, end) in found)
    others = Counter(candidates.report) - Counter(row[0] for row in named)
    columns = ["reason", "count", "candidate_id", "from_name", "to_name"]
    return pd.DataFrame(
        [*named, *((why, count, "", "", "") for why, count in others.items())], columns=columns
    )


def write_trace(path: Path, result: Result) -> None:
    """Write the progress of the solve as a table."""
    table = tables.table_of(result.trace, ("seconds", "objective", "bound", "cuts", "nodes", "step"))
    tables.write_csv(table.rename(columns={"objective": "incumbent"}), path)


# ---- summary


def summarise(
    found: Findings, report: ReportInput, *, seconds: Mapping[str, float], reused: Sequence[str]
) -> dict[str, Any]:
    """Return the contents of `summary.json`.

    Parameters
    ----------
    found
        All values of the run.
    report
        What the report shows.
    seconds, reused
        Wall time of each step, and names of the steps that were kept from before.

    Returns
    -------
    dict
        Sizes, coverage by tier before and after, cost, gaps, links, peak memory.
    """
    job, plan, result, answers = found.job, found.plan, found.result, found.answers
    covered = coverage.by_group(report.pairs).set_index("group", drop=False)
    links = report.links.drop(columns="geometry")
    return {
        "format": SUMMARY_FORMAT,
        "version": metadata.version("polyring"),
        "job": found.problem.name,
        "title": report.region,
        "headline": answer.sentence(report),
        "status": plan.status,
        "definition": job.times.definition,
        "limit_s": job.times.limit_s,
        "cost": plan.cost,
        "budget": found.problem.budget,
        "money": found.problem.money,
        "tiers": _tiers(found)[0],
        "objective": plan.objective,
        "bound": plan.bound,
        "gap": plan.gap,
        "gap_of_gain": plan.gap_of_gain,
        "bound_source": None if plan.bound_source is None else asdict(plan.bound_source),
        "asked_gap": job.solve.gap,
        "certified": None if found.certified is None else asdict(found.certified),
        "coverage": covered.drop(columns="group").astype(int).to_dict("index"),
        "definitions": {
            definition: count_covered(found.times.cities, skim, limit_s=job.times.limit_s)
            for definition, skim in found.times.skims.items()
        },
        "sensitivity": answers.speeds,
        "near_limit": dict(zip(("within", "beyond"), coverage.near_limit(report.pairs), strict=True)),
        "people_gaining": coverage.people_gaining(report.cities, report.pairs),
        "built": list(plan.built),
        "warnings": [*found.faults, *answers.faults, *warnings_of(found.times, found.candidates)],
        "screening": report.screening,
        "notes": list(report.notes),
        "unasked": list(report.unasked),
        "links": wording.records(links),
        **({"rings": [rings.summarise(ring) for ring in report.rings]} if report.rings else {}),
        **({"existing_rings": list(map(asdict, report.existing_rings))} if report.existing_rings else {}),
        **({} if report.ring_use is None else {"ring_use": asdict(report.ring_use)}),
        **({} if report.city_cover is None else {"city_cover": report.city_cover}),
        **({} if found.levels is None else {"levels": found.levels["tiers"]}),
        **({"states": [asdict(one) for one in answers.states]} if report.states else {}),
        **({} if report.fairness is None else {"fairness": report.fairness.as_dict()}),
        **({} if report.cases is None else {"cases": asdict(report.cases)}),
        **(
            {"asked": {"notes": [*answers.notes], "faults": [*answers.faults]}} if answers.is_of_cases else {}
        ),
        **({} if report.capacities is None else {"capacities": tables.section_counts(report.capacities)}),
        "not_served": found.times.report.get("snapped", {}).get("not_served", []),
        "out_of_reach": tables.out_of_reach_rows(report.cities, report.pairs),
        "merged": list(report.merged),
        "measures": None if report.measures is None else report.measures.as_dict(),
        "sizes": sizes(found.times, found.candidates, found.problem),
        "left_out": left_out(found.candidates).to_dict("records"),
        "solve": {
            key: getattr(result, key)
            for key in ("variant", "solver", "seconds", "seed", "threads", "termination")
        },
        "seconds": dict(seconds),
        "reused": list(reused),
        "peak_memory_mb": _peak_memory_mb(),
    }


def sizes(times: Times, candidates: Candidates, problem: DesignProblem) -> dict[str, int]:
    """Return the sizes of network, candidates and problem, by what a reader calls them."""
    report = times.report.get("simplified", {})
    counts = {
        "road nodes read": report.get("nodes_before"),
        "road links read": report.get("links_before"),
        "road nodes": report.get("nodes"),
        "road links": report.get("links"),
        "cities": len(times.cities),
        "candidates": len(candidates),
        "candidates left out by rules": sum(candidates.report.values()),
        "problem nodes": len(problem.nodes),
        "problem arcs": len(problem.arcs),
        "problem candidates": len(problem.candidates),
        "problem pairs": len(problem.pairs),
        **{f"nodes of ring {ring.id}": len(ring.nodes) for ring in problem.rings},
        **{f"links of ring {ring.id}": len(ring.links) for ring in problem.rings},
    }
    return {name: int(count) for name, count in counts.items() if count is not None}


def _peak_memory_mb() -> int | None:
    """Return the peak memory of this process or of one of its ended children, the larger, in MB."""
    if sys.platform == "win32":
        return None
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    most = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return most * unit // 1_000_000
