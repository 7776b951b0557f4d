"""Design the cases of a sweep: distributions of factors, and tables of the values that they take together."""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import scipy
from scipy.special import ndtr, ndtri

from optimiser.engine.search.paths import Floats
from optimiser.job import model
from optimiser.problem.errors import ProblemError

type Value = float | str

TAIL = 0.1
"""One at a time, each factor takes the values that it falls short of, and exceeds, with this probability."""
INDEPENDENT: Mapping[str, str] = {
    "grid": "a grid joins every value of one factor with every value of the others",
    "one-at-a-time": "all other factors stay as the job has them",
    "saltelli": "the indices that it is made for share out a variance between independent factors",
    "morris": "each step of a trajectory changes one factor and keeps the others",
}
"""Designs that take no correlations, each with the reason."""
_NORMAL = NormalDist()
_ROUNDING = 1e-9
"""Eigenvalues of a correlation matrix down to minus this count as 0."""


@dataclass(frozen=True, slots=True)
class Factor:
    """Something uncertain: a column of the table of cases.

    Attributes
    ----------
    given
        What it may be, as a job says it; of a choice each value has its chance.
    central
        Its value in the job itself.
    """

    given: model.Factor
    central: Value

    @property
    def id(self) -> str:
        """Return its name, unlike all others."""
        return self.given.id


def quantile(own: model.Factor, chance: float) -> Value:
    """Return the value that is not exceeded with a probability, above 0 and below 1.

    Of a choice that is the value reached when probabilities are added up to this one, in order. What lies
    beyond the bounds of a normal or lognormal distribution takes the bound; the mean and deviation of a
    lognormal one are those of the value itself.
    """
    low, mode, high, mean, deviation = (
        value or 0.0 for value in (own.low, own.mode, own.high, own.mean, own.deviation)
    )
    match own.distribution:
        case "uniform":
            return low + chance * (high - low)
        case "triangular":
            width, left = high - low, mode - low
            up, down = math.sqrt(chance * width * left), math.sqrt((1 - chance) * width * (high - mode))
            return low + up if chance * width <= left else high - down
        case "choice":
            reached = zip(own.choices, itertools.accumulate(own.chances), strict=True)
            return next((value for value, sum_ in reached if chance < sum_), own.choices[-1])
        case "normal":
            value = mean + deviation * _NORMAL.inv_cdf(chance)
        case _:
            spread = math.sqrt(math.log(1 + (deviation / mean) ** 2))
            value = mean * math.exp(spread * _NORMAL.inv_cdf(chance) - spread**2 / 2)
    value = value if own.low is None else max(value, own.low)
    return value if own.high is None else min(value, own.high)


@dataclass(frozen=True, slots=True)
class Block:
    """Rows of a table that belong together.

    Attributes
    ----------
    name
        `A`, `B` and `AB:<factor>` of a Saltelli design, `trajectory <n>` of a Morris design, else the design.
    first, count
        Number of its first case, and of its cases.
    """

    name: str
    first: int
    count: int


@dataclass(frozen=True, slots=True)
class Table:
    """The values of all factors in all cases.

    Attributes
    ----------
    factors
        The factors, one a column.
    rows
        Values in each case. Case 0 is the job itself, with every factor at its central value.
    blocks
        Which cases belong together, from case 1 on.
    """

    factors: tuple[Factor, ...]
    rows: tuple[tuple[Value, ...], ...]
    blocks: tuple[Block, ...]


