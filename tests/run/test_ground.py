"""Check which ground the candidates of a job lie on: its own, that of its region, coarse relief, or plain."""

from __future__ import annotations

import pytest
from cli_drawing import draw_region

from optimiser.job import find
from optimiser.proposals.terrain import PLAIN, CoarseRelief
from optimiser.run.chain import Chain
from optimiser.run.source import find_source


@pytest.fixture
def job(tmp_path, monkeypatch):
    """The drawn region, whose north lies in the hills of Beijing."""
    monkeypatch.setenv("POLYRING_CACHE", str(tmp_path / "cache"))
    draw_region(tmp_path)
    return str(tmp_path / "job.toml")


def proposed(job, ground):
    found = Chain.of(find(job, settings=[f"costs.terrain='{ground}'"])).candidates.value
    return found.table.set_index("candidate_id"), found.terrain_source


def test_without_terrain_of_its_own_a_job_lies_on_coarse_relief_which_costs_more_than_plain(job):
    (rough, coarse), (flat, plain) = proposed(job, ""), proposed(job, "plain")
    assert coarse.startswith(CoarseRelief().source)
    assert plain.startswith(PLAIN.source)
    assert (flat[["hill", "mountain"]] == 0).all(axis=None)
    assert rough.index.equals(flat.index)
    dearer = rough["cost"] > flat["cost"]
    assert dearer.equals(rough["hill"] + rough["mountain"] > 0)
    assert {"road-upgrade:d-e", "road-new:a-d"} <= {*dearer[dearer].index} < {*rough.index}
    slower = rough["speed_kmh"] < flat["speed_kmh"]
    assert slower.equals(rough["mountain"] > 0)
    assert slower[slower].index.tolist() == ["road-upgrade:d-e"]


def test_all_plain_is_no_file_and_sets_aside_the_outline_of_a_region(job, tmp_path):
    loaded = find(job)
    assert loaded.job.costs.terrain == "plain"
    assert "costs.terrain" not in find_source(loaded).files
    assert loaded.moved_to(tmp_path / "elsewhere").costs.terrain == "plain"
    assert "costs.terrain" in find_source(find("jing-jin-ji")).files
    assert "costs.terrain" not in find_source(find("jing-jin-ji", settings=["costs.terrain=plain"])).files
