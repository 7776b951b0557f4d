"""Rings work on a map of another part of the world as they do on the region that comes with the package."""

from __future__ import annotations

import pytest

from optimiser.job import load
from optimiser.run.chain import Chain

CITIES = """id,name,lat,lon,population,tier
q,Qormi,35.876,14.472,16000,core
v,Valletta,35.898,14.514,6000,secondary
m,Mosta,35.909,14.426,20000,secondary
z,Zejtun,35.856,14.533,11000,small
"""
JOB = """[region]
file = "{map}"
country = "MT"
[cities]
file = "cities.csv"
[times]
limit_s = 600
[[rings]]
centres = ["Qormi"]
radius_km = [1, 10]
classes = ["trunk", "primary", "secondary"]
least_cities = 2
on_minutes = 4.0
gap_longest_km = 5.0
"""


@pytest.mark.long
@pytest.mark.shared
def test_a_ring_round_a_town_of_an_island_is_found_in_a_plain_map(shared_dir, tmp_path, monkeypatch):
    monkeypatch.setenv("POLYRING_CACHE", str(tmp_path / "cache"))
    (tmp_path / "cities.csv").write_text(CITIES, encoding="utf-8")
    path = tmp_path / "job.toml"
    path.write_text(JOB.format(map=shared_dir / "data" / "osm" / "malta_2018.osm.pbf"), encoding="utf-8")
    loaded = load(path)
    (ring,) = Chain.of(loaded).design.rings
    assert {stop.id for stop in ring.stops} >= {"v", "m", "z"}
    assert len(ring.nodes) < 1000
    assert all(link.candidate is None for link in ring.links)
