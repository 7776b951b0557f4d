"""Write down a path for each covered pair, and check such paths again."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from optimiser.problem import DesignProblem
from optimiser.problem.errors import VerificationError
from optimiser.verify.phases import start_faults, states
from optimiser.verify.plan import Plan
from optimiser.verify.rules import covered_cities, covering_faults, plan_faults, wanted_pairs
from optimiser.verify.times import Step, all_steps, fastest_steps, search

FORMAT = "polyring-certificate/1"


def certificate(problem: DesignProblem, plan: Plan) -> dict[str, Any]:
    """Return the evidence for a plan: its cost item by item, and a path for each covered pair.

    Parameters
    ----------
    problem
        The problem.
    plan
        A verified plan for it.

    Returns
    -------
    dict
        JSON object: `format`, `problem`, `built` (id and cost), `cost`, `coverage`, and `paths`, each with
        `pair`, `nodes` (ids), `seconds` (one an arc), `candidates` (what opens the arc, or null) and
        `time_s`. Where the problem has cities, `cities`: each covered one with `id`, `weight` and the `pairs`
        of its own that have a path. Where it has rings or periods, `rings` (id and links in order) and
        `starts`; paths and cities are those of the end.
    """
    rows = fastest_steps(problem, states(problem, plan.built, plan.starts)[-1].is_open)
    paths: list[dict[str, Any]] = []
    found: dict[int, dict[int, Step]] = {}
    for k in plan.covered:
        origin = problem.pairs[k].origin
        if origin not in found:
            found[origin] = search(rows, origin)[1]
        paths.append(_path(problem, k, _steps_back(found[origin], origin, problem.pairs[k].destination)))
    costs = [{"id": name, "cost": problem.cost_of([name])} for name in plan.built]
    more: dict[str, Any] = {"cities": _cities(problem, plan)} if problem.cities else {}
    if problem.rings:
        more["rings"] = [{"id": name, "links": list(links)} for name, links in plan.rings.items()]
    if problem.periods:
        more["starts"] = dict(plan.starts)
    return {
        "format": FORMAT,
        "problem": problem.name,
        "built": costs,
        "cost": plan.cost,
        "coverage": plan.coverage.after,
        "paths": paths,
        **more,
    }


def _cities(problem: DesignProblem, plan: Plan) -> list[dict[str, Any]]:
    done = set(plan.covered)
    return [
        {"id": city.id, "weight": city.weight, "pairs": [k for k in city.pairs if k in done]}
        for city in (problem.cities[i] for i in covered_cities(problem, done))
    ]


def _steps_back(last: Mapping[int, Step], origin: int, destination: int) -> list[Step]:
    steps: list[Step] = []
    at = destination
    while at != origin:
        steps.append(last[at])
        at = last[at].tail
    return steps[::-1]


def _path(problem: DesignProblem, k: int, steps: list[Step]) -> dict[str, Any]:
    nodes = [problem.pairs[k].origin, *(step.head for step in steps)]
    return {
        "pair": k,
        "nodes": [problem.nodes[node] for node in nodes],
        "seconds": [step.seconds for step in steps],
        "candidates": [step.candidate for step in steps],
        "time_s": sum(step.seconds for step in steps),
    }


def check_certificate(problem: DesignProblem, evidence: Mapping[str, Any]) -> None:
    """Follow every path of a certificate on the problem, and add up its cost and coverage.

    Parameters
    ----------
    problem
        The problem.
    evidence
        What `certificate` returned.

    Raises
    ------
    VerificationError
        With everything that does not hold.
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
            done="Nothing that it says is proved.",
            remedy="Write it again from the verified plan.",
        )


def _faults(problem: DesignProblem, evidence: Mapping[str, Any]) -> Iterator[str]:
    if evidence["format"] != FORMAT or evidence["problem"] != problem.name:
        yield f"it is not a {FORMAT} for problem {problem.name!r}"
        return
    built = [item["id"] for item in evidence["built"]]
    if len(set(built)) < len(built) or any(name not in problem.index for name in built):
        yield "built: an id is unknown or stands twice"
        return
    if evidence["cost"] != problem.cost_of(built):
        yield f"cost: {evidence['cost']} was claimed, {problem.cost_of(built)} is true"
    circuits = {item["id"]: tuple(item["links"]) for item in evidence.get("rings", [])}
    starts = evidence.get("starts", {})
    wrong = list(start_faults(problem, tuple(built), starts))
    if wrong:
        yield from wrong
        return
    yield from plan_faults(problem, set(built), circuits, starts)
    shown = [path["pair"] for path in evidence["paths"]]
    if len(set(shown)) < len(shown):
        yield "paths: a pair is shown twice"
    weight = sum(problem.pairs[k].weight for k in shown)
    if evidence["coverage"] != weight:
        yield f"coverage: {evidence['coverage']} was claimed, paths show {weight}"
    yield from _city_faults(problem, evidence.get("cities", []), set(shown))
    yield from covering_faults(problem, set(shown), wanted_pairs(problem))
    is_open = states(problem, built, starts)[-1].is_open
    arcs = {(step.tail, step.head, step.seconds, step.candidate) for step in all_steps(problem, is_open)}
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
