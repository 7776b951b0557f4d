"""Download an area from an Overpass server, with limits on retries and time, and read it.

OSMnx has no public function for queries of one's own, and its graphs have neither stations nor trains. It
asks a busy server without end, takes partial answers, and waits minutes for a network that is absent. What
its user chose in its settings is in force here too.
"""

import hashlib
import ipaddress
import logging
import math
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import osmium
import shapely

from networks.errors import FetchError, SourceError
from networks.inputs import replacing
from networks.osm.elements import Elements
from networks.osm.reader import read
from networks.osm.scan import AREA_TAGS, FERRY_TAGS, RAIL_TAGS, STATION_TAGS, STOP_AREA
from networks.osm.tags import DEFAULT_CLASSES, with_slip_roads

log = logging.getLogger(__name__)

type Service = Literal["overpass", "nominatim"]

_REQUESTS = {"overpass": ("POST", "/interpreter", "data"), "nominatim": ("GET", "/search", "params")}
"""Method of each service, end of its address, and where `requests` takes what is asked."""

_BUSY_STATUSES = frozenset({429, 500, 502, 503, 504})
_USER_AGENT = "polyring/0.1 (network design for city clusters)"
_OSMNX_AGENT = "OSMnx Python package"
"""How the name of OSMnx begins that it gives to servers where its user chose none."""
_GRACE_S = 10.0
"""Time for the transport of an answer, beyond the time that the server may take to find it."""
_CONNECT_S, _REACH_PAUSE_S = 3.0, 1.0
"""Limit for one address of a server, and pause before a server that was not reached is tried again."""
_REACH_TRIES = 2


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
    is_foreign
        The addresses come from somebody else: those of this machine and of private networks are refused.
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
    is_foreign: bool = False
    sleep: Callable[[float], None] = time.sleep

    def address(self, service: Service) -> str:
        """Return the URL of a service without the last part of its path.

        Raises
        ------
        FetchError
            If the address is none of the web.
        """
        given = self.overpass if service == "overpass" else self.nominatim
        url = given or str(getattr(_settings(), f"{service}_url"))
        if not url.lower().startswith(("http://", "https://")):
            raise FetchError("Only addresses that begin with http:// or https:// are asked.", where=url)
        return url.rstrip("/").removesuffix(_REQUESTS[service][1])

    @property
    def limit_s(self) -> float:
        """Return the time limit for a single request."""
        return float(_settings().requests_timeout) if self.timeout_s is None else self.timeout_s


def cache_folder() -> Path:
    """Return the folder in which OSMnx keeps answers."""
    return Path(_settings().cache_folder)


def ask(service: Service, sent: Mapping[str, object], server: Server) -> Any:  # noqa: ANN401 - JSON
    """Send a request, and again while the server is busy, within the limits; return the whole answer.

    What the user of OSMnx chose in its settings is in force: addresses, headers, proxies, time limit.

    Parameters
    ----------
    sent
        Parameters of the request.
    server
        Addresses, and limits on retries and time.

    Raises
    ------
    FetchError
        If the server rejects the request, stays busy, answers in part, or cannot be reached.
    """
    import requests

    url, settings = server.address(service), _settings()
    agent = settings.http_user_agent
    method, path, field = _REQUESTS[service]
    headers = {
        "User-Agent": _USER_AGENT if agent.startswith(_OSMNX_AGENT) else agent,
        "Referer": settings.http_referer,
        "Accept-Language": settings.http_accept_language,
    }
    given: dict[str, Any] = {"headers": headers, field: sent, **settings.requests_kwargs}
    began, pause, reason = time.monotonic(), server.first_pause_s, "the time limit was reached"
    for attempt in range(1, server.attempts + 1):
        left = server.patience_s - (time.monotonic() - began)
        if left <= 0:
            break
        _reach(url, server)
        wait, limits = pause, (_CONNECT_S, min(server.limit_s + _GRACE_S, left))
        try:
            answer = requests.request(method, url + path, timeout=limits, **given)
            if answer.status_code == 200:
                content = answer.json()
                if not isinstance(content, dict) or "remark" not in content:
                    return content
                reason = f"it stopped early: {str(content['remark']).strip()!r}"
                break
            reason = f"HTTP status {answer.status_code} {answer.reason or ''}".strip()
            if answer.status_code not in _BUSY_STATUSES:
                break
            requested = answer.headers.get("Retry-After", "")
            wait = max(pause, float(requested) if requested.isdecimal() else 0.0)
        except requests.exceptions.JSONDecodeError:
            reason = "what it sent is no JSON, or only a part of it"
            break
        except requests.exceptions.Timeout:
            reason = "it did not answer in time"
        except requests.exceptions.RequestException as fault:
            reason = f"the connection failed ({type(fault).__name__})"
        if attempt == server.attempts or wait >= server.patience_s - (time.monotonic() - began):
            break
        log.warning("%s: %s; attempt %d of %d in %.0f s", url, reason, attempt + 1, server.attempts, wait)
        server.sleep(wait)
        pause *= 2
    raise FetchError(
        f"The server gave no usable answer: {reason}.", where=url,
        done="This answer was discarded; earlier downloads are kept, and the same call resumes from there.",
        remedy="Try later, choose another server, or read an extract, such as Geofabrik's server has.",
    )  # fmt: skip


