"""Find the blocks of a PBF file with the nodes of each, and check that a file is whole.

Format: https://wiki.openstreetmap.org/wiki/PBF_Format
"""

import bz2
import gzip
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import osmium
from numpy.typing import NDArray

from networks.errors import SourceError
from networks.inputs import InputFileError, checksum, refuse_expansion

MOST_HEADER_BYTES = 64 * 1024
MOST_BLOB_BYTES = 32 * 1024 * 1024
_PORTION_BYTES = 16 * 1024 * 1024
"""About as many packed bytes are read at once."""
_CHUNK_IDS = 1 << 25
"""Filters of pyosmium take 4 MB for so many ids wherever at least one is wanted (libosmium, `IdSetDense`)."""
_MOST_CHUNKS = 32
"""Most of these chunks that a filter may take, together 128 MB; beyond that, ids are looked up in Python."""
_DENSE_NODES, _NODES = 0x12, 0x0A
"""Keys with which groups of a block begin: nodes together, or one by one."""


@dataclass(frozen=True, slots=True)
class Block:
    """A block of a PBF file.

    Attributes
    ----------
    start, end
        Its first byte, and the first one after it.
    least, greatest
        Least and greatest id of its nodes; None where it has none.
    """

    start: int
    end: int
    least: int | None = None
    greatest: int | None = None


def read_blocks(path: Path) -> list[Block]:
    """Return all blocks of a PBF file, the header first.

    Raises
    ------
    ValueError, zlib.error
        Where the file contradicts its own lengths, or holds a text with a null character: libosmium then
        reads beyond the block.
    """
    found, size, start = list[Block](), path.stat().st_size, 0
    with path.open("rb") as stream:
        while start < size:
            try:
                kind, length = _blob_header(stream)
            except ValueError as fault:
                raise ValueError(f"{fault} at byte {start:,} of {size:,}") from fault
            if kind != ("OSMHeader" if start == 0 else "OSMData"):
                raise ValueError(f"a block of kind {kind!r} at byte {start:,}")
            end = stream.tell() + length
            if end > size:
                raise ValueError(f"the last block needs {end - size:,} more bytes than the file has")
            blob = stream.read(length)
            ids: tuple[int | None, int | None] = (None, None)
            if start:  # the header has no table of texts and no nodes
                data = _unpacked(blob)
                _check_strings(data, start)
                ids = _node_ids(data)
            found.append(Block(start, end, *ids))
            start = end
    if len(found) < 2:
        raise ValueError("a header without data")
    return found


def _unpacked(blob: bytes) -> bytes | None:
    """Return the contents of a block; None where they are packed in another way than by zlib."""
    fields = dict(_fields(blob))
    data, packed = fields.get(1), fields.get(3)
    if isinstance(packed, bytes):
        return zlib.decompressobj().decompress(packed, MOST_BLOB_BYTES)
    return data if isinstance(data, bytes) else None


def _check_strings(data: bytes | None, start: int) -> None:
    """Raise `ValueError` where a string of a block holds a null character."""
    table = None if data is None else dict(_fields(data)).get(1)
    # The first string of a table is empty; the byte that says so is mostly the only null.
    if not isinstance(table, bytes) or (table[:2] == b"\n\0" and table.count(0) == 1):
        return
    if any(isinstance(text, bytes) and 0 in text for _, text in _fields(table)):
        raise ValueError(f"a text with a null character in the block at byte {start:,}")


def _node_ids(data: bytes | None) -> tuple[int | None, int | None]:
    """Return least and greatest id of the nodes of a block; those of all ids where they cannot be told."""
    anything = -(2**62), 2**62
    if data is None:
        return anything
    ends: list[int] = []
    for number, group in _fields(data):
        if number != 2 or not isinstance(group, bytes) or group[:1] not in (b"\x12", b"\x0a"):
            continue
        if group[0] == _NODES:
            return anything
        dense = dict(_fields(group)).get(2)
        packed = dict(_fields(dense)).get(1) if isinstance(dense, bytes) else None
        if not isinstance(packed, bytes):
            return anything
        ids = np.cumsum(_signed(packed))
        ends += [int(ids.min()), int(ids.max())] if len(ids) else []
    return min(ends, default=None), max(ends, default=None)


def _signed(packed: bytes) -> NDArray[np.int64]:
    """Decode packed integers of the type `sint64`: seven bits a byte, the lowest first, the sign last."""
    parts = np.frombuffer(packed, dtype=np.uint8)
    ends = np.flatnonzero(parts < 0x80)
    starts = np.concatenate([[0], ends[:-1] + 1]).astype(np.int64)
    place = np.arange(ends[-1] + 1 if len(ends) else 0) - np.repeat(starts, np.diff(ends, prepend=-1))
    bits = (parts[: len(place)] & 0x7F).astype(np.uint64) << (7 * place).astype(np.uint64)
    values = np.add.reduceat(bits, starts) if len(ends) else np.empty(0, dtype=np.uint64)
    half = (values >> np.uint64(1)).astype(np.int64)
    return np.where(values & np.uint64(1), ~half, half)


