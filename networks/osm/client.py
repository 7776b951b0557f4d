"""Send requests to Overpass and Nominatim servers, with limits on retries and time."""

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
_BUSY_STATUSES = frozenset({429, 500, 502, 503, 504})
_USER_AGENT = "polyring/0.1 (network design for city clusters)"
_REMEDY = "Try later, choose another server, or download an extract of the region and read that file."
_SHORT_PAUSE_S = 3.0
"""Pause before a server that was not reached is asked again."""


@dataclass(frozen=True, slots=True)
class Server:
    """Addresses of the servers, and limits on retries and time.

    Attributes
    ----------
    overpass, nominatim
        URLs of the two services.
    attempts
        Largest number of requests for one answer.
    attempts_unreached
        Largest number of requests where the server is not reached at all.
    first_pause_s
        Pause after the first failure; it doubles after each further one.
    patience_s
        Time limit for one answer, including pauses and repeated requests.
    timeout_s
        Time limit for a single request, also passed to Overpass.
    sleep
        Function that pauses for a number of seconds; tests replace it.
    """

    overpass: str = OVERPASS
    nominatim: str = NOMINATIM
    attempts: int = 5
    attempts_unreached: int = 2
    first_pause_s: float = 15.0
    patience_s: float = 600.0
    timeout_s: float = 180.0
    sleep: Callable[[float], None] = time.sleep


def request(url: str, fields: Mapping[str, str], *, server: Server, method: str = "POST") -> bytes:
    """Send a request, and repeat it while the server is busy, within the limits.

    OSMnx sends the same requests, but retries without limit while a server stays busy.

    Parameters
    ----------
    url
        Address of the service.
    fields
        Form fields.
    server
        Limits on retries and time.
    method
        `POST` or `GET`.

    Returns
    -------
    bytes
        Body of the answer.

    Raises
    ------
    FetchError
        If the address is none of the web, or the server rejects the request, stays busy or cannot be reached.
    """
    if not url.lower().startswith(("http://", "https://")):
        raise FetchError("Only addresses that begin with http:// or https:// are asked.", where=url)
    began, pause, reason = time.monotonic(), server.first_pause_s, "the time limit was reached"
    for attempt in range(1, server.attempts + 1):
        left = server.patience_s - (time.monotonic() - began)
        if left <= 0:
            break
        answer = _send_once(url, fields, method=method, timeout_s=min(server.timeout_s + 10, left))
        if isinstance(answer, bytes):
            return answer
        reason = answer.reason
        # A server that is busy needs time; one that is not there rarely comes up within a minute.
        attempts = server.attempts if answer.is_reached else server.attempts_unreached
        wait = max(pause, answer.pause_s) if answer.is_reached else min(pause, _SHORT_PAUSE_S)
        if attempt < attempts and wait < server.patience_s - (time.monotonic() - began):
            log.warning("%s: %s; attempt %d of %d in %.0f s", url, reason, attempt + 1, attempts, wait)
            server.sleep(wait)
        else:
            break
        pause *= 2
    raise FetchError(
        f"The server gave no usable answer: {reason}.", where=url,
        done="Earlier downloads are kept; the same call resumes from there.", remedy=_REMEDY,
    )  # fmt: skip


def _send(url: str, form: str, *, method: str, timeout_s: float) -> urllib3.BaseHTTPResponse:
    headers = {"User-Agent": _USER_AGENT}
    if method == "GET":
        return urllib3.request(method, f"{url}?{form}", headers=headers, timeout=timeout_s, retries=False)
    headers["Content-Type"] = "application/x-www-form-urlencoded"
    return urllib3.request(method, url, body=form, headers=headers, timeout=timeout_s, retries=False)


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why there is no answer, the pause that the server requests, and whether it was reached at all."""

    reason: str
    pause_s: float = 0.0
    is_reached: bool = True


def _send_once(url: str, fields: Mapping[str, str], *, method: str, timeout_s: float) -> bytes | _Failure:
    """Return the body of the answer, or why there is none."""
    try:
        answer = _send(url, urlencode(fields), method=method, timeout_s=timeout_s)
    except (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError) as fault:
        return _Failure(f"it cannot be reached ({type(fault).__name__})", is_reached=False)
    except urllib3.exceptions.HTTPError as fault:
        return _Failure(f"the connection failed ({type(fault).__name__})")
    if answer.status == 200:
        return answer.data
    failure = f"HTTP status {answer.status} {answer.reason or ''}".strip()
    if answer.status not in _BUSY_STATUSES:
        raise FetchError(f"The server rejected the request: {failure}.", where=url, remedy=_REMEDY)
    retry_after = answer.headers.get("Retry-After", "")
    return _Failure(failure, float(retry_after) if retry_after.isdecimal() else 0.0)
