"""Say how far uncertain factors move an outcome: indices of Sobol and of Morris, and indices of given data.

An index is that of a factor for one outcome, such as the coverage of a plan. First-order indices say which
share of the variance of the outcome would vanish on average if the factor were known; total indices say which
share would be left if all other factors were known. Without interactions and correlations both are equal
and sum to 1.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from optimiser.engine.search.paths import Floats, Integers
from optimiser.problem.errors import ProblemError

CONFIDENCE = 0.95
"""Confidence of all intervals."""

Z = 1.959963984540054
"""Quantile of the standard normal distribution for two-sided intervals of `CONFIDENCE`."""

RESAMPLES = 1000
"""Resamples of a bootstrap interval."""

SEED = 20261129
"""Seed of the resamples, so that the same outcomes always have the same intervals."""

MOST_CLASSES = 48
"""Largest number of classes into which the values of a factor are divided."""


class Estimate(NamedTuple):
    """An index with its interval of `CONFIDENCE`; nan where it is not defined."""

    value: float
    low: float
    high: float


NOT_DEFINED = Estimate(np.nan, np.nan, np.nan)


def sobol(first: Floats, second: Floats, mixed: Floats) -> list[dict[str, Estimate]]:
    r"""Return the indices of a Saltelli design, with bootstrap intervals over its base points.

    Parameters
    ----------
    first, second
        Outcome [n] at the rows of the two independent samples A and B.
    mixed
        Outcome [d, n]: row i at the rows of A with column i taken from B.

    Returns
    -------
    list of dict
        `first` (first-order index) and `total` of each factor; not defined below two base points.

    Notes
    -----
    First order: Saltelli et al. (2010), Variance based sensitivity analysis of model output, Computer Physics
    Communications 181, table 2 (b); total: Jansen (1999), Analysis of variance designs for model output,
    Computer Physics Communications 117. With outcomes centred at their mean:

    .. math:: S_i = \frac{1}{nV} \sum_j f(B)_j (f(A_B^i)_j - f(A)_j), \quad
              T_i = \frac{1}{2nV} \sum_j (f(A)_j - f(A_B^i)_j)^2

    `scipy.stats.sobol_indices` gives the same values, but only for n = 2^k: base points with a case that
    failed could not be left out. The intervals are percentiles of a bootstrap over base points, as in Archer,
    Saltelli and Sobol (1997). The indices hold for independent factors.
    """
    a, b, mix = (np.asarray(one, dtype=np.float64) for one in (first, second, mixed))
    centre = np.concatenate([a, b]).mean() if len(a) else 0.0
    a, b, mix = a - centre, b - centre, mix - centre

    def statistic(rows: Integers) -> Floats:
        one, other, between = a[rows], b[rows], mix[:, rows]
        variance = np.var(np.concatenate([one, other], axis=-1), axis=-1)
        order = np.mean(other * (between - one), axis=-1)
        total = 0.5 * np.mean((one - between) ** 2, axis=-1)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.where(variance > 0, np.stack([order, total]) / variance, np.nan))

    return _bootstrapped(statistic, len(a), ("first", "total"), len(mix))


def morris(effects: Floats) -> list[dict[str, Estimate]]:
    """Return what the elementary effects of each factor say, with bootstrap intervals over trajectories.

    Parameters
    ----------
    effects
        Elementary effects [trajectories, d], as `elementary_effects` gives them.

    Returns
    -------
    list of dict
        `mu_star` (mean absolute value) and `sigma` (standard deviation) of the effects of each factor; not
        defined below two trajectories.

    Notes
    -----
    Morris (1991), Factorial sampling plans for preliminary computational experiments, Technometrics 33; the
    mean of absolute values (mu*) is that of Campolongo, Cariboni and Saltelli (2007), Environmental Modelling
    and Software 22. A large standard deviation (sigma) tells of interactions or of a bent response.
    """
    table = np.asarray(effects, dtype=np.float64)
    columns = table.T

    def statistic(rows: Integers) -> Floats:
        drawn = columns[:, rows]
        return np.stack([np.abs(drawn).mean(axis=-1), drawn.std(axis=-1, ddof=1)])

    return _bootstrapped(statistic, len(table), ("mu_star", "sigma"), len(columns))


def elementary_effects(factors: pd.DataFrame, outcome: Floats, trajectory: NDArray[np.object_]) -> Floats:
    """Return by how much each step of each trajectory moves the outcome, a factor's whole range at a time.

    Parameters
    ----------
    factors
        Values of the factors, one row a case in the order of its trajectory; each case differs from the one
        before it in one factor.
    outcome
        One value a case; nan where it is not known.
    trajectory
        Name of the trajectory of each case.

    Returns
    -------
    numpy.ndarray
        float64 [trajectories, factors]: change of the outcome divided by the change of the factor, whose
        levels count from 0 to 1; 0 for a factor whose step leads to the same value. Trajectories with an
        outcome that is not known are left out.

    Raises
    ------
    ProblemError
        Where a step moves several factors, or a trajectory moves one twice.
    """
    # Levels count from 0 to 1: numbers by size, texts in the order of their letters.
    codes = [pd.factorize(factors[name], sort=True)[0].astype(np.float64) for name in factors.columns]
    levels, effects = np.column_stack([code / max(1.0, code.max()) for code in codes]), []
    for number in pd.unique(np.asarray(trajectory)):
        rows = np.flatnonzero(trajectory == number)
        steps, change = np.diff(levels[rows], axis=0), np.diff(outcome[rows])
        if np.any(np.count_nonzero(steps, axis=1) > 1) or np.any(np.count_nonzero(steps, axis=0) > 1):
            raise ProblemError(f"{number} does not move one factor a step, and each factor once")
        if np.all(np.isfinite(change)):
            step, factor = np.nonzero(steps)
            row = np.zeros(levels.shape[1])
            row[factor] = change[step] / steps[step, factor]
            effects.append(row)
    return np.array(effects).reshape(-1, levels.shape[1])


def given_data(values: pd.Series, outcome: Floats) -> Estimate:
    r"""Return the first-order index of a factor from any random design, correlated factors included.

    Parameters
    ----------
    values
        Values of the factor, numbers or texts, one a case.
    outcome
        One value a case.

    Returns
    -------
    Estimate
        Share of the variance between classes; nan where factor or outcome does not vary. A value a little
        below 0 is one of a factor without influence.

    Notes
    -----
    The estimator divides the cases into classes of a factor, as Plischke, Borgonovo and Smith (2013), Global
    sensitivity measures from given data, European Journal of Operational Research 226, whose number of
    classes it takes. With :math:`M` classes of :math:`n_m` of :math:`n` cases,

    .. math:: \eta^2 = \frac{\sum_m n_m (\bar y_m - \bar y)^2}{\sum_j (y_j - \bar y)^2}, \quad
              S = 1 - (1 - \eta^2) \frac{n - 1}{n - M}

    where the second step takes away what chance alone explains (Kelley 1935, An unbiased correlation ratio
    measure, PNAS 21). What the outcome does within a class is missed, so that a wave within a class is not
    seen. The interval is that of the jackknife (Efron and Stein 1981, Annals of Statistics 9). Where factors
    are correlated, each index holds what the factor says together with those that move with it, and the sum
    may exceed 1.
    """
    y = np.asarray(outcome, dtype=np.float64)
    labels = classes_of(values)
    sizes = np.bincount(labels)
    n, count = len(y), len(sizes)
    if count < 2 or n <= count + 1 or np.ptp(y) == 0:
        return NOT_DEFINED
    y = y - y.mean()
    sums = np.bincount(labels, weights=y)
    squares = float(np.sum(y**2))
    value = float(_corrected(np.sum(sums**2 / sizes), squares, n, count))
    # Each case left out once: of all sums only those of its own class and of the whole change.
    left, size = sums[labels] - y, sizes[labels] - 1.0
    own = np.divide(left**2, size, out=np.zeros(n), where=size > 0)
    between = np.sum(sums**2 / sizes) - (sums**2 / sizes)[labels] + own - y**2 / (n - 1)
    within_all = squares - y**2 - y**2 / (n - 1)
    without = _corrected(between, within_all, n - 1, count - (size == 0))
    error = float(np.sqrt((n - 1) / n * np.sum((without - without.mean()) ** 2)))
    return Estimate(value, value - Z * error, value + Z * error)


def _corrected(between: ArrayLike, whole: ArrayLike, n: int, classes: ArrayLike) -> Floats:
    """Return the corrected correlation ratio from sums of squares about the mean: of classes, and of all."""
    whole = np.asarray(whole, dtype=np.float64)
    part = np.divide(between, whole, out=np.ones_like(whole), where=whole > 0)
    return np.asarray(1.0 - (1.0 - part) * (n - 1) / (n - np.asarray(classes)))


def classes_of(values: pd.Series) -> Integers:
    """Return the class of each value of a factor: classes of about equal size, equal values together.

    Parameters
    ----------
    values
        Numbers or texts. Texts, and numbers of no more values than there would be classes, are classes
        themselves.
    """
    n = len(values)
    most = min(MOST_CLASSES, int(np.ceil(n ** (2 / (7 + np.tanh((1500 - n) / 500))))))
    if not pd.api.types.is_numeric_dtype(values) or values.nunique() <= most:
        return np.asarray(pd.factorize(values, sort=True)[0], dtype=np.int64)
    rank = values.rank(method="min").to_numpy() - 1
    return np.asarray(pd.factorize(np.floor(rank * most / n), sort=True)[0], dtype=np.int64)


def _bootstrapped(
    statistic: Callable[[Integers], Floats], n: int, names: tuple[str, str], factors: int
) -> list[dict[str, Estimate]]:
    """Return two statistics of n rows with percentile intervals, by name, for each factor.

    Parameters
    ----------
    statistic
        Takes positions of rows [n] and returns an array [2, d].
    n
        Number of rows; below two nothing is defined.
    names
        Of the statistics.
    factors
        Their number d.
    """
    if n < 2:
        return [dict.fromkeys(names, NOT_DEFINED)] * factors
    value = statistic(np.arange(n))
    random = np.random.default_rng(SEED)
    drawn = np.stack([statistic(random.integers(0, n, n)) for _ in range(RESAMPLES)])
    tail = 50 * (1 - CONFIDENCE)
    low, high = np.percentile(drawn, [tail, 100 - tail], axis=0)
    table = np.stack([value, low, high], axis=-1).swapaxes(0, 1).tolist()
    return [{name: Estimate(*cell) for name, cell in zip(names, row, strict=True)} for row in table]