def _blob_header(stream: BinaryIO) -> tuple[str, int]:
    """Read a block header; return the kind of the block and the length of its blob."""
    prefix = stream.read(4)
    if len(prefix) < 4:
        raise ValueError("the file ends inside a block length")
    (length,) = struct.unpack(">I", prefix)
    if not 0 < length <= MOST_HEADER_BYTES:
        raise ValueError("no block header (zeros or foreign bytes)")
    data = stream.read(length)
    if len(data) < length:
        raise ValueError("the file ends inside a block header")
    fields = dict(_fields(data))
    kind, blob = fields.get(1), fields.get(3)
    if not isinstance(kind, bytes) or not isinstance(blob, int) or not 0 < blob <= MOST_BLOB_BYTES:
        raise ValueError("a damaged block header")
    return kind.decode("ascii", "replace"), blob


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield number and value of the top-level fields of a protocol buffer message: varints and strings."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        value, at = _varint(data, at)
        if key & 7 == 2:
            if at + value > len(data):
                raise ValueError("a damaged block header")
            yield key >> 3, data[at : at + value]
            at += value
        elif key & 7 == 0:
            yield key >> 3, value
        else:
            raise ValueError("a damaged block header")


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


def contents(path: Path, blocks: Sequence[Block]) -> bytes:
    """Return some blocks of a file, the first of them its header, as a file of their own."""
    with path.open("rb") as stream:
        parts = []
        for block in blocks:
            stream.seek(block.start)
            parts.append(stream.read(block.end - block.start))
    return b"".join(parts)


def fits_filter(ids: Iterable[int]) -> bool:
    """Tell whether pyosmium can filter these ids, and in little memory; it takes none below 0."""
    chunks = _chunks(ids)
    return len(chunks) <= _MOST_CHUNKS and min(chunks, default=0) >= 0