def _settings() -> Any:  # noqa: ANN401 - a module
    import osmnx as ox

    return ox.settings


def _reach(url: str, server: Server) -> None:
    """Raise an error if nothing accepts connections at an address, or at the proxy on the way to it.

    Name servers and routers that stay silent block a connection for minutes, so it is tried in a thread.
    """
    from requests.utils import get_environ_proxies, select_proxy

    # The next hop is the server, or the proxy that the environment or OSMnx's user names.
    proxies = {**get_environ_proxies(url), **_settings().requests_kwargs.get("proxies", {})}
    hop = urlsplit(select_proxy(url, proxies) or url)
    host, port = hop.hostname or "", hop.port or (443 if hop.scheme == "https" else 80)
    limit_s = (server.reach_s - _REACH_PAUSE_S) / _REACH_TRIES
    reason = ""
    for tried in range(_REACH_TRIES):
        if tried:
            server.sleep(_REACH_PAUSE_S)
        faults: list[str] = []
        guarded = (urlsplit(url).hostname or "") if server.is_foreign else ""
        thread = threading.Thread(target=_connect, args=(host, port, faults, guarded), daemon=True)
        thread.start()
        thread.join(limit_s)
        if not thread.is_alive() and not faults:
            return
        reason = faults[-1] if faults else f"nothing answers within {limit_s:g} s"
    raise FetchError(
        f"The server cannot be reached: {reason}.", where=f"{host}:{port}",
        done="Earlier downloads are kept; the same call resumes from there.",
        remedy="Check the network and the address, or read an extract, such as Geofabrik's server has.",
    )  # fmt: skip


def _connect(host: str, port: int, faults: list[str], guarded: str) -> None:
    """Connect to the first address of a host that accepts it; add a fault where none does.

    Nor where `guarded`, a host, has an address that is none of the whole Internet. A name that is not known
    here is left to the proxy.
    """
    addresses: set[str] = set()
    with suppress(socket.gaierror, UnicodeError):
        addresses = {str(row[4][0]) for row in socket.getaddrinfo(guarded, None)} if guarded else addresses
    local = [one for one in sorted(addresses) if not ipaddress.ip_address(one.split("%")[0]).is_global]
    if local:
        faults.append(f"{local[0]} is local to this machine or network, and asked only with --allow-local")
        return
    try:
        socket.create_connection((host, port), timeout=_CONNECT_S).close()
    except (socket.gaierror, UnicodeError) as fault:
        faults.append(f"its name is not known ({fault})")
    except OSError as fault:
        faults.append(str(fault))


# ---- areas and tiles

type Shape = shapely.Polygon | shapely.MultiPolygon
type Area = str | Sequence[float] | Shape
"""A place name, a box (west, south, east, north) in degrees, or a polygon in degrees."""

