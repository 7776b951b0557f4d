"""The states of an alternative are the questions that it says, and their answers the best of all plans."""

from __future__ import annotations

import dataclasses
import itertools
import math

import pytest
from base_drawing import plain_base
from core_drawing import covered_by, line
from engine_running import outcome_of
from report_drawing import line_report
from report_drawing import state as drawn_state
from ring_drawing import ringed, square, web_problem, whole_brute_force

from optimiser import report as reports
from optimiser.frontier.cases import resolve
from optimiser.job import loads
from optimiser.job.model import askable
from optimiser.job.sections import Alternative
from optimiser.measures.valuation import Valuer
from optimiser.problem.errors import JobError
from optimiser.studies.states import ordered, refuse_unknown, states_of

TWO = (square(), square(id="other", required=False, reward=7))


def alternative(**changes):
    return Alternative(name="x", **changes)


def required(rings, ids):
    return tuple(
        dataclasses.replace(
            ring, required=True, reward=0, apart=tuple(other for other in ring.apart if other in ids)
        )
        for ring in rings
        if ring.id in ids
    )


@pytest.mark.parametrize("seed", range(12))
def test_plans_at_other_budgets_and_with_other_rings_are_best_of_all(seed):
    problem = web_problem(seed)
    if problem.budget is None:
        problem = problem.replace(budget=sum(c.cost for c in problem.candidates) // 2, cover="all")
    base, (first, *_) = plain_base(problem), problem.rings
    formable = [ring.id for ring in problem.rings if ring.links]
    for asked, ids in (("none", ()), ("all", formable), (first.id, (first.id,))):
        for state in states_of(alternative(rings=asked, budgets=(0.5, 1, 2)), problem):
            found = outcome_of(resolve(base, state.case))
            true = problem.replace(rings=required(problem.rings, ids), budget=state.case.budget)
            assert (found.objective if found.has_plan else None) == whole_brute_force(true)
            assert found.status in ("optimal", "infeasible")


def least_cost(problem, wanted, group):
    """Try every plan; None where no plan covers so many pairs of a group."""
    costs = []
    for size in range(len(problem.candidates) + 1):
        for built in itertools.combinations(problem.candidates, size):
            covered = covered_by(problem, {candidate.id for candidate in built})
            mine = [yes for yes, p in zip(covered, problem.pairs, strict=True) if group in ("all", p.group)]
            if sum(mine) >= wanted:
                costs.append(sum(candidate.cost for candidate in built))
    return min(costs, default=None)


@pytest.mark.parametrize("of", ["all", "core", "small"])
def test_shares_of_the_pairs_cost_what_trying_every_plan_finds(of):
    problem = line(budget=0, caps=(("subsidy", 0),))
    pairs = sum(of in ("all", pair.group) for pair in problem.pairs)
    states = list(states_of(alternative(shares=(0.2, 0.4, 0.8, 1.0), of=of), problem))
    assert [state.name for state in states] == ["x, 20 %", "x, 40 %", "x, 80 %", "x, 100 %"]
    for state, share in zip(states, (0.2, 0.4, 0.8, 1.0), strict=True):
        true = least_cost(problem, math.ceil(round(share * pairs, 9)), of)
        found = outcome_of(resolve(plain_base(problem), state.case))
        assert (found.cost if found.has_plan else None) == true
        assert found.status == ("infeasible" if true is None else "optimal")


def test_an_alternative_with_several_budgets_has_a_state_for_each_and_one_alone_its_name():
    problem = ringed(budget=9)
    several = list(states_of(alternative(budgets=(2, 0.5), amounts=(9, 4)), problem))
    assert [(one.name, one.case.budget) for one in several] == [("x, 4", 4), ("x, 9", 9), ("x, 18", 18)]
    assert [(one.name, one.case.budget) for one in states_of(alternative(), problem)] == [("x", 9)]
    assert all(one.case.name == one.name for one in several)


@pytest.mark.parametrize(
    ("rings", "changes"),
    [
        ("as chosen", {}),
        ("none", {"rings": False}),
        ("all", {"rings_required": ("square", "other")}),
        ("best", {"rings_required": ("other",), "rings_dropped": ("square",)}),
        (["square"], {"rings_required": ("square",), "rings_dropped": ("other",)}),
    ],
)
def test_rings_are_required_without_their_reward_and_all_others_dropped(rings, changes):
    problem = ringed(*TWO)
    (state,) = states_of(alternative(rings=rings), problem, "other")
    plain = {"rings": True, "rings_required": (), "rings_dropped": ()}
    assert {key: getattr(state.case, key) for key in plain} == plain | changes
    if "rings_required" in changes:
        assert {(ring.required, ring.reward) for ring in resolve(plain_base(problem), state.case).rings} == {
            (True, 0)
        }


def test_a_ring_that_nothing_can_form_is_not_asked_of_all_and_without_a_best_ring_there_is_no_state():
    problem = ringed(square(required=False), square(id="none", required=False, links=()))
    (state,) = states_of(alternative(rings="all"), problem)
    assert state.case.rings_required == ("square",)
    assert list(states_of(alternative(rings="best"), problem)) == []


def test_steps_of_building_add_up_to_the_pairs_of_the_plan():
    problem = line()
    steps = ordered(problem, ("ac", "bd"), {})
    assert {name for name, _ in steps} == {"ac", "bd"}
    pairs = [k for _, own in steps for k in own]
    today = Valuer.of(problem).covered(())
    assert sorted({*pairs, *today}) == [k for k, yes in enumerate(covered_by(problem, {"ac", "bd"})) if yes]
    assert len(pairs) == len(set(pairs))


def test_everything_that_is_named_and_does_not_exist_is_said_at_once():
    asked = [alternative(fixed_in=("nort", "b - a"), rings=["squar"]), alternative(fixed_out=("far away",))]
    with pytest.raises(JobError) as caught:
        refuse_unknown(asked, ringed(), {"north": "A – B", "south": "C – D"})
    assert list(caught.value.faults) == [
        "'x': no candidate has the id 'nort'; did you mean 'north' (A – B)?",
        "'x': no candidate has the id 'b - a'; did you mean 'north' (A – B)?",
        "'x': no ring has the id 'squar'; did you mean 'square'?",
        "'x': no candidate has the id 'far away'",
    ]


RINGED = '[region]\nname = "jing-jin-ji"\n[[rings]]\nid = "outer"\ncentres = ["Beijing"]\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('name = "a"\nrings = "bes"', "there is no ring 'bes'; did you mean 'best'?"),
        ('name = "a"\nrings = ["outr"]', "there is no ring 'outr'; did you mean 'outer'?"),
        ('name = "a"\n[[alternatives]]\nname = "a"', "'a' is the name of another alternative"),
        ('name = "a b"\n[[alternatives]]\nname = "A-b"', "'A-b' is too like 'a b'"),
        ('name = "as chosen"', "'as chosen' is too like"),
        ('name = "?!"', "name holds neither a letter nor a digit"),
        ('name = "a"\nshares = [0.5]\nbudgets = [1]', "shares ask for the least cost"),
        ('name = "a"\nof = "small"', "of says whose shares are asked for"),
        ('name = "a"\nshares = [0.5]\nrings = "best"', "the best ring is that of a budget"),
        ('name = "a"\nrings = ["all", "outer"]', "rings is one word, or ids"),
        ('name = "a"\nfixed_in = ["x", "y"]\nfixed_out = ["y"]', "fixed_in and fixed_out both name y"),
        ('name = "a"\nshares = [1]\n[phasing]\nnames = ["one", "two"]', "does not go with periods"),
        ('name = "a"\nbudget = 1', "did you mean 'budgets'?"),
    ],
)
def test_alternatives_that_cannot_be_asked_are_refused(text, said):
    with pytest.raises(JobError) as caught:
        loads(f"{RINGED}[[alternatives]]\n{text}\n")
    assert said in str(caught.value)


