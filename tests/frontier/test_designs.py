"""Designs give every factor its distribution, keep what they promise, and draw the same cases again."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from tiers import examples

from optimiser.frontier.designs import (
    TAIL,
    Factor,
    quantile,
    table,
)
from optimiser.job import model
from optimiser.job.model import Correlated, Sweep
from optimiser.problem.errors import ProblemError


def drawn(name, **given):
    """A distribution, not checked: some here are of no use in a job."""
    return model.Factor.model_construct(distribution=name, **given)


def uniform(low, high):
    return drawn("uniform", low=low, high=high)


def triangular(low, mode, high):
    return drawn("triangular", low=low, mode=mode, high=high)


def normal(mean, deviation, **bounds):
    return drawn("normal", mean=mean, deviation=deviation, **bounds)


def lognormal(mean, deviation):
    return drawn("lognormal", mean=mean, deviation=deviation)


def choice(choices, chances):
    return drawn("choice", choices=choices, chances=chances)


def factor(name, own, central):
    return Factor(own.model_copy(update={"id": name}), central)


UNIT = tuple(factor(name, uniform(0.0, 1.0), 0.5) for name in ("a", "b", "c"))
RANDOM = ("latin-hypercube", "sobol", "monte-carlo")
chances = st.floats(0.001, 0.999)


def asked(design, cases, *correlations, **further):
    """What a design asks for, with pairs of factors and their correlations."""
    pairs = tuple(Correlated(factors=(one, other), value=value) for one, other, value in correlations)
    return Sweep(design=design, cases=cases, correlations=pairs, **further)


def values(factors, plan):
    """The cases after the job itself, one row a case."""
    return np.array(table(factors, plan).rows[1:])


@given(chance=chances, low=st.floats(-5, 5), width=st.floats(0.1, 5), share=st.floats(0, 1))
def test_quantiles_are_those_of_scipy(chance, low, width, share):
    mode, high = low + share * width, low + width
    same = [
        (uniform(low, high), stats.uniform(low, width)),
        (triangular(low, mode, high), stats.triang(share, low, width)),
        (normal(low, width), stats.norm(low, width)),
    ]
    for own, theirs in same:
        assert quantile(own, chance) == pytest.approx(theirs.ppf(chance), rel=1e-6, abs=1e-9)


@given(chance=chances, mean=st.floats(0.5, 3), deviation=st.floats(0.05, 2))
def test_a_lognormal_distribution_is_given_by_its_own_moments(chance, mean, deviation):
    spread = math.sqrt(math.log(1 + (deviation / mean) ** 2))
    theirs = stats.lognorm(spread, scale=mean * math.exp(-(spread**2) / 2))
    assert theirs.mean() == pytest.approx(mean)
    assert theirs.std() == pytest.approx(deviation)
    assert quantile(lognormal(mean, deviation), chance) == pytest.approx(theirs.ppf(chance))


def test_bounds_hold_what_lies_beyond():
    own = normal(1.0, 1.0, low=0.2)
    assert quantile(own, 0.001) == 0.2
    assert quantile(own, 0.999) == quantile(normal(1.0, 1.0), 0.999)
    assert quantile(normal(1.0, 1.0, high=1.5), 0.999) == 1.5


def test_choices_come_with_their_chances():
    own = choice(("open", "shut"), (0.9, 0.1))
    assert [quantile(own, chance) for chance in (0.0, 0.89, 0.91, 1.0)] == ["open", "open", "shut", "shut"]


@pytest.mark.parametrize("kind", [*RANDOM, "grid", "one-at-a-time", "saltelli", "morris"])
def test_the_first_case_is_the_job_itself_and_a_seed_draws_the_same_again(kind):
    plan = asked(kind, 64, seed=3)
    found = table(UNIT, plan)
    assert found.rows[0] == (0.5, 0.5, 0.5)
    assert found == table(UNIT, plan)
    is_drawn = kind not in ("grid", "one-at-a-time")
    assert (found.rows != table(UNIT, asked(kind, 64, seed=4)).rows) == is_drawn


def test_every_block_of_cases_is_where_it_says():
    for kind in (*RANDOM, "grid", "one-at-a-time", "saltelli", "morris"):
        found = table(UNIT, asked(kind, 64))
        ends = [block.first + block.count for block in found.blocks]
        assert [block.first for block in found.blocks] == [1, *ends[:-1]]
        assert ends[-1] == len(found.rows)


def test_a_latin_hypercube_has_one_value_in_each_part_of_each_factor():
    found = values(UNIT, asked("latin-hypercube", 50))
    assert (np.sort(np.floor(found * 50), axis=0) == np.arange(50)[:, None]).all()


def test_it_keeps_its_parts_under_correlations():
    found = values(UNIT, asked("latin-hypercube", 50, ("a", "b", 0.8)))
    assert (np.sort(np.floor(found * 50), axis=0) == np.arange(50)[:, None]).all()


def test_a_sobol_sequence_is_balanced():
    found = values(UNIT, asked("sobol", 64))
    for one, other in itertools.combinations(range(3), 2):
        cells, counts = np.unique(np.floor(found[:, [one, other]] * 8), axis=0, return_counts=True)
        assert len(cells) == 64
        assert (counts == 1).all()


def test_a_longer_sobol_sequence_begins_with_the_shorter_one():
    short, long = (table(UNIT, asked("sobol", count)).rows for count in (16, 64))
    assert long[: len(short)] == short


@pytest.mark.parametrize("kind", RANDOM)
def test_drawn_values_have_the_distribution_of_their_factor(kind):
    factors = [
        factor("cost", lognormal(1.447, 0.384), 1.0),
        factor("wait", triangular(0.75, 1.0, 1.5), 1.0),
        factor("shut", choice((0.0, 1.0), (0.9, 0.1)), 0.0),
    ]
    found = values(factors, asked(kind, 4096, seed=5))
    assert found[:, 0].mean() == pytest.approx(1.447, abs=0.02)
    assert found[:, 0].std() == pytest.approx(0.384, abs=0.03)
    assert found[:, 1].mean() == pytest.approx(3.25 / 3, abs=0.01)
    assert found[:, 2].mean() == pytest.approx(0.1, abs=0.015)


@pytest.mark.parametrize("kind", RANDOM)
@pytest.mark.parametrize("value", [-0.7, 0.5, 1.0])
def test_normal_scores_have_the_correlation_that_is_asked_for(kind, value):
    found = values(UNIT, asked(kind, 4096, ("c", "a", value)))
    scores = stats.norm.ppf(found)
    matrix = np.corrcoef(scores.T)
    assert matrix[0, 2] == pytest.approx(value, abs=0.04)
    assert abs(matrix[0, 1]) < 0.05
    assert found.mean(axis=0) == pytest.approx([0.5] * 3, abs=0.02)


@examples(30)
@given(st.tuples(*(st.floats(-1, 1),) * 3))
def test_correlations_are_accepted_just_where_their_matrix_has_no_negative_eigenvalue(three):
    ends = (("a", "b"), ("b", "c"), ("a", "c"))
    given_ = [(*pair, value) for pair, value in zip(ends, three, strict=True)]
    matrix = np.array([[1, three[0], three[2]], [three[0], 1, three[1]], [three[2], three[1], 1]])
    least = np.linalg.eigvalsh(matrix)[0]
    if least > 1e-6:
        assert values(UNIT, asked("monte-carlo", 4, *given_)).shape == (4, 3)
    elif least < -1e-6:
        with pytest.raises(ProblemError, match="contradict each other"):
            values(UNIT, asked("monte-carlo", 4, *given_))


def test_correlations_that_contradict_each_other_are_named():
    four = (*UNIT, factor("d", uniform(0.0, 1.0), 0.5))
    given_ = [("a", "b", 0.9), ("b", "c", 0.9), ("a", "c", -0.9)]
    with pytest.raises(ProblemError) as caught:
        table(four, asked("sobol", 4, *given_, ("c", "d", 0.1)))
    assert caught.value.faults == ("a and b: 0.9", "a and c: -0.9", "b and c: 0.9")


@pytest.mark.parametrize("kind", ["grid", "one-at-a-time", "saltelli", "morris"])
def test_designs_whose_factors_must_be_independent_refuse_correlations(kind):
    with pytest.raises(ProblemError, match=f"{kind} takes no correlations: "):
        table(UNIT, asked(kind, 64, ("a", "b", 0.5)))


def test_a_grid_joins_each_value_with_each():
    factors = [*UNIT[:2], factor("shut", choice((0.0, 1.0), (0.9, 0.1)), 0.0)]
    found = values(factors, asked("grid", 32, levels=4))
    assert len(np.unique(found, axis=0)) == 32
    assert sorted(set(found[:, 0].tolist())) == [0.125, 0.375, 0.625, 0.875]
    with pytest.raises(ProblemError, match="has 32 cases, more than the 31"):
        table(factors, asked("grid", 31, levels=4))


def test_one_at_a_time_changes_one_factor_to_its_tails_or_other_choices():
    factors = [UNIT[0], factor("shut", choice(("no", "yes"), (0.9, 0.1)), "no")]
    assert table(factors, asked("one-at-a-time", 8)).rows[1:] == (
        (TAIL, "no"), (1 - TAIL, "no"), (0.5, "yes"),
    )  # fmt: skip


def test_saltelli_takes_one_column_of_the_second_matrix_at_a_time():
    found = table(UNIT, asked("saltelli", 50))
    assert [(block.name, block.count) for block in found.blocks] == [
        ("A", 8), ("B", 8), ("AB:a", 8), ("AB:b", 8), ("AB:c", 8),
    ]  # fmt: skip
    parts = {one.name: np.array(found.rows[one.first : one.first + one.count]) for one in found.blocks}
    for at, name in enumerate(("a", "b", "c")):
        mixed = parts[f"AB:{name}"]
        assert (mixed[:, at] == parts["B"][:, at]).all()
        others = [k for k in range(3) if k != at]
        assert (mixed[:, others] == parts["A"][:, others]).all()


def test_saltelli_samples_give_the_indices_of_a_known_function():
    found = table(UNIT, asked("saltelli", 5 * 1024))
    parts = {one.name: np.array(found.rows[one.first : one.first + one.count]) for one in found.blocks}

    def model(x):  # variances 1, 4 and 0 over 12
        return x[:, 0] + 2 * x[:, 1]

    answers = {
        "f_A": model(parts["A"])[None],
        "f_B": model(parts["B"])[None],
        "f_AB": np.array([model(parts[f"AB:{name}"])[None] for name in "abc"]),
    }
    indices = stats.sobol_indices(func=answers, n=1024)
    assert indices.first_order.ravel() == pytest.approx([0.2, 0.8, 0.0], abs=0.02)


def test_each_step_of_a_trajectory_changes_one_factor_by_half_its_range():
    found = table(UNIT, asked("morris", 40))
    assert len(found.blocks) == 10
    for block in found.blocks:
        steps = np.diff(np.array(found.rows[block.first : block.first + block.count]), axis=0)
        assert (np.sort(np.abs(steps), axis=1) == [0, 0, 0.5]).all()
        assert sorted(np.abs(steps).argmax(axis=1)) == [0, 1, 2]


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (asked("sobol", 48), "powers of two, and 48 is none"),
        (asked("saltelli", 9), "needs 10 cases"),
        (asked("morris", 3), "needs 4 cases a trajectory"),
        (asked("morris", 64, levels=5), "an even number of levels"),
    ],
)
def test_sizes_that_do_not_suit_the_design_are_refused(plan, words):
    with pytest.raises(ProblemError, match=words):
        table(UNIT, plan)


def test_unknown_and_repeated_correlations_are_all_named():
    given_ = [("a", "x", 0.1), ("b", "b", 0.1), ("a", "b", 0.1)]
    with pytest.raises(ProblemError) as caught:
        table(UNIT, asked("sobol", 4, *given_, ("b", "a", 0.2)))
    assert caught.value.faults == (
        "there is no factor 'x'",
        "'b' is named with itself",
        "'b' and 'a' are given twice",
    )


def test_a_sweep_without_factors_is_refused():
    with pytest.raises(ProblemError, match="at least one factor"):
        table((), asked("sobol", 4))
