"""Say what a sweep over futures means: which links hold, what a plan may lose, and the value of waiting.

The functions take the tables of a sweep: its cases, and the links that the best plan of each case builds. The
first ones say how far uncertain factors move an outcome, such as the coverage of a plan: first-order indices
say which share of the variance of the outcome would vanish on average if a factor were known, total ones
which share would be left if all other factors were known. Without interactions and correlations both are
equal and sum to 1.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from optimiser.engine.search.paths import Floats, Integers

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
    """
    # Levels count from 0 to 1: numbers by size, texts in the order of their letters.
    codes = [pd.factorize(factors[name], sort=True)[0].astype(np.float64) for name in factors.columns]
    levels, effects = np.column_stack([code / max(1.0, code.max()) for code in codes]), []
    for number in pd.unique(np.asarray(trajectory)):
        rows = np.flatnonzero(trajectory == number)
        steps, change = np.diff(levels[rows], axis=0), np.diff(outcome[rows])
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


# ---- links and plans

NEAR = 0.01
"""A plan that falls short of the best of a case by at most this share of it is as good as the best."""

NO_FACTOR = ""
"""Stands for the factor that matters most where none is distinguishable from chance."""

BY_FACTOR = (
    "candidate_id", "factor", "at_low", "share_low", "at_high", "share_high", "difference", "low", "high",
    "is_sure",
)  # fmt: skip
"""Columns of `shares_by_factor`."""


def chosen(cases: pd.Series, case_links: pd.DataFrame) -> pd.DataFrame:
    """Return which links the best plan of each case builds.

    Parameters
    ----------
    cases
        Numbers of the cases that count.
    case_links
        Columns `case` and `candidate_id`, one row a case and link; others are ignored.

    Returns
    -------
    pandas.DataFrame
        bool: index `case` in the order of `cases`, one column a link that some plan builds, sorted by id.
    """
    kept = case_links[case_links["case"].isin(cases)]
    table = pd.crosstab(kept["case"], kept["candidate_id"]).astype(bool)
    return table.reindex(index=pd.Index(cases, name="case"), fill_value=False)


def wilson(successes: ArrayLike, trials: ArrayLike, *, z: float = Z) -> tuple[Floats, Floats]:
    """Return the score interval of a proportion.

    Parameters
    ----------
    successes, trials
        Numbers, whole or not; trials above 0.
    z
        Quantile of the standard normal distribution.

    Notes
    -----
    Wilson (1927), Probable inference, the law of succession, and statistical inference, Journal of the
    American Statistical Association 22. It holds for shares near 0 and 1 too, as Brown, Cai and DasGupta
    (2001), Statistical Science 16, show.
    """
    k, n = np.asarray(successes, dtype=np.float64), np.asarray(trials, dtype=np.float64)
    share = k / n
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return np.maximum(0.0, middle - half), np.minimum(1.0, middle + half)


def shares(built: pd.DataFrame, *, independent: float | None, core_share: float) -> pd.DataFrame:
    """Return in which share of the futures each link is chosen.

    Parameters
    ----------
    built
        As `chosen` returns it.
    independent
        Number of cases that count as independent draws; None: the cases are no sample (a grid, one factor at
        a time), so that a share has no interval.
    core_share
        Least share of a link of the robust core.

    Returns
    -------
    pandas.DataFrame
        One row a link, the highest share first, then by id: `candidate_id`, `chosen` (number of cases that
        build it), `cases`, `share`, `low`, `high` (interval of `wilson`, nan without one), `is_core`.
    """
    count = built.sum(axis=0)
    share = (count / max(1, len(built))).to_numpy(dtype=np.float64)
    low, high = np.full((2, len(share)), np.nan)
    if independent:
        low, high = wilson(share * independent, np.full(len(share), independent))
    table = pd.DataFrame(
        {
            "candidate_id": count.index.astype(str),
            "chosen": count.to_numpy(dtype=np.int64),
            "cases": len(built),
            "share": share,
            "low": low,
            "high": high,
            "is_core": count.to_numpy() >= least_for_core(len(built), core_share),
        }
    )
    return table.sort_values(["share", "candidate_id"], ascending=[False, True], ignore_index=True)


def least_for_core(cases: int, core_share: float) -> int:
    """Return in how many of some cases a link of the robust core is chosen at least; at least 1."""
    # 0.9 times 10 is a little more than 9 in binary.
    return max(1, int(np.ceil(core_share * cases - 1e-9)))