_LEAST_LEAD = 0.1
"""A search result is unambiguous when its `importance` exceeds that of the next one by at least this much."""
_MOST_MATCHES = 50
"""Results that the geocoder is asked for."""
_SAME_SHARE = 0.9
"""Outlines are of one place where this share of their union belongs to both."""


def outline(area: Area, *, server: Server, cache_dir: Path) -> Shape:
    """Return the outline of an area.

    Parameters
    ----------
    area
        Place name, box or polygon.
    server
        Its Nominatim service resolves a place name; it is not used for a box or a polygon.
    cache_dir
        Folder that keeps the outlines of place names.

    Returns
    -------
    shapely.Polygon or shapely.MultiPolygon
        In degrees, longitude first.

    Raises
    ------
    SourceError
        If the area is empty, out of range, unknown, or the name matches several places.
    FetchError
        If the server does not answer.
    """
    if isinstance(area, str):
        return _place(area, server=server, cache_dir=cache_dir)
    shape = area if isinstance(area, shapely.Geometry) else _box(area)
    west, south, east, north = shape.bounds or (0, 0, 0, 0)
    if shape.is_empty or not shape.is_valid or shape.area == 0:
        raise SourceError("The area is empty or its outline intersects itself.")
    if west < -180 or east > 180 or south < -90 or north > 90:
        raise SourceError(
            f"The area extends beyond valid coordinates: {west:g}, {south:g}, {east:g}, {north:g}.",
            remedy="Give degrees, longitude before latitude: west, south, east, north.",
        )
    return shape


def _box(area: Sequence[float]) -> shapely.Polygon:
    if len(area) != 4 or not all(math.isfinite(value) for value in area):
        raise SourceError("A box needs four numbers: west, south, east, north, in degrees.")
    west, south, east, north = area
    if west >= east or south >= north:
        raise SourceError(
            f"The box {west:g}, {south:g}, {east:g}, {north:g} is empty.",
            remedy="Give west, south, east, north, in degrees.",
        )
    return shapely.box(west, south, east, north)


def _place(name: str, *, server: Server, cache_dir: Path) -> Shape:
    """Return the outline of the one area that a name can mean; OSMnx alone takes the first of several."""
    key = hashlib.sha256(f"{server.address('nominatim')} {name}".encode()).hexdigest()[:24]
    path = cache_dir / f"place-{key}.geojson"
    if path.is_file():
        return _polygons(shapely.from_geojson(path.read_text(encoding="utf-8")))
    asked = {"q": name, "format": "json", "polygon_geojson": 1, "dedupe": 0, "limit": _MOST_MATCHES}
    matches = ask("nominatim", {**asked, "key": _settings().nominatim_key}, server)
    try:
        found = [
            (
                float(one["importance"]),
                str(one.get("display_name", "?")),
                shapely.geometry.shape(one["geojson"]),
            )
            for one in matches
        ]
    except (KeyError, TypeError, ValueError, AttributeError, shapely.errors.ShapelyError) as fault:
        raise FetchError(
            "The response of the place search cannot be parsed.", where=server.address("nominatim")
        ) from fault
    kinds = shapely.Polygon | shapely.MultiPolygon
    areas = [(weight, title, _polygons(area)) for weight, title, area in found if isinstance(area, kinds)]
    if not areas:
        raise SourceError(f"No area is named {name!r}.", remedy="Give a box: west, south, east, north.")
    importance, title, chosen = max(areas, key=itemgetter(0))
    # An outline that is mostly the same is that of the same place, which may be both a city and a province.
    rivals = [
        other
        for less, other, area in areas
        if importance - less < _LEAST_LEAD
        and area.intersection(chosen).area <= _SAME_SHARE * area.union(chosen).area
    ]
    if rivals:
        raise SourceError(
            f"{name!r} matches several areas.", faults=[title, *rivals],
            remedy="Add the province or the country to the name, or give a box.",
        )  # fmt: skip
    with replacing(path) as part:
        part.write_text(shapely.to_geojson(chosen), encoding="utf-8")
    return chosen


