"""Test downloads: tiles, kept answers, limited retries, absent networks, settings."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

import osmnx as ox
import pytest
import shapely
from osm_drawing import GRID

from networks import osm
from networks.errors import FetchError, SourceError
from networks.osm.overpass import tiles

BOX = (116.0, 39.5, 117.0, 40.5)
"""Two tiles of one degree."""

REMARK = b'{"elements": [], "remark": "runtime error: Query timed out"}'

Reply = tuple[int, bytes, dict[str, str]]


class FakeServer:
    """A server with scripted answers that records the queries and the pauses between them."""

    def __init__(self, answer: Callable[[str, int], Reply]) -> None:
        self.answer = answer
        self.queries: list[str] = []
        self.pauses: list[float] = []
        self.agents: list[str] = []
        self.limits: list[int] = []
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                """Do not log."""

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                fake.agents.append(self.headers["User-Agent"])
                self.reply(parse_qs(body)["data"][0])

            def do_GET(self) -> None:
                fields = parse_qs(urlparse(self.path).query)
                fake.limits.append(int(fields["limit"][0]))
                self.reply(fields["q"][0])

            def reply(self, query: str) -> None:
                fake.queries.append(query)
                status, body, headers = fake.answer(query, len(fake.queries))
                self.send_response(status)
                for key, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(key, value)
                self.end_headers()
                self.wfile.write(body)

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(
            target=self.http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self.thread.start()

    def server(self, **settings: float) -> osm.Server:
        url = f"http://127.0.0.1:{self.http.server_port}"
        return osm.Server(
            overpass=f"{url}/api", nominatim=f"{url}/search", sleep=self.pauses.append, **settings
        )

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()


@pytest.fixture
def start() -> Iterator[Callable[[Callable[[str, int], Reply]], FakeServer]]:
    """Return a function that starts a fake server, stopped after the test."""
    fakes: list[FakeServer] = []

    def start_server(answer: Callable[[str, int], Reply]) -> FakeServer:
        fakes.append(FakeServer(answer))
        return fakes[-1]

    yield start_server
    for fake in fakes:
        fake.close()


def answer(*, without: int = 0) -> bytes:
    """Return an answer with two roads and a train, perhaps without one of its nodes."""
    nodes = [
        {"type": "node", "id": ident, "lon": lon, "lat": lat}
        for ident, (lon, lat) in GRID.items()
        if ident != without
    ]
    ways = [
        {"type": "way", "id": 1, "nodes": [1, 2, 3], "tags": {"highway": "primary"}},
        {"type": "way", "id": 2, "nodes": [4, 2, 5], "tags": {"highway": "trunk"}},
    ]
    train = {
        "type": "relation",
        "id": 7,
        "members": [{"type": "node", "ref": 1, "role": "stop"}],
        "tags": {"route": "train"},
    }
    return json.dumps({"version": 0.6, "elements": [*nodes, *ways, train]}).encode()


@pytest.fixture
def whole() -> bytes:
    """An answer with two roads and a train."""
    return answer()


def test_tiles_are_merged_without_duplicates(start, whole, tmp_path):
    fake = start(lambda _query, _count: (200, whole, {}))
    elements = osm.fetch(BOX, cache_dir=tmp_path / "cache", server=fake.server())
    assert len(fake.queries) == 2
    assert sorted(elements.roads.id.tolist()) == [1, 2]
    assert [(relation.id, relation.members[0].ref) for relation in elements.relations] == [(7, 1)]


def test_a_repeated_call_sends_no_requests(start, whole, tmp_path):
    fake = start(lambda _query, _count: (200, whole, {}))
    first = osm.fetch(BOX, cache_dir=tmp_path / "cache", server=fake.server())
    second = osm.fetch(BOX, cache_dir=tmp_path / "cache", server=fake.server())
    assert len(fake.queries) == 2
    assert first.source == second.source


def test_an_interrupted_call_resumes_where_it_stopped(start, whole, tmp_path):
    fake = start(lambda _query, count: (200, whole, {}) if count != 2 else (400, b"", {}))
    with pytest.raises(FetchError):
        osm.fetch(BOX, cache_dir=tmp_path / "cache", server=fake.server())
    osm.fetch(BOX, cache_dir=tmp_path / "cache", server=fake.server())
    assert len(fake.queries) == 3


@pytest.mark.parametrize("status", [429, 503, 504])
def test_a_busy_server_gets_at_most_five_requests(start, tmp_path, status):
    fake = start(lambda _query, _count: (status, b"busy", {}))
    with pytest.raises(FetchError, match=str(status)) as caught:
        osm.fetch(BOX, cache_dir=tmp_path / "cache", server=fake.server())
    assert len(fake.queries) == 5
    assert fake.pauses == [15, 30, 60, 120]
    assert caught.value.exit_code == 5
    assert "extract" in caught.value.remedy


def test_each_retry_is_logged_with_its_pause(start, tmp_path, caplog):
    fake = start(lambda _query, _count: (504, b"busy", {}))
    with pytest.raises(FetchError):
        osm.fetch(BOX, cache_dir=tmp_path / "cache", server=fake.server())
    messages = [record.message for record in caplog.records]
    assert len(messages) == 4
    assert messages[0].endswith("attempt 2 of 5 in 15 s")


def test_the_pause_that_a_server_requests_is_respected(start, whole, tmp_path):
    fake = start(lambda _query, count: (429, b"", {"Retry-After": "40"}) if count == 1 else (200, whole, {}))
    osm.fetch(BOX, cache_dir=tmp_path / "cache", server=fake.server())
    assert fake.pauses == [40]


def test_a_pause_beyond_the_time_limit_is_not_waited_for(start, tmp_path):
    fake = start(lambda _query, _count: (429, b"", {"Retry-After": "86400"}))
    with pytest.raises(FetchError):
        osm.fetch(BOX, cache_dir=tmp_path / "cache", server=fake.server())
    assert fake.pauses == []


def test_an_incomplete_answer_is_rejected_and_not_cached(start, tmp_path):
    fake = start(lambda _query, _count: (200, REMARK, {}))
    with pytest.raises(FetchError, match="Query timed out") as caught:
        osm.fetch(BOX, cache_dir=tmp_path / "cache", server=fake.server())
    assert caught.value.exit_code == 5
    assert len(fake.queries) == 1
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize(
    "body", [b"", b"<html>rate limited</html>", answer()[:-40], b"[]", b'{"elements": 7}']
)
def test_an_answer_without_map_data_is_not_kept(start, tmp_path, body):
    fake = start(lambda _query, _count: (200, body, {}))
    with pytest.raises(FetchError):
        osm.fetch(BOX, cache_dir=tmp_path / "cache", server=fake.server())
    assert len(fake.queries) == 1
    assert list((tmp_path / "cache").iterdir()) == []


def test_an_answer_that_lacks_a_node_of_a_way_is_not_kept(start, tmp_path):
    fake = start(lambda _query, _count: (200, answer(without=3), {}))
    with pytest.raises(FetchError, match="nodes of way 1"):
        osm.fetch(BOX, cache_dir=tmp_path / "cache", server=fake.server())
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_connection_that_breaks_within_an_answer_is_asked_again(start, whole, tmp_path):
    longer = {"Content-Length": str(len(whole) + 100), "Connection": "close"}
    fake = start(lambda _query, count: (200, whole, longer if count == 1 else {}))
    osm.fetch(BOX, cache_dir=tmp_path / "cache", server=fake.server())
    assert len(fake.queries) == 3


def test_a_server_that_never_answers_is_given_up_within_the_time_limit(start, whole, tmp_path):
    over = threading.Event()

    def never(_query: str, _count: int) -> Reply:
        over.wait(120)
        return 200, whole, {}

    fake = start(never)
    with pytest.raises(FetchError, match="did not answer in time"):
        osm.fetch(BOX, cache_dir=tmp_path / "cache", server=fake.server(patience_s=0.6))
    over.set()


def test_a_server_that_is_not_there_is_told(tmp_path):
    with pytest.raises(FetchError, match=r"cannot be reached.*refused") as caught:
        osm.fetch(BOX, cache_dir=tmp_path / "cache", server=osm.Server(overpass="http://127.0.0.1:9/api"))
    assert caught.value.exit_code == 5
    assert caught.value.where == "127.0.0.1:9"


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::1]", "10.1.2.3", "192.168.0.1", "169.254.169.254", "2130706433", "127.1"],
)
def test_a_local_server_that_somebody_else_names_is_not_connected_to(tmp_path, monkeypatch, host):
    def connect(*_: object, **__: object) -> None:
        raise AssertionError("it was connected to")

    monkeypatch.setattr(socket, "create_connection", connect)
    server = osm.Server(overpass=f"http://{host}:9/api", is_foreign=True, sleep=lambda _seconds: None)
    with pytest.raises(FetchError, match=r"is local to this machine or network.*--allow-local"):
        osm.fetch(BOX, cache_dir=tmp_path / "cache", server=server)


def test_an_unknown_name_of_a_server_is_told(tmp_path):
    server = osm.Server(overpass="http://server.invalid/api")
    with pytest.raises(FetchError, match=r"cannot be reached.*name is not known"):
        osm.fetch(BOX, cache_dir=tmp_path / "cache", server=server)


def test_name_servers_that_stay_silent_are_told_within_the_time_limit(tmp_path, monkeypatch):
    over = threading.Event()

    def silent(*_: object, **__: object) -> list[object]:
        over.wait(120)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    server = osm.Server(overpass="http://server.invalid/api", reach_s=2.0)
    with pytest.raises(FetchError, match=r"nothing answers within 0\.5 s"):
        osm.fetch(BOX, cache_dir=tmp_path / "cache", server=server)
    over.set()


def test_a_network_that_is_absent_is_told_within_ten_seconds():
    assert osm.Server().reach_s < 10


def test_answers_are_kept_when_the_network_is_gone(start, whole, tmp_path):
    fake = start(lambda _query, _count: (200, whole, {}))
    server = fake.server()
    osm.fetch(BOX, cache_dir=tmp_path / "cache", server=server)
    fake.http.shutdown()
    assert len(osm.fetch(BOX, cache_dir=tmp_path / "cache", server=server).roads) == 2


@pytest.fixture
def chosen(monkeypatch, tmp_path):
    """Settings of OSMnx that its user chose."""
    for name, value in {
        "requests_timeout": 25,
        "http_user_agent": "my study",
        "cache_folder": tmp_path / "mine",
        "requests_kwargs": {"headers": None, "hooks": {"response": lambda *_, **__: None}},
        "doh_url_template": "https://1.1.1.1/{hostname}",
    }.items():
        monkeypatch.setattr(ox.settings, name, value)
    monkeypatch.delitem(ox.settings.requests_kwargs, "headers")
    return ox.settings


def settings() -> dict[str, object]:
    return {name: value for name, value in vars(ox.settings).items() if not name.startswith("_")}


@pytest.mark.parametrize("status", [200, 400])
def test_the_settings_of_osmnx_are_the_same_after_a_call(chosen, start, whole, tmp_path, status):
    fake, before, resolve = start(lambda _query, _count: (status, whole, {})), settings(), socket.getaddrinfo
    try:
        osm.fetch(BOX, cache_dir=tmp_path / "cache", server=fake.server())
    except FetchError:
        assert status == 400
    assert settings() == before
    assert socket.getaddrinfo is resolve


def test_the_settings_of_osmnx_are_the_defaults(chosen, start, whole, monkeypatch):
    fake = start(lambda _query, _count: (200, whole, {}))
    monkeypatch.setattr(chosen, "overpass_url", fake.server().overpass)
    osm.fetch(BOX)
    assert fake.agents == ["my study"] * 2
    assert "[timeout:25]" in fake.queries[0]
    assert len(list(chosen.cache_folder.glob("tile-*"))) == 2


def test_servers_are_told_who_asks(start, whole, tmp_path):
    fake = start(lambda _query, _count: (200, whole, {}))
    osm.fetch(BOX, cache_dir=tmp_path / "cache", server=fake.server())
    assert fake.agents[0].startswith("polyring/")


@pytest.mark.parametrize("address", ["file:///etc/passwd", "ftp://127.0.0.1/x", "127.0.0.1"])
def test_only_addresses_of_the_web_are_asked(address, tmp_path):
    server = osm.Server(overpass=address, sleep=lambda _seconds: None)
    with pytest.raises(FetchError, match="http"):
        osm.fetch(BOX, cache_dir=tmp_path / "cache", server=server)


def test_the_query_requests_everything_that_the_reader_uses(start, whole, tmp_path):
    fake = start(lambda _query, _count: (200, whole, {}))
    osm.fetch(BOX, cache_dir=tmp_path / "cache", server=fake.server())
    for words in (
        "motorway_link",
        "rail|narrow_gauge|light_rail",
        "station|halt",
        "ferry|shuttle_train",
        "city|town",
        "train|ferry|shuttle_train",
        "stop_area",
    ):
        assert words in fake.queries[0]


def place(name: str, importance: float, *, east: float = 116.3) -> dict[str, object]:
    ring = [[116.1, 39.8], [east, 39.8], [east, 39.9], [116.1, 39.8]]
    return {
        "display_name": name,
        "importance": importance,
        "lat": "39.85",
        "lon": "116.2",
        "boundingbox": ["39.8", "39.9", "116.1", str(east)],
        "geojson": {"type": "Polygon", "coordinates": [ring]},
    }


def places(*found: dict[str, object], whole: bytes = b"") -> Callable[[FakeServer], Callable[..., Reply]]:
    """Return what answers a search with places, as many as asked for, and a query with map data."""

    def replies(fake: list[FakeServer]) -> Callable[[str, int], Reply]:
        def reply(query: str, _count: int) -> Reply:
            body = whole if query.startswith("[") else json.dumps(found[: fake[0].limits[-1]]).encode()
            return 200, body, {}

        return reply

    return replies


@pytest.fixture
def search(start):
    """Return a function that starts a server which finds the given places."""

    def start_search(*found: dict[str, object], whole: bytes = b"") -> FakeServer:
        fakes: list[FakeServer] = []
        fakes.append(start(places(*found, whole=whole)(fakes)))
        return fakes[0]

    return start_search


def test_a_place_name_is_resolved(search, whole, tmp_path):
    fake = search(place("Langfang, Hebei", 0.6), place("Langfang street", 0.1), whole=whole)
    assert len(osm.fetch("Langfang", cache_dir=tmp_path / "cache", server=fake.server()).roads) == 2
    assert "39.800000 116.100000" in fake.queries[-1]


def test_a_place_is_searched_for_once(search, whole, tmp_path):
    fake = search(place("Langfang, Hebei", 0.6), whole=whole)
    osm.fetch("Langfang", cache_dir=tmp_path / "cache", server=fake.server())
    asked = len(fake.queries)
    osm.fetch("Langfang", cache_dir=tmp_path / "cache", server=fake.server())
    assert len(fake.queries) == asked


def test_an_ambiguous_place_name_is_rejected(search, tmp_path):
    fake = search(place("Chaoyang, Beijing", 0.6), place("Chaoyang, Liaoning", 0.58, east=116.9))
    with pytest.raises(SourceError, match="Chaoyang, Liaoning"):
        osm.fetch("Chaoyang", cache_dir=tmp_path / "cache", server=fake.server())


def test_a_city_that_is_a_province_as_well_is_one_place(search, whole, tmp_path):
    fake = search(place("Hamburg", 0.7), place("Hamburg (state)", 0.69, east=116.301), whole=whole)
    assert len(osm.fetch("Hamburg", cache_dir=tmp_path / "cache", server=fake.server()).roads) == 2


def test_the_point_of_a_place_is_no_rival_of_its_area(search, whole, tmp_path):
    point = {**place("Langfang", 0.62), "geojson": {"type": "Point", "coordinates": [116.2, 39.85]}}
    fake = search(point, place("Langfang, Hebei", 0.6), whole=whole)
    assert len(osm.fetch("Langfang", cache_dir=tmp_path / "cache", server=fake.server()).roads) == 2


def test_a_name_without_an_area_is_rejected(search, tmp_path):
    fake = search({**place("Summit", 0.62), "geojson": {"type": "Point", "coordinates": [116.2, 39.85]}})
    with pytest.raises(SourceError, match="Summit"):
        osm.fetch("Summit", cache_dir=tmp_path / "cache", server=fake.server())


def test_an_unknown_place_name_is_rejected(search, tmp_path):
    with pytest.raises(SourceError, match="Atlantis"):
        osm.fetch("Atlantis", cache_dir=tmp_path / "cache", server=search().server())


@pytest.mark.parametrize("body", [b"<html>blocked</html>", b"[{", b"{}", b'[{"importance": "high"}]'])
def test_a_search_that_cannot_be_read_names_the_server(start, tmp_path, body):
    fake = start(lambda _query, _count: (200, body, {}))
    with pytest.raises((FetchError, SourceError)):
        osm.fetch("Langfang", cache_dir=tmp_path / "cache", server=fake.server())


def test_a_busy_search_gets_at_most_five_requests(start, tmp_path):
    fake = start(lambda _query, _count: (429, b"", {"Retry-After": "20"}))
    with pytest.raises(FetchError, match="429"):
        osm.fetch("Langfang", cache_dir=tmp_path / "cache", server=fake.server())
    assert fake.pauses == [20, 30, 60, 120]


@pytest.mark.parametrize(
    "area",
    [
        (117, 39, 116, 40),
        (116, 40, 117, 39),
        (116, 39, 117),
        (float("nan"), 1, 2, 3),
        (39, 116, 40, 117),
        (0, 0, 200, 1),
    ],
)
def test_an_invalid_box_is_rejected_before_any_request(area, tmp_path):
    with pytest.raises(SourceError):
        osm.fetch(area, cache_dir=tmp_path / "cache")


def test_tiles_cover_the_outline_exactly():
    shape = shapely.Point(116.4, 39.9).buffer(1.3)
    parts = tiles(shape, tile_deg=0.5)
    assert sum(part.area for part in parts) == pytest.approx(shape.area)
    assert shapely.union_all(parts).symmetric_difference(shape).area < 1e-9


def test_tiles_inside_a_larger_area_are_the_same():
    small, large = (
        tiles(shapely.box(116, 39, 118, 41), tile_deg=1),
        tiles(shapely.box(115, 38, 119, 42), tile_deg=1),
    )
    assert {part.wkt for part in small} <= {part.wkt for part in large}