def _chunks(ids: Iterable[int]) -> set[int]:
    return {one // _CHUNK_IDS for one in ids}


def nodes_with_ids(
    path: Path, blocks: Sequence[Block], wanted: NDArray[np.int64]
) -> Iterator[osmium.osm.Node]:
    """Yield the nodes with given ids.

    A filter of pyosmium takes 4 MB for every 33 million ids among which one is wanted: 1.5 GB for ids spread
    over those of OpenStreetMap. Blocks hold ids close to each other in nearly all files, so that the filter
    of some blocks is small. Where it is not, ids are looked up in Python.

    Parameters
    ----------
    blocks
        Its blocks; empty for one that is no PBF file.
    wanted
        Ids, increasing.
    """
    for portion, ids in _portions(path, blocks, wanted):
        nodes = osmium.FileProcessor(portion, osmium.osm.NODE)
        known = frozenset(ids.tolist())
        if fits_filter(known):
            nodes = nodes.with_filter(osmium.filter.IdFilter(known))
        yield from (node for node in nodes if isinstance(node, osmium.osm.Node) and node.id in known)


def _portions(
    path: Path, blocks: Sequence[Block], wanted: NDArray[np.int64]
) -> Iterator[tuple[str | osmium.io.FileBuffer, NDArray[np.int64]]]:
    """Yield parts of a file, each with the wanted ids that may be among its nodes."""
    if not blocks:
        yield str(path), wanted
        return
    portion, size, chunks = [blocks[0]], 0, set[int]()
    for block in blocks[1:]:
        ids = _within(wanted, block)
        if not len(ids):
            continue
        further = _chunks(ids.tolist())
        if size and (size >= _PORTION_BYTES or len(chunks | further) > _MOST_CHUNKS):
            yield _portion(path, portion, wanted)
            portion, size, chunks = [blocks[0]], 0, set()
        portion.append(block)
        size += block.end - block.start
        chunks |= further
    if size:
        yield _portion(path, portion, wanted)


def _portion(
    path: Path, blocks: Sequence[Block], wanted: NDArray[np.int64]
) -> tuple[osmium.io.FileBuffer, NDArray[np.int64]]:
    ids = np.unique(np.concatenate([_within(wanted, block) for block in blocks]))
    return osmium.io.FileBuffer(contents(path, blocks), "pbf"), ids


def _within(wanted: NDArray[np.int64], block: Block) -> NDArray[np.int64]:
    """Return the wanted ids that may be among the nodes of a block."""
    if block.least is None or block.greatest is None:
        return wanted[:0]
    first, last = np.searchsorted(wanted, [block.least, block.greatest + 1])
    return wanted[first:last]


_OPENERS: Mapping[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open}
_CHUNK_BYTES = 1 << 20
_DOWNLOAD_AGAIN = "Download the file again and compare its checksum with the one published by the server."
_SUFFIXES = (".osm.pbf", ".pbf", ".osm", ".osm.gz", ".osm.bz2", ".xml")

_SAMPLED_BLOCKS = 20
"""Blocks of a PBF file whose nodes are looked for in its ways; a block has 8,000 elements."""
_FEW_UNUSED, _MOST_UNUSED = 30, 0.001
"""Number and share of untagged nodes that may belong to no way, where there are no relations."""


def check(path: Path) -> tuple[str, list[Block]]:
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
    str and list of Block
        Its SHA-256, hexadecimal, and its blocks, none where it is no PBF file.

    Raises
    ------
    SourceError
        If the file is missing, empty, a web page, truncated or padded, declares XML entities, or contains an
        Overpass remark (an incomplete answer).
    """
    if not path.is_file():
        raise file_error(path, "There is no such file.", remedy=f"Check the path: {path}")
    if not path.name.endswith(_SUFFIXES):
        kinds = ", ".join(_SUFFIXES[:1] + _SUFFIXES[2:5])
        remedy = "Convert extracts with osmium-tool (osmium cat); give lines as a graph (docs/osmnx.md)."
        raise file_error(path, f"Maps are read from {kinds} files.", remedy=remedy)
    with path.open("rb") as stream:
        head = stream.read(512)
    if not head:
        raise file_error(path, "The file is empty.")
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith((b"<!doctype html", b"<html", b"<head")):
        raise file_error(path, "This is a web page, not map data: the server sent a message instead.")
    blocks: list[Block] = []
    if path.name.endswith(".pbf"):
        try:
            blocks = read_blocks(path)
        except (ValueError, zlib.error) as fault:
            raise file_error(path, f"The PBF file is incomplete or not a PBF file: {fault}.") from fault
    else:
        _check_xml(path)
    for kind in ("md5", "sha256"):
        sidecar = path.with_name(f"{path.name}.{kind}")
        words = sidecar.read_text(encoding="utf-8", errors="replace").split() if sidecar.is_file() else []
        if words and words[0].lower() != checksum(path, kind):
            raise file_error(path, f"The checksum in {sidecar.name} differs from that of the file.")
    return checksum(path), blocks


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


def check_ways(path: Path, blocks: Sequence[Block]) -> None:
    """Reject a PBF file that was truncated between two blocks of ways.

    Such a file has no relations, which come last, and nodes that no way uses. Complete extracts have hardly
    any untagged node without a way: at most 12 of 57,000 in eight extracts of several tools. The nodes of
    some blocks are counted.

    Parameters
    ----------
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
    untagged = [node.id for node in osmium.FileProcessor(sample, osmium.osm.NODE) if not node.tags]
    known, ways = frozenset(untagged), osmium.FileProcessor(name, osmium.osm.WAY)
    if fits_filter(known):
        tracker = osmium.IdTracker()
        for node in untagged:
            tracker.add_node(node)
        ways = ways.with_filter(tracker.contains_filter())
    whole = (way for way in ways if isinstance(way, osmium.osm.Way))
    used = {node.ref for way in whole for node in way.nodes if node.ref in known}
    unused = sum(node not in used for node in untagged)
    if unused > _FEW_UNUSED and unused > _MOST_UNUSED * len(untagged):
        share = f"{100 * unused / len(untagged):.1f} %"
        raise file_error(
            path, f"The file is incomplete: {share} of its nodes belong to no way, and it has no relations."
        )


def _check_xml(path: Path) -> None:
    head, tail = b"", b""
    for chunk in _plain_chunks(path):
        if len(head) < _CHUNK_BYTES:
            head += chunk
        window = tail + chunk
        if b"<!ENTITY" in window or b"<!DOCTYPE" in window:
            raise file_error(
                path, "The file declares XML entities or a document type; such files are rejected."
            )
        if b"<remark" in window:
            said = window[window.index(b"<remark") :][:200].decode("utf-8", "replace")
            remark = said.split(">", 1)[-1].split("<", 1)[0].strip()
            raise file_error(
                path, f"The server stopped early: {remark!r}. The file is an incomplete answer.",
                remedy="Request a smaller area, or use an extract of the region.",
            )  # fmt: skip
        # A marker may lie across two chunks: keep the end of this one.
        tail = window[-64:]
    if b"<osm" not in head[:4096]:
        raise file_error(path, "The file does not start as OpenStreetMap XML.")
    if not tail.rstrip(b"\0 \t\r\n").endswith((b"</osm>", b"/>")) or tail.endswith(b"\0"):
        raise file_error(path, "The file is incomplete: the closing </osm> is missing.")


def _plain_chunks(path: Path) -> Iterator[bytes]:
    """Yield the contents of a plain or compressed file, up to the largest size that is accepted."""
    packed, size, opened = path.stat().st_size, 0, _OPENERS.get(path.suffix, open)
    try:
        with opened(path, "rb") as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                size += len(chunk)
                refuse_expansion(size, packed)
                yield chunk
    except InputFileError as fault:
        raise file_error(path, f"It is rejected: {fault}.") from fault
    except (OSError, EOFError) as fault:
        raise file_error(path, f"The compressed file is damaged or truncated ({fault}).") from fault