def _polygons(shape: shapely.Geometry) -> Shape:
    """Return a valid shape without its points and lines."""
    polygons = [
        part for part in shapely.get_parts(shapely.make_valid(shape)) if isinstance(part, shapely.Polygon)
    ]
    return shapely.MultiPolygon(polygons) if len(polygons) != 1 else polygons[0]


def tiles(shape: Shape, *, tile_deg: float) -> list[shapely.Polygon]:
    """Divide an outline by a fixed grid.

    The grid starts at 0, 0, so an area that grows keeps its inner tiles, and cached answers stay valid.

    Parameters
    ----------
    shape
        Outline in degrees.
    tile_deg
        Side of a tile in degrees.

    Returns
    -------
    list of shapely.Polygon
        Parts of the outline, one or more for each tile, starting in the south-west.

    Raises
    ------
    SourceError
        If `tile_deg` is not a positive number.
    """
    if not math.isfinite(tile_deg) or tile_deg <= 0:
        raise SourceError(f"The tile size must be positive, not {tile_deg:g} degrees.")
    west, south, east, north = shape.bounds
    parts: list[shapely.Polygon] = []
    for row in range(math.floor(south / tile_deg), math.ceil(north / tile_deg)):
        for column in range(math.floor(west / tile_deg), math.ceil(east / tile_deg)):
            cell = shapely.box(
                column * tile_deg, row * tile_deg, (column + 1) * tile_deg, (row + 1) * tile_deg
            )
            cut = shape.intersection(cell).normalize()
            parts += [part for part in shapely.get_parts(cut) if isinstance(part, shapely.Polygon)]
    return parts


_DECIMALS = 6
"""Decimals of the coordinates in a query: 0.1 m."""


def fetch(
    area: Area,
    *,
    cache_dir: str | Path | None = None,
    roads: frozenset[str] = DEFAULT_CLASSES,
    rail: bool = True,
    ferries: bool = True,
    tile_deg: float = 1.0,
    server: Server | None = None,
) -> Elements:
    """Download an area and read it.

    Each tile is one request and one file in the cache folder. A tile is stored only if its answer is
    complete, so an interrupted call resumes where it stopped, and a repeated call sends no requests.

    Parameters
    ----------
    area
        A place name, a box (west, south, east, north) or a polygon, in degrees.
    cache_dir
        Folder for the answers; None for that of `osmnx.settings`.
    roads, rail, ferries
        What to request; see `networks.osm.read`.
    tile_deg
        Side of a tile in degrees; choose smaller tiles for dense areas.
    server
        Addresses and time limits; None for the servers of `osmnx.settings` with the default limits.

    Returns
    -------
    Elements
        The same as `networks.osm.read` returns for an extract of the area.

    Raises
    ------
    FetchError
        If a server stays busy, cannot be reached, or returns incomplete answers (exit code 5).
    SourceError
        If the area is invalid, or contains nothing of what is requested.
    """
    server = server or Server()
    folder = cache_folder() if cache_dir is None else Path(cache_dir)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise FetchError(f"The cache folder cannot be created: {fault}.", where=str(folder)) from fault
    shape = outline(area, server=server, cache_dir=folder)
    queries = [
        query(tile, roads=roads, rail=rail, ferries=ferries, timeout_s=server.limit_s)
        for tile in tiles(shape, tile_deg=tile_deg)
    ]
    answers = [_tile(text, folder, server=server) for text in queries]
    return read(_merged(answers, folder), roads=roads, rail=rail, ferries=ferries)