def table(factors: Sequence[Factor], plan: model.Sweep) -> Table:
    """Return the cases of a design.

    Parameters
    ----------
    factors
        What is uncertain.
    plan
        Which design, how large, and what goes together: the correlation of the normal scores of the quantiles
        of two factors; pairs that are not named are independent. `cases` is the number beside the job
        itself; for `grid` and `one-at-a-time` the largest that is accepted, for `saltelli` and `morris` the
        number that is not exceeded. `levels` are the values of each factor in a grid, and of the grid on
        which trajectories run; those of a `Choice` in a grid are its own.

    Raises
    ------
    ProblemError
        When there are no factors, the design does not take correlations, these contradict each other, or
        the size does not suit the design.

    Notes
    -----
    Correlations are those of a Gaussian copula: quantiles become normal scores, which a root of the matrix
    mixes, and become quantiles again. In a Latin hypercube each factor then keeps its strata, in
    the order of the mixed scores (Iman and Conover 1982, A distribution-free approach to inducing rank
    correlation among input variables).
    """
    if not factors:
        raise _refusal("a sweep needs at least one factor", "sweep")
    if plan.design not in INDEPENDENT:
        _root(_matrix(factors, plan.correlations), factors)  # refuses those that contradict each other
    elif plan.correlations:
        raise _refusal(
            f"the design {plan.design} takes no correlations: {INDEPENDENT[plan.design]}",
            "sweep.correlations",
            "Choose latin-hypercube, sobol or monte-carlo, or leave the correlations out.",
        )
    central, blocks = tuple(factor.central for factor in factors), tuple[Block, ...]()
    if plan.design == "one-at-a-time":
        rows = [
            (*central[:at], end, *central[at + 1 :])
            for at, factor in enumerate(factors)
            for end in _values(factor, (TAIL, 1 - TAIL))
            if end != factor.central
        ]
    elif plan.design == "grid":
        # One from the middle of each of some equally likely parts.
        middles = [(level + 0.5) / plan.levels for level in range(plan.levels)]
        rows = list(itertools.product(*(_values(factor, middles) for factor in factors)))
    else:
        chances, blocks = _chances(factors, plan)
        rows = [
            tuple(_quantile(one, float(chance)) for one, chance in zip(factors, row, strict=True))
            for row in chances
        ]
    if plan.design in ("grid", "one-at-a-time") and len(rows) > plan.cases:
        raise _refusal(
            f"the design {plan.design} of {len(factors)} factors has {len(rows):,} cases, more than the "
            f"{plan.cases:,} of sweep.cases",
            "sweep.cases",
            "Raise sweep.cases, lower sweep.levels, or choose latin-hypercube.",
        )
    return Table(tuple(factors), (central, *rows), blocks or (Block(plan.design, 1, len(rows)),))


def _refusal(fault: str, where: str, remedy: str = "", faults: Sequence[str] = ()) -> ProblemError:
    return ProblemError(fault, where=where, faults=faults, done="No case was made.", remedy=remedy)


def _quantile(factor: Factor, chance: float) -> Value:
    """Return a value of a factor with six digits, so that the last bits of a library change no case."""
    value = quantile(factor.given, chance)
    return value if isinstance(value, str) else float(f"{value:.6g}")


def _values(factor: Factor, chances: Sequence[float]) -> tuple[Value, ...]:
    """Return the values of a factor with some probabilities; of a choice all that it has."""
    return factor.given.choices or tuple(_quantile(factor, one) for one in chances)


def _chances(factors: Sequence[Factor], plan: model.Sweep) -> tuple[Floats, tuple[Block, ...]]:
    """Return the quantiles of each factor, one row a case, and the blocks of a design that has several."""
    count = len(factors)
    match plan.design:
        case "saltelli":
            return _saltelli([factor.id for factor in factors], plan)
        case "morris":
            return _morris(count, plan)
        case "latin-hypercube":
            strata = scipy.stats.qmc.LatinHypercube(count, rng=plan.seed).random(plan.cases)
            mixed = _mixed(strata, factors, plan.correlations)
            if not plan.correlations:
                return strata, ()
            # Each column of strata in the order of that of the correlated draws.
            ranks = np.argsort(np.argsort(mixed, axis=0, kind="stable"), axis=0, kind="stable")
            return np.take_along_axis(np.sort(strata, axis=0), ranks, axis=0), ()
        case "sobol":
            return _mixed(_sobol(count, plan.cases, plan.seed), factors, plan.correlations), ()
        case _:
            drawn = _inside(np.random.default_rng(plan.seed).random((plan.cases, count)))
            return _mixed(drawn, factors, plan.correlations), ()


def _sobol(count: int, points: int, seed: int) -> Floats:
    if points & (points - 1):
        below = 1 << (points.bit_length() - 1)
        fault = f"a Sobol sequence is balanced at powers of two, and {points} is none"
        raise _refusal(fault, "sweep.cases", f"Choose {below} or {2 * below} cases.")
    return _inside(
        scipy.stats.qmc.Sobol(count, scramble=True, rng=seed).random_base2(points.bit_length() - 1)
    )


def _inside(chances: Floats) -> Floats:
    """Return probabilities that are neither 0 nor 1, where a distribution may have no quantile."""
    return np.clip(chances, 2.0**-53, 1 - 2.0**-53)


