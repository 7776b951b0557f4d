"""Screen and page say what demands change and cost, and what the objective adds up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from rich.console import Console

from optimiser.report import page, screen
from optimiser.report.city_cover import CityCover, TierCities
from optimiser.report.fairness import Fairness, TierPrice, sentences
from optimiser.report.inputs import ReportInput

PRICED = Fairness(
    demands=("90 % of the pairs with a small city that can be covered, by weight",),
    tiers=(TierPrice("secondary", 100, 10, 40, 70), TierPrice("small", 200, 50, 180, 160)),
    free_gap=0.0,
    only_plan=("bc",),
    only_free=("cd", "idle"),
    cost_of_both=450,
    both_proven=True,
    worth_plan=220,
    worth_free=230,
    counted="weight",
    budget=400,
    money="million CNY",
)


def shown(report: ReportInput) -> str:
    """Return what the screen shows, on lines that do not wrap."""
    console = Console(width=400, record=True)
    console.print(screen.summary(report))
    return console.export_text()


def test_the_screen_names_the_price_of_fairness(make: Callable[..., ReportInput]) -> None:
    text = shown(make("bc", fairness=PRICED))
    assert "Asked for: 90 % of the pairs with a small city that can be covered, by weight." in text
    assert (
        "The demands shift the plan (1 proposal in place of 2): small pairs gain 20 (90.0 % of what can be "
        "covered instead of 80.0 %), secondary pairs lose 30 (40.0 % of what can be covered instead of "
        "70.0 %)."
    ) in text
    assert "would cover 10 more weight, 4.3 % of 230." in text
    assert "To have both takes 450 million CNY, 50 more than the budget." in text


def test_the_page_sets_both_plans_side_by_side(make: Callable[..., ReportInput]) -> None:
    text = page.render(make("bc", fairness=PRICED))
    assert "What fairness changes and costs" in text
    assert "<td" in text.split("fairness-heading")[2]
    for cell in ("50 (25.0 %)", "160 (80.0 %)", "180 (90.0 %)", "+20", "-30"):
        assert f'<td class="number">{cell}</td>' in text


def test_a_cost_of_both_that_is_not_proven_is_called_at_most() -> None:
    assert "To have both takes at most 450 million CNY" in sentences(replace(PRICED, both_proven=False))[-1]


def test_the_same_proposals_in_another_order_are_called_so() -> None:
    moved = replace(PRICED, only_plan=(), only_free=(), counted="weight over all periods")
    told = " ".join(sentences(moved))
    assert "the same proposals, started in another order" in told
    assert "10 more weight over all periods" in told


def test_without_demands_nothing_is_said_of_fairness(make: Callable[..., ReportInput]) -> None:
    report = make("bc")
    assert "fairness" not in shown(report).lower()
    assert "What fairness changes" not in page.render(report)


@pytest.mark.parametrize("name", ["Bo", "<b>Bo</b>"])
def test_the_page_names_the_cities_that_the_plan_covers(make: Callable[..., ReportInput], name: str) -> None:
    cover = CityCover("all of its pairs within the limit", (TierCities("small", 2, 0, 1, 2, (name,)),))
    text = page.render(make("bc", city_cover=cover))
    assert "Cities covered as a whole" in text
    assert name.replace("<", "&lt;").replace(">", "&gt;") in text
    assert "<b>Bo" not in text


def test_the_proof_says_what_the_objective_adds_up(make: Callable[..., ReportInput]) -> None:
    report = replace(make("bc", counted="covered weight over all periods"), bound=99.0, gap=0.1)
    text = page.render(report)
    assert "has a covered weight over all periods of more than 99" in text
    assert "Covered weight over all periods, recomputed" in text
