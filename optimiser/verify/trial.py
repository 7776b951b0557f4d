"""Try every plan of a small problem with rings or periods."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterator, Mapping

from optimiser.problem import DesignProblem, Ring
from optimiser.verify.circuits import circuit_fault, ring_faults
from optimiser.verify.phases import phase_faults, states
from optimiser.verify.rules import building_faults, covering_faults, wanted_pairs
from optimiser.verify.times import covered, pair_times

MOST_PLANS = 4_000
"""Plans, with their periods of start, up to which every one is tried."""

MOST_STEPS = 200_000
"""Steps along links up to which circuits are listed."""


type Step = Callable[[], None]


class TooMuchError(Exception):
    """There is more to try than is worth it."""


def may_try_whole(problem: DesignProblem) -> bool:
    """Say whether a problem with rings or periods is small enough to try every plan."""
    ways = max(1, len(problem.periods))
    count = 1
    for candidate in problem.candidates:
        count *= {"out": 1, "in": ways}.get(candidate.fixed or "", ways + 1)
        if count > MOST_PLANS:
            return False
    return True


def first_whole_plan(problem: DesignProblem) -> tuple[str, ...] | None:
    """Return what the first plan builds that keeps every rule; None where there is none.

    Parameters
    ----------
    problem
        A problem with rings or periods.

    Raises
    ------
    TooMuchError
        When its rings have too many circuits.
    """
    wanted, steps = wanted_pairs(problem), _Steps()
    names = [c.id for c in problem.candidates]
    forms: dict[tuple[str, ...], bool] = {}
    for choice in itertools.product(*(_ways(problem, name) for name in names)):
        starts = {name: t for name, t in zip(names, choice, strict=True) if t is not None}
        built, when = set(starts), starts if problem.periods else {}
        if any(building_faults(problem, built)) or any(phase_faults(problem, when)):
            continue
        final = states(problem, built, when)[-1].is_open
        if final not in forms:
            pairs = {k for k, yes in enumerate(covered(problem, pair_times(problem, final))) if yes}
            enough = not any(covering_faults(problem, pairs, wanted))
            forms[final] = enough and _can_form(problem, final, steps)
        if forms[final]:
            return tuple(sorted(built))
    return None


def _ways(problem: DesignProblem, name: str) -> list[int | None]:
    """Return the periods in which a candidate may be started; None: it is not built."""
    fixed = problem.candidates[problem.index[name]].fixed
    ways: list[int | None] = [] if fixed == "out" else list(range(max(1, len(problem.periods))))
    return ways if fixed == "in" else [*ways, None]


class _Steps:
    """Counts steps, and ends the search when they are too many."""

    def __init__(self) -> None:
        self._left = MOST_STEPS

    def one(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise TooMuchError


def _can_form(problem: DesignProblem, final: Collection[str], steps: _Steps) -> bool:
    """Say whether the required rings can be formed, apart where they must be, with what is open."""
    required = [ring for ring in problem.rings if ring.required]
    options = [list(every_circuit(ring, final, steps.one)) for ring in required]
    for chosen in itertools.product(*options):
        steps.one()
        circuits = {ring.id: links for ring, links in zip(required, chosen, strict=True)}
        if not any(ring_faults(problem, circuits, final)):
            return True
    return False


def every_circuit(ring: Ring, built: Collection[str], step: Step) -> Iterator[tuple[int, ...]]:
    """Yield every circuit that forms a ring, as links in order; one passed both ways comes twice.

    Parameters
    ----------
    ring
        The ring.
    built
        Ids of the candidates that are open.
    step
        Called for each step along a link; it may raise to end the search.
    """
    leave: dict[int, list[tuple[int, int]]] = {}
    for k, link in enumerate(ring.links):
        if link.candidate is None or link.candidate in built:
            leave.setdefault(link.tail, []).append((k, link.head))
            if link.tail != link.head:
                leave.setdefault(link.head, []).append((k, link.tail))
    for start in sorted(leave):
        yield from _from(ring, built, leave, start, step)


def _from(
    ring: Ring,
    built: Collection[str],
    leave: Mapping[int, list[tuple[int, int]]],
    start: int,
    step: Step,
) -> Iterator[tuple[int, ...]]:
    """Yield the circuits whose first node, by position, is the one given."""
    stack: list[tuple[int, tuple[int, ...], frozenset[int]]] = [(start, (), frozenset([start]))]
    while stack:
        at, links, seen = stack.pop()
        for k, to in leave[at]:
            step()
            longer = (*links, k)
            if to == start and k not in links:
                if not circuit_fault(ring, longer, built):
                    yield longer
            elif to > start and to not in seen:
                stack.append((to, longer, seen | {to}))
