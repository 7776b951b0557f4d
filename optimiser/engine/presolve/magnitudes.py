"""Bring the numbers of a problem into the range in which sums of doubles are exact, or refuse them."""

import dataclasses
from collections.abc import Iterator
from itertools import accumulate, pairwise

from optimiser.engine.search.paths import LONGEST, longest_limit
from optimiser.problem import DesignProblem, errors
from optimiser.problem.ring import Ring
from optimiser.verify.rules import total_factor

LARGEST_SUM = 2**53 - 1
"""Sums of integers up to this are exact in double precision, in which solvers and bounds count."""


def bounded(problem: DesignProblem) -> DesignProblem:
    """Return the same problem with numbers that add up exactly in double precision.

    Where all do already, that is the problem itself. Elsewhere numbers become no larger than they need be.
    Proof that every set of candidates keeps its feasibility and objective; k+ stands for k + 1, which is as
    good as any number above k, since it is compared with k alone:

    * A candidate that costs more than the budget B, or takes more of a capacity than there is, is in no plan:
      it is fixed out, costs 0 and takes nothing. One that is fixed in costs B+, or takes k+, so that there is
      no plan; likewise where every coverable pair must be covered, for what is fixed out decides which are.
    * With S the cost of all that may be built, no plan spends more, so min(B, S) allows the same plans; so do
      min(C, S) for a cap C or the money up to a period, and for a capacity what all of them take.
    * A target above the weight W of its group is out of reach: W+.
    * A link longer than the circuit may be, D, is on none: D+; all links together bound D.
    * A candidate that would open after the last of T periods has a lead of T.
    * A simple path has at most n - 1 arcs, none slower than the largest time limit; the slowest of these,
      n - 1 times, bounds the time limits.

    Parameters
    ----------
    problem
        Any problem.

    Raises
    ------
    ProblemError
        When sums remain that may be larger, each with what is summed.
    """
    if not any(_large(problem)):
        return problem
    budget = problem.budget
    in_none = {c.id for c in problem.candidates if budget is not None and c.cost > budget}
    if not problem.must_cover:
        in_none |= {name for c in problem.capacities for name, use in c.use if use > c.most}
    in_none -= {c.id for c in problem.candidates if c.fixed == "in"}
    out = in_none | {c.id for c in problem.candidates if c.fixed == "out"}
    candidates = tuple(
        dataclasses.replace(
            c,
            fixed="out" if c.id in out else c.fixed,
            cost=0 if c.id in out else c.cost if budget is None else min(c.cost, budget + 1),
            lead=min(c.lead, len(problem.periods)),
        )
        for c in problem.candidates
    )
    spent = sum(c.cost for c in candidates)
    uses = {
        c.id: tuple((name, min(use, c.most + 1)) for name, use in c.use if name not in out)
        for c in problem.capacities
    }
    money = [0, *(min(spent, until) for until in accumulate(p.budget for p in problem.periods))]
    arcs, largest = (
        (*problem.arcs, *(arc for c in problem.candidates for arc in c.arcs)),
        longest_limit(problem),
    )
    slowest = max((seconds for *_, seconds in arcs if seconds <= largest), default=0)
    longest = slowest * max(0, len(problem.nodes) - 1)
    found = problem.derived(
        candidates=candidates,
        budget=None if budget is None else min(budget, spent),
        periods=tuple(
            dataclasses.replace(p, budget=until - before)
            for p, (before, until) in zip(problem.periods, pairwise(money), strict=True)
        ),
        caps=tuple((name, min(most, spent)) for name, most in problem.caps),
        capacities=tuple(
            dataclasses.replace(c, use=uses[c.id], most=min(c.most, sum(use for _, use in uses[c.id])))
            for c in problem.capacities
            if uses[c.id]
        ),
        targets=tuple(
            dataclasses.replace(t, least=min(t.least, 1 + sum(x.weight for x in items if x.group == t.group)))
            for t in problem.targets
            for items in [problem.cities if t.of == "cities" else problem.pairs]
        ),
        rings=tuple(_bounded_ring(ring) for ring in problem.rings),
        pairs=tuple(dataclasses.replace(p, limit=min(p.limit, longest)) for p in problem.pairs),
    )
    errors.ProblemError.refuse(
        list(_large(found)),
        "numbers are too large to be counted exactly",
        where=f"problem {problem.name!r}",
        done="Nothing was solved.",
        remedy="State money, weights, units of capacities, metres or seconds in a larger unit.",
    )
    return found


def _bounded_ring(ring: Ring) -> Ring:
    if ring.longest is None:
        return ring
    lengths = [min(a.length or 0, ring.longest + 1) for a in ring.links]
    links = (dataclasses.replace(a, length=length) for a, length in zip(ring.links, lengths, strict=True))
    return dataclasses.replace(ring, links=tuple(links), longest=min(ring.longest, sum(lengths)))


def _large(problem: DesignProblem) -> Iterator[str]:
    """Yield each number or sum that is too large, as a sentence."""
    for what, number in counted(problem).items():
        if number > LARGEST_SUM:
            yield f"{what}: {number:,}; at most {LARGEST_SUM:,} is exact"
    if (longest := longest_limit(problem)) > LONGEST:
        yield f"pairs.limit: {longest:,} s; at most {LONGEST:,} s can be added up"


def counted(problem: DesignProblem) -> dict[str, int]:
    """Return the numbers and sums of a problem that solvers count in double precision, by what each is."""
    earned = sum(p.weight for p in problem.pairs) + sum(c.weight for c in problem.cities)
    earned += sum(ring.reward for ring in problem.rings)
    lengths = {r.id: max(r.longest or 0, sum(a.length or 0 for a in r.links)) for r in problem.rings}
    taken = {c.id: max(c.most, sum(use for _, use in c.use)) for c in problem.capacities}
    return {
        "budget": problem.budget or 0,
        "candidates.cost, of all": sum(c.cost for c in problem.candidates),
        "candidates.lead": max((c.lead for c in problem.candidates), default=0),
        "weights, rewards, of all periods": earned * total_factor(problem),
        **{f"caps.{name}": most for name, most in problem.caps},
        **{f"targets, least of {t.group!r}": t.least for t in problem.targets},
        **{f"capacities, most and use of {name!r}": most for name, most in taken.items()},
        **{f"rings, longest and length of {name!r}": most for name, most in lengths.items()},
    }
