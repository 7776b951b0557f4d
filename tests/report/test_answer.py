"""The sentence that answers what a plan is for, in every case, and the words on its proof."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
from matplotlib.collections import PolyCollection
from report_drawing import explored, line_report, state, stated, traced
from ring_square import shown

from optimiser.report import answer, page, sentences, wording

OUTER = {"rings_shown": stated().states[0].rings_shown}
NO_RING = {"rings_shown": (shown(()),)}


def said(plan, *others, report=None, **changes):
    report = replace(report or line_report("bc"), states=(plan, *others), **changes)
    return answer.sentence(report, plan)


def beside(plan, *others):
    return answer.beside(replace(line_report("bc"), states=(plan, *others)), plan)


def passing(pairs):
    return SimpleNamespace(through_pairs=pairs)


@pytest.mark.parametrize(
    ("budget", "order", "expected"),
    [
        (400, (), "Nothing is built: 3 of 6 pairs of cities are within 4 hours."),
        (100, ("bc",), "100 million CNY bring no more of 6 pairs of cities within 4 hours."),
        (400, ("bc",), "100 of 400 million CNY bring no more of 6 pairs of cities within 4 hours."),
        (
            300,
            ("bc", "cd"),
            "300 million CNY bring 3 more of 6 pairs of cities within 4 hours+",
        ),
        (
            2000,
            ("bc", "cd"),
            "300 million of 2 billion CNY are enough: they bring 3 more of 6 pairs of cities within 4 hours+",
        ),
    ],
)
def test_money_and_pairs_without_rings(budget, order, expected):
    found = said(state("one", "none", budget, order))
    assert found.replace(", all of them of small cities.", "+") == expected


def test_a_plan_that_is_not_proven_is_not_said_to_be_enough():
    plan = state("one", "none", 400, ("bc", "cd"), gap=0.1, is_proven=False)
    assert said(plan).startswith("300 of 400 million CNY bring 3 more")


def test_what_must_be_built_is_named_and_never_said_to_be_enough():
    plan = state("one", "none", 400, ("bc", "cd"))
    found = said(plan, forced=("bc", "idle"))  # what the plan does not build is not said
    assert found.startswith("300 of 400 million CNY bring 3 more")
    assert found.endswith(", with Bo – Cy required.")
    assert said(plan, forced=("x", "cd", "bc")).endswith(", with cd and Bo – Cy required.")


def test_a_single_pair_is_told_to_be_of_a_small_city():
    plan = state("one", "none", 300, ("bc", "cd"))
    today = state("today", "none", 300, ()).covered
    one = replace(plan, covered=(*today, *sorted(set(plan.covered) - set(today))[:1]))
    assert said(one).endswith("bring 1 more of 6 pairs of cities within 4 hours, of a small city.")


def test_of_tiers_of_other_names_none_is_told():
    report = line_report("bc")
    report = replace(report, pairs=report.pairs.assign(group="any"))
    plan = state("one", "none", 300, ("bc", "cd"))
    assert said(plan, report=report).endswith("3 more of 6 pairs of cities within 4 hours.")


def test_without_a_budget_the_cost_is_told():
    assert said(state("one", "", None, ("bc",))).startswith("100 million CNY bring")


def test_a_ring_that_is_closed_has_its_money_and_its_price_in_pairs():
    plan = state("all", "all rings", 310, ("bc", "idle"), **OUTER)
    ring = "; another 100 million closes a ring road of 280 km round Centre"
    assert said(plan).endswith(f"{ring}.")  # without another state its price is not known
    dear = state("no", "no ring", 310, ("bc", "cd", "idle"), **NO_RING)
    assert said(plan, dear).endswith(f"{ring}, at the price of 3 pairs.")
    same = state("no", "no ring", 310, ("bc",), **NO_RING)
    assert said(plan, same).endswith(f"{ring}, without costing a pair.")
    one_less = replace(dear, covered=dear.covered[:4])
    assert said(plan, one_less).endswith(f"{ring}, at the price of one pair.")


@pytest.mark.parametrize(("rings", "spent"), [(NO_RING, 300), (OUTER, 200)])
def test_money_is_enough_only_where_no_pair_within_reach_is_missing(rings, spent):
    plan = state("one", "rings", 400, ("bc", "cd"), **rings)
    assert said(plan).startswith(f"{spent} of 400 million CNY are enough: they bring 3 more")
    left = replace(plan, covered=plan.covered[:5])  # proven best: what is left pays for nothing more
    assert said(left).startswith(f"{spent} of 400 million CNY bring 2 more")


def test_a_ring_that_could_be_closed_with_the_money_is_told():
    plan = state("no", "no ring", 400, ("bc", "cd"), **NO_RING)
    able = state("all", "all rings", 400, ("bc",), **OUTER)
    words = "A ring road of 280 km round Centre can be closed for 100 million of it, at the price of 3 pairs."
    assert said(plan, able).endswith("of small cities.")
    assert beside(plan, able) == words
    assert answer.note(replace(line_report("bc"), states=(plan, able)), plan, 0).endswith(f" {words}")
    assert beside(plan, replace(able, budget=500)) == beside(able, plan) == ""
    second = replace(able.rings_shown[0], facts=replace(able.rings_shown[0].facts, id="second"))
    both = replace(able, rings_shown=(*able.rings_shown, second))
    other = "Two ring roads of 280 and 280 km can be closed for 100 million of it, at the price of 3 pairs."
    assert beside(plan, both, able) == f"{words} {other}"


@pytest.mark.parametrize(
    ("after", "planned", "expected"),
    [
        (3619, 3619, "and takes a net 1 of 3,620 pairs of places out of the cores."),
        (2386, 2386, "and takes a net 1,234 of 3,620 pairs of places out of the cores."),
        (3605, 3613, "a net 15 of 3,620 pairs of places out of the cores (a net 7 with the whole plan)."),
        (3605, 3620, "a net 15 of 3,620 pairs of places out of the cores (none with the whole plan)."),
        (3605, 4213, "out of the cores (593 more pass them with the whole plan)."),
    ],
)
def test_a_ring_that_is_closed_tells_how_many_pairs_fewer_pass_the_cores(after, planned, expected):
    use = SimpleNamespace(today=(passing(3620),), alone=(passing(after),), plan=(passing(planned),))
    plan = state("all", "all rings", 310, ("bc", "idle"), ring_use=use, **OUTER)
    assert "round Centre, and takes" in said(plan)
    assert said(plan).endswith(expected)
    without = state("no", "no ring", 310, ("bc",), **NO_RING)
    assert beside(without, plan).endswith(expected.replace("takes", "would take"))


def test_a_ring_that_takes_no_pair_out_of_the_cores_tells_what_it_does():
    faster = SimpleNamespace(through_pairs=3620, pairs=9000, faster=74, faster_5=47)
    use = SimpleNamespace(today=(passing(3620),), alone=(faster,), plan=(faster,))
    plan = state("all", "all rings", 310, ("bc", "idle"), ring_use=use, **OUTER)
    words = (
        "round Centre; it makes 74 of 9,000 pairs of places faster by road, 47 of them by 5 minutes or more."
    )
    assert said(plan).endswith(words)


def test_a_ring_that_the_money_cannot_close_is_told_with_the_least_sum_that_does():
    report = stated()
    words = "It closes no ring: the least sum asked that does is 320 million CNY."
    assert answer.beside(report, report.states[1]) == words
    missed = report.states[4]
    assert answer.sentence(report, missed) == (
        "No plan with all rings for 40 million CNY: the least sum asked that has one is 320 million CNY."
    )
    never = replace(report, states=report.states[1:5])
    assert answer.beside(never, report.states[1]) == answer.beside(report, missed) == ""
    assert answer.sentence(never, replace(missed, why="Two\n lines.")) == (
        "No plan with all rings for 40 million CNY. Two lines."
    )


def test_a_ring_that_the_plan_alone_leaves_out_is_not_told():
    missed = line_report("bc", rings=(shown(()),))
    assert answer.sentence(missed) == answer.sentence(line_report("bc"))


def test_nothing_has_to_be_built_for_a_ring_that_exists():
    ring = shown()
    old = replace(ring, pieces=ring.pieces.assign(state="existing", candidate_id="", cost=0))
    assert answer.sentence(line_report(rings=(old,))) == (
        "Nothing is built: 3 of 6 pairs of cities are within 4 hours; a ring road of 280 km round Centre "
        "exists already."
    )


def test_a_ring_that_exists_costs_nothing():
    ring = shown()
    ring = replace(ring, pieces=ring.pieces.assign(state="existing", candidate_id="", cost=0))
    plan = state("all", "all rings", 100, ("bc",), rings_shown=(ring,))
    assert said(plan).endswith("; a ring road of 280 km round Centre exists already.")


def test_rings_are_named_by_number_kind_and_length():
    road = explored().rings[0]
    rail = replace(road, facts=replace(road.facts, mode="rail"))
    longer = replace(road, pieces=road.pieces.assign(length_km=1000.0))
    assert answer.named([road]) == "a ring road of 280 km round Centre"
    assert answer.named([rail]) == "a railway ring of 280 km round Centre"
    assert answer.named([road, longer]) == "two ring roads of 4,000 and 280 km"
    assert answer.named([road, longer, rail]) == "three rings of 4,000, 280 and 280 km"
    assert answer.named([road] * 11).startswith("11 ring roads of 280, 280,")


def test_the_plan_alone_is_answered_from_its_own_figures():
    report = explored()
    pairs, rings = answer.sentence(report, report.plans[0]).split("; ")
    assert pairs == (
        "210 of 400 million CNY bring 3 more of 6 pairs of cities within 4 hours, all of them of small cities"
    )
    assert rings == "another 100 million closes a ring road of 280 km round Centre."


def test_the_note_says_what_is_proven():
    report = stated()
    notes = [answer.note(report, plan, at) for at, plan in enumerate(report.states)]
    assert notes[2].startswith("Cost 300 million CNY, budget 320, proven within 50 % of the optimum. A ring")
    assert notes[4] == "No plan exists, proven."
    unknown = replace(report.states[4], status="unknown")
    assert answer.note(report, unknown, 4) == "No plan is known, and none excluded."


def test_the_best_ring_of_several_is_named_with_its_sum():
    plan = state("best", "best ring", 310, ("bc",), best_at=400, **OUTER)
    report = replace(line_report("bc", rings=OUTER["rings_shown"]), states=(plan,))
    words = "Best ring: Centre, the best one for 400 million CNY; for other sums another may be better."
    assert words in answer.note(report, plan, 0)
    table = sentences.states_table(report)
    assert (table.caption, list(table.columns[1].cells)) == (words, ["Centre"])
    first = state("as chosen", "as chosen", 400, ("bc",), **NO_RING)
    assert "best ring: Centre, best for 400 million CNY" in page.render(replace(report, states=(first, plan)))
    assert answer.best_ring(report, replace(plan, best_at=None)) == ""


def test_the_note_of_a_point_says_which_it_is():
    report = traced()
    notes = [answer.note(report, plan, at) for at, plan in enumerate(report.points)]
    assert notes[0].startswith("Point 1 of 4, cost 0 million CNY, no bound")
    assert notes[2] == "Point 3 of 4, the knee, cost 210 million CNY, proven optimal."
    assert notes[3] == "Point 4 of 4, forms ring, cost 310 million CNY, proven optimal."


@pytest.mark.parametrize(
    ("money", "most", "expected"),
    [
        ("million CNY", 260_000, (1000, "billion CNY")),
        ("million CNY", 9_000, (1, "million CNY")),
        ("EUR", 40_000_000, (1_000_000, "million EUR")),
        ("points", 40, (1, "points")),
    ],
)
def test_the_axis_counts_in_a_unit_that_fits(money, most, expected):
    plan = replace(state("one", "none", most, ()), cost=most)
    assert answer.axis(replace(line_report("bc"), money=money, states=(plan,))) == expected


@pytest.mark.parametrize(
    ("value", "of", "unit", "expected"),
    [
        (51_324, 130_000, "million CNY", "51 of 130 billion CNY"),
        (130_000, None, "million CNY", "130 billion CNY"),
        (900, 130_000, "million CNY", "900 million of 130 billion CNY"),
        (9_200, None, "million CNY", "9.2 billion CNY"),
        (0, None, "million CNY", "0 CNY"),
        (1234, None, "", "1.2 thousand"),
        (12, 40, "points", "12 of 40 points"),
    ],
)
def test_amounts_are_written_as_one_says_them(value, of, unit, expected):
    assert wording.amount(value, unit, of=of) == expected


def lines_of(axes):
    """Return the steps of each choice of rings on a panel: money and shares."""
    return {
        line.get_label(): list(zip(*(one.tolist() for one in line.get_data()), strict=True))
        for line in axes.lines
        if not str(line.get_label()).startswith("_")
    }


def test_the_picture_has_a_panel_a_tier_and_a_line_a_choice_of_rings():
    figure = answer.draw(stated())
    everything, small = figure.axes
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["All (6 pairs): within 4 h", "Small (5 pairs): within 4 h"]
    right = 1.03 * 400
    assert lines_of(everything) == {
        "no ring": [(0, 0.5), (40, 0.5), (320, 1), (400, 1), (right, 1)],
        "all rings": [(0, 0.5), (320, 1), (400, 1), (right, 1)],
    }
    assert lines_of(small)["all rings"][:2] == [(0, 0.4), (320, 1)]
    budget = next(line for line in everything.lines if str(line.get_label()).startswith("_"))
    assert budget.get_xdata() == [400, 400]
    assert figure.axes[0].get_xlabel() == "Budget, million CNY"


def test_without_several_budgets_there_is_no_curve():
    report = stated()
    assert answer.draw(line_report("bc")) is None
    assert (
        answer.draw(replace(report, states=(report.states[0], report.states[1], report.states[-1]))) is None
    )


def test_the_band_reaches_as_far_as_a_better_plan_may():
    report = stated()
    open_end = replace(report.states[2], objective=60, bound=75)
    assert answer.weight_left(report, open_end) == 0.25
    assert answer.weight_left(report, report.states[3]) == 0
    states = (*report.states[:2], replace(open_end, covered=open_end.covered[:4]), *report.states[3:])
    everything, small = answer.draw(replace(report, states=states)).axes

    def bands(axes):
        return [one for one in axes.collections if isinstance(one, PolyCollection)]

    (band,) = bands(everything)
    corners = {(x, round(y, 6)) for x, y in band.get_paths()[0].vertices.tolist()}
    assert {(320, round(4 / 6, 6)), (320, round(4 / 6 + 0.25, 6)), (400, 1)} <= corners
    assert not bands(small)
