from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from report_drawing import stated
from ring_square import shown

from optimiser.report import tables
from optimiser.report.ring_layout import PIECES
from tools import written_pages

GOLDEN = Path(__file__).parent


PAGE = (Path(__file__).parents[2] / "docs" / "rings.md").read_text(encoding="utf-8")


def plain(name):
    """Return the columns of a table that are written into its CSV file."""
    return [column for column in tables.COLUMNS[name] if column != "geometry"]


SECTIONS = {
    "rings.csv": plain("rings"),
    "ring_links.csv": ["ring", *PIECES],
    "ring_legs.csv": plain("ring_legs"),
    "ring_overlaps.csv": plain("ring_overlaps"),
}


@pytest.mark.parametrize("name", ["rings", "ring_links"])
def test_the_tables_of_rings_equal_the_golden_files(name, ringed, tmp_path):
    path = tables.write_csv(tables.of_rings(ringed.rings)[f"{name}.csv"], tmp_path / "written.csv")
    written = path.read_text(encoding="utf-8")
    assert written == (GOLDEN / f"{name}_golden.csv").read_text(encoding="utf-8")


def test_every_column_of_the_tables_has_a_meaning(compared):
    found = tables.of_rings(compared.rings)
    assert {name: list(table) for name, table in found.items()} == {k: list(v) for k, v in SECTIONS.items()}


def test_a_ring_that_is_not_formed_has_a_row_but_no_links(missed):
    rings, links, legs = tables.of_rings(missed.rings).values()
    assert rings[["formed", "reward", "reward_earned", "length_km"]].to_numpy().tolist() == [
        [False, 12, 0, 0.0]
    ]
    assert len(links) == len(legs) == 0


def test_roads_that_share_a_number_are_one_stretch():
    pieces = shown().pieces.assign(name=["G1", "G1;G2", "G2", "G3"], state="existing", candidate_id="")
    rows = replace(shown(), pieces=pieces).stretches
    assert [(row["name"], row["pieces"], row["length_km"]) for row in rows] == [
        ("G1", (1, 2), 110.0),
        ("G2", (3, 3), 100.0),
        ("G3", (4, 4), 70.0),
    ]


def test_new_and_existing_pieces_are_different_stretches():
    rows = shown().stretches
    assert [(row["name"], row["state"], row["cost"]) for row in rows] == [
        ("G3", "existing", 0),
        ("", "new", 300),
        ("G2", "existing", 0),
    ]


@pytest.mark.parametrize("name", ["rings", "ring_legs", "ring_overlaps"])
def test_the_documentation_explains_every_column_once_in_the_section_of_its_table(name):
    section = written_pages.columns().split(f"### {name}\n")[1].split("\n### ")[0]
    named = re.findall(r"^\| `(\w+)` \| .+ \|$", section, re.MULTILINE)
    assert sorted(named) == sorted(tables.COLUMNS[name])


def test_the_documentation_names_every_column_of_the_links_of_rings_once():
    (row,) = re.findall(r"^\| `ring_links.csv` \|(.*)$", PAGE, re.MULTILINE)
    assert sorted(re.findall(r"`(\w+)`", row)) == sorted(SECTIONS["ring_links.csv"])


def test_the_documentation_names_the_layers_of_the_geopackage():
    assert all(f"`{layer}`" in PAGE for layer in ("rings", "ring_links", "known_rings"))


def test_a_ring_that_the_plan_leaves_out_has_the_circuit_of_the_nearest_state_that_forms_it():
    report = stated()
    without = replace(report, rings=(shown(()),), states=report.states[1:])
    found = tables.of_rings(without.with_circuits().rings)
    assert found["rings.csv"][["formed", "length_km", "new_km"]].to_numpy().tolist() == [[False, 280.0, 30.0]]
    assert len(found["ring_legs.csv"]) == 3
    assert len(found["ring_links.csv"]) == 4
    nobody = replace(without, states=report.states[1:5]).with_circuits().rings
    assert len(tables.of_rings(nobody)["ring_legs.csv"]) == 0
