"""Write down a path for each covered pair, and check such a certificate again."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from optimiser.problem import DesignProblem
from optimiser.problem.errors import VerificationError
from optimiser.problem.jsonfile import is_integer
from optimiser.problem.result import circuit_objects
from optimiser.verify import rules
from optimiser.verify.plan import Plan
from optimiser.verify.times import Step, fastest_steps, open_steps, shortest_paths

FORMAT = "polyring-certificate/1"


def certificate(problem: DesignProblem, plan: Plan) -> dict[str, Any]:
    """Return the evidence for a plan: its cost item by item, and a path for each covered pair.

    Parameters
    ----------
    problem
        Any problem.
    plan
        A verified plan for it.

    Returns
    -------
    dict
        JSON object: `format`, `problem`, `built` (id and cost), `cost`, `coverage`, and `paths`, each with
        `pair`, `nodes` (ids), `seconds` (one an arc), `candidates` (what opens the arc, or null) and
        `time_s`. With cities, also `cities`: each covered one with `id`, `weight` and those of its `pairs`
        that have a path. With rings or periods, also `rings` (id and links in order) and `starts`; paths and
        cities are those of the last period.
    """
    rows = fastest_steps(problem, rules.period_states(problem, plan.built, plan.starts)[-1].is_open)
    paths: list[dict[str, Any]] = []
    last_steps: dict[int, dict[int, Step]] = {}
    for k in plan.covered:
        origin = problem.pairs[k].origin
        if origin not in last_steps:
            last_steps[origin] = shortest_paths(rows, origin)[1]
        paths.append(_path(problem, k, last_steps[origin]))
    evidence = {
        "format": FORMAT,
        "problem": problem.name,
        "built": [{"id": name, "cost": problem.cost_of([name])} for name in plan.built],
        "cost": plan.cost,
        "coverage": plan.coverage.after,
        "paths": paths,
    }
    if problem.cities:
        covered = set(plan.covered)
        evidence["cities"] = [
            {"id": city.id, "weight": city.weight, "pairs": [k for k in city.pairs if k in covered]}
            for city in (problem.cities[i] for i in rules.covered_cities(problem, covered))
        ]
    if problem.rings:
        evidence["rings"] = circuit_objects(plan.rings)
    if problem.periods:
        evidence["starts"] = dict(plan.starts)
    return evidence


def _path(problem: DesignProblem, k: int, last_steps: Mapping[int, Step]) -> dict[str, Any]:
    """Return the path of a pair, found backwards from its destination."""
    pair = problem.pairs[k]
    steps: list[Step] = []
    at = pair.destination
    while at != pair.origin:
        steps.append(last_steps[at])
        at = last_steps[at].tail
    steps.reverse()
    return {
        "pair": k,
        "nodes": [problem.nodes[node] for node in (pair.origin, *(step.head for step in steps))],
        "seconds": [step.seconds for step in steps],
        "candidates": [step.candidate for step in steps],
        "time_s": sum(step.seconds for step in steps),
    }


def check_certificate(problem: DesignProblem, evidence: Mapping[str, Any]) -> None:
    """Follow every path of a certificate on the problem, and add up its cost and coverage.

    Parameters
    ----------
    problem
        Any problem.
    evidence
        What `certificate` returned.

    Raises
    ------
    VerificationError
        With every fault of the certificate.
    """
    try:
        faults = list(_faults(problem, evidence))
    except (KeyError, TypeError, IndexError, ValueError) as error:
        faults = [f"it is malformed ({error!r})"]
    if faults:
        raise VerificationError(
            "the certificate does not hold",
            where=f"problem {problem.name!r}",
            faults=faults,
            done="It proves nothing.",
            remedy="Write it again from the verified plan.",
        )


def _faults(problem: DesignProblem, evidence: Mapping[str, Any]) -> Iterator[str]:
    if evidence["format"] != FORMAT or evidence["problem"] != problem.name:
        yield f"it is not a {FORMAT} for problem {problem.name!r}"
        return
    built = tuple(item["id"] for item in evidence["built"])
    if len(set(built)) < len(built) or any(name not in problem.index for name in built):
        yield "built: an id is unknown or occurs twice"
        return
    for item in evidence["built"]:
        if item["cost"] != problem.cost_of([item["id"]]):
            yield f"built: {item['id']!r} does not cost {item['cost']}"
    if evidence["cost"] != problem.cost_of(built):
        yield f"cost: {evidence['cost']} was claimed, {problem.cost_of(built)} is true"
    circuits = {item["id"]: tuple(item["links"]) for item in evidence.get("rings", [])}
    starts = evidence.get("starts", {})
    wrong_starts = list(rules.start_faults(problem, built, starts))
    if wrong_starts:
        yield from wrong_starts
        return
    yield from rules.plan_faults(problem, set(built), circuits, starts)
    shown = [path["pair"] for path in evidence["paths"]]
    if not all(is_integer(k, high=len(problem.pairs) - 1) for k in shown):
        yield "paths: a pair is unknown"
        return
    if len(set(shown)) < len(shown):
        yield "paths: a pair is shown twice"
    weight = sum(problem.pairs[k].weight for k in shown)
    if evidence["coverage"] != weight:
        yield f"coverage: {evidence['coverage']} was claimed, paths show {weight}"
    yield from _city_faults(problem, evidence.get("cities", []), set(shown))
    yield from rules.coverage_faults(problem, set(shown), rules.required_pairs(problem))
    is_open = rules.period_states(problem, built, starts)[-1].is_open
    arcs = {(step.tail, step.head, step.seconds, step.candidate) for step in open_steps(problem, is_open)}
    position = {name: i for i, name in enumerate(problem.nodes)}
    for path in evidence["paths"]:
        yield from _path_faults(problem, path, arcs, position)


def _city_faults(
    problem: DesignProblem, cities: Sequence[Mapping[str, Any]], shown: Collection[int]
) -> Iterator[str]:
    known = {city.id: city for city in problem.cities}
    for item in cities:
        city, place = known[item["id"]], f"city {item['id']!r}"
        pairs = set(item["pairs"])
        if not pairs <= set(city.pairs) or not pairs <= set(shown):
            yield f"{place}: a pair is not one of its own, or has no path"
        if len(pairs) < city.need:
            yield f"{place}: {len(pairs)} of the {city.need} pairs that it needs are shown"
        if item["weight"] != city.weight:
            yield f"{place}: weight {item['weight']} was claimed, {city.weight} is true"


def _path_faults(
    problem: DesignProblem,
    path: Mapping[str, Any],
    arcs: set[tuple[int, int, int, str | None]],
    position: Mapping[str, int],
) -> Iterator[str]:
    pair, place = problem.pairs[path["pair"]], f"path of pair {path['pair']}"
    nodes = [position[name] for name in path["nodes"]]
    if nodes[0] != pair.origin or nodes[-1] != pair.destination:
        yield f"{place}: it does not join origin and destination"
    steps = zip(nodes, nodes[1:], path["seconds"], path["candidates"], strict=False)
    if not len(nodes) - 1 == len(path["seconds"]) == len(path["candidates"]):
        yield f"{place}: nodes, seconds and candidates do not match in number"
    yield from (f"{place}: there is no open arc {step}" for step in steps if step not in arcs)
    if path["time_s"] != sum(path["seconds"]) or path["time_s"] > pair.limit:
        yield f"{place}: {path['time_s']} s is not its sum, or above the limit of {pair.limit} s"
