"""Walk the blobs of a PBF file, so that a file that is cut short is seen before it is used."""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import BinaryIO

_LARGEST_HEADER = 64 * 1024
_LARGEST_BLOB = 32 * 1024 * 1024


def first_fault(path: Path) -> str | None:
    """Find the first place where a PBF file departs from its own block lengths.

    The blocks are those of the OSM PBF format: a four-byte length, a BlobHeader of that length, a blob of the
    length that the header names. Only the headers are read.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    str or None
        What is wrong and at which byte; None when the blocks fill the file exactly.
    """
    size = path.stat().st_size
    with path.open("rb") as stream:
        position, blocks = 0, 0
        while position < size:
            try:
                kind, length = _blob_header(stream)
            except ValueError as fault:
                return f"{fault} at byte {position:,} of {size:,}"
            if kind != ("OSMHeader" if blocks == 0 else "OSMData"):
                return f"a block of kind {kind!r} at byte {position:,}"
            position = stream.tell() + length
            if position > size:
                return f"the last block needs {position - size:,} bytes more than the file has"
            stream.seek(length, os.SEEK_CUR)
            blocks += 1
    return None if blocks > 1 else "a header and no data"


def _blob_header(stream: BinaryIO) -> tuple[str, int]:
    prefix = stream.read(4)
    if len(prefix) < 4:
        raise ValueError("the file ends inside a block length")
    (length,) = struct.unpack(">I", prefix)
    if not 0 < length <= _LARGEST_HEADER:
        raise ValueError("no block header (zeros or foreign bytes)")
    data = stream.read(length)
    if len(data) < length:
        raise ValueError("the file ends inside a block header")
    fields = _fields(data)
    kind, blob = fields.get(1), fields.get(3)
    if not isinstance(kind, bytes) or not isinstance(blob, int) or not 0 < blob <= _LARGEST_BLOB:
        raise ValueError("a damaged block header")
    return kind.decode("ascii", "replace"), blob


def _fields(data: bytes) -> dict[int, int | bytes]:
    """Read the top-level fields of a protocol buffer message: varints and byte strings."""
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
