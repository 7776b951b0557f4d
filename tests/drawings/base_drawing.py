"""Hold bases of cases for problems that no map was made into."""

from __future__ import annotations

from optimiser.frontier.cases import Base, People


def plain_base(problem, weights=None):
    """Return a base whose cases change what is chosen, never times.

    Parameters
    ----------
    problem
        The problem.
    weights
        Weights of the pairs without the factors of tiers; default those of the problem.
    """
    return Base(
        problem=problem,
        timer=lambda _changes: problem,
        costs={},
        people=People({"a": 1}, {"a": "small"}, (("a", "a"),) * len(problem.pairs)),
        factors=(1,) * len(problem.pairs),
        weights=tuple(pair.weight for pair in problem.pairs) if weights is None else tuple(weights),
    )
