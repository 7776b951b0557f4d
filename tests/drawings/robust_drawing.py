"""Draw futures of small problems by chance, and find robust plans by trying every plan in every future."""

from __future__ import annotations

import dataclasses
import itertools
import random
from fractions import Fraction

from core_drawing import covered_by, dense_problem

from optimiser.frontier.robust import Scenario

SHARES = (Fraction(0), Fraction(3, 10), Fraction(6, 10), Fraction(9, 10))


def futures(seed, *, demands=False):
    """Draw a base with a budget and two to four scenarios; the same seed, the same futures."""
    chance = random.Random(f"futures {seed}")  # noqa: S311 - chance for drawings, no secret
    drawn = dense_problem(seed)
    total = sum(c.cost for c in drawn.candidates)
    kept = drawn.candidates[:7]
    names = {c.id for c in kept}
    base = drawn.replace(
        candidates=tuple(dataclasses.replace(c, fixed=None) for c in kept),
        budget=int(total * chance.uniform(0.2, 0.6)),
        cover="all",
        capacities=tuple(
            dataclasses.replace(row, use=use)
            for row in drawn.capacities
            if (use := tuple((name, units) for name, units in row.use if name in names))
        ),
        excludes=tuple(two for two in drawn.excludes if set(two) <= names),
        requires=tuple(two for two in drawn.requires if set(two) <= names),
    )
    if not demands:
        base = base.replace(cities=(), targets=())
    scenarios = []
    for number in range(chance.randint(2, 4)):
        known = scenarios[-1].problem if scenarios and chance.random() < 0.3 else None
        problem = _future(base, chance) if known is None else _repriced(known, chance)
        scenarios.append(Scenario(name=f"s{number}", problem=problem, weight=chance.choice([1, 1, 2, 5])))
    return base, scenarios


def _future(base, chance):
    """Return the base with other times, limits and weights of pairs, prices and failures."""

    def timed(arcs):
        return tuple((t, h, max(1, round(s * chance.uniform(0.6, 1.5)))) for t, h, s in arcs)

    candidates = tuple(
        dataclasses.replace(c, arcs=timed(c.arcs), fixed="out" if chance.random() < 0.08 else None)
        for c in base.candidates
    )
    pairs = tuple(
        dataclasses.replace(p, limit=p.limit + chance.randint(-1, 2), weight=p.weight + chance.randint(0, 2))
        for p in base.pairs
    )
    return _repriced(base.replace(arcs=timed(base.arcs), candidates=candidates, pairs=pairs), chance)


def _repriced(problem, chance):
    """Return a problem on the same network with other prices and another budget."""
    candidates = tuple(
        dataclasses.replace(c, cost=round(c.cost * chance.uniform(0.7, 1.8))) for c in problem.candidates
    )
    budget = round(problem.budget * chance.uniform(0.8, 1.4))
    return problem.replace(candidates=candidates, budget=budget)


def plans(base):
    """Return every set of candidates."""
    names = sorted(c.id for c in base.candidates)
    return [set(few) for size in range(len(names) + 1) for few in itertools.combinations(names, size)]


def spent(problem, built, instrument=None):
    return sum(
        c.cost
        for c in problem.candidates
        if c.id in built and (instrument is None or c.instrument == instrument)
    )


def pays(problem, built):
    """Say whether a plan keeps the budget and the caps of a problem at its prices."""
    caps = all(spent(problem, built, instrument) <= most for instrument, most in problem.caps)
    return spent(problem, built) <= problem.budget and caps


def pays_on_average(scenarios, built):
    """Say whether a plan keeps the mean budget, and each mean cap, at the mean prices."""

    def mean(value):
        return Fraction(sum(s.weight * value(s.problem) for s in scenarios), len(scenarios))

    caps = dict(scenarios[0].problem.caps)
    return mean(lambda p: spent(p, built) - p.budget) <= 0 and all(
        mean(lambda p, i=instrument: spent(p, built, i) - dict(p.caps)[i]) <= 0 for instrument in caps
    )


