from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from rich.console import Console
from ring_square import KNOWN, shown

from optimiser import report as reporting
from optimiser.report import (
    geopackage,
    page,
    picture,
    ring_lines,
    ring_tables,
    ringmap,
    screen,
    sentences,
    style,
    webmap,
)

GOLDEN = Path(__file__).parent


@pytest.fixture
def ringed(make):
    """The plan that builds B-C and C-D, with a ring that is closed by a link of its own."""
    return make("bc", "cd", rings=(shown(),))


@pytest.fixture
def likened(make):
    """The same ring beside a known one."""
    return make("bc", rings=(shown(overlaps=(KNOWN,)),))


@pytest.fixture
def missed(make):
    """A ring that would have earned something and is not formed."""
    ring = shown(())
    return make("bc", rings=(replace(ring, required=False, reward=12),))


def on_screen(report) -> str:
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(screen.summary(report))
    return console.export_text()


@pytest.mark.parametrize("name", ["rings", "ring_links"])
def test_the_tables_of_rings_are_as_they_were_written_down(name, ringed, tmp_path):
    files = {path.name: path for path in ring_tables.write(ringed, tmp_path)}
    written = files[f"{name}.csv"].read_text(encoding="utf-8")
    assert written == (GOLDEN / f"{name}_golden.csv").read_text(encoding="utf-8")


def test_every_column_of_the_tables_has_a_meaning(likened, tmp_path):
    meanings = (ring_tables.COLUMNS, {"ring": "", **ring_tables.PIECES}, ring_tables.OVERLAPS)
    for path, known in zip(ring_tables.write(likened, tmp_path), meanings, strict=True):
        assert list(pd.read_csv(path).columns) == list(known)


def test_a_ring_that_is_not_formed_has_a_row_but_no_links(missed, tmp_path):
    rings, links = (pd.read_csv(path) for path in ring_tables.write(missed, tmp_path))
    assert rings[["formed", "reward", "reward_earned", "length_km"]].to_numpy().tolist() == [
        [False, 12, 0, 0.0]
    ]
    assert len(links) == 0


def test_a_plan_without_rings_leaves_no_file_of_rings(make, tmp_path):
    assert [path.name for path in reporting.write(make("bc"), tmp_path)] == list(reporting.FILES)


def test_a_plan_beside_known_rings_leaves_their_picture(likened, tmp_path):
    names = [path.name for path in reporting.write(likened, tmp_path)]
    assert names == ["rings.csv", "ring_links.csv", "ring_overlaps.csv", "rings.png", *reporting.FILES]


def test_the_geopackage_holds_each_ring_as_one_closed_line(ringed, tmp_path):
    path = geopackage.write(ringed, tmp_path / "plan.gpkg")
    rings = gpd.read_file(path, layer="rings")
    assert rings[["ring", "length_km", "new_km", "cost", "cities"]].to_numpy().tolist() == [
        ["outer", 280, 30, 300, 3]
    ]
    assert rings.geometry.iloc[0].is_ring


def test_the_geopackage_holds_the_links_of_a_ring_in_order(ringed, tmp_path):
    path = geopackage.write(ringed, tmp_path / "plan.gpkg")
    links = gpd.read_file(path, layer="ring_links")
    assert links["link"].tolist() == [2, 1, 0, 3]
    assert links["state"].tolist() == ["existing", "new", "existing", "existing"]
    assert ring_lines.joined(links.geometry).is_closed


def test_the_geopackage_holds_known_rings(likened, tmp_path):
    path = geopackage.write(likened, tmp_path / "plan.gpkg")
    known = gpd.read_file(path, layer="known_rings")
    assert known[["reference", "name", "reference_km"]].to_numpy().tolist() == [
        ["known", "the known ring", 350]
    ]


def test_a_ring_that_is_not_formed_adds_no_layer(missed, tmp_path):
    names = set(gpd.list_layers(geopackage.write(missed, tmp_path / "plan.gpkg"))["name"])
    assert not names & {"rings", "ring_links", "known_rings"}


def test_the_screen_says_what_a_ring_is_and_who_lies_on_it(ringed):
    text = on_screen(ringed)
    assert "A ring of 280 km round Centre through 3 cities; 89 % of it exists." in text
    assert "30 km of it must be built, for 300 million CNY." in text
    assert "On it, clockwise: Sea (at it), Bee (10 min) and Ay (2 min)." in text


def test_the_screen_says_how_a_ring_lies_beside_a_known_one(likened):
    said = "25 % of the proposed ring lies within 15 km of the known ring, which is 350 km long; 12 % of that"
    assert said in on_screen(likened)


def test_a_reward_that_is_not_earned_is_explained(missed):
    said = "No ring round Centre is formed. Forming it would have earned 12, and the plan that was found does"
    assert said in on_screen(missed)
    proven = on_screen(replace(missed, gap=0.0, bound=float(missed.objective)))
    assert "and no plan within the same rules and money does better with it" in proven
    bounded = on_screen(replace(missed, gap=0.1, bound=missed.objective + 3.5))
    assert "no plan, with it or without, does better by more than 3." in " ".join(bounded.split())


