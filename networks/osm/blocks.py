"""Find the blocks of a PBF file and the ids of the nodes in each, and read only those that hold wanted nodes.

Format: https://wiki.openstreetmap.org/wiki/PBF_Format
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

import numpy as np
import osmium
from numpy.typing import NDArray

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
    bounds = [0, *_block_ends(path)]
    found = []
    with path.open("rb") as stream:
        for start, end in pairwise(bounds):
            stream.seek(start)
            if start == 0:
                found.append(Block(start, end))  # the header, which has no table of texts and no nodes
                continue
            data = _unpacked(stream.read(_blob_header(stream)[1]))
            _check_strings(data, start)
            found.append(Block(start, end, *_node_ids(data)))
    if len(found) < 2:
        raise ValueError("a header without data")
    return found


def _block_ends(path: Path) -> list[int]:
    """Return the byte at which each block of a PBF file ends.

    A PBF file is a sequence of blocks: a four-byte length, a BlobHeader of that length, and a blob of the
    length given in the header. Only the headers are read.
    """
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
    at = 0
    while at < len(table):
        _, at = _varint(table, at)
        size, at = _varint(table, at)
        if 0 in table[at : at + size]:
            raise ValueError(f"a text with a null character in the block at byte {start:,}")
        at += size


def _node_ids(data: bytes | None) -> tuple[int | None, int | None]:
    """Return least and greatest id of the nodes of a block; those of all ids where they cannot be told."""
    anything = -(2**62), 2**62
    if data is None:
        return anything
    least, greatest = [], []
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
        if len(ids):
            least.append(int(ids.min()))
            greatest.append(int(ids.max()))
    return (min(least), max(greatest)) if least else (None, None)


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
    path
        The file.
    blocks
        Its blocks; empty for one that is no PBF file.
    wanted
        Ids, increasing.
    """
    for portion, ids in _portions(path, blocks, wanted):
        nodes = osmium.FileProcessor(portion, osmium.osm.NODE)
        if fits_filter(ids.tolist()):
            for node in nodes.with_filter(osmium.filter.IdFilter(ids.tolist())):
                if isinstance(node, osmium.osm.Node):
                    yield node
        else:
            known = frozenset(ids.tolist())
            for node in nodes:
                if isinstance(node, osmium.osm.Node) and node.id in known:
                    yield node


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