def fits(base, scenarios, built, afford="all"):
    """Say whether a plan may be built, whatever it covers."""
    related = all(
        not any({a, b} <= built for a, b in p.excludes)
        and all(b in built for a, b in p.requires if a in built)
        and all(sum(u for name, u in row.use if name in built) <= row.most for row in p.capacities)
        for p in (base, *(s.problem for s in scenarios))
    )
    if not related:
        return False
    if afford == "expected":
        return pays_on_average(scenarios, built)
    problems = [base, *(s.problem for s in scenarios)] if afford == "all" else [base]
    return all(pays(problem, built) for problem in problems)


def covered_in(scenario, built):
    """Say which pairs are covered in a scenario, where what fails there opens nothing."""
    failed = {c.id for c in scenario.problem.candidates if c.fixed == "out"}
    return covered_by(scenario.problem, built - failed)


def worth(scenario, built):
    """Return the weight of the pairs that a plan covers in a scenario."""
    covered = covered_in(scenario, built)
    return sum(p.weight for p, yes in zip(scenario.problem.pairs, covered, strict=True) if yes)


def objective(scenario, built):
    """Return the weight of pairs and cities in a scenario; None where a target is missed."""
    covered, problem = covered_in(scenario, built), scenario.problem
    city = [sum(covered[k] for k in c.pairs) >= c.need for c in problem.cities]
    counted = [("pairs", p, yes) for p, yes in zip(problem.pairs, covered, strict=True)]
    counted += [("cities", c, yes) for c, yes in zip(problem.cities, city, strict=True)]
    for target in problem.targets:
        reached = sum(
            one.weight for of, one, yes in counted if yes and (of, one.group) == (target.of, target.group)
        )
        if reached < target.least:
            return None
    return sum(one.weight for _, one, yes in counted if yes)


def everything(base):
    return {c.id for c in base.candidates}


def best_expected(base, scenarios, afford="all", least=None):
    """Return the largest expected objective; None where no plan keeps all demands."""
    found = []
    for built in plans(base):
        if not fits(base, scenarios, built, afford):
            continue
        values = [objective(s, built) for s in scenarios]
        if None in values or (least and any(v < w for v, w in zip(values, least, strict=True))):
            continue
        found.append(sum(s.weight * v for s, v in zip(scenarios, values, strict=True)))
    return max(found, default=None)


def best_count(base, scenarios, need, afford="all"):
    """Return the largest weight of pairs covered in at least so many scenarios."""
    found = []
    for built in plans(base):
        if fits(base, scenarios, built, afford):
            times = [sum(column) for column in zip(*(covered_in(s, built) for s in scenarios), strict=True)]
            found.append(sum(p.weight for p, n in zip(base.pairs, times, strict=True) if n >= need))
    return max(found)


def best_share(base, scenarios, steps, afford="all"):
    """Return the largest share, in steps, of the coverable weight that one plan covers in every scenario."""
    ever = [worth(s, everything(base)) for s in scenarios]
    found = []
    for built in plans(base):
        if fits(base, scenarios, built, afford):
            rows = zip(scenarios, ever, strict=True)
            found.append(min((worth(s, built) * steps // e if e else steps) for s, e in rows))
    return max(found)


def best_alone(scenario):
    """Return the largest weight of a plan that has to serve one scenario only."""
    return max(worth(scenario, built) for built in plans(scenario.problem) if fits_alone(scenario, built))


def fits_alone(scenario, built):
    failed = {c.id for c in scenario.problem.candidates if c.fixed == "out"}
    return not built & failed and fits(scenario.problem, [], built)


def least_regret(base, scenarios, afford="all"):
    """Return the smallest largest regret over the scenarios."""
    best = [best_alone(s) for s in scenarios]
    return min(
        max(b - worth(s, built) for s, b in zip(scenarios, best, strict=True))
        for built in plans(base)
        if fits(base, scenarios, built, afford)
    )


def best_of_own(base, may):
    """Return the largest objective of the plans of the base that may be built; None where there is none."""
    own = Scenario(name="base", problem=base)
    built = (one for one in plans(base) if fits(base, (), one, "base") and may(one))
    return max((value for one in built if (value := objective(own, one)) is not None), default=None)
