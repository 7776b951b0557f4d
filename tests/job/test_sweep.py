"""Factors of a sweep say what they change and how; what does not fit together is refused with all reasons."""

from __future__ import annotations

import pytest

from optimiser.job import loads, render
from optimiser.job.model import TAKEN
from optimiser.problem.errors import JobError
from optimiser.studies import sweep

REGION = '[region]\nname = "jing-jin-ji"\n'


def job_of(*factors, more=""):
    sections = "".join(f"[[sweep.factors]]\n{factor}\n" for factor in factors)
    return loads(f"{REGION}[sweep]\ncases = 8\n{sections}{more}")


SPEED = 'id = "speed"\nchanges = "road_speed"\nlow = 0.9\nhigh = 1.1'
FAILURES = 'id = "failures"\nchanges = "closed"\nof = ["G4", "G5"]\nchance = 0.1'
CORRELATION = '[[sweep.correlations]]\nfactors = ["speed", "failures"]\nvalue = 0.5\n'


def test_factors_and_correlations_survive_being_written():
    job = job_of(SPEED, FAILURES, more=CORRELATION)
    assert [factor.id for factor in job.sweep.factors] == ["speed", "failures"]
    for text in (render(job), render(job, title="t", quiet=True)):
        assert loads(text) == job


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        ('changes = "road_speed"\nlow = 0.9', "the distribution uniform needs high"),
        ('changes = "road_speed"\nlow = 0.9\nhigh = 1.1\nmean = 1.0', "takes no mean"),
        ('changes = "road_speed"\nlow = 1.1\nhigh = 0.9', "must rise"),
        ('changes = "road_speed"\nlow = -0.1\nhigh = 0.9', "must be above 0"),
        ('changes = "waits"\ndistribution = "normal"\nmean = 1.0\ndeviation = 0.1', "normal: give low"),
        ('changes = "waits"\ndistribution = "reference_class"', "are those of costs"),
        ('changes = "waits"\nof = ["rail"]\nlow = 0.9\nhigh = 1.1', "takes no 'of'"),
        ('changes = "closed"', "closed needs 'of'"),
        ('changes = "closed"\nof = ["G4"]\nchance = 1.0', "above 0 and below 1"),
        ('changes = "closed"\nof = ["G4"]\nchance = 0.1\nlow = 0.1', "without low"),
        ('changes = "costs"\nlow = 0.9\nhigh = 1.1\nchance = 0.1', "changes = 'closed' alone"),
        ('changes = "opening"\nlow = 0.9\nhigh = 1.1', "is a choice of days"),
        (
            'changes = "opening"\ndistribution = "choice"\nchoices = ["soon"]',
            "'soon' is no day; write it as 2024-12-31",
        ),
        ('changes = "budget"\ndistribution = "choice"\nchoices = ["much"]', "'much' is no number"),
        ('changes = "budget"\ndistribution = "choice"\nchoices = [1.0, 1.0]', "given twice"),
        (
            'changes = "budget"\ndistribution = "choice"\nchoices = [1.0, 2.0]\nchances = [0.5, 0.6]',
            "together 1",
        ),
        ('changes = "delay_years"\nlow = -1\nhigh = 2', "delays are at least 0"),
        ('changes = "costs"\ndistribution = "lognormal"\nmean = -1.0\ndeviation = 0.1', "must be above 0"),
    ],
)
def test_what_does_not_fit_is_refused(factor, words):
    with pytest.raises(JobError) as caught:
        job_of(f'id = "x"\n{factor}')
    assert words in str(caught.value)


def test_two_factors_of_one_id_are_refused():
    with pytest.raises(JobError, match="speed is the id of two"):
        job_of(SPEED, SPEED)


def test_an_id_that_is_another_column_of_the_table_is_refused():
    assert set(TAKEN) == set(sweep.TABLES["cases.parquet"])
    with pytest.raises(JobError, match="budget is another column"):
        job_of(SPEED.replace('"speed"', '"budget"'))


def test_a_slip_in_a_key_of_a_factor_gets_a_hint():
    with pytest.raises(JobError, match="did you mean 'chance'"):
        job_of('id = "x"\nchanges = "closed"\nof = ["G4"]\nchanse = 0.1')
