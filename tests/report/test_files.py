from __future__ import annotations

import io
import os
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from pyproj import Geod
from rich.console import Console

from optimiser import report as reporting
from optimiser.problem.errors import EnvironmentFault
from optimiser.report import atomic, geopackage, picture, placing, projection, screen


def test_the_geopackage_has_five_layers(report, tmp_path):
    path = geopackage.write(report, tmp_path / "plan.gpkg")
    assert sorted(gpd.list_layers(path)["name"]) == [
        "cities",
        "network_rail",
        "network_roads",
        "pairs",
        "proposals",
    ]


def test_cities_in_the_geopackage_know_their_coverage(report, tmp_path):
    path = geopackage.write(report, tmp_path / "plan.gpkg")
    cities = gpd.read_file(path, layer="cities").set_index("name")
    assert cities.loc["Di", ["before", "after", "worst_after"]].tolist() == [0, 3, "Ada"]


def test_pairs_in_the_geopackage_are_lines_with_seconds_before_and_after(report, tmp_path):
    path = geopackage.write(report, tmp_path / "plan.gpkg")
    pair = gpd.read_file(path, layer="pairs").set_index(["origin", "destination"]).loc[("Ada", "Di")]
    assert (pair["before_s"], pair["after_s"]) == (9 * 3600, 3 * 3600)
    assert pair.geometry.geom_type == "LineString"


def test_a_plan_of_nothing_still_makes_every_file(make, tmp_path):
    files = reporting.write(make(), tmp_path)
    assert [path.name for path in files] == list(reporting.FILES)
    assert all(path.stat().st_size > 0 for path in files)


def test_the_picture_is_a_png(report, tmp_path):
    path = picture.write(report, tmp_path / "plan.png", dpi=60)
    assert path.read_bytes().startswith(b"\x89PNG\r\n")


def test_the_picture_names_cities_proposals_and_attribution(report):
    figure = picture.draw(report, dpi=60)
    words = {text.get_text() for axes in figure.axes for text in axes.texts}
    assert {"Ada", "Di", "1", "2", "3", "N", "Cy – Di", "© OpenStreetMap contributors"} <= words


def test_a_dollar_in_a_name_is_no_formula_in_the_picture(make, tmp_path):
    report = make("bc", names=("$\\frac$", "Bo", "Cy", "$x"))
    assert picture.write(report, tmp_path / "plan.png", dpi=40).exists()


def test_labels_of_the_picture_do_not_touch():
    random = np.random.default_rng(1)
    labels = [placing.Label(x, y, 60, 12) for x, y in random.uniform(0, 500, (60, 2))]
    found = placing.place(labels, taken=placing.boxes(()), frame=(0, 0, 500, 500))
    corners = placing.boxes([[p.x, p.y, p.x + 60, p.y + 12] for p in found if p is not None])
    for row, box in enumerate(corners):
        assert not placing.overlaps(box, np.delete(corners, row, axis=0)).any()


def test_a_label_stands_right_of_its_point_where_there_is_room():
    found = placing.place(
        [placing.Label(50, 50, 20, 10)], taken=placing.boxes(()), frame=(0, 0, 100, 100), gap=5
    )
    assert found == [placing.Place(55.0, 45.0, (1, 0), 1.0)]


def test_a_label_that_finds_no_room_stays_out():
    found = placing.place([placing.Label(50, 50, 200, 10)], taken=placing.boxes(()), frame=(0, 0, 100, 100))
    assert found == [None]


@pytest.mark.parametrize(("span", "length"), [(600_000, 100_000), (400_000, 50_000), (26_000, 5_000)])
def test_the_scale_bar_has_a_round_length(span, length):
    assert projection.round_length_m(span) == length


def test_the_map_is_true_to_scale(report):
    layers = projection.project(report)
    metres = layers.cities.geometry.iloc[0].distance(layers.cities.geometry.iloc[3])
    assert metres == pytest.approx(Geod(ellps="WGS84").inv(116, 39, 119, 39.9)[2], rel=1e-3)


def test_a_file_that_fails_half_way_leaves_the_earlier_one(tmp_path):
    path = atomic.write_text(tmp_path / "x.txt", "old")

    def fail(part) -> None:
        part.write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(EnvironmentFault, match="No space left"):
        atomic.write(path, fail)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["x.txt"]  # noqa: PTH208 - the plainest way to see all names


def test_the_screen_shows_coverage_and_ranked_links(report):
    console = Console(width=140, record=True, file=open(os.devnull, "w"))  # noqa: SIM115, PTH123 - dropped
    console.print(screen.summary(report))
    text = console.export_text()
    assert "3 links bring 3 more city pairs within 4 hours" in text
    assert "Cy – Di" in text
    assert "+3" in text


def test_the_screen_shows_the_coverage_at_other_speeds(report):
    rows = {"case": ["expressways at 80 km/h"], "all before": [0.25], "all after": [0.5]}
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(screen.summary(replace(report, sensitivity=pd.DataFrame(rows))))
    said = "With expressways at 80 km/h: 25% of pairs today, 50% with the plan"
    assert said in console.export_text()


def test_the_screen_says_by_what_rule_the_links_are_ranked(report):
    title = screen.links_table(report).title
    assert "ranked by worth to the plan: the last to be given up comes first" in str(title)


def test_markup_in_a_name_is_shown_on_the_screen_as_written(make):
    console = Console(width=140, record=True, file=open(os.devnull, "w"))  # noqa: SIM115, PTH123 - dropped
    console.print(screen.links_table(make("bc", names=("Ada", "[red]Bo[/]", "Cy", "Di"))))
    assert "[red]Bo[/]" in console.export_text()


def test_seconds_of_a_pair_without_path_are_empty_in_the_geopackage(report):
    pairs = report.pairs.assign(before_s=np.iinfo(np.int64).max)
    shown = geopackage._seconds(pairs["before_s"])
    assert pd.isna(shown).all()
