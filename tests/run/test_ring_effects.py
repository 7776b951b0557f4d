"""What a ring does is measured by leaving out what is built for it alone."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import pytest
from measures_drawing import drawn_candidates, drawn_cities, drawn_graph, drawn_plan, drawn_problem

from optimiser import verify
from optimiser.job.sections import Independence
from optimiser.measures.tables import ANY_WAY, OFF_CORE, PLAN, TODAY, WITHOUT_RING
from optimiser.problem import Ring, RingLink
from optimiser.run import measured_plan
from optimiser.run.independence import WithoutCore

DEGREE = 10_000_000
ROUND_ADA = Ring(
    id="r",
    required=False,
    reward=1,
    centres=((116 * DEGREE, 40 * DEGREE),),
    nodes=tuple((x * DEGREE, y * DEGREE) for x, y in ((117, 40), (116, 41), (115, 40), (116, 39))),
    links=(RingLink(0, 1, "bd"), RingLink(1, 2), RingLink(2, 3), RingLink(0, 3)),
)
BOTH = ("ac", "bd")


def measured(*rings: Ring, formed: tuple[str, ...] = ("r",)):
    """The road from Bo to Di closes a ring round Ada; trains from Ada to Cy have nothing to do with it."""
    problem = drawn_problem().replace(rings=rings or (ROUND_ADA,))
    lines = gpd.GeoSeries([], dtype="geometry")
    asked = Independence(weight=0.25, radius_km=(15.0,))
    without = WithoutCore.of(drawn_graph(), drawn_candidates(), drawn_cities(), lines, asked)
    plan = verify.score(problem, BOTH, rings=dict.fromkeys(formed, (0, 1, 2, 3)))
    return replace(drawn_plan(*BOTH, problem=problem), plan=plan, without=without)


def test_the_states_of_a_region_with_and_without_a_ring_are_those_worked_out_by_hand():
    table = measured_plan.effects(measured()).set_index("state")
    columns = ["cost", "pairs_within", "independent_at_1", "outside_pairs", "off_core_minutes"]
    # Without the core Cy and Di alone are joined today, by 60 minutes.
    assert table[columns].T.to_dict("list") == {
        TODAY: [0, 3, 1, 3, 60],
        WITHOUT_RING: [50, 5, 1, 3, 60],
        PLAN: [250, 6, 3, 3, 60],
    }
    assert table["through_core_share"].tolist() == pytest.approx([2 / 3, 2 / 3, 0])


def test_minutes_saved_come_with_the_pairs_that_save_them():
    table = measured_plan.savings(measured())
    by_way = dict(list(table.groupby("way", sort=False)))
    fast = by_way[ANY_WAY]
    assert [*zip(fast["from_name"], fast["to_name"], strict=True)] == [
        ("Bo", "Di"),
        ("Bo", "Cy"),
        ("Ada", "Di"),
    ]
    assert fast["without_minutes"].tolist() == pytest.approx([13_210 / 60, 9_610 / 60, 9_600 / 60])
    assert fast["saved_minutes"].tolist() == pytest.approx([7_810 / 60, 610 / 60, 590 / 60])
    free = by_way[OFF_CORE]
    assert free["to_name"].tolist() == ["Cy", "Di"]
    assert free["without_minutes"].isna().all()
    assert free["plan_minutes"].tolist() == [150, 90]


def test_what_another_ring_needs_as_well_is_not_built_for_one_alone():
    rings = (ROUND_ADA, replace(ROUND_ADA, id="s"))
    assert measured_plan.new_stretches(measured(*rings)) == {"r": {"bd"}}
    both = measured(*rings, formed=("r", "s"))
    assert measured_plan.new_stretches(both) == {"r": frozenset(), "s": frozenset()}
    assert measured_plan.savings(both).empty


def test_a_ring_that_is_not_formed_has_no_state_without_it():
    table = measured_plan.effects(measured(formed=()))
    assert table["state"].tolist() == [TODAY, PLAN]
    assert measured_plan.savings(measured(formed=())).empty
