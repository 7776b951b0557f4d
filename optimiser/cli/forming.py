"""Find the circuits that a plan given by hand leaves unsaid, or say why there are none."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from optimiser.engine.search.task import SolveParameters
from optimiser.engine.solve import solve
from optimiser.problem import DesignProblem, Ring
from optimiser.problem.errors import VerificationError

type Circuits = Mapping[str, tuple[int, ...]]

SECONDS = 60.0
"""Time allowed for the search; it takes a second or two, since nothing but the circuits is left to choose."""


def circuits(problem: DesignProblem, built: Collection[str], given: Circuits) -> dict[str, tuple[int, ...]]:
    """Return the circuits of a plan: those given, and one for each other ring that what is built can form.

    Parameters
    ----------
    problem
        A problem with rings.
    built
        Ids of what the plan builds.
    given
        Circuits that the plan names itself.

    Returns
    -------
    dict
        Ring id to positions of links. Rings that earn a reward are formed as the sum of rewards is largest.

    Raises
    ------
    VerificationError
        When a required ring cannot be formed with what is built; exit code 4.
    """
    if all(ring.id in given for ring in problem.rings):
        return dict(given)
    found = solve(
        _rings_alone(problem, built, given), params=SolveParameters(time_limit_s=SECONDS, gap=0.0, threads=1)
    )
    if found.status == "infeasible":
        raise VerificationError(
            "what is built does not form the rings that it must",
            where=problem.name,
            faults=[_of_a_plan(line) for line in found.message.splitlines()],
            done="The plan was not scored.",
            remedy="Build what is missing, or give the plan as a JSON file with `rings`, as in a result.",
        )
    more = {name: links for name, links in found.rings.items() if name not in given}
    return {**given, **more}


def _of_a_plan(line: str) -> str:
    """Return what the proof says of candidates that are fixed out, said of a plan that leaves them out."""
    return line.replace("not to be built:", "not built:").replace(" is fixed out", "")


def _rings_alone(problem: DesignProblem, built: Collection[str], given: Circuits) -> DesignProblem:
    """Return the problem to form rings with just what is built; circuits that are given stay as they are."""
    candidates = tuple(
        replace(one, fixed="in" if one.id in built else "out", lead=0) for one in problem.candidates
    )
    return DesignProblem(
        name=problem.name,
        nodes=problem.nodes,
        arcs=(),
        candidates=candidates,
        pairs=(),
        budget=sum(candidate.cost for candidate in candidates),
        rings=tuple(_settled(ring, given) for ring in problem.rings),
    )


def _settled(ring: Ring, given: Circuits) -> Ring:
    if ring.id not in given:
        return ring
    known = [ring.links[k] for k in given[ring.id] if 0 <= k < len(ring.links)]
    return replace(ring, links=tuple(known), required=True)