def test_a_wish_that_cannot_come_true_is_not_said_to_cost_coverage(missed):
    hopeless = replace(missed, rings=(replace(missed.rings[0], can_form=False),), gap=0.0)
    text = " ".join(on_screen(hopeless).split())
    assert "No ring round Centre is formed. Nothing that exists or may be built for this money" in text
    assert "coverage elsewhere" not in text


def test_a_reward_means_nothing_where_the_least_cost_is_asked_for(missed):
    assert "its reward does not count where the least cost is asked for" in on_screen(
        replace(missed, budget=None)
    )


def test_the_headline_names_the_ring_that_is_closed(ringed):
    assert sentences.headline(ringed).endswith("within 4 hours and close a ring of 280 km round Centre")


def test_the_headline_says_that_a_ring_exists(make):
    ring = shown()
    old = replace(ring, pieces=ring.pieces.assign(state="existing", candidate_id="", cost=0))
    assert sentences.headline(make("bc", rings=(old,))).endswith(
        "; a ring of 280 km round Centre exists already"
    )
    nothing = "Nothing is built: no more city pairs come within 4 hours; a ring of 280 km round Centre exists"
    assert sentences.headline(make(rings=(old,))) == f"{nothing} already"


def test_the_headline_of_links_that_only_close_a_ring_says_so(make):
    closing = "1 link closes a ring of 280 km round Centre; no more city pairs come within 4 hours"
    assert sentences.headline(make("idle", rings=(shown(),))) == closing


def test_a_ring_that_is_not_formed_leaves_the_headline_alone(make, missed):
    assert sentences.headline(missed) == sentences.headline(make("bc"))


def test_the_page_has_a_section_on_rings_only_where_the_job_asks_for_one(make, ringed):
    assert 'id="rings"' not in page.render(make("bc"))
    text = page.render(ringed)
    assert 'id="rings"' in text
    for words in (
        "89 % of it exists",
        "at least 2 asked for",
        "encloses Inner as well",
        "ring, to be built",
        "10 min",
    ):
        assert words in text


def test_the_page_explains_a_ring_that_is_not_formed(missed):
    text = page.render(missed)
    assert "No ring round Centre is formed." in text
    assert "worth 12 when it is formed" in text
    assert "ring, exists already" not in text


def test_the_page_sets_a_ring_beside_known_ones(likened):
    text = page.render(likened)
    for words in (
        "Beside known rings",
        "the known ring",
        "25 %",
        "12 %",
        "It keeps to the plain.",
        "Drawn by hand",
    ):
        assert words in text


def test_the_strip_shows_where_round_the_ring_the_new_part_is(ringed):
    from optimiser.report import ring_page

    assert ring_page.strip(ringed.rings[0]) == [
        {"start": round(8000 / 280, 3), "width": round(3000 / 280, 3)}
    ]


def test_names_on_a_ring_are_read_as_written(make):
    hostile = "<img src=x onerror=alert(1)>"
    ring = shown()
    odd = replace(ring, pieces=ring.pieces.assign(name=hostile), cities=ring.cities.assign(name=hostile))
    text = page.render(make("bc", rings=(odd,)))
    assert "<img" not in text
    assert "&lt;img src=x onerror=alert(1)&gt;" in text


def test_the_map_can_switch_rings_only_where_there_are_some(make, ringed, likened, missed):
    switched = [[key for key, _ in webmap.layers(report)] for report in (make("bc"), missed, ringed, likened)]
    plain = [key for key, _ in webmap.LAYERS]
    assert switched == [
        plain,
        plain,
        ["proposals", "rings", *plain[1:]],
        ["proposals", "rings", "known", *plain[1:]],
    ]


def test_the_map_draws_rings_above_proposals_and_below_their_numbers(ringed):
    names = [part.name for part in webmap.draw(ringed).renderers]
    order = [
        names.index(name)
        for name in ("proposals-lines", "rings-whole-road", "rings-core", "proposals-badges")
    ]
    assert order == sorted(order)


def test_the_map_tells_of_each_stretch_of_a_ring(ringed):
    told = next(part for part in webmap.draw(ringed).renderers if part.name == "rings-told").data_source.data
    assert told["name"] == ["G3", "road without a number", "G2"]
    assert told["length"] == ["80 km", "30 km", "170 km"]
    assert told["state"] == ["exists already", "to be built", "exists already"]


def test_the_picture_names_what_a_ring_is_in_its_legend(ringed):
    words = {text.get_text() for axes in picture.draw(ringed, dpi=50).axes for text in axes.texts}
    assert {"Ring", "Ring, exists already", "Ring, to be built"} <= words
    assert "A ring of 280 km round Centre through 3 cities; 89 % of it" in " ".join(words)


