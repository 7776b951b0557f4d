"""Draw closures of small problems by chance, and find the best plan by trying every one."""

from __future__ import annotations

import dataclasses
import math
import random
from fractions import Fraction

from core_drawing import covered_by, dense_problem
from level_drawing import plans

from optimiser.frontier.closures import Closure, Keep


def drawn_closures(seed):
    """Return a problem, closures of candidates and arcs, and what is kept under them."""
    chance, problem = random.Random(f"closures {seed}"), dense_problem(seed)  # noqa: S311 - for drawings
    names, arcs = [c.id for c in problem.candidates], range(len(problem.arcs))
    found = [
        Closure(
            id=f"closure/{i}",
            candidates=tuple(chance.sample(names, chance.choice([0, 1, 1, 2]))),
            arcs=tuple(chance.sample(arcs, min(len(arcs), chance.choice([0, 0, 1, 2])))),
            network=_slower(problem, chance) if chance.random() < 0.3 else None,
        )
        for i in range(chance.randint(1, 8))
    ]
    share = Fraction(chance.randint(1, 10), 10)
    return problem, found, Keep(share=share, counted=chance.choice(["coverage", "gain"]))


def _slower(problem, chance):
    """Return the problem on nodes of another order, with arcs of today that take longer."""
    order = list(range(len(problem.nodes)))
    chance.shuffle(order)
    place = {old: new for new, old in enumerate(order)}
    return problem.replace(
        nodes=tuple(problem.nodes[old] for old in order),
        arcs=tuple((place[a], place[b], seconds + chance.randint(0, 4)) for a, b, seconds in problem.arcs),
        candidates=tuple(
            dataclasses.replace(c, arcs=tuple((place[a], place[b], s) for a, b, s in c.arcs))
            for c in problem.candidates
        ),
        pairs=tuple(
            dataclasses.replace(p, origin=place[p.origin], destination=place[p.destination])
            for p in problem.pairs
        ),
    )


def weight_under(problem, built, closure=None):
    """Return the weight covered, read off the definition of a closure."""
    if closure is not None:
        network = closure.network or problem
        arcs = tuple(arc for i, arc in enumerate(network.arcs) if i not in closure.arcs)
        built, problem = set(built) - set(closure.candidates), network.replace(arcs=arcs)
    both = zip(problem.pairs, covered_by(problem, built), strict=True)
    return sum(pair.weight for pair, yes in both if yes)


def credit(problem, built, found, keep):
    """Return the coverage with which a plan is credited, read off its definition."""
    each = [weight_under(problem, built)]
    for closure in found:
        has, today = weight_under(problem, built, closure), weight_under(problem, (), closure)
        if keep.counted == "coverage":
            each.append(math.floor(has / keep.share))
        else:
            each.append(math.floor((has - today) / keep.share + weight_under(problem, ())))
    return min(each)


def best_credit(problem, found, keep):
    """Return the largest credited coverage of all plans; None where there is no plan."""
    return max((credit(problem, built, found, keep) for built in plans(problem)), default=None)
