"""The table of kinds of candidates is the only place that says what a kind is."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from candidates_drawing import proposal

from optimiser.job.sections import Candidates, Phasing
from optimiser.measures.appraisal import RAIL, ROADS
from optimiser.proposals.generate import KINDS, OWN, SERVICES
from optimiser.proposals.table import Item
from optimiser.report import plots, wording
from optimiser.run.measuring import NO_OVERRUNS, reference_class

DOCS = Path(__file__).parents[2] / "docs"


def test_trains_and_stops_on_the_tracks_of_today_are_services():
    assert SERVICES == ("rail_service", "rail_frequency", "extra_stop", "express_service")


@pytest.mark.parametrize("name", KINDS)
def test_services_have_no_overruns_and_other_kinds_those_of_their_mode(name):
    kind = KINDS[name]
    expected = NO_OVERRUNS if kind.is_service else {"road": ROADS, "rail": RAIL}.get(kind.mode)
    if expected is not None:
        assert reference_class(name, kind.mode) == expected
    else:
        assert reference_class(name, kind.mode) is not NO_OVERRUNS


@pytest.mark.parametrize("name", KINDS)
def test_a_map_draws_a_kind_as_a_service_or_by_its_mode(name):
    kind = KINDS[name]
    assert plots.category(mode=kind.mode, kind=name) == ("service" if kind.is_service else kind.mode)


@pytest.mark.parametrize("name", KINDS)
def test_trains_that_need_running_support_are_no_barrier(name):
    kind = KINDS[name]
    paid = {item.standard for item in kind.pays_for(proposal("x", 0, 1, 60, kind=name))}
    if "running" in paid or name == "express_service":
        assert kind.instrument == ("subsidy" if kind.is_service else "infrastructure")


@pytest.mark.parametrize(
    "name", ["rail_link", "rail_direct", "rail_upgrade", "rail_service", "rail_frequency"]
)
def test_all_new_trains_pay_for_running(name):
    given = replace(proposal("x", 0, 1, 60, kind=name), trainsets=3, train_km_a_day=640.0)
    assert {Item("trainset", 3), Item("running", 640.0)} <= set(KINDS[name].pays_for(given))


def test_every_kind_has_words_of_its_own():
    words = [wording.kind(name) for name in (*KINDS, OWN)]
    assert len(set(words)) == len(words)
    assert not any("_" in one for one in words)


def test_a_job_lists_the_kinds_of_the_table():
    listed = Candidates.model_fields["kinds"].description.partition(" of ")[2].partition(";")[0]
    assert set(listed.split(", ")) == set(KINDS)


def test_a_job_says_how_long_each_kind_takes_to_build():
    named = {name.removesuffix("_years") for name in Phasing.model_fields if name.endswith("_years")}
    assert {name for name in named if name in KINDS} == set(KINDS)


def test_the_documentation_has_a_row_for_each_kind():
    text = (DOCS / "candidates.md").read_text(encoding="utf-8")
    table = text.partition("## Kinds")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == {*KINDS, OWN}