def query(
    tile: shapely.Polygon, *, roads: frozenset[str], rail: bool, ferries: bool, timeout_s: float
) -> str:
    """Write the Overpass query of one tile.

    Parameters
    ----------
    tile
        Outline in degrees.
    roads, rail, ferries
        What to request; see `networks.osm.read`.
    timeout_s
        Time limit for the server.

    Returns
    -------
    str
        Overpass QL. The answer is JSON and includes the nodes of all ways.
    """
    corners = " ".join(f"{lat:.{_DECIMALS}f} {lon:.{_DECIMALS}f}" for lon, lat in tile.exterior.coords)
    where = f'(poly:"{corners}")'
    filters = ['node["place"~"^(city|town)$"]', f"wr{_any_of(AREA_TAGS)}"]
    if roads:
        filters.append(f'way["highway"~"^({"|".join(sorted(with_slip_roads(roads)))})$"]')
    if rail:
        filters += [f"way{_any_of(RAIL_TAGS)}", f"nwr{_any_of(STATION_TAGS[:2])}"]
        filters.append('nwr["public_transport"="station"]["train"="yes"]')
    if ferries:
        filters.append(f"way{_any_of(FERRY_TAGS)}")
    routes = "|".join(["train"] * rail + ["ferry", "shuttle_train"] * ferries)
    areas = "".join(f"rel(b{kind}.found){_any_of((STOP_AREA,))};" for kind in "nw" * rail)
    related = (
        f'rel(bw.found)["route"~"^({routes})$"]->.routes;({areas})->.areas;'
        f"node(r.routes){where}->.stops;way(r.routes){where}->.ways;"
        if routes
        else ""
    )
    union = "".join(f"{part}{where};" for part in filters)
    output = "(.found;.found >;.routes;.areas;.stops;.ways;.ways >;);" if routes else "(.found;.found >;);"
    return f"[out:json][timeout:{timeout_s:.0f}];({union})->.found;{related}{output}out body;"


def _any_of(tags: Sequence[tuple[str, str]]) -> str:
    """Return the filter for elements with one of several values of one key."""
    return f'["{tags[0][0]}"~"^({"|".join(value for _, value in tags)})$"]'


def _tile(text: str, folder: Path, *, server: Server) -> Path:
    """Return the file with the answer to a query; send the query only if the file does not exist."""
    path = folder / f"tile-{hashlib.sha256(text.encode()).hexdigest()[:24]}.osm.pbf"
    if path.is_file():
        return path
    answer = ask("overpass", {"data": text}, server)
    try:
        with replacing(path) as part:
            _write(answer, part)
    except (KeyError, TypeError, ValueError, AttributeError) as fault:
        raise FetchError(
            f"The answer is no map data, or a part is missing: {fault}.", where=server.address("overpass"),
            done="This answer was discarded; earlier tiles are kept.",
            remedy="Use smaller tiles, try later, or read an extract of the region.",
        ) from fault  # fmt: skip
    except (OSError, RuntimeError) as fault:
        raise FetchError(f"The answer cannot be written: {fault}.", where=str(folder)) from fault
    return path


def _write(answer: Mapping[str, Any], path: Path) -> None:
    """Write the elements of an answer as a PBF file; a way whose nodes were not sent is a `ValueError`."""
    elements = answer["elements"]
    sent = {item["id"] for item in elements if item["type"] == "node"}
    with osmium.SimpleWriter(str(path), overwrite=True) as writer:
        for item in elements:
            kind, ident, tags = item["type"], item["id"], item.get("tags", {})
            if kind == "node":
                place = (item["lon"], item["lat"])
                writer.add_node(osmium.osm.mutable.Node(id=ident, location=place, tags=tags))
            elif kind == "way":
                if not sent.issuperset(item["nodes"]):
                    raise ValueError(f"nodes of way {ident}")
                writer.add_way(osmium.osm.mutable.Way(id=ident, nodes=item["nodes"], tags=tags))
            else:
                members = [(one["type"][0], one["ref"], one["role"]) for one in item["members"]]
                writer.add_relation(osmium.osm.mutable.Relation(id=ident, members=members, tags=tags))


def _merged(answers: list[Path], folder: Path) -> Path:
    """Merge the tiles into one file without duplicate elements."""
    names = "\n".join(path.name for path in answers)
    path = folder / f"area-{hashlib.sha256(names.encode()).hexdigest()[:24]}.osm.pbf"
    if path.is_file():
        return path
    try:
        merger = osmium.MergeInputReader()
        for answer in answers:
            merger.add_file(str(answer))
        with replacing(path) as part, osmium.SimpleWriter(str(part), overwrite=True) as writer:
            merger.apply(writer, simplify=True)
    except RuntimeError as fault:
        raise FetchError(f"The tiles cannot be merged: {fault}.", where=str(folder)) from fault
    return path
