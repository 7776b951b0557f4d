"""Test downloads: tiles, cached answers, limited retries."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

import pytest
import shapely
from osm_drawing import GRID, write

from networks import osm
from networks.errors import FetchError, SourceError
from networks.osm.areas import tiles

BOX = (116.0, 39.5, 117.0, 40.5)
"""Two tiles of one degree."""

REMARK = b'<osm version="0.6"><remark>runtime error: Query timed out</remark></osm>'

Reply = tuple[int, bytes, dict[str, str]]


class FakeServer:
    """A server with scripted answers that records the queries and the pauses between them."""

    def __init__(self, answer: Callable[[str, int], Reply]) -> None:
        self.answer = answer
        self.queries: list[str] = []
        self.pauses: list[float] = []
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                """Do not log."""

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                self.reply(parse_qs(body)["data"][0])

            def do_GET(self) -> None:
                self.reply(parse_qs(urlparse(self.path).query)["q"][0])

            def reply(self, query: str) -> None:
                fake.queries.append(query)
                status, body, headers = fake.answer(query, len(fake.queries))
                self.send_response(status)
                for key, value in headers.items():
                    self.send_header(key, value)
                self.send_header("Content-Length", str(len(body)))
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


@pytest.fixture
def whole(tmp_path) -> bytes:
    """An answer with two roads."""
    roads = [(1, (1, 2, 3), {"highway": "primary"}), (2, (4, 2, 5), {"highway": "trunk"})]
    return write(tmp_path / "answer.osm", nodes=GRID, ways=roads).read_bytes()


def test_tiles_are_merged_without_duplicates(start, whole, tmp_path):
    fake = start(lambda _query, _count: (200, whole, {}))
    elements = osm.fetch(BOX, cache_dir=tmp_path / "cache", server=fake.server())
    assert len(fake.queries) == 2
    assert sorted(elements.roads.id.tolist()) == [1, 2]


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


@pytest.mark.parametrize("body", [b"", b"<html>rate limited</html>", b'<osm version="0.6"><node id="1"'])
def test_an_answer_without_map_data_is_not_cached(start, tmp_path, body):
    fake = start(lambda _query, _count: (200, body, {}))
    with pytest.raises(FetchError):
        osm.fetch(BOX, cache_dir=tmp_path / "cache", server=fake.server())
    assert list((tmp_path / "cache").iterdir()) == []


def test_an_unreachable_server_raises_a_fetch_error(tmp_path):
    server = osm.Server(overpass="http://127.0.0.1:9/api", sleep=lambda _seconds: None)
    with pytest.raises(FetchError, match="cannot be reached"):
        osm.fetch(BOX, cache_dir=tmp_path / "cache", server=server)


def test_a_server_that_is_not_there_is_asked_twice_within_seconds(tmp_path):
    pauses = []
    server = osm.Server(overpass="http://127.0.0.1:9/api", sleep=pauses.append)
    with pytest.raises(FetchError, match="cannot be reached"):
        osm.fetch(BOX, cache_dir=tmp_path / "cache", server=server)
    assert pauses == [3.0]


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
        "train|ferry",
    ):
        assert words in fake.queries[0]


def place(name: str, importance: float) -> dict[str, object]:
    ring = [[116.1, 39.8], [116.3, 39.8], [116.3, 39.9], [116.1, 39.8]]
    return {
        "display_name": name,
        "importance": importance,
        "geojson": {"type": "Polygon", "coordinates": [ring]},
    }


def test_a_place_name_is_resolved(start, whole, tmp_path):
    found = json.dumps([place("Langfang, Hebei", 0.6), place("Langfang street", 0.1)]).encode()
    fake = start(lambda query, _count: (200, found if query == "Langfang" else whole, {}))
    assert len(osm.fetch("Langfang", cache_dir=tmp_path / "cache", server=fake.server()).roads) == 2
    assert "39.800000 116.100000" in fake.queries[1]


def test_an_ambiguous_place_name_is_rejected(start, tmp_path):
    found = json.dumps([place("Chaoyang, Beijing", 0.6), place("Chaoyang, Liaoning", 0.58)]).encode()
    fake = start(lambda _query, _count: (200, found, {}))
    with pytest.raises(SourceError, match="Chaoyang, Liaoning"):
        osm.fetch("Chaoyang", cache_dir=tmp_path / "cache", server=fake.server())


def test_an_unknown_place_name_is_rejected(start, tmp_path):
    fake = start(lambda _query, _count: (200, b"[]", {}))
    with pytest.raises(SourceError, match="Atlantis"):
        osm.fetch("Atlantis", cache_dir=tmp_path / "cache", server=fake.server())


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
