"""Send requests to Overpass and Nominatim servers through OSMnx, with limits on retries and time."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from networks.errors import FetchError

log = logging.getLogger(__name__)

type Service = Literal["overpass", "nominatim"]

_BUSY_STATUSES = frozenset({429, 500, 502, 503, 504})
_USER_AGENT = "polyring/0.1 (network design for city clusters)"
_OSMNX_AGENT = "OSMnx Python package"
"""How the name of OSMnx begins that it gives to servers where its user chose none."""
_REMEDY = "Try later, choose another server, or download an extract of the region and read that file."
_GRACE_S = 10.0
"""Time for the transport of an answer, beyond the time that the server may take to find it."""
_CONNECT_S, _REACH_PAUSE_S = 3.0, 1.0
"""Limit for one address of a server, and pause before a server that was not reached is tried again."""
_REACH_TRIES = 2
_LOCK = threading.RLock()
"""Held while the settings of OSMnx are changed: they are global."""


@dataclass(frozen=True, slots=True)
class Server:
    """Addresses of the servers, and limits on retries and time.

    Attributes
    ----------
    overpass, nominatim
        URLs of the two services; empty for those of `osmnx.settings`, which are the public ones unless you
        changed them. With or without `/interpreter` or `/search` at the end.
    attempts
        Largest number of requests for one answer.
    first_pause_s
        Pause after the first failure; it doubles after each further one.
    patience_s
        Time limit for one answer, including pauses and repeated requests.
    timeout_s
        Time limit for a single request, also passed to Overpass; None for that of `osmnx.settings`.
    reach_s
        Time limit for reaching a server at all. Without a network the fault is told before it is over.
    sleep
        Function that pauses for a number of seconds; tests replace it.
    """

    overpass: str = ""
    nominatim: str = ""
    attempts: int = 5
    first_pause_s: float = 15.0
    patience_s: float = 600.0
    timeout_s: float | None = None
    reach_s: float = 5.0
    sleep: Callable[[float], None] = time.sleep

    def address(self, service: Service) -> str:
        """Return the URL of a service without the last part of its path, which OSMnx adds.

        Raises
        ------
        FetchError
            If the address is none of the web.
        """
        given = self.overpass if service == "overpass" else self.nominatim
        url = given or str(getattr(_settings(), f"{service}_url"))
        if not url.lower().startswith(("http://", "https://")):
            raise FetchError("Only addresses that begin with http:// or https:// are asked.", where=url)
        path = "/interpreter" if service == "overpass" else "/search"
        return url.rstrip("/").removesuffix(path)

    @property
    def limit_s(self) -> float:
        """Return the time limit for a single request."""
        return float(_settings().requests_timeout) if self.timeout_s is None else self.timeout_s


def cache_folder() -> Path:
    """Return the folder in which OSMnx keeps answers."""
    return Path(_settings().cache_folder)


def ask[T](call: Callable[[], T], *, service: Service, server: Server) -> T:
    """Call a function of OSMnx that sends a request; repeat it while the server is busy, within the limits.

    OSMnx alone asks a busy server without end, takes partial answers, and waits minutes for a network that
    is absent. All settings of OSMnx are after the call what they were before.

    Parameters
    ----------
    server
        Addresses, and limits on retries and time.

    Returns
    -------
    T
        What the function returns. The answer of the server was complete.

    Raises
    ------
    FetchError
        If the server rejects the request, stays busy, answers in part, or cannot be reached.
    """
    import requests

    url, limit_s = server.address(service), server.limit_s
    began, pause, reason = time.monotonic(), server.first_pause_s, "the time limit was reached"
    for attempt in range(1, server.attempts + 1):
        left = server.patience_s - (time.monotonic() - began)
        if left <= 0:
            break
        _reach(url, server)
        wait = pause
        try:
            with _set_up(server, read_s=min(limit_s + _GRACE_S, left)):
                return call()
        except _Unusable as fault:
            if not fault.is_busy:
                raise _refusal(url, fault.reason) from fault
            reason, wait = fault.reason, max(pause, fault.pause_s)
        except requests.exceptions.Timeout:
            reason = "it did not answer in time"
        except requests.exceptions.RequestException as fault:
            reason = f"the connection failed ({type(fault).__name__})"
        if attempt < server.attempts and wait < server.patience_s - (time.monotonic() - began):
            log.warning("%s: %s; attempt %d of %d in %.0f s", url, reason, attempt + 1, server.attempts, wait)
            server.sleep(wait)
        else:
            break
        pause *= 2
    raise _refusal(url, reason)


def _refusal(url: str, reason: str) -> FetchError:
    return FetchError(
        f"The server gave no usable answer: {reason}.", where=url,
        done="This answer was discarded; earlier downloads are kept, and the same call resumes from there.",
        remedy=_REMEDY,
    )  # fmt: skip


class _Unusable(Exception):
    """An answer that is none: why, whether a later one may be, and the pause that the server requests."""

    def __init__(self, reason: str, *, is_busy: bool = False, pause_s: float = 0.0) -> None:
        super().__init__(reason)
        self.reason, self.is_busy, self.pause_s = reason, is_busy, pause_s


def _settings() -> Any:  # noqa: ANN401 - a module
    import osmnx as ox

    return ox.settings


@contextmanager
def _set_up(server: Server, *, read_s: float) -> Iterator[None]:
    """Set OSMnx up for one request, and restore its settings afterwards.

    What its user chose stays in force: addresses, headers, proxies, time limit.
    """
    settings = _settings()
    given = dict(settings.requests_kwargs)
    hooks = dict(given.get("hooks", {}))
    theirs = hooks.get("response") or []
    hooks["response"] = [*([theirs] if callable(theirs) else theirs), _check_answer]
    agent = settings.http_user_agent
    ours = {
        "overpass_url": server.address("overpass"),
        "nominatim_url": server.address("nominatim"),
        "requests_kwargs": {**given, "hooks": hooks},
        "requests_timeout": (_CONNECT_S, read_s),
        "http_user_agent": _USER_AGENT if agent.startswith(_OSMNX_AGENT) else agent,
        # The caller keeps answers once they are checked. Asking for the state of the server before each
        # request and resolving names by another server are loops without a limit on time.
        "use_cache": False,
        "overpass_rate_limit": False,
        "doh_url_template": None,
    }
    with _LOCK:
        before = {name: getattr(settings, name) for name in ours}
        resolve = socket.getaddrinfo
        try:
            for name, value in ours.items():
                setattr(settings, name, value)
            yield
        finally:
            for name, value in before.items():
                setattr(settings, name, value)
            # OSMnx binds the name of the server to one address for the rest of the process.
            socket.getaddrinfo = resolve


def _check_answer(answer: Any, *_: object, **__: object) -> None:  # noqa: ANN401 - of requests, without types
    """Raise `_Unusable` for anything but a complete answer, before OSMnx sees it."""
    if answer.is_redirect:
        return
    if answer.status_code != 200:
        pause = answer.headers.get("Retry-After", "")
        raise _Unusable(
            f"HTTP status {answer.status_code} {answer.reason or ''}".strip(),
            is_busy=answer.status_code in _BUSY_STATUSES,
            pause_s=float(pause) if pause.isdecimal() else 0.0,
        )
    try:
        content = answer.json()
    except ValueError as fault:
        raise _Unusable("what it sent is no JSON, or only a part of it") from fault
    if isinstance(content, dict) and "remark" in content:
        raise _Unusable(f"it stopped early: {str(content['remark']).strip()!r}")


def _reach(url: str, server: Server) -> None:
    """Raise an error if nothing accepts connections at an address, or at the proxy on the way to it.

    Name servers and routers that stay silent block a connection for minutes, so it is tried in a thread.
    """
    host, port = _next_hop(url)
    limit_s = (server.reach_s - _REACH_PAUSE_S) / _REACH_TRIES
    reason = ""
    for tried in range(_REACH_TRIES):
        if tried:
            server.sleep(_REACH_PAUSE_S)
        faults: list[str] = []
        thread = threading.Thread(target=_connect, args=(host, port, faults), daemon=True)
        thread.start()
        thread.join(limit_s)
        if not thread.is_alive() and not faults:
            return
        reason = faults[-1] if faults else f"nothing answers within {limit_s:g} s"
    raise FetchError(
        f"The server cannot be reached: {reason}.", where=f"{host}:{port}",
        done="Earlier downloads are kept; the same call resumes from there.",
        remedy="Check the network and the address, or download an extract of the region and read that file.",
    )  # fmt: skip


def _next_hop(url: str) -> tuple[str, int]:
    """Return host and port of the server, or of the proxy that the environment or OSMnx's user names."""
    from requests.utils import get_environ_proxies, select_proxy

    proxies = {**get_environ_proxies(url), **_settings().requests_kwargs.get("proxies", {})}
    hop = urlsplit(select_proxy(url, proxies) or url)
    return hop.hostname or "", hop.port or (443 if hop.scheme == "https" else 80)


def _connect(host: str, port: int, faults: list[str]) -> None:
    """Connect to the first address of a host that accepts it; add a fault where none does."""
    try:
        socket.create_connection((host, port), timeout=_CONNECT_S).close()
    except (socket.gaierror, UnicodeError) as fault:
        faults.append(f"its name is not known ({fault})")
    except OSError as fault:
        faults.append(str(fault))
