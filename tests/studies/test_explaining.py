"""A link is explained by the rings and pairs that need it, and by what stands in for it."""

from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest
from ring_square import shown

from optimiser.measures.ring_use import RingUse, TripUse
from optimiser.problem import Capacity
from optimiser.studies.comparison import Why, _full_sections, _ring_changes, _ring_reasons

RING = replace(shown(), reward=694, required=False)
LINK = RING.candidates[0]


def why(
    needs: list[bool], *, rank: int = 1, rings: tuple[str, ...] = (), beaten: tuple[int, ...] = ()
) -> Why:
    empty = pd.DataFrame()
    pairs = pd.DataFrame({"needs_it": needs}, dtype=bool)
    others = pd.DataFrame({"pairs_kept": beaten})
    return Why(rank, "x", "A – B", pairs, empty, empty, "Another.", rings, others, (), "", pd.Series())


def test_a_link_of_a_ring_names_the_ring_and_what_it_earns():
    trips = dict.fromkeys(TripUse.__dataclass_fields__, 0) | {"pairs": 900, "faster": 74, "faster_5": 47}
    used = replace(RING, use=RingUse(alone=(TripUse(**trips),)))
    assert list(_ring_reasons([used], LINK)) == [
        (
            "It closes the ring of 280 km round Centre. The ring counts as much as pairs of cities with a "
            "weight of 694; it makes 74 of 900 pairs of places faster by road, 47 of them by 5 minutes or "
            "more."
        )
    ]
    assert list(_ring_reasons([replace(RING, reward=0)], LINK)) == [
        "It closes the ring of 280 km round Centre. The ring is required of every plan."
    ]
    assert list(_ring_reasons([used], "another")) == []
    assert list(_ring_reasons([replace(used, is_left_out=True)], LINK)) == []


def test_what_is_left_out_names_the_section_of_line_without_room_for_it():
    plan = SimpleNamespace(
        links=pd.DataFrame(
            {"candidate_id": ["t", "u"], "from_name": ["A", "B"], "to_name": ["C", "D"], "kind": "express"}
        )
    )
    rooms = (
        Capacity("A - B", use=(("t", 8), ("x", 8)), most=12),
        Capacity("B - D", use=(("t", 8), ("u", 3), ("x", 8)), most=13),
        Capacity("wide", use=(("t", 8), ("x", 8)), most=16),
        Capacity("of others", use=(("t", 8), ("u", 8)), most=9),
    )
    (said,) = _full_sections("x", plan, SimpleNamespace(capacities=rooms))
    assert said == (
        "There is no room for all on B - D and 1 other section of line: of 13 further trains a day the plan "
        "has 11 (A – C (express) and B – D (express)), and this takes 8; capacities.csv says what the tracks "
        "are taken to carry."
    )
    assert list(_full_sections("y", plan, SimpleNamespace(capacities=rooms))) == []


def test_the_plan_without_it_tells_which_rings_it_still_closes():
    left = replace(RING, is_left_out=True)
    assert list(_ring_changes([RING], [RING], LINK)) == ["still closes the ring round Centre"]
    assert list(_ring_changes([RING], [RING], "another")) == []
    assert list(_ring_changes([RING], [left], LINK)) == ["leaves the ring round Centre open"]
    assert list(_ring_changes([left], [RING], "another")) == ["closes the ring round Centre"]
    assert list(_ring_changes([left], [left], LINK)) == []


@pytest.mark.parametrize(
    ("needs", "rank", "beaten", "expected"),
    [
        ([], 1, (), ["R.", "No pair within the limit needs it.", "Another."]),
        ([False], 1, (0,), ["R.", "No pair within the limit needs it; 1 is faster with it.", "Another."]),
        (
            [True, False],
            1,
            (),
            [
                "R.",
                "1 pair within the limit needs it; 1 more is faster with it.",
                "Another.",
                "No single candidate would keep a pair that needs it.",
            ],
        ),
        (
            [False] * 2,
            0,
            (),
            ["Another.", "R.", "In that plan no pair within the limit needs it; 2 are faster with it."],
        ),
    ],
)
def test_what_no_pair_needs_is_not_said_to_be_irreplaceable(needs, rank, beaten, expected):
    assert list(why(needs, rank=rank, rings=("R.",), beaten=beaten).sentences) == expected


@pytest.mark.parametrize(("rank", "word"), [(1, "without"), (0, "with")])
def test_the_heading_says_which_plan_is_meant(rank, word):
    assert why([], rank=rank).headings["swaps"] == f"What the best plan {word} it builds otherwise"