def test_a_job_is_asked_the_alternatives_that_go_with_its_objective_and_budget():
    text = (
        RINGED + "[[alternatives]]\nname = 'a'\nbudgets = [1]\n[[alternatives]]\nname = 'b'\namounts = [1]\n"
    )
    names = [one.name for one in askable(loads(text))]
    unlimited = [one.name for one in askable(loads(text + "[budget]\nunlimited = true\n"))]
    assert (names, unlimited) == (["a", "b"], ["b"])
    assert askable(loads(text + "[objective]\nkind = 'max_min'\n")) == ()


def test_a_job_of_before_that_asks_what_shares_cost_is_told_how_to_ask_now():
    with pytest.raises(JobError, match=r"unknown key 'reach': shares are alternatives now"):
        loads(f"{RINGED}[reach]\nshares = [0.8]\n")
    assert loads(f"{RINGED}[reach]\nshares = []\ntiers = true\n") == loads(RINGED)


def test_a_job_that_extends_a_ready_one_states_what_differs():
    job = loads('extends = "jing-jin-ji"\nalternatives = []\n[budget]\nshare = 0.5\n[solve]\ngap = 0.5\n')
    base = loads('extends = "jing-jin-ji"\n')
    assert (job.budget.share, job.budget.amount, job.solve.gap) == (0.5, None, 0.5)
    assert (job.solve.time_limit_s, job.rings) == (base.solve.time_limit_s, base.rings)
    assert (job.alternatives, len(base.alternatives)) == ((), 3)
    with pytest.raises(JobError, match="did you mean 'jing-jin-ji'"):
        loads('extends = "jing-jin"\n')
    assert loads('extends = "jing-jin-ji"\n', settings=["alternatives=[]"]).alternatives == ()


def test_states_of_which_no_two_make_a_line_are_written_without_a_curve(tmp_path):
    report = line_report("bc", "cd")
    plans = {"as chosen": ("bc", "cd"), "pairs": ("cd",)}
    states = tuple(drawn_state(name, name, 400, order) for name, order in plans.items())
    reports.write(dataclasses.replace(report, states=states, state_links=report.links), tmp_path)
    assert (tmp_path / "states.csv").exists()
    assert not (tmp_path / "curve.png").exists()
