from __future__ import annotations

import math
import re
from dataclasses import replace

from ring_square import KNOWN, shown

from optimiser.report import page, picture, plots, webmap


def test_rings_can_be_switched_only_where_there_are_some(make, ringed, compared, missed):
    switched = [
        [key for key, _ in webmap.layers(report)] for report in (make("bc"), missed, ringed, compared)
    ]
    plain = [key for key, _ in webmap.LAYERS]
    assert switched == [
        plain,
        plain,
        ["proposals", "rings", *plain[1:]],
        ["proposals", "rings", "known", *plain[1:]],
    ]


def test_rings_lie_above_proposals_and_below_their_numbers(ringed):
    names = [part.name for part in webmap.draw(ringed).renderers]
    order = [
        names.index(name)
        for name in ("proposals-lines", "rings-whole-road", "rings-core", "proposals-badges")
    ]
    assert order == sorted(order)


def test_each_stretch_of_a_ring_has_its_figures(ringed):
    tips = next(part for part in webmap.draw(ringed).renderers if part.name == "rings-hover").data_source.data
    assert tips["name"] == ["G3", "road without a number", "G2"]
    assert tips["length"] == ["80 km", "30 km", "170 km"]
    assert tips["state"] == ["exists", "to be built", "exists"]


def test_a_known_ring_is_drawn_alike_on_all_maps(make):
    ring = shown(overlaps=(KNOWN,))
    second = replace(KNOWN, reference="second", name="the second ring")
    rail = replace(shown(overlaps=(second,)), facts=replace(ring.facts, id="inner", mode="rail"))
    report = make("bc", rings=(ring, rail))
    colour = plots.KNOWN_RINGS[1].colour
    on_page = next(part for part in webmap.draw(report).renderers if part.name == "known-1")
    assert on_page.data_source.data["name"] == ["the second ring"]
    assert on_page.glyph.line_color == colour
    still = picture.draw_rings(report, dpi=50).axes[0]
    assert colour in {line.get_color() for line in still.lines}
    assert re.search(
        r'known-1"></i>\d+ % of the proposed railway ring lies [^<]* the second ring', page.render(report)
    )


def test_the_number_of_a_link_stands_on_its_line_beside_that_of_a_ring_or_in_the_corner(make):
    def stands(report):
        drawn = webmap.draw(report).renderers
        data = next(part for part in drawn if part.name == "proposals-badges").data_source.data
        line = next(part for part in drawn if part.name == "proposals-lines").data_source.data
        away = [
            math.hypot(x - data["x"][0], y - data["y"][0])
            for x, y in zip(line["xs"][0], line["ys"][0], strict=True)
        ]
        return data["stands"], min(away) < webmap.HOVER_STEP_M

    ring = shown()
    closing = replace(ring, pieces=ring.pieces.replace({"candidate_id": {"east": "bc"}}))
    plain = make("bc")
    assert stands(plain) == (["on"], True)
    assert stands(make("bc", rings=(closing,))) == (["beside"], True)
    whole = replace(plain, links=plain.links.assign(to_name="the whole region"))
    assert stands(whole) == (["corner"], True)


def test_what_a_proposal_builds_is_described_in_one_box_only(make):
    ring = shown()
    closing = replace(ring, pieces=ring.pieces.replace({"candidate_id": {"east": "bc"}}))
    parts = {part.name: part.data_source.data for part in webmap.draw(make("bc", rings=(closing,))).renderers}
    assert parts["rings-hover"]["name"] == ["G3", "G2"]
    assert parts["proposals-lines"]["kind"] == ["expressway upgrade, closes a ring"]
