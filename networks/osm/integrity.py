"""Reject files that are truncated, not OpenStreetMap data, or malicious."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import os
import struct
import zlib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO, cast

import osmium

from networks.errors import SourceError

_CHUNK_BYTES = 1 << 20
_FREE_EXPANSION_BYTES = 1 << 25
"""Files may always unpack to this size, whatever the ratio."""
_MOST_EXPANSION = 100
"""Largest ratio of unpacked to packed size: a defence against decompression bombs."""
_DOWNLOAD_AGAIN = "Download the file again and compare its checksum with the one published by the server."
_SUFFIXES = (".osm.pbf", ".pbf", ".osm", ".osm.gz", ".osm.bz2", ".xml")

# Limits of the OSM PBF format: https://wiki.openstreetmap.org/wiki/PBF_Format
_MOST_HEADER_BYTES = 64 * 1024
_MOST_BLOB_BYTES = 32 * 1024 * 1024


_SAMPLED_BLOCKS = 20
"""Blocks of a PBF file whose nodes are looked for in its ways; a block has 8,000 elements."""
_FEW_UNUSED, _MOST_UNUSED = 30, 0.001
"""Number and share of untagged nodes that may belong to no way, where there are no relations."""


def check(path: Path) -> str:
    """Check a file before any of it is used.

    A PBF file that was truncated between two blocks is recognised by its ways (`check_ways`); one that lacks
    relations alone, or hardly any way, cannot be told from a complete one without a checksum.

    Parameters
    ----------
    path
        A file `.osm.pbf`, `.osm`, `.osm.gz` or `.osm.bz2`. If a file of the same name with the suffix `.md5`
        or `.sha256` lies beside it, the checksums must agree.

    Returns
    -------
    str
        SHA-256 of the file, hexadecimal.

    Raises
    ------
    SourceError
        If the file is missing, empty, a web page, truncated or padded, declares XML entities, or contains an
        Overpass remark (an incomplete answer).
    """
    _check_kind(path)
    _check_not_web_page(path)
    if path.name.endswith(".pbf"):
        _check_pbf(path)
    else:
        _check_xml(path)
    _check_sidecars(path)
    return _digest(path, "sha256")


def file_error(path: Path, what: str, *, remedy: str = _DOWNLOAD_AGAIN) -> SourceError:
    """Return the error for a file that cannot be used; the caller raises it.

    Parameters
    ----------
    path
        The file; the message names it without its folder.
    what
        What is wrong with it, one sentence.
    remedy
        What the user can do next.
    """
    return SourceError(what, where=path.name, done="Nothing was read and nothing was written.", remedy=remedy)


def _check_kind(path: Path) -> None:
    if not path.is_file():
        raise file_error(path, "There is no such file.", remedy=f"Check the path: {path}")
    if not path.name.endswith(_SUFFIXES):
        kinds = ", ".join(_SUFFIXES[:1] + _SUFFIXES[2:5])
        raise file_error(
            path, f"Only {kinds} files can be read.", remedy="Convert it with osmium-tool: osmium cat."
        )
    if path.stat().st_size == 0:
        raise file_error(path, "The file is empty.")


def _check_not_web_page(path: Path) -> None:
    with path.open("rb") as stream:
        head = stream.read(512).lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith((b"<!doctype html", b"<html", b"<head")):
        raise file_error(path, "This is a web page, not map data: the server sent a message instead.")


def _check_pbf(path: Path) -> None:
    fault = _first_pbf_fault(path)
    if fault is not None:
        raise file_error(path, f"The PBF file is incomplete or not a PBF file: {fault}.")


def _first_pbf_fault(path: Path) -> str | None:
    """Return where a PBF file first contradicts its own block lengths; None if the blocks fill it exactly.

    A PBF file is a sequence of blocks: a four-byte length, a BlobHeader of that length, and a blob of the
    length given in the header. Only the headers are read.
    """
    try:
        ends = _block_ends(path)
        _check_strings(path, ends)
    except (ValueError, zlib.error) as fault:
        return str(fault)
    return None if len(ends) > 1 else "a header without data"


def _check_strings(path: Path, ends: list[int]) -> None:
    """Raise `ValueError` where a string holds a null character: libosmium then reads beyond the block."""
    with path.open("rb") as stream:
        for start in ends[:-1]:
            stream.seek(start)
            blob = _protobuf_fields(stream.read(_blob_header(stream)[1]))
            data, packed = blob.get(1), blob.get(3)
            if isinstance(packed, bytes):
                data = zlib.decompressobj().decompress(packed, _MOST_BLOB_BYTES)
            table = _protobuf_fields(data).get(1) if isinstance(data, bytes) else None
            # The first string of a table is empty; the byte that says so is mostly the only null.
            if not isinstance(table, bytes) or (table[:2] == b"\n\0" and table.count(0) == 1):
                continue
            at = 0
            while at < len(table):
                _, at = _varint(table, at)
                size, at = _varint(table, at)
                if 0 in table[at : at + size]:
                    raise ValueError(f"a text with a null character in the block at byte {start:,}")
                at += size


def _block_ends(path: Path) -> list[int]:
    """Return the byte at which each block of a PBF file ends."""
    size, ends = path.stat().st_size, [0]
    with path.open("rb") as stream:
        while (position := ends[-1]) < size:
            try:
                kind, length = _blob_header(stream)
            except ValueError as fault:
                raise ValueError(f"{fault} at byte {position:,} of {size:,}") from fault
            if kind != ("OSMHeader" if position == 0 else "OSMData"):
                raise ValueError(f"a block of kind {kind!r} at byte {position:,}")
            ends.append(stream.tell() + length)
            if ends[-1] > size:
                raise ValueError(f"the last block needs {ends[-1] - size:,} more bytes than the file has")
            stream.seek(length, os.SEEK_CUR)
    return ends[1:]


def check_ways(path: Path) -> None:
    """Reject a PBF file that was truncated between two blocks of ways.

    Such a file has no relations, which come last, and nodes that no way uses. Complete extracts have hardly
    any untagged node without a way: at most 12 of 57,000 in eight extracts of several tools. The nodes of
    some blocks are counted.

    Raises
    ------
    SourceError
        If more than `_MOST_UNUSED` of the untagged nodes belong to no way, and the file has no relation.
    """
    name = str(path)
    if not path.name.endswith(".pbf") or any(True for _ in osmium.FileProcessor(name, osmium.osm.RELATION)):
        return
    used = osmium.IdTracker()
    for way in osmium.FileProcessor(name, osmium.osm.WAY):
        used.add_references(way)
    ends = _block_ends(path)
    step = -(-len(ends) // _SAMPLED_BLOCKS)
    with path.open("rb") as stream:
        sample = stream.read(ends[0])
        for start, end in list(pairwise(ends))[::step]:
            stream.seek(start)
            sample += stream.read(end - start)
    ids, untagged, unused = used.node_ids(), 0, 0
    for node in osmium.FileProcessor(osmium.io.FileBuffer(sample, "pbf"), osmium.osm.NODE):
        if not node.tags:
            untagged += 1
            unused += not ids.get(node.id)
    if unused > _FEW_UNUSED and unused > _MOST_UNUSED * untagged:
        share = f"{100 * unused / untagged:.1f} %"
        raise file_error(
            path, f"The file is incomplete: {share} of its nodes belong to no way, and it has no relations."
        )


def _blob_header(stream: BinaryIO) -> tuple[str, int]:
    """Read a block header; return the kind of the block and the length of its blob."""
    prefix = stream.read(4)
    if len(prefix) < 4:
        raise ValueError("the file ends inside a block length")
    (length,) = struct.unpack(">I", prefix)
    if not 0 < length <= _MOST_HEADER_BYTES:
        raise ValueError("no block header (zeros or foreign bytes)")
    data = stream.read(length)
    if len(data) < length:
        raise ValueError("the file ends inside a block header")
    fields = _protobuf_fields(data)
    kind, blob = fields.get(1), fields.get(3)
    if not isinstance(kind, bytes) or not isinstance(blob, int) or not 0 < blob <= _MOST_BLOB_BYTES:
        raise ValueError("a damaged block header")
    return kind.decode("ascii", "replace"), blob


def _protobuf_fields(data: bytes) -> dict[int, int | bytes]:
    """Parse the top-level fields of a protocol buffer message by number: varints and byte strings."""
    fields: dict[int, int | bytes] = {}
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        value, at = _varint(data, at)
        if key & 7 == 2:
            if at + value > len(data):
                raise ValueError("a damaged block header")
            fields[key >> 3] = data[at : at + value]
            at += value
        elif key & 7 == 0:
            fields[key >> 3] = value
        else:
            raise ValueError("a damaged block header")
    return fields


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data) and shift < 64:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise ValueError("a damaged block header")


def _check_xml(path: Path) -> None:
    head, tail = b"", b""
    for chunk in _unpacked(path):
        if len(head) < _CHUNK_BYTES:
            head += chunk
        window = tail + chunk
        if b"<!ENTITY" in window or b"<!DOCTYPE" in window:
            raise file_error(
                path, "The file declares XML entities or a document type; such files are rejected."
            )
        if b"<remark" in window:
            raise file_error(
                path, f"The server stopped early: {_remark(window)!r}. The file is an incomplete answer.",
                remedy="Request a smaller area, or use an extract of the region.",
            )  # fmt: skip
        # A marker may lie across two chunks: keep the end of this one.
        tail = window[-64:]
    if b"<osm" not in head[:4096]:
        raise file_error(path, "The file does not start as OpenStreetMap XML.")
    if not tail.rstrip(b"\0 \t\r\n").endswith((b"</osm>", b"/>")) or tail.endswith(b"\0"):
        raise file_error(path, "The file is incomplete: the closing </osm> is missing.")


def _remark(window: bytes) -> str:
    text = window[window.index(b"<remark") :][:200].decode("utf-8", "replace")
    return text.split(">", 1)[-1].split("<", 1)[0].strip()


def _unpacked(path: Path) -> Iterator[bytes]:
    """Yield the contents of a plain or compressed file, up to the largest size that is accepted."""
    most = max(_FREE_EXPANSION_BYTES, _MOST_EXPANSION * path.stat().st_size)
    size = 0
    try:
        with _open_unpacked(path) as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                size += len(chunk)
                if size > most:
                    raise file_error(
                        path, f"The file unpacks to more than {_MOST_EXPANSION} times its size; rejected."
                    )
                yield chunk
    except (OSError, EOFError) as fault:
        raise file_error(path, f"The compressed file is damaged or truncated ({fault}).") from fault


def _open_unpacked(path: Path) -> BinaryIO:
    if path.name.endswith(".gz"):
        return cast("BinaryIO", gzip.open(path, "rb"))
    if path.name.endswith(".bz2"):
        return cast("BinaryIO", bz2.open(path, "rb"))
    return path.open("rb")


def _check_sidecars(path: Path) -> None:
    for name in ("md5", "sha256"):
        sidecar = path.with_name(f"{path.name}.{name}")
        if not sidecar.is_file():
            continue
        words = sidecar.read_text(encoding="utf-8", errors="replace").split()
        if words and words[0].lower() != _digest(path, name):
            raise file_error(path, f"The checksum in {sidecar.name} differs from that of the file.")


def _digest(path: Path, name: str) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.new(name, usedforsecurity=False)).hexdigest()
