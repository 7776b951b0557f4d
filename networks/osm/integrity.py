"""Reject files that are truncated, not OpenStreetMap data, or malicious."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import osmium

from networks.errors import SourceError
from networks.osm.blocks import Block, contents, fits_filter, read_blocks

_CHUNK_BYTES = 1 << 20
_FREE_EXPANSION_BYTES = 1 << 25
"""Files may always unpack to this size, whatever the ratio."""
_MOST_EXPANSION = 100
"""Largest ratio of unpacked to packed size: a defence against decompression bombs."""
_DOWNLOAD_AGAIN = "Download the file again and compare its checksum with the one published by the server."
_SUFFIXES = (".osm.pbf", ".pbf", ".osm", ".osm.gz", ".osm.bz2", ".xml")

_SAMPLED_BLOCKS = 20
"""Blocks of a PBF file whose nodes are looked for in its ways; a block has 8,000 elements."""
_FEW_UNUSED, _MOST_UNUSED = 30, 0.001
"""Number and share of untagged nodes that may belong to no way, where there are no relations."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What the check of a file found out.

    Attributes
    ----------
    sha256
        SHA-256 of the file, hexadecimal.
    blocks
        Its blocks; empty for one that is no PBF file.
    """

    sha256: str
    blocks: tuple[Block, ...]


def check(path: Path) -> Checked:
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
    Checked
        Its checksum and blocks.

    Raises
    ------
    SourceError
        If the file is missing, empty, a web page, truncated or padded, declares XML entities, or contains an
        Overpass remark (an incomplete answer).
    """
    _check_kind(path)
    _check_not_web_page(path)
    blocks = list[Block]()
    if path.name.endswith(".pbf"):
        blocks = _pbf_blocks(path)
    else:
        _check_xml(path)
    _check_sidecars(path)
    return Checked(_digest(path, "sha256"), tuple(blocks))


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


def _pbf_blocks(path: Path) -> list[Block]:
    """Return the blocks of a PBF file, of which the header is the first."""
    try:
        return read_blocks(path)
    except (ValueError, zlib.error) as fault:
        raise file_error(path, f"The PBF file is incomplete or not a PBF file: {fault}.") from fault


def check_ways(path: Path, blocks: Sequence[Block]) -> None:
    """Reject a PBF file that was truncated between two blocks of ways.

    Such a file has no relations, which come last, and nodes that no way uses. Complete extracts have hardly
    any untagged node without a way: at most 12 of 57,000 in eight extracts of several tools. The nodes of
    some blocks are counted.

    Parameters
    ----------
    path
        The file.
    blocks
        Its blocks; empty for one that is no PBF file, which is not looked at.

    Raises
    ------
    SourceError
        If more than `_MOST_UNUSED` of the untagged nodes belong to no way, and the file has no relation.
    """
    name = str(path)
    if not blocks or any(True for _ in osmium.FileProcessor(name, osmium.osm.RELATION)):
        return
    sampled = blocks[1 :: -(-len(blocks) // _SAMPLED_BLOCKS)]
    sample = osmium.io.FileBuffer(contents(path, [blocks[0], *sampled]), "pbf")
    nodes = osmium.FileProcessor(sample, osmium.osm.NODE)
    untagged = [node.id for node in nodes if not node.tags]
    used = _used(name, frozenset(untagged))
    unused = sum(node not in used for node in untagged)
    if unused > _FEW_UNUSED and unused > _MOST_UNUSED * len(untagged):
        share = f"{100 * unused / len(untagged):.1f} %"
        raise file_error(
            path, f"The file is incomplete: {share} of its nodes belong to no way, and it has no relations."
        )


def _used(name: str, nodes: frozenset[int]) -> set[int]:
    """Return those of some nodes that belong to ways of a file."""
    ways = osmium.FileProcessor(name, osmium.osm.WAY)
    if fits_filter(nodes):
        tracker = osmium.IdTracker()
        for node in nodes:
            tracker.add_node(node)
        ways = ways.with_filter(tracker.contains_filter())
    return {
        node.ref for way in ways if isinstance(way, osmium.osm.Way) for node in way.nodes if node.ref in nodes
    }


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
