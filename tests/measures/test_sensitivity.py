"""Check the indices against functions whose indices are known, and the intervals by repetition."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from optimiser.measures.uncertainty import classes_of, elementary_effects, given_data, morris, sobol

ISHIGAMI = {"first": (0.3139, 0.4424, 0.0), "total": (0.5576, 0.4424, 0.2437)}
"""Indices for a = 7, b = 0.1 (Ishigami and Homma 1990; Sobol and Levitan 1999)."""

G_COEFFICIENTS = np.array([0.0, 1.0, 4.5, 9.0, 99.0])


def ishigami(x):
    return np.sin(x[0]) + 7 * np.sin(x[1]) ** 2 + 0.1 * x[2] ** 4 * np.sin(x[0])


def sobol_g(u):
    return np.prod((np.abs(4 * u - 2) + G_COEFFICIENTS[:, None]) / (1 + G_COEFFICIENTS[:, None]), axis=0)


def g_indices():
    part = 1 / (3 * (1 + G_COEFFICIENTS) ** 2)
    whole = np.prod(1 + part) - 1
    total = [v * np.prod(np.delete(1 + part, i)) / whole for i, v in enumerate(part)]
    return part / whole, np.array(total)


def saltelli(function, d, n, *, scramble=1):
    """Return the outcomes of a Saltelli design of a function of the unit cube."""
    points = scipy.stats.qmc.Sobol(2 * d, rng=scramble).random(n).T
    a, b = points[:d], points[d:]
    mixed = []
    for i in range(d):
        between = a.copy()
        between[i] = b[i]
        mixed.append(function(between))
    return function(a), function(b), np.array(mixed)


def scaled(u):
    return ishigami(np.pi * (2 * u - 1))


def test_the_indices_of_ishigami_are_those_of_the_literature():
    found = sobol(*saltelli(scaled, 3, 4096))
    assert [one["first"].value for one in found] == pytest.approx(ISHIGAMI["first"], abs=0.02)
    assert [one["total"].value for one in found] == pytest.approx(ISHIGAMI["total"], abs=0.02)
    for one, first, total in zip(found, *ISHIGAMI.values(), strict=True):
        assert one["first"].low <= first <= one["first"].high
        assert one["total"].low <= total <= one["total"].high


def test_the_indices_of_the_g_function_are_those_of_its_formula():
    found = sobol(*saltelli(sobol_g, 5, 8192))
    first, total = g_indices()
    assert [one["first"].value for one in found] == pytest.approx(first, abs=0.02)
    assert [one["total"].value for one in found] == pytest.approx(total, abs=0.02)


def test_the_indices_equal_those_of_scipy():
    a, b, mixed = saltelli(scaled, 3, 256)
    theirs = scipy.stats.sobol_indices(
        func={"f_A": a[None], "f_B": b[None], "f_AB": mixed[:, None]},
        n=256,
        dists=[scipy.stats.uniform(-np.pi, 2 * np.pi)] * 3,
    )
    found = sobol(a, b, mixed)
    assert [one["first"].value for one in found] == pytest.approx(theirs.first_order.ravel())
    assert [one["total"].value for one in found] == pytest.approx(theirs.total_order.ravel())


def test_an_outcome_that_does_not_vary_has_no_indices():
    found = sobol(np.ones(8), np.ones(8), np.ones((2, 8)))
    assert all(np.isnan(value) for one in found for estimate in one.values() for value in estimate)


def trajectories(function, count, d, *, levels=4, seed=5):
    """Return a Morris design in the unit cube with its outcomes."""
    random = np.random.default_rng(seed)
    step, rows, number = levels / (2 * (levels - 1)), [], []
    for t in range(count):
        point = random.integers(0, levels // 2, d) / (levels - 1)
        rows.append(point.copy())
        for i in random.permutation(d):
            point[i] += step
            rows.append(point.copy())
        number += [f"trajectory {t}"] * (d + 1)
    table = pd.DataFrame(rows, columns=[f"x{i}" for i in range(d)])
    return table, function(table.to_numpy().T), np.array(number)


def test_elementary_effects_of_a_linear_function_are_its_slopes():
    slopes = np.array([3.0, -2.0, 0.0])
    effects = elementary_effects(*trajectories(lambda x: slopes @ x, 10, 3))
    assert effects == pytest.approx(np.tile(slopes, (10, 1)))
    found = morris(effects)
    assert [one["mu_star"].value for one in found] == pytest.approx(abs(slopes))
    assert [one["sigma"].value for one in found] == pytest.approx([0, 0, 0], abs=1e-12)


def test_interaction_shows_in_the_standard_deviation_alone():
    found = morris(elementary_effects(*trajectories(lambda x: x[0] + 4 * x[1] * x[2], 200, 3)))
    assert found[0]["sigma"].value == pytest.approx(0, abs=1e-9)
    assert found[1]["sigma"].value > 0.5
    # The mean effect of x1 is 4 E(x2) = 2.
    assert found[1]["mu_star"].low < 2 < found[1]["mu_star"].high


def test_trajectories_with_an_unknown_outcome_are_left_out():
    table, outcome, number = trajectories(lambda x: x.sum(axis=0), 3, 2)
    outcome[4] = np.nan
    assert elementary_effects(table, outcome, number).shape == (2, 2)


def test_a_step_to_the_same_value_has_no_effect():
    table = pd.DataFrame({"a": [0.0, 1.0, 1.0], "kind": ["x", "x", "x"]})
    effects = elementary_effects(table, np.array([5.0, 8.0, 8.0]), np.array(["trajectory 1"] * 3))
    assert effects.tolist() == [[3.0, 0.0]]


def test_given_data_of_a_linear_function_with_a_known_share():
    random = np.random.default_rng(3)
    x, z = random.uniform(size=(2, 20_000))
    found = given_data(pd.Series(x), 2 * x + z)
    assert found.value == pytest.approx(0.8, abs=0.01)
    assert found.high - found.low < 0.02


def test_given_data_of_ishigami_on_a_large_sample():
    points = np.random.default_rng(4).uniform(-np.pi, np.pi, (3, 50_000))
    found = [given_data(pd.Series(x), ishigami(points)).value for x in points]
    assert found == pytest.approx(ISHIGAMI["first"], abs=0.02)


def test_a_factor_without_influence_has_an_index_around_zero():
    random = np.random.default_rng(6)
    found = [given_data(pd.Series(random.uniform(size=60)), random.normal(size=60)).value for _ in range(400)]
    # Without the correction the mean would be (M - 1) / (n - 1) = 2/59.
    assert np.mean(found) == pytest.approx(0, abs=0.008)


def test_given_data_of_a_factor_in_words_is_the_share_between_its_values():
    words = pd.Series(["low", "high"] * 50)
    noise = np.tile([-1.0, -1.0, 1.0, 1.0], 25)
    outcome = np.where(words == "high", 1.0, -1.0) + noise
    # Half of the variance is between the words: 1 - 0.5 x 99/98 after the correction.
    assert given_data(words, outcome).value == pytest.approx(1 - 0.5 * 99 / 98)


def test_the_jackknife_equals_leaving_out_each_case():
    random = np.random.default_rng(8)
    words = pd.Series(random.choice(["a", "b", "c"], 40))
    outcome = random.normal(size=40) + 2 * (words == "a").to_numpy()
    one_by_one = np.array([given_data(words.drop(i), np.delete(outcome, i)).value for i in range(40)])
    error = np.sqrt(39 / 40 * np.sum((one_by_one - one_by_one.mean()) ** 2))
    found = given_data(words, outcome)
    assert (found.high - found.low) / 2 == pytest.approx(1.959964 * error, rel=1e-6)


def test_the_interval_of_given_data_holds_the_true_index_about_as_often_as_it_says():
    random = np.random.default_rng(9)
    held = 0
    for _ in range(300):
        words = pd.Series(random.choice(["a", "b"], 100))
        outcome = np.where(words == "a", 1.0, -1.0) + random.normal(size=100)
        found = given_data(words, outcome)
        held += found.low <= 0.5 <= found.high
    assert 0.91 <= held / 300 <= 0.985


def test_without_variation_there_is_no_index():
    for values, outcome in (([1.0] * 9, range(9)), (range(9), [1.0] * 9)):
        assert np.isnan(given_data(pd.Series(values), np.array(outcome, dtype=float)).value)


def test_classes_hold_equal_values_together_and_are_about_equally_large():
    values = pd.Series(np.r_[np.zeros(300), np.arange(1, 701)])
    found = classes_of(values)
    assert len(set(found[:300])) == 1
    assert len(np.unique(found)) >= 4
    uniform = np.bincount(classes_of(pd.Series(np.arange(1000.0))))
    assert uniform.max() - uniform.min() <= 1
