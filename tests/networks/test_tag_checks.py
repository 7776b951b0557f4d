"""Test the reading of tags against their documentation, with the checks of `benchmarks/tag_checks.py`."""

from __future__ import annotations

import importlib
from dataclasses import replace
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def bench():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "benchmarks")
        yield importlib.import_module("tag_checks")


@pytest.fixture(scope="module")
def outcomes(bench):
    return bench.outcomes()


def test_the_import_concludes_what_the_documentation_says_or_says_why_not(bench, outcomes):
    assert bench.faults(outcomes) == []
    assert len(outcomes) > 1000


def test_no_check_is_made_twice(outcomes):
    made = [(one.check.element, tuple(one.check.tags.items()), one.check.expected) for one in outcomes]
    assert len(set(made)) >= len(made) - 40  # one tag may stand on several pages


def test_a_wrong_answer_and_a_needless_reason_are_faults(bench, outcomes):
    good = next(one for one in outcomes if one.agrees)
    wrong = replace(good, answer="closed" if good.answer != "closed" else "both")
    excused = replace(good, check=replace(good.check, deviation="a reason"))
    assert len(bench.faults([good, wrong, excused])) == 2


def test_the_report_lists_every_difference(bench, outcomes):
    differing = [one for one in outcomes if not one.agrees]
    assert bench.report(outcomes).count("\n| ") == len(differing) + len(list(bench.FOLDER.glob("*.csv"))) + 2