def shares_by_factor(built: pd.DataFrame, factors: pd.DataFrame) -> pd.DataFrame:
    """Return how the share of each link differs between the lowest and the highest third of each factor.

    Parameters
    ----------
    built
        As `chosen` returns it.
    factors
        Values of the factors, one row a case in the same order. Of a factor in words the two values with the
        least and the largest share stand for the thirds.

    Returns
    -------
    pandas.DataFrame
        Columns `BY_FACTOR`, one row a link and factor that varies: what counts as low and high, the shares
        there, their difference with its interval, and whether that leaves out 0. The interval is that of
        Newcombe (1998), Interval estimation for the difference between independent proportions, Statistics
        in Medicine 17, method 10, made wider for the number of factors and values that were compared
        (Bonferroni).
    """
    rows = []
    varying = [name for name in factors.columns if len(factors[name].unique()) > 1]
    for name in varying:
        values = factors[name].to_numpy()
        for link in built.columns:
            one = built[link].to_numpy()
            if pd.api.types.is_numeric_dtype(factors[name]):
                low, high, labels, looked = *_thirds(values.astype(np.float64)), len(varying)
            else:
                low, high, labels, values_compared = _extreme_values(values, one)
                looked = len(varying) * values_compared
            rows.append((link, name, *_difference(one, low, high, labels, looked)))
    return pd.DataFrame(rows, columns=list(BY_FACTOR))


def _thirds(values: Floats) -> tuple[NDArray[np.bool_], NDArray[np.bool_], tuple[str, str]]:
    """Return which values are in the lowest and the highest third, equal ones together, and up to where."""
    floor, ceiling = np.quantile(values, [1 / 3, 2 / 3], method="inverted_cdf")
    if floor == ceiling:  # more than a third of the cases hold the middle value
        is_low, is_high = values < floor, values > ceiling
        if not is_low.any() or not is_high.any():
            is_low, is_high = values == values.min(), values == values.max()
    else:
        is_low, is_high = values <= floor, values >= ceiling
    return is_low, is_high, (f"at most {values[is_low].max():.3g}", f"at least {values[is_high].min():.3g}")


def _extreme_values(
    values: NDArray[np.object_], built: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], tuple[str, str], int]:
    """Return where the two values in words with the extreme shares are, and how many pairs of values."""
    names = sorted(set(map(str, values)))
    texts = np.array([str(value) for value in values])
    means = [float(built[texts == name].mean()) for name in names]
    low, high = names[int(np.argmin(means))], names[len(names) - 1 - int(np.argmax(means[::-1]))]
    if low == high:  # all shares are equal
        low, high = names[0], names[-1]
    return texts == low, texts == high, (low, high), len(names) * (len(names) - 1) // 2


def _difference(
    built: NDArray[np.bool_],
    low: NDArray[np.bool_],
    high: NDArray[np.bool_],
    labels: tuple[str, str],
    compared: int,
) -> tuple[object, ...]:
    z = float(ndtri(1 - (1 - CONFIDENCE) / (2 * compared)))
    first, second = float(built[low].mean()), float(built[high].mean())
    (low_1, high_1), (low_2, high_2) = (
        map(float, wilson(built[part].sum(), part.sum(), z=z)) for part in (low, high)
    )
    difference = second - first
    under = difference - np.hypot(second - low_2, high_1 - first)
    over = difference + np.hypot(high_2 - second, first - low_1)
    return labels[0], first, labels[1], second, difference, under, over, bool(under > 0 or over < 0)


def deciding_factors(by_factor: pd.DataFrame) -> pd.Series:
    """Return the factor that moves the share of each link most, `NO_FACTOR` where none is sure.

    Parameters
    ----------
    by_factor
        As `shares_by_factor` returns it.
    """
    names = by_factor["candidate_id"].unique()
    sure = by_factor[by_factor["is_sure"]]
    order = sure["difference"].abs().sort_values(ascending=False, kind="stable").index
    first = sure.loc[order].drop_duplicates("candidate_id")
    return first.set_index("candidate_id")["factor"].reindex(names, fill_value=NO_FACTOR)


class Band(NamedTuple):
    """Quantiles of a value over futures."""

    p05: float
    p50: float
    p95: float


