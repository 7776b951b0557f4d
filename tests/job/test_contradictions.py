"""What a job demands is read strictly, and what does not go together is explained."""

from __future__ import annotations

import pytest

from optimiser.job import loads, render
from optimiser.problem.errors import JobError

REGION = '[region]\nname = "jing-jin-ji"\n'


def faults(*settings, text=""):
    with pytest.raises(JobError) as caught:
        loads(REGION + text, settings=settings)
    return caught.value.faults


def test_all_contradictions_come_at_once_each_with_its_line():
    found = faults(
        text="[budget]\nunlimited = true\n[caps]\nsubsidy = 0.2\n[phasing]\nnames = ['a', 'b']\n"
        "[objective]\nkind = 'max_min'\n[least]\nsmall = 0.9\n"
    )
    assert [fault.split(" ")[:2] for fault in found] == [
        ["job:8:", "phasing.names:"],
        ["job:6:", "caps.subsidy:"],
        ["job:10:", "objective.kind:"],
        ["job:3:", "budget.cover:"],
    ]


def test_a_contradiction_from_the_command_line_names_the_command_line():
    (fault,) = faults("budget.cover=targets")
    assert fault.startswith("--set: budget.cover: 'targets' asks for the least cost")


def test_least_shares_with_full_cover_say_what_to_set():
    (fault,) = faults("budget.unlimited=true", "least.small=0.9")
    assert "least.small would change nothing; set it to 'targets'" in fault


def test_targets_without_a_share_say_what_to_give():
    (fault,) = faults("budget.unlimited=true", "budget.cover=targets")
    assert "give least.small" in fault


def test_a_share_of_cities_that_weigh_nothing_is_refused():
    (fault,) = faults("city_coverage.least_small=0.5")
    assert "city_coverage.weight: it is 0" in fault


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("phasing.shares=[0.5, 0.4]", "shares sum to 0.9, not to 1"),
        ("phasing.shares=[0.5, 0.3, 0.2]", "shares has 3 values for 2 names"),
        ("phasing.years=[5]", "years has 1 values for 2 names"),
        ("phasing.years=[5, 0]", "phasing.years"),
        ("phasing.discount_rate=-0.1", "phasing.discount_rate"),
        ("phasing.rail_link_years=51", "phasing.rail_link_years"),
        ("phasing.rail_link_year=5", "did you mean 'rail_link_years'?"),
    ],
)
def test_periods_that_do_not_fit_are_refused(setting, words):
    assert any(words in fault for fault in faults('phasing.names=["a", "b"]', setting))


def test_shares_that_sum_to_one_in_decimals_do_so_here():
    # In floating point 0.6 + 0.3 + 0.1 is 0.9999999999999999.
    job = loads(REGION, settings=['phasing.names=["a","b","c"]', "phasing.shares=[0.6, 0.3, 0.1]"])
    assert sum(job.phasing.exact_shares) == 1


@pytest.mark.parametrize("value", ["1.01", "-0.1", "nan", "'much'", "true"])
@pytest.mark.parametrize("key", ["least.small", "caps.subsidy", "city_coverage.least_core"])
def test_shares_outside_zero_to_one_are_refused(key, value):
    faults(f"{key}={value}")


def test_demands_survive_being_written():
    job = loads(
        REGION,
        settings=[
            "least.small=0.95",
            "city_coverage.weight=1",
            "city_coverage.least_small=0.5",
            "caps.subsidy=0.2",
            "objective.kind=max_min",
            'phasing.names=["a","b"]',
            "phasing.shares=[0.4, 0.6]",
        ],
    )
    assert loads(render(job)) == job


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["independence.weight=0.5", "budget.unlimited=true"], "weighed against the pairs within the limit"),
        (["independence.weight=0.5", "independence.tiers=['smal']"], "did you mean 'small'?"),
        (["independence.stretches=[1.1, 1.0]"], "stretches must rise"),
        (["independence.radius_km=[-1.0]"], "radius_km must be above 0"),
    ],
)
def test_independence_says_what_it_does_not_go_with(settings, words):
    (fault,) = faults(*settings)
    assert words in fault


def test_a_core_cannot_be_left_out_of_a_table_of_times():
    with pytest.raises(JobError) as caught:
        loads('[region]\nmatrix = "times.csv"\n[independence]\nweight = 0.5\n')
    assert "does not say where trips run" in caught.value.faults[0]
