"""Check how far a ring overlaps with a reference ring."""

from __future__ import annotations

import pytest
import shapely
from candidates_drawing import KM

from optimiser.job import find
from optimiser.problem.errors import JobError
from optimiser.proposals.rings.reference_rings import (
    overlap,
    read_reference_rings,
)
from optimiser.run.source import find_source

HEADER = "ring,title,mode,seq,lat,lon,source,quality\n"


def loop(*corners):
    return shapely.LineString([(x * KM, y * KM) for x, y in (*corners, corners[0])])


SQUARE = loop((0, 0), (100, 0), (100, 100), (0, 100))


def test_a_ring_overlaps_with_all_of_itself():
    assert overlap(SQUARE, SQUARE) == (1.0, 1.0)


def test_rings_far_apart_have_nothing_in_common():
    far = loop((300, 0), (400, 0), (400, 100), (300, 100))
    assert overlap(SQUARE, far) == (0.0, 0.0)


def test_both_shares_are_counted_each_by_its_own_length():
    # the southern 40 km of the square: a wide, flat ring; 15 km beyond its edges count as well
    flat = loop((0, 0), (100, 0), (100, 40), (0, 40))
    of_ring, of_reference = overlap(SQUARE, flat)
    assert of_ring == pytest.approx((100 + 2 * 55) / 400, abs=0.01)
    assert of_reference == pytest.approx((100 + 2 * 40 + 2 * 15) / 280, abs=0.01)


def test_the_corridor_is_measured_in_km():
    beside = loop((-14, -14), (114, -14), (114, 114), (-14, 114))
    assert overlap(SQUARE, beside)[0] == 1.0
    assert overlap(SQUARE, beside, corridor_km=13.0)[0] == 0.0


def test_reference_rings_are_read_in_order_and_closed(tmp_path):
    path = tmp_path / "rings.csv"
    path.write_text(
        HEADER + "a,A,road,1,0,1,seen,A\na,A,road,0,0,0,from memory,C\na,A,road,2,1,1,seen,A\n",
        encoding="utf-8",
    )
    (found,) = read_reference_rings(path)
    assert list(found.line.coords) == [(0, 0), (1, 0), (1, 1), (0, 0)]
    assert found.source == "from memory (quality C); seen (quality A)"


def test_a_table_without_its_columns_is_refused(tmp_path):
    path = tmp_path / "rings.csv"
    path.write_text("ring,title\na,A\n", encoding="utf-8")
    with pytest.raises(JobError) as caught:
        read_reference_rings(path)
    assert "column 'mode' is missing" in caught.value.faults


def test_all_rows_of_a_table_that_cannot_be_used_are_named_at_once(tmp_path):
    path = tmp_path / "rings.csv"
    rows = ["a,A,road,0,x,1,seen,A", "a,A,road,1,95,1,seen,A", "a,A,tram,2,0,1,seen,A", "a,A,road"]
    path.write_text(HEADER + "\n".join(rows), encoding="utf-8")
    with pytest.raises(JobError) as caught:
        read_reference_rings(path)
    assert [fault[:6] for fault in caught.value.faults] == ["line 2", "line 3", "line 4", "line 5"]
    path.write_text(HEADER + "a,A,road,0,0,0,seen,A\na,A,road,1,1,1,seen,A\n", encoding="utf-8")
    with pytest.raises(JobError) as caught:
        read_reference_rings(path)
    assert caught.value.faults == ("ring a: it needs three way points",)


def test_a_table_that_is_no_text_is_refused(tmp_path):
    path = tmp_path / "rings.csv"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(JobError, match="cannot be read"):
        read_reference_rings(path)


def test_the_region_that_comes_with_the_package_knows_a_road_and_a_railway_ring():
    path = find_source(find("jing-jin-ji")).files["measures.known_rings"]
    known = {one.mode: one for one in read_reference_rings(path)}
    assert {mode: round(one.length_km) for mode, one in known.items()} == {"road": 775, "rail": 393}
    assert all(one.line.is_closed and one.line.is_simple for one in known.values())
