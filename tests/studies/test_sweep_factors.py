"""Each factor of a sweep changes what it says, and a factor at its central value changes nothing."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from optimiser.frontier.cases import Case, TimeChanges
from optimiser.job import loads
from optimiser.problem.errors import JobError
from optimiser.run.demands import delayed
from optimiser.studies.closures import ClosedLinks
from optimiser.studies.sweep_factors import TODAY, case_of, columns, links_to_close

REGION = '[region]\nname = "jing-jin-ji"\n'
KINDS = [
    ("road_link", "road", "infrastructure"),
    ("gap", "road", "barrier"),
    ("rail_link", "rail", "infrastructure"),
    ("rail_service", "rail", "subsidy"),
    ("access", "access", "infrastructure"),
]
CANDIDATES = SimpleNamespace(table=pd.DataFrame(KINDS, columns=["kind", "mode", "instrument"]))
TIMES = SimpleNamespace(cities=pd.DataFrame({"name": ["Beijing", "Baoding"], "city_id": ["1", "2"]}))
NO_ARCS = np.zeros(0, dtype=np.int64)


def columns_of(*factors, more=""):
    sections = "".join(f"[[sweep.factors]]\n{factor}\n" for factor in factors)
    return columns(loads(f"{REGION}{more}[sweep]\ncases = 8\n{sections}"), CANDIDATES, TIMES)


def factor(changes, *, of=(), id_="x", values="low = 0.5\nhigh = 2.0"):
    listed = f"of = {list(of)}\n" if of else ""
    return f'id = "{id_}"\nchanges = "{changes}"\n{listed}{values}'


def case(values, found, closures=None):
    return case_of(3, values, found, budget=1000, closures=closures or {})


@pytest.mark.parametrize(
    ("changes", "value", "expected"),
    [
        ("road_speed", 0.9, {"times": TimeChanges(road_speed=0.9)}),
        ("rail_speed", 1.1, {"times": TimeChanges(rail_speed=1.1)}),
        ("waits", 1.2, {"times": TimeChanges(waits=1.2)}),
        ("check_in", 0.8, {"times": TimeChanges(check_in=0.8)}),
        ("access_s", 119.6, {"times": TimeChanges(access_s=120)}),
        ("limit_s", -600.2, {"times": TimeChanges(limit_s=-600)}),
        ("weight_exponent", 0.7, {"weight_exponent": 0.7}),
        ("budget", 1.1116, {"budget": 1112}),
        ("demand", 1.2, {"growth": (("core", 1.2), ("secondary", 1.2), ("small", 1.2))}),
    ],
)
def test_a_factor_changes_its_own_thing_alone(changes, value, expected):
    found = columns_of(factor(changes))
    assert case([value], found) == replace(Case(name="case 3"), **expected)


@pytest.mark.parametrize(
    "changes", ["costs", "road_speed", "access_s", "weight_exponent", "budget", "demand", "limit_s"]
)
def test_central_values_are_the_job_itself(changes):
    found = columns_of(factor(changes))
    assert case([found[0].central], found) == Case(name="case 3")


def test_costs_go_by_class_or_kind_and_those_of_two_factors_are_multiplied():
    found = columns_of(
        factor("costs", of=["road", "access"], id_="a"), factor("costs", id_="b"), factor("budget", id_="c")
    )
    own = case([1.5, 2.0, 0.5], found)
    assert dict(own.prices) == {
        "access": 3.0, "gap": 3.0, "rail_link": 2.0, "rail_service": 2.0, "road_link": 3.0,
    }  # fmt: skip
    assert own.budget == 500


def test_demand_goes_by_tier_and_by_city():
    found = columns_of(factor("demand", of=["small", "Baoding"]))
    assert case([1.5], found).growth == (("2", 1.5), ("small", 1.5))


@pytest.mark.parametrize(
    ("of", "reference", "mean"),
    [
        (["road"], "", 1.204),
        (["rail"], "", 1.447),
        (["rail_link", "rail"], "", 1.447),
        (["rail_link", "road"], "", 1.276),
        (["access"], "", 1.276),
        (["access"], 'reference = "fixed links"', 1.338),
        ([], "", 1.276),
    ],
)
def test_overruns_are_those_of_the_reference_class(of, reference, mean):
    found = columns_of(factor("costs", of=of, values=f'distribution = "reference_class"\n{reference}'))
    own = found[0].given
    assert own.distribution == "lognormal"
    assert own.mean == pytest.approx(mean)


def test_each_link_that_may_fail_has_a_column_of_its_own():
    found = columns_of(factor("closed", of=["G4", "c1"], id_="fails", values="chance = 0.1"))
    assert [column.id for column in found] == ["fails: G4", "fails: c1"]
    own = found[0].given
    assert (own.distribution, own.choices, own.chances) == ("choice", (0.0, 1.0), (0.9, 0.1))
    assert links_to_close(found) == ("G4", "c1")
    closures = {"G4": ClosedLinks(np.array([3, 4]), ("train",)), "c1": ClosedLinks(NO_ARCS, ("c1",))}
    both = case([1.0, 1.0], found, closures)
    assert (both.times.closed, both.fixed_out) == (("G4",), ("c1", "train"))
    assert case([0.0, 1.0], found, closures).times == TimeChanges()


def test_a_day_closes_what_opened_later():
    values = 'distribution = "choice"\nchoices = ["2020-12-31", "2030-12-31"]'
    found = columns_of(factor("opening", values=values))
    assert found[0].central == TODAY
    assert links_to_close(found) == ("opened after 2020-12-31", "opened after 2030-12-31")
    closures = {
        "opened after 2020-12-31": ClosedLinks(np.array([1]), ()),
        "opened after 2030-12-31": ClosedLinks(NO_ARCS, ()),
    }
    assert case(["2020-12-31"], found, closures).times.closed == ("opened after 2020-12-31",)
    assert case(["2030-12-31"], found, closures).times == TimeChanges()


def test_delays_are_whole_years_on_top_of_those_of_the_job():
    phasing = '[phasing]\nnames = ["one", "two"]\n'
    found = columns_of(factor("delay_years", of=["road", "access"], values="low = 0\nhigh = 4"), more=phasing)
    own = case([2.4], found)
    assert own.delays == (("access", 2), ("gap", 2), ("road_link", 2))
    asked = loads(f"{REGION}{phasing}").phasing
    later = delayed(asked, {"gap": 2, "metro": 1, "bridge": 3})
    assert (later.gap_years, later.other_years) == (asked.gap_years + 2, asked.other_years + 3)


def test_without_factors_the_usual_ones_suit_the_job():
    names = [column.id for column in columns(loads(REGION), CANDIDATES, TIMES)]
    assert names == [
            "road_costs", "rail_costs", "station_costs", "support", "road_speed", "rail_speed", "waits",
            "check_in", "access_s", "money",
    ]  # fmt: skip
    measures = [("timed_transfer", "station", "barrier"), ("check_in", "station", "barrier")]
    tried = pd.DataFrame([*KINDS, *measures], columns=list(CANDIDATES.table))
    further = columns(loads(REGION), replace_table(CANDIDATES, tried), TIMES)
    shares = {one.id: one.given.choices for one in further if one.id not in names}
    assert shares == dict.fromkeys(("connections", "check_in_rule"), (1.0, 0.5, 0.0))
    with pytest.raises(JobError) as caught:
        columns_of(factor("connections", values="low = 0.0\nhigh = 1.0"))
    assert caught.value.faults == ("x: no candidate is a timed_transfer",)
    roads = replace_table(CANDIDATES, CANDIDATES.table[CANDIDATES.table["mode"] == "road"])
    job = loads(f"{REGION}[times]\nrail = false\n[budget]\nunlimited = true\n")
    assert [column.id for column in columns(job, roads, TIMES)] == ["road_costs", "road_speed"]
    own = columns(job, roads, TIMES)[1].given
    assert (own.distribution, own.low, own.high) == ("uniform", 0.9, 1.1)


def replace_table(candidates, table):
    return SimpleNamespace(**{**vars(candidates), "table": table})


@pytest.mark.parametrize(
    ("more", "changes", "words"),
    [
        ("[budget]\nunlimited = true\n", "budget", "the job has no budget"),
        ("[times]\nrail = false\n", "waits", "reads no trains"),
        ("", "delay_years", "where there are periods"),
        (
            '[objective]\nweight = "file"\nweights_file = "w.csv"\n',
            "demand",
            "weights of pairs come from a file",
        ),
    ],
)
def test_what_cannot_change_a_job_is_refused(more, changes, words):
    with pytest.raises(JobError) as caught:
        columns_of(factor(changes), more=more)
    assert words in str(caught.value)


def test_unknown_kinds_and_cities_get_a_hint():
    with pytest.raises(JobError) as caught:
        columns_of(factor("costs", of=["rail_links"]), factor("demand", of=["Baodin"], id_="y"))
    assert caught.value.faults == (
        "x: there is no 'rail_links'; did you mean 'rail_link'?",
        "y: there is no 'Baodin'; did you mean 'Baoding'?",
    )
