"""Test that the network of an embedded region is used only if its checksum agrees."""

from __future__ import annotations

import tomllib
from dataclasses import replace

import pytest

from networks import regions
from networks.errors import SourceError
from tools.region.build import stamp

REGION = regions.read("jing-jin-ji")


def test_the_embedded_network_agrees_with_its_checksum():
    regions.check(REGION)


def test_a_truncated_network_is_rejected(tmp_path):
    cut = tmp_path / "network.osm.pbf"
    cut.write_bytes(REGION.network.read_bytes()[:-1000])
    with pytest.raises(SourceError, match="checksum") as caught:
        regions.check(replace(REGION, network=cut))
    assert caught.value.exit_code == 2


def test_a_missing_network_is_reported(tmp_path):
    with pytest.raises(SourceError, match=r"none\.osm\.pbf: the network file of the region is missing"):
        regions.check(replace(REGION, network=tmp_path / "none.osm.pbf"))


def test_the_build_changes_the_checksum_only(tmp_path):
    path = tmp_path / "region.toml"
    path.write_text('title = "X"\nnetwork_sha256 = "0"\n[files]\n', encoding="utf-8")
    stamp(path, "ab")
    assert tomllib.loads(path.read_text(encoding="utf-8")) == {
        "title": "X",
        "network_sha256": "ab",
        "files": {},
    }