def _saltelli(ids: Sequence[str], plan: model.Sweep) -> tuple[Floats, tuple[Block, ...]]:
    """Return the matrices A and B, and for each factor A with the column of that factor from B.

    Saltelli et al. 2010, Variance based sensitivity analysis of model output, table 2; A and B are the
    halves of one Sobol sequence.
    """
    count, size = len(ids), plan.cases // (len(ids) + 2)
    if size < 2:
        needs = f"needs {2 * (count + 2)} cases, better some thousand"
        remedy = "Raise sweep.cases, or choose morris."
        raise _refusal(f"the design saltelli of {count} factors {needs}", "sweep.cases", remedy)
    size = 1 << (size.bit_length() - 1)
    both = _sobol(2 * count, size, plan.seed)
    first, second = both[:, :count], both[:, count:]
    mixed = []
    for at in range(count):
        one = first.copy()
        one[:, at] = second[:, at]
        mixed.append(one)
    names = ["A", "B", *(f"AB:{name}" for name in ids)]
    blocks = tuple(Block(name, 1 + size * at, size) for at, name in enumerate(names))
    return np.vstack([first, second, *mixed]), blocks


def _morris(count: int, plan: model.Sweep) -> tuple[Floats, tuple[Block, ...]]:
    """Return trajectories that change one factor after the other by half of its range.

    Morris 1991, Factorial sampling plans for preliminary computational experiments. The grid has `levels`
    values a factor, the middles of equally likely parts, so that no value lies at the end of a tail.
    """
    size, half = plan.cases // (count + 1), plan.levels // 2
    if size < 1 or plan.levels % 2:
        fault = f"{count + 1} cases a trajectory" if size < 1 else "an even number of levels"
        where, remedy = ("cases", "Raise sweep.cases.") if size < 1 else ("levels", "Choose 4.")
        raise _refusal(f"the design morris of {count} factors needs {fault}", f"sweep.{where}", remedy)
    rng, rows = np.random.default_rng(plan.seed), []
    for _ in range(size):
        place, order = rng.integers(plan.levels, size=count), rng.permutation(count)
        rows.append(place)
        for at in order:
            place = place.copy()
            place[at] += half if place[at] < half else -half
            rows.append(place)
    steps = count + 1
    blocks = tuple(Block(f"trajectory {n + 1}", 1 + n * steps, steps) for n in range(size))
    return (np.array(rows, dtype=np.float64) + 0.5) / plan.levels, blocks


# ---- correlations


def _matrix(factors: Sequence[Factor], correlations: Sequence[model.Correlated]) -> Floats:
    place = {factor.id: at for at, factor in enumerate(factors)}
    found, seen, faults = np.eye(len(factors)), set[frozenset[str]](), []
    for one in correlations:
        ends = frozenset(one.factors)
        unknown = sorted(ends - place.keys())
        faults += [f"there is no factor '{name}'" for name in unknown]
        if len(ends) < 2 or ends in seen:
            what = "is named with itself" if len(ends) < 2 else f"and '{one.factors[1]}' are given twice"
            faults.append(f"'{one.factors[0]}' {what}")
        seen.add(ends)
        if not unknown:
            row, column = (place[name] for name in one.factors)
            found[row, column] = found[column, row] = one.value
    if faults:
        remedy = f"Factors: {', '.join(place)}."
        raise _refusal("correlations cannot be used", "sweep.correlations", remedy, faults)
    return found


def _root(matrix: Floats, factors: Sequence[Factor]) -> Floats:
    """Return a root R of a correlation matrix R R^T: the Cholesky factor, or of a singular one another root.

    Raises
    ------
    ProblemError
        When the matrix is not positive semidefinite. It names pairs up to the first factor at which the
        leading part is not: those on which the vector of negative variance rests.
    """
    for size in range(1, len(matrix) + 1):  # the first factors that cannot go together are named
        part = matrix[:size, :size]
        values, vectors = np.linalg.eigh(part)
        if values[0] >= -_ROUNDING:
            continue
        weight = np.abs(np.outer(vectors[:, 0], vectors[:, 0]))
        rests = np.triu((part != 0) & (weight > math.sqrt(_ROUNDING)), 1)
        raise _refusal(
            "correlations contradict each other: no numbers go together like that "
            f"(least eigenvalue {values[0]:.3g})",
            "sweep.correlations",
            "Bring one of these nearer to what the others imply.",
            [f"{factors[a].id} and {factors[b].id}: {part[a, b]:g}" for a, b in np.argwhere(rests)],
        )
    if values[0] > _ROUNDING:
        return np.linalg.cholesky(matrix)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))


def _mixed(chances: Floats, factors: Sequence[Factor], correlations: Sequence[model.Correlated]) -> Floats:
    if not correlations:
        return chances
    scores = ndtri(_inside(chances)) @ _root(_matrix(factors, correlations), factors).T
    return _inside(ndtr(scores))
