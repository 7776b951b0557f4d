"""Test that damaged, foreign and malicious files are rejected with a clear message."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import hashlib
import struct
from pathlib import Path

import osmium
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from osm_drawing import GRID, write
from osmium.osm import mutable
from tiers import examples

from networks import osm, rail
from networks.errors import SourceError

ROAD = {"highway": "primary"}
BOMB = """<?xml version="1.0"?><!DOCTYPE osm [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>
<osm version="0.6"><node id="1" lat="1" lon="1"><tag k="name" v="&b;"/></node></osm>"""
OUTSIDE = """<?xml version="1.0"?><!DOCTYPE osm [<!ENTITY x SYSTEM "file:///etc/hostname">]>
<osm version="0.6"><node id="1" lat="1" lon="1"><tag k="name" v="&x;"/></node></osm>"""
REMARK = """<osm version="0.6"><node id="1" lat="40" lon="116"/><node id="2" lat="40" lon="116.1"/>
<way id="1"><nd ref="1"/><nd ref="2"/><tag k="highway" v="primary"/></way>
<remark> runtime error: Query timed out in "query" at line 1 after 26 seconds. </remark></osm>"""


@pytest.fixture
def pbf(tmp_path: Path) -> Path:
    """Three blobs: the header, nodes, ways."""
    return write(tmp_path / "whole.osm.pbf", nodes=GRID, ways=[(1, (1, 2, 3), ROAD), (2, (4, 2, 5), ROAD)])


def blob_edges(data: bytes) -> list[int]:
    """Return the position at which each block of a PBF file ends."""
    edges, at = [], 0
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        header = data[at + 4 : at + 4 + length]
        # Field 3, the size of the blob, comes last: seven bits a byte, the lowest first.
        digits = header[header.index(b"\x18", 2 + header[1]) + 1 :]
        size = sum((digit & 0x7F) << (7 * place) for place, digit in enumerate(digits))
        at += 4 + length + size
        edges.append(at)
    return edges


def rejection(path: Path) -> SourceError:
    with pytest.raises(SourceError) as caught:
        osm.read(path)
    assert caught.value.where == path.name
    assert caught.value.remedy
    assert caught.value.exit_code == 2
    return caught.value


def saved(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def test_an_intact_file_is_read(pbf):
    assert len(osm.read(pbf).roads) == 2


def test_the_blocks_of_an_intact_file_end_at_its_end(pbf):
    data = pbf.read_bytes()
    assert blob_edges(data)[-1] == len(data)


def test_a_file_truncated_between_blocks_is_rejected(pbf, tmp_path):
    data = pbf.read_bytes()
    for edge in blob_edges(data)[:-1]:
        rejection(saved(tmp_path, "cut.osm.pbf", data[:edge]))


def test_a_file_truncated_before_its_ways_is_reported_to_contain_no_ways(pbf, tmp_path):
    data = pbf.read_bytes()
    fault = rejection(saved(tmp_path, "cut.osm.pbf", data[: blob_edges(data)[1]]))
    assert "no ways" in fault.what


def test_a_file_truncated_between_two_blocks_of_ways_is_rejected(tmp_path):
    """Osmium reads such a file without an error; the nodes of the missing ways show what happened."""
    nodes = {n: (116 + n / 10_000, 40 + n % 7 / 1000) for n in range(1, 18_002)}
    ways = [(n, (n, n + 1), ROAD) for n in range(1, 18_001)]
    island = [(1, [("w", 3, "outer")], {"type": "multipolygon", "natural": "water"})]
    whole = write(tmp_path / "whole.osm.pbf", nodes=nodes, ways=ways, relations=island)
    data = whole.read_bytes()
    edges = blob_edges(data)
    assert len(osm.read(whole).roads) == 18_000
    for edge in edges[-4:-2]:
        fault = rejection(saved(tmp_path, "cut.osm.pbf", data[:edge]))
        assert "of its nodes belong to no way" in fault.what
    assert (
        len(osm.read(saved(tmp_path, "roads.osm.pbf", data[: edges[-2]])).roads) == 18_000
    )  # none is missing


def test_a_file_truncated_one_byte_beside_a_block_boundary_is_rejected(pbf, tmp_path):
    data = pbf.read_bytes()
    for edge in blob_edges(data)[:-1]:
        for cut in (edge - 1, edge + 1):
            assert "incomplete" in rejection(saved(tmp_path, "cut.osm.pbf", data[:cut])).what


def test_a_file_padded_with_zeros_is_rejected(pbf, tmp_path):
    assert "zeros" in rejection(saved(tmp_path, "padded.osm.pbf", pbf.read_bytes() + bytes(512))).what


def test_a_flipped_byte_in_the_data_is_rejected(pbf, tmp_path):
    data = bytearray(pbf.read_bytes())
    data[-20] ^= 0xFF
    rejection(saved(tmp_path, "flipped.osm.pbf", bytes(data)))


@pytest.mark.parametrize("name", ["page.osm.pbf", "page.osm", "page.osm.gz", "page.osm.bz2"])
def test_a_web_page_is_recognised(tmp_path, name):
    assert "web page" in rejection(saved(tmp_path, name, b"\n<!DOCTYPE html><html>404</html>")).what


@pytest.mark.parametrize("name", ["none.osm.pbf", "none.osm", "none.osm.gz"])
def test_an_empty_file_is_reported_as_empty(tmp_path, name):
    assert "empty" in rejection(saved(tmp_path, name, b"")).what


@pytest.mark.parametrize("packing", ["none", "zlib"])
def test_a_null_character_in_a_text_is_rejected_before_osmium_reads_it(tmp_path, packing):
    """Osmium ends the process there with a segmentation fault; the fuzzer found it."""
    path = tmp_path / "null.osm.pbf"
    with osmium.SimpleWriter(osmium.io.File(str(path), f"pbf,pbf_compression={packing}")) as writer:
        for one, place in GRID.items():
            writer.add_node(mutable.Node(id=one, location=place, version=1))
        writer.add_way(mutable.Way(id=1, nodes=[1, 2], tags={"highway": "primary", "na\1me": "x"}, version=1))
    data = path.read_bytes()
    if packing == "none":
        assert b"na\1me" in data
        path.write_bytes(data.replace(b"na\1me", b"na\0me"))
        assert "null character" in rejection(path).what
    else:
        assert len(osm.read(path).roads) == 1


def test_random_bytes_are_rejected(tmp_path):
    rejection(saved(tmp_path, "noise.osm.pbf", hashlib.sha512(b"x").digest() * 10))


@pytest.mark.parametrize("text", [BOMB, OUTSIDE])
def test_xml_entities_are_rejected(tmp_path, text):
    assert "entities" in rejection(saved(tmp_path, "bomb.osm", text.encode())).what


def test_xml_entities_in_compressed_files_are_rejected(tmp_path):
    assert "entities" in rejection(saved(tmp_path, "bomb.osm.gz", gzip.compress(BOMB.encode()))).what


def test_xml_entities_in_another_encoding_are_rejected(tmp_path):
    rejection(saved(tmp_path, "bomb.osm", BOMB.encode("utf-16")))


@pytest.mark.parametrize(
    ("name", "pack"), [("part.osm", bytes), ("part.osm.gz", gzip.compress), ("part.osm.bz2", bz2.compress)]
)
def test_an_incomplete_answer_is_rejected_with_the_remark_of_the_server(tmp_path, name, pack):
    assert "Query timed out" in rejection(saved(tmp_path, name, pack(REMARK.encode()))).what


def test_xml_without_its_closing_tag_is_rejected(tmp_path):
    assert "incomplete" in rejection(saved(tmp_path, "cut.osm", REMARK[:120].encode())).what


def test_a_truncated_gzip_file_is_rejected(tmp_path):
    data = gzip.compress(REMARK.replace("remark", "note").encode())
    assert "truncated" in rejection(saved(tmp_path, "cut.osm.gz", data[: len(data) // 2])).what


def test_a_decompression_bomb_is_rejected(tmp_path):
    bomb = gzip.compress(b'<osm version="0.6">' + bytes(40 << 20) + b"</osm>")
    assert "unpacks" in rejection(saved(tmp_path, "bomb.osm.gz", bomb)).what


def test_a_file_truncated_before_its_relations_gives_a_warning(tmp_path):
    tracks = [(1, (1, 2, 3), ROAD), (2, (4, 2, 5), {"railway": "rail"})]
    train = (1, [("n", 4, "stop"), ("n", 5, "stop")], {"type": "route", "route": "train"})
    names = {4: {"railway": "station", "name": "A"}, 5: {"railway": "station", "name": "B"}}
    path = write(tmp_path / "rail.osm.pbf", nodes=GRID, ways=tracks, node_tags=names, relations=[train])
    data = path.read_bytes()
    cut = saved(tmp_path, "cut.osm.pbf", data[: blob_edges(data)[-2]])
    whole = rail.build(osm.read(path)).report
    assert (whole.services_source, whole.warnings()) == ("relations", ())
    found = rail.build(osm.read(cut)).report
    assert found.services_source == "tracks"
    assert "the file may be cut: compare its checksum" in found.warnings()[0]


def test_a_checksum_file_exposes_missing_relations(tmp_path):
    train = (1, [("n", 1, "stop"), ("n", 3, "stop")], {"type": "route", "route": "train"})
    path = write(tmp_path / "rail.osm.pbf", nodes=GRID, ways=[(1, (1, 2, 3), ROAD)], relations=[train])
    data = path.read_bytes()
    path.with_name(f"{path.name}.sha256").write_text(hashlib.sha256(data).hexdigest())
    assert "checksum" in rejection(saved(tmp_path, path.name, data[: blob_edges(data)[-2]])).what


@given(data=st.data())
@examples(150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_truncated_anywhere_is_rejected(pbf, data):
    whole = pbf.read_bytes()
    cut = data.draw(st.integers(0, len(whole) - 1))
    rejection(saved(pbf.parent, "cut.osm.pbf", whole[:cut]))


@given(data=st.data())
@examples(200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_flipped_byte_is_rejected_or_harmless(pbf, data):
    changed = bytearray(pbf.read_bytes())
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= data.draw(st.integers(1, 255))
    path = saved(pbf.parent, "flipped.osm.pbf", bytes(changed))
    with contextlib.suppress(SourceError):
        osm.read(path)


@given(data=st.data())
@examples(200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_changed_byte_of_xml_is_rejected_or_harmless(tmp_path, data):
    text = bytearray(REMARK.replace("remark", "note").encode())
    text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(SourceError):
        osm.read(saved(tmp_path, "changed.osm", bytes(text)))


def test_a_missing_file_is_reported(tmp_path):
    assert "no such file" in rejection(tmp_path / "china.osm.pbf").what


def test_other_formats_are_rejected(tmp_path):
    assert "Maps are read from" in rejection(saved(tmp_path, "roads.shp", b"x")).what


def test_a_checksum_file_must_agree(pbf):
    sidecar = pbf.with_name(f"{pbf.name}.md5")
    sidecar.write_text(f"{'0' * 32}  {pbf.name}\n")
    assert "checksum" in rejection(pbf).what
    sidecar.write_text(f"{hashlib.md5(pbf.read_bytes(), usedforsecurity=False).hexdigest()}  {pbf.name}\n")
    assert len(osm.read(pbf).roads) == 2


def test_the_checksum_of_the_file_is_part_of_the_source(pbf):
    assert osm.read(pbf).source.sha256 == hashlib.sha256(pbf.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("lat", "lon"), [("95.0", "116.0"), ("40.0", "181.0"), ("999", "116.0"), ("nan", "116")]
)
def test_invalid_coordinates_are_rejected(tmp_path, lat, lon):
    text = (
        f'<osm version="0.6"><node id="1" lat="{lat}" lon="{lon}"/><node id="2" lat="40" lon="116.1"/>'
        '<way id="1"><nd ref="1"/><nd ref="2"/><tag k="highway" v="primary"/></way></osm>'
    )
    rejection(saved(tmp_path, "far.osm", text.encode()))


def test_a_file_without_requested_ways_is_rejected(tmp_path):
    path = write(tmp_path / "paths.osm", nodes=GRID, ways=[(1, (1, 2), {"highway": "footway"})])
    assert "none of the requested roads" in rejection(path).what


def test_unknown_road_classes_are_named(pbf):
    with pytest.raises(SourceError, match="autobahn"):
        osm.read(pbf, roads=frozenset({"autobahn"}))
