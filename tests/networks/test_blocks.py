"""Test that blocks tell the ids of their nodes, and that nodes with sparse ids take little memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import osmium
import pytest
from hypothesis import given
from hypothesis import strategies as st
from osmium.osm import mutable
from tiers import examples, long_case

from networks import osm
from networks.osm import blocks

SPARSE_IDS = st.one_of(st.integers(1, 50), st.integers(1, 12_000_000_000), st.integers(-1_000_000, -1))
"""Ids close to each other, spread as in OpenStreetMap, or new ones of an editor."""
MEMORY = """
import json, sys
from pathlib import Path
import psutil
from networks import osm, road
before = psutil.Process().memory_info().rss
elements = osm.read(sys.argv[1])
status = Path("/proc/self/status").read_text()
peak = next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))
print(json.dumps({"nodes": len(elements.nodes), "mb": (peak - before) / 1e6}))
"""


def write_nodes(path: Path, ids: list[int]) -> Path:
    with osmium.SimpleWriter(str(path), overwrite=True) as writer:
        for at, one in enumerate(ids):
            tags = {"barrier": "gate"} if at % 3 == 0 else {}
            writer.add_node(mutable.Node(id=one, location=(at / 1e3, 1.0), tags=tags, version=1))
        writer.add_way(mutable.Way(id=1, nodes=ids[:2] or [1, 2], tags={"highway": "primary"}, version=1))
    return path


@examples(60)
@given(ids=st.lists(SPARSE_IDS, max_size=40), chosen=st.lists(SPARSE_IDS, max_size=20), xml=st.booleans())
def test_exactly_the_wanted_nodes_are_found(tmp_path_factory, ids, chosen, xml):
    path = tmp_path_factory.mktemp("nodes") / ("some.osm" if xml else "some.osm.pbf")
    write_nodes(path, ids)
    wanted = np.unique(np.array([*chosen, *ids[::2]], dtype=np.int64))
    parts = [] if xml else blocks.read_blocks(path)
    found = [(node.id, node.location.x) for node in blocks.nodes_with_ids(path, parts, wanted)]
    kept = set(wanted.tolist())
    assert found == [(one, round(at * 1e4)) for at, one in enumerate(ids) if one in kept]


def test_all_blocks_of_a_large_file_are_read(tmp_path):
    ids = (np.random.default_rng(1).permutation(40_000) * 250_000 + 1).tolist()
    path = write_nodes(tmp_path / "large.osm.pbf", ids)
    found = blocks.read_blocks(path)
    assert sum(block.least is not None for block in found) == 5
    assert min(block.least for block in found if block.least is not None) == min(ids)
    assert max(block.greatest for block in found if block.greatest is not None) == max(ids)
    wanted = np.unique(np.array(ids[::7], dtype=np.int64))
    read = {node.id for node in blocks.nodes_with_ids(path, found, wanted)}
    assert read == set(wanted.tolist())


def test_blocks_without_wanted_nodes_are_not_read(tmp_path, monkeypatch):
    ids = list(range(1, 40_001))
    path = write_nodes(tmp_path / "large.osm.pbf", ids)
    found, read = blocks.read_blocks(path), list[int]()
    contents = blocks.contents

    def counted(path, some):
        read.append(len(some) - 1)
        return contents(path, some)

    monkeypatch.setattr(blocks, "contents", counted)
    wanted = np.array([1, 39_999], dtype=np.int64)
    assert [node.id for node in blocks.nodes_with_ids(path, found, wanted)] == [1, 39_999]
    assert read == [2]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no peak of memory is told here")
@pytest.mark.parametrize("name", ["sparse.osm.pbf", long_case("sparse.osm")])
def test_two_thousand_sparse_ids_take_little_memory(tmp_path, name):
    """Filters of pyosmium alone take 1.5 GB for these ids."""
    ids = np.linspace(1, 12_000_000_000, 2_000).astype(np.int64).tolist()
    path = tmp_path / name
    with osmium.SimpleWriter(str(path)) as writer:
        for at, one in enumerate(ids):
            writer.add_node(mutable.Node(id=one, location=(116 + at / 1e3, 40.0), version=1))
        for at in range(0, len(ids) - 10, 10):
            tags = {"highway": "primary"}
            writer.add_way(mutable.Way(id=at + 1, nodes=ids[at : at + 11], tags=tags, version=1))
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, str(path)], check=True, capture_output=True, text=True
    )
    figures = json.loads(done.stdout)
    assert figures["nodes"] == len(osm.read(path).nodes) > 1_900
    assert figures["mb"] < 150