def test_the_picture_of_a_plan_without_rings_says_nothing_of_rings(report):
    words = {text.get_text() for axes in picture.draw(report, dpi=50).axes for text in axes.texts}
    assert not any("ring" in text.lower().split() for text in words)


def test_the_picture_of_known_rings_says_what_is_drawn(likened):
    words = " ".join(text.get_text() for axes in ringmap.draw(likened, dpi=50).axes for text in axes.texts)
    for said in (
        "25 % of the proposed ring lies within 15 km of the known ring",
        "It keeps to the plain.",
        "Sea, Bee",
    ):
        assert said in words


def test_the_map_of_rings_holds_all_of_them(likened):
    axes = ringmap.draw(likened, dpi=50).axes[0]
    west, east = axes.get_xlim()
    drawn = [line.get_xdata() for line in axes.lines if line.get_zorder() > 7.5 and len(line.get_xdata()) > 3]
    assert len(drawn) >= 3
    assert all(west < min(xs) and max(xs) < east for xs in drawn)


def test_the_map_of_rings_leaves_out_cities_that_its_frame_would_cut(likened):
    axes = ringmap.draw(likened, dpi=50).axes[0]
    marks = axes.collections[0].get_offsets()
    (west, east), (south, north) = axes.get_xlim(), axes.get_ylim()
    assert 0 < len(marks) < len(likened.cities)
    assert all(west < x < east and south < y < north for x, y in marks)


def test_the_picture_names_rings_where_there_are_several(make):
    ring = shown()
    both = (ring, replace(ring, facts=replace(ring.facts, id="inner", mode="rail")))
    one, two = (
        {text.get_text() for text in picture.draw(make("bc", rings=rings), dpi=50).axes[0].texts}
        for rings in (both[:1], both)
    )
    assert "outer" not in one
    assert {"outer", "inner"} <= two


def test_rings_of_roads_and_railways_differ_in_the_legend(make):
    ring = shown()
    rail = replace(ring, facts=replace(ring.facts, id="inner", mode="rail"))
    report = make("bc", rings=(ring, rail))
    assert {"Ring, exists already", "Railway ring, exists"} <= {
        text.get_text() for text in picture.draw(report, dpi=50).axes[1].texts
    }
    text = page.render(report)
    assert "railway ring, exists already" in text
    assert "<h3>inner</h3>" in text


def test_what_must_be_built_of_a_railway_ring_has_its_colour_in_the_legend(make):
    ring = shown()
    rail = replace(ring, facts=replace(ring.facts, mode="rail"))
    key = '<span class="ring-rail"><i class="ring-key new"></i>railway ring, to be built</span>'
    assert key in page.render(make("bc", rings=(rail,)))


def test_a_known_ring_is_drawn_alike_on_all_maps(make):
    ring = shown(overlaps=(KNOWN,))
    second = replace(KNOWN, reference="second", name="the second ring")
    rail = replace(shown(overlaps=(second,)), facts=replace(ring.facts, id="inner", mode="rail"))
    report = make("bc", rings=(ring, rail))
    colour = style.KNOWN_RINGS[1].colour
    on_page = next(part for part in webmap.draw(report).renderers if part.name == "known-1")
    assert on_page.data_source.data["name"] == ["the second ring"]
    assert on_page.glyph.line_color == colour
    still = ringmap.draw(report, dpi=50).axes[2]
    assert colour in {line.get_color() for line in still.lines}
    assert 'known-1"></i>the second ring' in page.render(report)


def test_a_reward_that_is_earned_is_said(make):
    ring = replace(shown(), required=False, reward=1200)
    report = make("bc", rings=(ring,))
    assert "for 300 million CNY. It earns 1,200." in on_screen(report)
    assert "It earns 1,200." in page.render(report)


def test_the_number_of_a_link_that_closes_a_ring_knows_its_foot_on_the_line(make):
    def numbers(rings):
        drawn = webmap.draw(make("bc", rings=rings)).renderers
        data = next(part for part in drawn if part.name == "proposals-badges").data_source.data
        return abs(data["x"][0] - data["foot_x"][0]) + abs(data["y"][0] - data["foot_y"][0])

    ring = shown()
    closing = replace(ring, pieces=ring.pieces.replace({"candidate_id": {"east": "bc"}}))
    assert numbers(()) <= 2  # whole metres
    assert numbers((closing,)) > 1000


def test_the_map_tells_of_what_a_proposal_builds_in_one_box_only(make):
    ring = shown()
    closing = replace(ring, pieces=ring.pieces.replace({"candidate_id": {"east": "bc"}}))
    parts = {part.name: part.data_source.data for part in webmap.draw(make("bc", rings=(closing,))).renderers}
    assert parts["rings-told"]["name"] == ["G3", "G2"]
    assert parts["proposals-lines"]["kind"] == ["expressway upgrade, closes a ring"]
