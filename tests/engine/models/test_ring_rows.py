"""Write out the rows of rings and periods for drawings of a few links."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pulp
import pytest
from model_rows import terms
from ring_drawing import leading, phased, ringed, square

from optimiser.engine.models.extended import (
    add_requires_in_time,
    build_extended,
    declare_starts,
)
from optimiser.engine.models.rings import declare_ring, detached_rows, leave_rows, mend_row
from optimiser.problem import Period, RingLink, RingStop

HERE = Path(__file__).resolve().parent


# ---- rows against detached circuits


@pytest.fixture
def declared():
    """Declare rings in a model that lives as long as the test."""
    lp = pulp.LpProblem()
    return lambda ring: declare_ring(lp, ring, 1, range(len(ring.links)))


def two_rounds():
    """Two squares round one centre, the inner one without the only stop, and a way between them."""
    nodes = ((0, 0), (4, 0), (4, 4), (0, 4), (-5, -5), (9, -5), (9, 9), (-5, 9))
    sides = [RingLink(i + a, i + (a + 1) % 4) for i in (0, 4) for a in range(4)]
    stops = (RingStop("far", (5,)),)
    links = (*sides, RingLink(0, 4))
    return square(nodes=nodes, links=links, stops=stops, least_stops=1)


def test_a_circuit_round_the_centre_that_is_no_ring_is_cut_off_by_its_mend_row(declared):
    """No `leave` row is valid: a ring may well stay within the nodes of a circuit round the centre."""
    decisions = declared(two_rounds())
    inner = (0, 1, 2, 3)
    assert list(leave_rows(decisions, inner)) == []
    ((_, row),) = detached_rows(decisions, [inner])
    names = {f"f{side}001_{a + 1:06d}" for side in "ab" for a in inner}
    assert terms(row) == (dict.fromkeys(names, 1.0), "<=", 3)


def test_mend_rows_are_left_out_where_leave_rows_cut_the_point_off(declared):
    ring = two_rounds()
    beside = dataclasses.replace(ring, centres=((20, 20),))
    decisions = declared(beside)
    rows = [terms(row) for _, row in detached_rows(decisions, [(0, 1, 2, 3), (4, 5, 6, 7)])]
    assert len(rows) == 8
    # the only way out of the inner square is the last link, from its tail
    out = {"fa001_000009": 1.0}
    into_corner = {"fa001_000004": -1.0, "fb001_000001": -1.0, "fb001_000009": -1.0}
    assert rows[0] == (out | into_corner, ">=", 0)
    # from the outer square the same link leads out the other way
    assert rows[4] == (
        {"fa001_000008": -1.0, "fb001_000005": -1.0, "fa001_000009": -1.0, "fb001_000009": 1.0},
        ">=",
        0,
    )


def test_a_mend_row_lets_every_other_circuit_pass(declared):
    decisions = declared(two_rounds())
    _, row = mend_row(decisions, (0, 1, 2, 3))
    used = {name for name, factor in terms(row)[0].items() if factor == 1.0}
    for circuit in ((4, 5, 6, 7), (0, 1, 2, 8)):
        assert sum(f"fa001_{a + 1:06d}" in used for a in circuit) <= 3
    assert sum(f"fb001_{a + 1:06d}" in used for a in (0, 1, 2, 3)) > 3


# ---- requires with leads


def required_in_time(lead_a, lead_b, periods=3):
    """Return the rows for `fast` requires `north`, over the starts of both, by number of the row."""
    states = tuple(Period(f"p{t}", 9, 1) for t in range(periods))
    problem = phased(requires=(("fast", "north"),), periods=states, budget=9 * periods)
    problem = leading(problem, fast=lead_a, north=lead_b)
    lp = pulp.LpProblem()
    add_requires_in_time(lp, problem, declare_starts(lp, problem))
    found = []
    for name, row in sorted((row.name, row) for row in lp.constraints()):
        left, sense, right = terms(row)
        assert (sense, right) == ("<=", 0), name
        plus = [int(v.rsplit("_", 1)[1]) for v, factor in left.items() if factor == 1.0]
        minus = [int(v.rsplit("_", 1)[1]) for v, factor in left.items() if factor == -1.0]
        assert all(v.startswith("x0000002") for v, factor in left.items() if factor == 1.0)
        assert all(v.startswith("x0000003") for v, factor in left.items() if factor == -1.0)
        found.append((sorted(plus), sorted(minus)))
    return found


@pytest.mark.parametrize(
    ("lead_a", "lead_b", "rows"),
    [
        # equal leads: started no earlier
        (0, 0, [([1], [1]), ([1, 2], [1, 2]), ([1, 2, 3], [1, 2, 3])]),
        (2, 2, [([1], [1]), ([1, 2], [1, 2]), ([1, 2, 3], [1, 2, 3])]),
        # the one required takes a period longer: it has to be started a period earlier
        (0, 1, [([1], []), ([1, 2], [1]), ([1, 2, 3], [1, 2])]),
        (1, 2, [([1], []), ([1, 2], [1]), ([1, 2, 3], [1, 2])]),
        # the one that requires takes a period longer: the other may be started a period later
        (1, 0, [([1], [1, 2]), ([1, 2], [1, 2, 3]), ([1, 2, 3], [1, 2, 3])]),
    ],
)
def test_a_candidate_opens_no_earlier_than_the_one_that_it_requires(lead_a, lead_b, rows):
    assert required_in_time(lead_a, lead_b) == rows


# ---- golden models


def ring_of_all_demands():
    """`square` with a detour in the south, lengths, groups, a stop that it must pass, and a neighbour."""
    links = (
        *(dataclasses.replace(link, length=4) for link in square().links),
        RingLink(0, 1, via=((2, -3),), length=10),
    )
    stops = (
        RingStop("town", (3,), "big", must=True),
        RingStop("port", (1, 2), "small"),
        RingStop("mill", (0,), "small"),
    )
    return square(
        links=links, stops=stops, least_by_group=(("big", 1), ("small", 2)), longest=22, apart=("beside",)
    )


def beside():
    """A triangle that shares a corner with `square`, has two centres and earns a reward."""
    nodes = ((4, 4), (12, 4), (4, 12))
    links = (RingLink(0, 1), RingLink(1, 2, "across"), RingLink(2, 0, "fast"))
    return square(
        id="beside", nodes=nodes, links=links, centres=((5, 6), (7, 6)), stops=(), least_stops=0,
        required=False, reward=7,
    )  # fmt: skip


def demanding(**changes):
    return ringed(ring_of_all_demands(), beside(), **changes)


def in_periods():
    return leading(
        demanding(
            periods=(Period("early", 4, 1), Period("late", 5, 2)),
            requires=(("fast", "north"),),
            excludes=(("across", "west"),),
        ),
        fast=1,
    )


CASES = {
    "rings": lambda: build_extended(demanding()),
    "rings_null": lambda: build_extended(demanding(budget=None)),
    "periods": lambda: build_extended(in_periods()),
    "periods_cuts": lambda: build_extended(in_periods(), flows=False),
}


@pytest.mark.parametrize("name", CASES)
def test_the_extended_model_is_the_golden_one(name, tmp_path):
    CASES[name]().lp.writeLP(str(tmp_path / "model.lp"))
    assert (tmp_path / "model.lp").read_text() == (HERE / "golden" / f"{name}.lp").read_text()
