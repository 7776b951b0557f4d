"""Speak to Overpass and Nominatim servers, with bounded patience."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

import urllib3

from networks.errors import FetchError

log = logging.getLogger(__name__)

OVERPASS = "https://overpass-api.de/api/interpreter"
NOMINATIM = "https://nominatim.openstreetmap.org/search"
_BUSY = frozenset({429, 500, 502, 503, 504})
_AGENT = "polyring/0.1 (network design for city clusters)"
_REMEDY = "Try later, name another server, or download an extract of the region and read that file."


@dataclass(frozen=True, slots=True)
class Server:
    """Where to ask, and how patiently.

    Attributes
    ----------
    overpass, nominatim
        Addresses of the two services.
    attempts
        Most requests for one answer.
    first_pause_s
        Pause after the first failure, doubled after each further one.
    patience_s
        Longest time for one answer, pauses included.
    timeout_s
        Longest time of a single request; Overpass is told the same.
    sleep
        How to pause.
    """

    overpass: str = OVERPASS
    nominatim: str = NOMINATIM
    attempts: int = 5
    first_pause_s: float = 15.0
    patience_s: float = 600.0
    timeout_s: float = 180.0
    sleep: Callable[[float], None] = time.sleep


def ask(url: str, fields: Mapping[str, str], *, server: Server, method: str = "POST") -> bytes:
    """Send a request until the server answers, at most as often and as long as allowed.

    OSMnx sends the same requests, but repeats them without an end when a server stays busy.

    Parameters
    ----------
    url
        Address of the service.
    fields
        Form fields.
    server
        Patience.
    method
        `POST` or `GET`.

    Returns
    -------
    bytes
        Body of the answer.

    Raises
    ------
    FetchError
        When the server refuses, stays busy or cannot be reached.
    """
    began, pause, trouble = time.monotonic(), server.first_pause_s, ""
    for attempt in range(1, server.attempts + 1):
        left = server.patience_s - (time.monotonic() - began)
        if left <= 0:
            break
        body, trouble, asked_pause = _once(
            url, fields, method=method, timeout_s=min(server.timeout_s + 10, left)
        )
        if body is not None:
            return body
        wait = max(pause, asked_pause)
        if attempt < server.attempts and wait < server.patience_s - (time.monotonic() - began):
            log.warning("%s: %s; try %d of %d in %.0f s", url, trouble, attempt + 1, server.attempts, wait)
            server.sleep(wait)
        else:
            break
        pause *= 2
    raise FetchError(
        f"The server gave no usable answer: {trouble or 'time is up'}.", where=url,
        done="What was downloaded before is kept; the same call goes on from there.", remedy=_REMEDY,
    )  # fmt: skip


def _send(url: str, form: str, *, method: str, timeout_s: float) -> urllib3.BaseHTTPResponse:
    headers = {"User-Agent": _AGENT}
    if method == "GET":
        return urllib3.request(method, f"{url}?{form}", headers=headers, timeout=timeout_s, retries=False)
    headers["Content-Type"] = "application/x-www-form-urlencoded"
    return urllib3.request(method, url, body=form, headers=headers, timeout=timeout_s, retries=False)


def _once(
    url: str, fields: Mapping[str, str], *, method: str, timeout_s: float
) -> tuple[bytes | None, str, float]:
    """Return the body, or what went wrong and the pause that the server asks for."""
    try:
        answer = _send(url, urlencode(fields), method=method, timeout_s=timeout_s)
    except urllib3.exceptions.HTTPError as fault:
        return None, f"it cannot be reached ({type(fault).__name__})", 0.0
    if answer.status == 200:
        return answer.data, "", 0.0
    trouble = f"HTTP status {answer.status} {answer.reason or ''}".strip()
    if answer.status not in _BUSY:
        raise FetchError(f"The server refused: {trouble}.", where=url, remedy=_REMEDY)
    asked = answer.headers.get("Retry-After", "")
    return None, trouble, float(asked) if asked.isdecimal() else 0.0
