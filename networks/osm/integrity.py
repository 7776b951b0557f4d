"""Refuse files that are cut short, that are not OpenStreetMap data, or that want to do harm."""

from __future__ import annotations

import bz2
import gzip
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from networks.errors import SourceError
from networks.osm import pbf

_CHUNK = 1 << 20
_LEAST_BOMB = 1 << 25
_MOST_RATIO = 100
_AGAIN = "Download the file again and compare its checksum with the one that the server names."
_NOTHING = "Nothing was read and nothing was written."
_SUFFIXES = (".osm.pbf", ".pbf", ".osm", ".osm.gz", ".osm.bz2", ".xml")


def check(path: Path) -> str:
    """Check a file before any of it is used.

    A PBF file that was cut exactly between two of its blocks and still holds ways cannot be told from a whole
    one; only a checksum can.

    Parameters
    ----------
    path
        A file `.osm.pbf`, `.osm`, `.osm.gz` or `.osm.bz2`. Where a file of the same name with `.md5` or
        `.sha256` added lies beside it, its checksum must agree.

    Returns
    -------
    str
        SHA-256 of the bytes of the file, hexadecimal.

    Raises
    ------
    SourceError
        When there is no such file, or it is empty, a web page, cut short, padded, has XML entities, or holds
        an Overpass remark (a partial answer).
    """
    _check_kind(path)
    _check_page(path)
    if path.name.endswith(".pbf"):
        _check_pbf(path)
    else:
        _check_xml(path)
    _check_sidecars(path)
    return _digest(path, "sha256")


def refuse(path: Path, what: str, *, remedy: str = _AGAIN) -> SourceError:
    """Make the error for a file that cannot be used.

    Parameters
    ----------
    path
        The file.
    what
        What is wrong with it.
    remedy
        What the user can do.

    Returns
    -------
    SourceError
        To be raised by the caller.
    """
    return SourceError(what, where=path.name, done=_NOTHING, remedy=remedy)


def _check_kind(path: Path) -> None:
    if not path.is_file():
        raise refuse(path, "There is no such file.", remedy=f"Check the path: {path}")
    if not path.name.endswith(_SUFFIXES):
        kinds = ", ".join(_SUFFIXES[:1] + _SUFFIXES[2:5])
        raise refuse(path, f"Only {kinds} files are read.", remedy="Convert it with osmium-tool: osmium cat.")
    if path.stat().st_size == 0:
        raise refuse(path, "The file is empty.")


def _check_page(path: Path) -> None:
    with path.open("rb") as stream:
        head = stream.read(512).lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith((b"<!doctype html", b"<html", b"<head")):
        raise refuse(path, "This is a web page and not map data: the server sent a message instead.")


def _check_pbf(path: Path) -> None:
    fault = pbf.first_fault(path)
    if fault is not None:
        raise refuse(path, f"The PBF file is not complete or not a PBF file: {fault}.")


def _check_xml(path: Path) -> None:
    head, tail = b"", b""
    for chunk in _plain(path):
        if len(head) < _CHUNK:
            head += chunk
        window = tail + chunk
        if b"<!ENTITY" in window or b"<!DOCTYPE" in window:
            raise refuse(path, "The file declares XML entities or a document type; such files are refused.")
        if b"<remark" in window:
            raise refuse(
                path, f"The server broke off: {_remark(window)!r}. The file is a partial answer.",
                remedy="Ask for a smaller area, or use an extract of the region.",
            )  # fmt: skip
        tail = window[-64:]
    if b"<osm" not in head[:4096]:
        raise refuse(path, "The file does not begin as OpenStreetMap XML does.")
    if not tail.rstrip(b"\0 \t\r\n").endswith((b"</osm>", b"/>")) or tail.endswith(b"\0"):
        raise refuse(path, "The file is not complete: the closing </osm> is missing.")


def _remark(window: bytes) -> str:
    text = window[window.index(b"<remark") :][:200].decode("utf-8", "replace")
    return text.split(">", 1)[-1].split("<", 1)[0].strip()


def _plain(path: Path) -> Iterator[bytes]:
    most = max(_LEAST_BOMB, _MOST_RATIO * path.stat().st_size)
    size = 0
    try:
        with _open_plain(path) as stream:
            while chunk := stream.read(_CHUNK):
                size += len(chunk)
                if size > most:
                    raise refuse(
                        path, f"The file unpacks to more than {_MOST_RATIO} times its size; refused."
                    )
                yield chunk
    except (OSError, EOFError) as fault:
        raise refuse(path, f"The compressed file is damaged or cut short ({fault}).") from fault


def _open_plain(path: Path) -> BinaryIO:
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
            raise refuse(path, f"The checksum in {sidecar.name} differs from that of the file.")


def _digest(path: Path, name: str) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.new(name, usedforsecurity=False)).hexdigest()
