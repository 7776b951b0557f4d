"""The picture of a frontier holds its points, its band, its ends and its knee, and no word runs out of it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from core_drawing import dense_problem
from frontier_drawing import traced

from optimiser.frontier import Limits
from optimiser.frontier.tracer import curve
from optimiser.report import frontier, plots


@pytest.fixture
def two_way(monkeypatch):
    problem = dense_problem(5).replace(cities=())
    return curve(traced(problem, monkeypatch, limits=Limits(points=6))[0])


@pytest.fixture
def three_way(monkeypatch):
    problem = dense_problem(31)
    groups = tuple(group for group in problem.groups if group)[:2]
    return curve(traced(problem, monkeypatch, axes="three_way", groups=groups)[0])


def words(figure):
    """Return every text but the numbers at ticks, of which some lie outside the axes and are not drawn."""
    found = list(figure.texts)
    for axes in figure.axes:
        found += [*axes.texts, axes.xaxis.label, axes.yaxis.label, axes.title, axes._left_title]
    return [text for text in found if text.get_text().strip()]


@pytest.mark.parametrize("name", ["two_way", "three_way"])
def test_no_word_runs_out_of_the_picture(name, request):
    figure = frontier.draw(request.getfixturevalue(name))
    figure.canvas.draw()
    for text in words(figure):
        box = text.get_window_extent()
        assert box.x0 >= 0, text.get_text()
        assert box.x1 <= figure.bbox.width, text.get_text()
        assert box.y0 >= 0, text.get_text()
        assert box.y1 <= figure.bbox.height, text.get_text()


def test_every_point_is_drawn_where_it_lies(two_way):
    axes = frontier.draw(two_way).axes[0]
    drawn = {tuple(place) for dots in axes.collections for place in np.round(dots.get_offsets(), 6).tolist()}
    total = two_way.totals["all"]
    for point in two_way.points:
        assert (point.cost, round(point.plan.by_group["all"] / total, 6)) in drawn


def test_the_proof_is_stated_as_far_as_it_goes(two_way):
    texts = [text.get_text() for text in words(frontier.draw(two_way))]
    assert any("each proven" in text for text in texts)
    loose = dataclasses.replace(
        two_way,
        points=tuple(dataclasses.replace(point, bound=point.value * 1.5 + 2) for point in two_way.points),
    )
    texts = [text.get_text() for text in words(frontier.draw(loose))]
    assert any("each within" in text for text in texts)


def test_the_least_costs_of_a_map_are_those_of_plans_and_never_below_the_floor(three_way):
    cost, floor = frontier.surfaces(three_way)
    known = ~np.isnan(cost) & ~np.isnan(floor)
    assert set(np.unique(cost[~np.isnan(cost)])) <= {point.cost for point in three_way.points}
    assert (floor[known] <= cost[known] + 1e-6).all()


def test_the_picture_is_a_png(two_way, tmp_path):
    path = plots.write(frontier.draw(two_way), tmp_path / "frontier.png")
    assert path.read_bytes().startswith(b"\x89PNG")


def test_names_of_curves_that_end_close_together_stand_apart():
    ends = {"all": 0.751, "secondary": 0.750, "small": 0.748}
    curves = {name: plots.Steps([0, 9, 50], [0.66, 0.72, end]) for name, end in ends.items()}
    figure = plots.draw_curves({"Share": curves}, across="Money spent")
    (axes,) = figure.axes
    places = [text.xy[1] for text in sorted(axes.texts, key=lambda text: ends[text.get_text()])]
    gap = plots.LABEL_GAP * np.ptp(axes.get_ylim())
    top = axes.get_ylim()[1]  # where the last would stand above it, all are lowered
    assert places == pytest.approx([top - 2 * gap, top - gap, top])
    boxes = [text.get_window_extent() for text in axes.texts]
    assert not any(one.overlaps(other) for at, one in enumerate(boxes) for other in boxes[:at])


def test_names_with_room_above_them_are_raised_as_far_as_they_need():
    ends = {"all": 0.751, "secondary": 0.750, "small": 0.748}
    curves = {name: plots.Steps([0, 9], [0.1, end]) for name, end in ends.items()}
    curves["core"] = plots.Steps([0, 9], [0.1, 1.0])
    (axes,) = plots.draw_curves({"Share": curves}, across="").axes
    gap = plots.LABEL_GAP * np.ptp(axes.get_ylim())
    places = {text.get_text(): text.xy[1] for text in axes.texts}
    assert places["small"] == 0.748
    assert places["all"] == pytest.approx(0.748 + 2 * gap)
    assert places["core"] == 1.0


def test_names_far_apart_stand_at_the_ends_of_their_curves():
    curves = {"all": plots.Steps([0, 9], [0.1, 0.9]), "small": plots.Steps([0, 9], [0.1, 0.4])}
    figure = plots.draw_curves({"": curves}, across="")
    assert {text.get_text(): text.xy[1] for text in figure.axes[0].texts} == {"all": 0.9, "small": 0.4}
