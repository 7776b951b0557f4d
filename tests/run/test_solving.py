"""A result without a plan ends with a message that says why, and what would do."""

from __future__ import annotations

from typing import Any

import pytest
from toys import rivals

from optimiser import verify
from optimiser.job import loads
from optimiser.job.sections import Solve
from optimiser.problem import Candidate, DesignProblem, Pair, Target
from optimiser.problem.errors import InfeasibleError
from optimiser.problem.result import Reason, Result
from optimiser.run import solving
from optimiser.run.solving import in_terms_of_job, refuse_empty, refuse_empty_run

REGION = '[region]\nname = "jing-jin-ji"\n'


def _problem(*, budget: int) -> DesignProblem:
    candidates = (
        Candidate("east", 40, ((0, 1, 30),), fixed="in"),
        Candidate("west", 1_500, ((0, 1, 20),), fixed="in"),
        Candidate("free", 1, ((0, 1, 10),)),
    )
    return DesignProblem(
        name="small",
        nodes=("a", "b"),
        arcs=((0, 1, 100),),
        candidates=candidates,
        pairs=(Pair(0, 1, 50, 1),),
        budget=budget,
        money="kCNY",
    )


@pytest.mark.usefixtures("here")
def test_candidates_fixed_in_beyond_the_budget_are_named_with_their_sum() -> None:
    problem = _problem(budget=1_539)
    result = solving.solve(problem, Solve())
    with pytest.raises(InfeasibleError) as caught:
        refuse_empty(result)
    assert caught.value.exit_code == 3
    assert caught.value.faults == (
        "fixed in: east, west; together cost 1,540 kCNY, the budget is 1,539 kCNY",
    )


@pytest.mark.usefixtures("here")
def test_candidates_fixed_in_within_the_budget_are_built() -> None:
    problem = _problem(budget=1_540)
    result = solving.solve(problem, Solve())
    refuse_empty(result)
    assert set(result.built) >= {"east", "west"}


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("budget", [100, None])
def test_links_that_a_plan_builds_without_use_are_left_out_of_it_the_dearest_first(
    budget: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    candidates = [
        Candidate(name, cost, ((0, 1, 30),)) for name, cost in (("cheap", 3), ("dear", 8), ("mid", 5))
    ]
    candidates.append(Candidate("idle", 2, ((1, 0, 5),)))
    problem = _problem(budget=1).replace(candidates=tuple(candidates), budget=budget)
    own = solving.solve_problem

    def lavish(problem: DesignProblem, **others: Any) -> Result:
        found = own(problem, **others)
        everything = [c.id for c in problem.candidates]
        cost = problem.cost_of(everything)
        return found.replace(
            built=tuple(everything), cost=cost, objective=found.objective if budget else cost
        )

    monkeypatch.setattr(solving, "solve_problem", lavish)
    result = solving.solve(problem, Solve())
    assert (result.built, result.cost) == (("cheap",), 3)
    assert verify.check(problem, result).status == "optimal"
    monkeypatch.setattr(solving, "MOST_TIDIED", 0)
    assert len(solving.solve(problem, Solve()).built) == 4


def test_cities_go_by_name_also_with_a_suffix_of_the_node() -> None:
    nodes = ("city:a", "city:ab", "city:b/after", "city:strange")
    reason = Reason("city:ab - city:b/after (15 s), city:strange, city:a", nodes=nodes)
    names = {"city:a": "Ada", "city:b/after": "Bo", "city:ab": "Abe", "city:c": "Cee"}
    text = in_terms_of_job(reason, loads(REGION), names)
    assert text == "Abe - Bo (15 s), city:strange, Ada"


def test_stops_of_a_ring_go_by_the_names_of_their_cities() -> None:
    reason = Reason("the ring 'r' must pass 'a' and 'b'", ring="r", stops=("a", "b"))
    text = in_terms_of_job(reason, loads(REGION), {"a": "Ada", "city:a": "Ada"})
    assert text == "the ring 'r' must pass Ada and 'b'"


def test_a_target_is_named_with_its_key() -> None:
    job = loads(REGION, settings=["least.small=0.9", "city_coverage.weight=1", "city_coverage.least_core=1"])

    def told(target: Target) -> str:
        return in_terms_of_job(Reason("it is short", target), job, {})

    assert told(Target("small", 7)) == "least.small = 0.9: it is short"
    assert told(Target("core", 7, "cities")) == "city_coverage.least_core = 1: it is short"
    assert told(Target("core", 7)) == "it is short"


@pytest.mark.usefixtures("here")
def test_a_share_beyond_the_budget_is_explained_with_the_share_and_the_money_that_would_do():
    # The two small pairs come together for 4; the core pair takes 3 more.
    job = loads(REGION, settings=["least.small=1.0", "least.core=1.0", "solve.threads=1"])
    problem = rivals().replace(budget=3, targets=(Target("small", 4),))
    result = solving.solve(problem, job.solve)
    with pytest.raises(InfeasibleError) as caught:
        refuse_empty_run(problem, result, job, {})
    message = str(caught.value)
    assert caught.value.exit_code == 3
    assert "least.small = 1: the target of 4 for the pairs of group 'small' is 4 short" in message
    assert "Lower least.core or least.small, or raise the budget." in message
    assert "With this budget least.small = 0 can be met." in message
    assert "What is demanded can be met with budget.amount = 4 (4 million)." in message


@pytest.mark.usefixtures("here")
def test_a_share_that_has_no_part_in_the_conflict_is_not_to_be_lowered():
    job = loads(REGION, settings=["least.small=1.0", "solve.threads=1"])
    problem = rivals().replace(budget=3, targets=(Target("small", 4),))
    clash = (Reason("the ring 'outer' must be formed"), Reason("the cap of 1 million on infrastructure"))
    result = solving.solve(problem, job.solve).replace(reasons=clash)
    with pytest.raises(InfeasibleError, match="Raise the budget, a cap or a limit") as caught:
        refuse_empty_run(problem, result, job, {})
    assert "least.small" not in str(caught.value)
