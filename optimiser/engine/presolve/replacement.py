"""Leave out candidates that another one replaces in every minimal set of every pair."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from optimiser.engine.presolve.dominance import Rows
from optimiser.engine.presolve.families import Families, minimal_sets
from optimiser.engine.presolve.stage import Stage, without
from optimiser.engine.presolve.useful import uses
from optimiser.problem import DesignProblem

type Sets = list[frozenset[str]]


def drop_replaced(stage: Stage, families: Families | None = None) -> Stage:
    """Leave out candidates that another one replaces wherever a pair needs them.

    Proof. Candidate i replaces j when c_i <= c_j, when no row minds (as in `drop_dominated`), and when for
    each minimal set S with j of each pair the set of the pair S without j and with i holds a minimal set T.
    A plan with j that covers the pair holds a minimal set; if j is in it, the plan without j and with i holds
    T, else that set itself. So this plan, which costs no more and breaks no row, covers no less. Candidates
    leave one at a time, and T is a set of candidates that are still there, so the argument holds for all of
    them. Tie rule: as in `drop_dominated`. A candidate that a pair with unknown sets can use stays.

    Parameters
    ----------
    stage
        Any stage after `close_pairs`.
    families
        Its minimal sets, where they are known already.
    """
    problem = stage.problem
    families = minimal_sets(problem) if families is None else families
    rows, gone = Rows(problem), set[str]()
    holding = _holding(families)
    unknown = _unknown(problem, families)
    for candidate in sorted(problem.candidates, key=lambda c: (c.cost, c.id), reverse=True):
        if candidate.id in unknown:
            continue
        others = _replacements(candidate.id, holding[candidate.id], gone)
        if any(rows.allow(candidate, problem.candidates[problem.index[name]]) for name in others):
            gone.add(candidate.id)
    return stage.on(without(problem, gone)) if gone else stage


def _unknown(problem: DesignProblem, families: Families) -> set[str]:
    """Return the candidates that a pair with unknown sets can use."""
    start, use = uses(problem)
    rows = [use[start[k] : start[k + 1]].tolist() for k, family in enumerate(families) if family is None]
    return {problem.candidates[j].id for row in rows for j in row}


def _holding(families: Families) -> Mapping[str, list[Sets]]:
    """Return for each candidate the families of the pairs that have it in a set."""
    found: dict[str, list[Sets]] = defaultdict(list)
    for family in families:
        sets = [frozenset(names) for names in family or ()]
        for name in frozenset[str]().union(*sets):
            found[name].append(sets)
    return found


def _replacements(name: str, families: Iterable[Sets], gone: set[str]) -> set[str]:
    """Return the candidates that replace one in every set; none where it is in no set."""
    found: set[str] | None = None
    for sets in families:
        there = [names for names in sets if names.isdisjoint(gone)]
        for names in there:
            if name in names:
                rest = [other - names for other in there if name not in other]
                fits = {one for others in rest if len(others) == 1 for one in others}
                found = fits if found is None else found & fits
                if not found:
                    return set()
    return found or set()