def band(values: ArrayLike) -> Band:
    """Return the band in which nine of ten futures lie, with its middle; nan without values."""
    known = np.asarray(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    if not known.size:
        return Band(np.nan, np.nan, np.nan)
    return Band(*np.quantile(known, [0.05, 0.5, 0.95]).tolist())


class Plans(NamedTuple):
    """What fixed plans reach in the futures.

    Attributes
    ----------
    numbers
        Numbers of the plans.
    weight
        float64 [plans, cases]: covered weight.
    fits
        bool [plans, cases]: whether the plan keeps to the budget and the other limits of the case.
    best
        float64 [cases]: weight of the best plan known for the case, these plans included where they fit.
    today
        float64 [cases]: weight that is covered without a plan.
    """

    numbers: tuple[int, ...]
    weight: Floats
    fits: NDArray[np.bool_]
    best: Floats
    today: Floats


def plans_of(table: pd.DataFrame, cases: pd.DataFrame) -> Plans:
    """Collect what fixed plans reach.

    Parameters
    ----------
    table
        One row a plan and case: `plan`, `case`, `weight`, `fits`.
    cases
        Cases that count: `case`, `weight_best`, `weight_today`.
    """
    known = table.assign(fits=table["fits"].astype(np.float64))
    wide = known.pivot_table(index="plan", columns="case", values=["weight", "fits"], aggfunc="first")
    weight, fits = (wide[name][cases["case"]].to_numpy(dtype=np.float64) for name in ("weight", "fits"))
    fitting = np.where(fits > 0, weight, -np.inf).max(axis=0, initial=-np.inf)
    best, today = (cases[f"weight_{name}"].to_numpy(dtype=np.float64) for name in ("best", "today"))
    return Plans(tuple(wide.index.tolist()), weight, fits > 0, np.maximum(best, fitting), today)


def regret(plans: Plans) -> pd.DataFrame:
    """Return what each plan falls short of the best plan of the case, over the cases that it fits.

    Parameters
    ----------
    plans
        As `plans_of` returns it.

    Returns
    -------
    pandas.DataFrame
        One row a plan: `plan`, `cases` (number), `expected` (mean weight over all cases where nothing of the
        plan is built that does not fit), `fits` (share of the cases that it fits); over those `mean` and
        `largest` regret in weight, `near` (share of cases within `NEAR` of the best), and `share_mean` and
        `share_largest` of regret as shares of the best; nan where it fits none. The criterion of the largest
        regret is that of Savage (1951), The theory of statistical decision, Journal of the American
        Statistical Association 46.
    """
    rows = []
    for number, weight, fits in zip(plans.numbers, plans.weight, plans.fits, strict=True):
        short = (plans.best - weight)[fits]
        part = short / np.maximum(plans.best[fits], 1.0)
        figures = (
            (short.mean(), short.max(), float(np.mean(part <= NEAR)), part.mean(), part.max())
            if short.size
            else (np.nan,) * 5
        )
        expected = np.where(fits, weight, plans.today).mean()
        rows.append((number, len(fits), float(expected), float(fits.mean()), *map(float, figures)))
    names = ("plan", "cases", "expected", "fits", "mean", "largest", "near", "share_mean", "share_largest")
    return pd.DataFrame(rows, columns=list(names))


class Waiting(NamedTuple):
    """The expected value of perfect information.

    Attributes
    ----------
    plan
        Number of the fixed plan with the highest mean.
    best
        Mean weight where each case has its best plan.
    fixed
        Mean weight of that fixed plan.
    value
        Their difference, with the interval of a mean of paired differences.
    """

    plan: int
    best: float
    fixed: float
    value: Estimate


def value_of_waiting(plans: Plans, *, overruns_are_paid: bool) -> Waiting:
    """Return the expected value of knowing the future before the plan is chosen.

    Parameters
    ----------
    plans
        As `plans_of` returns it; at least one plan and case.
    overruns_are_paid
        True: a plan is built whatever it costs in the case, and counts at most as much as the best plan of
        the case. False: where the plan does not fit, nothing of it is built.

    Notes
    -----
    Raiffa and Schlaifer (1961), Applied statistical decision theory, chapter 4: mean of the best less the
    best of the means. Only the plans given are tried as fixed plans, so that the value is an upper estimate:
    another plan may do better on average.
    """
    built = np.where(plans.fits, plans.weight, plans.today)
    if overruns_are_paid:
        built = np.minimum(plans.weight, plans.best)
    at = int(np.argmax(built.mean(axis=1)))
    best, fixed = float(plans.best.mean()), float(built[at].mean())
    return Waiting(plans.numbers[at], best, fixed, _mean(plans.best - built[at]))


def _mean(differences: Floats) -> Estimate:
    """Return the mean of paired differences with its normal interval; nan without any."""
    if not differences.size:
        return NOT_DEFINED
    mean = float(differences.mean())
    spread = float(differences.std(ddof=1)) if differences.size > 1 else np.nan
    error = Z * spread / float(np.sqrt(differences.size))
    return Estimate(mean, mean - error, mean + error)


class Commitment(NamedTuple):
    """The cost of committing to some links now, while all others are chosen once the future is known.

    Attributes
    ----------
    cases
        Number of cases in which the links can be built.
    possible
        Their share of all cases.
    loss
        Mean weight that is lost in them, with the interval of a mean of paired differences.
    largest
        Largest weight that is lost.
    best
        Mean weight of the best plans of these cases.
    """

    cases: int
    possible: float
    loss: Estimate
    largest: float
    best: float


def cost_of_commitment(best: pd.Series, committed: pd.Series) -> Commitment:
    """Return what the best plan of a case loses by having to build some links.

    Parameters
    ----------
    best
        Weight of the best plan of each case, by case.
    committed
        The same where the links must be built; missing or nan where there is no such plan.

    Notes
    -----
    Both plans are known within their gaps, so that a loss smaller than the gap is not significant.
    """
    both = pd.DataFrame({"best": best, "with": committed.reindex(best.index)}).astype(np.float64).dropna()
    loss = (both["best"] - both["with"]).to_numpy()
    most, mean = (float(loss.max()), float(both["best"].mean())) if loss.size else (np.nan, np.nan)
    return Commitment(len(loss), len(loss) / max(1, len(best)), _mean(loss), most, mean)
