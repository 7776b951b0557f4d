"""A dry run works small jobs out, and estimates what takes minutes for large ones."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from cli_drawing import JOB, Drawing, cities_csv, draw_map

from networks.errors import SnapError
from optimiser.job import load
from optimiser.run import pipeline
from optimiser.tasks.cache import Progress

SIDE = 8
"""Cities a side: 64 cities are 2,016 pairs."""


@pytest.fixture
def lattice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A job on a lattice of cities half a degree apart, with a cache of its own."""
    monkeypatch.setenv("POLYRING_CACHE", str(tmp_path / "cache"))
    drawing, rows = Drawing(), []
    at = {}
    for x in range(SIDE):
        for y in range(SIDE):
            lon, lat = 110.0 + x / 2, 30.0 + y / 2
            at[x, y] = drawing.node(lon, lat)
            rows.append((f"c{x}{y}", f"City {x} {y}", lon, lat, 9_000_000 // (x * SIDE + y + 1)))
    for (x, y), node in at.items():
        for other in ((x + 1, y), (x, y + 1)):
            if other in at:
                drawing.road(node, at[other], {"highway": "primary"})
    (tmp_path / "map.osm").write_text(drawing.xml())
    (tmp_path / "cities.csv").write_text(cities_csv(rows))
    (tmp_path / "job.toml").write_text(JOB)
    return tmp_path / "job.toml"


def test_a_large_job_is_read_and_placed_and_nothing_beyond(lattice):
    progress = Progress()
    found = pipeline.rehearse(load(lattice), progress)
    assert set(progress.seconds) == {"network", "placing"}
    assert (found["cities"], found["pairs of cities"]) == (SIDE**2, math.comb(SIDE**2, 2))
    assert found["pairs of cities"] > pipeline.MOST_PAIRS
    assert found["road nodes"] >= SIDE**2
    assert "candidates" in found["not worked out"]
    assert "problem pairs" not in found


def test_far_pairs_are_counted(lattice):
    found = pipeline.rehearse(load(lattice), Progress())
    # The limit of two hours takes 80 km/h to 160 km in a straight line.
    (count,) = (value for name, value in found.items() if name.startswith("pairs more than 160 km"))
    lon, lat = (np.repeat(np.arange(SIDE) / 2, SIDE) + 110, np.tile(np.arange(SIDE) / 2, SIDE) + 30)
    half = np.radians((lat[:, None] - lat) / 2), np.radians((lon[:, None] - lon) / 2)
    part = (
        np.sin(half[0]) ** 2
        + np.cos(np.radians(lat[:, None])) * np.cos(np.radians(lat)) * np.sin(half[1]) ** 2
    )
    km = 2 * 6371.0088 * np.arcsin(np.sqrt(part))
    assert count == np.triu(km > 160).sum() > 0


def test_a_city_far_from_every_road_is_a_fault_of_a_large_job_too(lattice):
    cities = lattice.with_name("cities.csv")
    cities.write_text(cities.read_text() + "far,Far,130.0,30.0,100000\n")
    with pytest.raises(SnapError, match="Far"):
        pipeline.rehearse(load(lattice), Progress())


def test_a_map_that_is_too_large_is_not_read(lattice, monkeypatch):
    monkeypatch.setattr(pipeline, "MOST_MAP_MB", 0)
    progress = Progress()
    found = pipeline.rehearse(load(lattice), progress)
    assert progress.seconds == {}
    assert "the map" in found["not worked out"]
    assert found["cities"] == SIDE**2


def test_a_large_map_that_was_read_before_is_used(lattice, monkeypatch):
    pipeline.rehearse(load(lattice), Progress())
    monkeypatch.setattr(pipeline, "MOST_MAP_MB", 0)
    found = pipeline.rehearse(load(lattice), Progress())
    assert "the map" not in found["not worked out"]
    assert not any(name.startswith("expected seconds of reading") for name in found)


def test_a_small_job_is_worked_out(tmp_path):
    (tmp_path / "map.osm").write_text(draw_map())
    (tmp_path / "cities.csv").write_text(cities_csv())
    (tmp_path / "job.toml").write_text(JOB)
    found = pipeline.rehearse(load(tmp_path / "job.toml"), Progress())
    assert found["problem pairs"] == 15
    assert "not worked out" not in found
    assert (found["alternatives"], found["problems to be solved, at most"]) == ("none", 1)


def test_alternatives_are_named_with_the_plans_that_they_ask_for(tmp_path):
    (tmp_path / "map.osm").write_text(draw_map())
    (tmp_path / "cities.csv").write_text(cities_csv())
    asked = (
        "\n[[alternatives]]\nname = 'other money'\nbudgets = [0.5, 1]\namounts = [0]\n"
        "\n[[alternatives]]\nname = 'dear'\nprices = 'high'\n"
        "\n[[alternatives]]\nname = 'half of all'\nshares = [0.5]\n"
    )
    (tmp_path / "job.toml").write_text(JOB + asked)
    found = pipeline.rehearse(load(tmp_path / "job.toml"), Progress())
    assert found["alternatives"] == "other money (3); dear (1); half of all (1)"
    assert found["problems to be solved, at most"] == 6
