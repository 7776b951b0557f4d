from __future__ import annotations

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
    assert 'known-1"></i>the second ring' in page.render(report)


def test_the_number_of_a_link_that_closes_a_ring_knows_its_foot_on_the_line(make):
    def numbers(rings):
        drawn = webmap.draw(make("bc", rings=rings)).renderers
        data = next(part for part in drawn if part.name == "proposals-badges").data_source.data
        return abs(data["x"][0] - data["foot_x"][0]) + abs(data["y"][0] - data["foot_y"][0])

    ring = shown()
    closing = replace(ring, pieces=ring.pieces.replace({"candidate_id": {"east": "bc"}}))
    assert numbers(()) <= 2  # whole metres
    assert numbers((closing,)) > 1000


def test_what_a_proposal_builds_is_described_in_one_box_only(make):
    ring = shown()
    closing = replace(ring, pieces=ring.pieces.replace({"candidate_id": {"east": "bc"}}))
    parts = {part.name: part.data_source.data for part in webmap.draw(make("bc", rings=(closing,))).renderers}
    assert parts["rings-hover"]["name"] == ["G3", "G2"]
    assert parts["proposals-lines"]["kind"] == ["expressway upgrade, closes a ring"]
