"""Check what is read of OpenStreetMap tags against the public documentation of the tags.

Usage: python benchmarks/tag_checks.py [--out FILE.md]

Each row of the tables in `benchmarks/tag_checks/` has a page of that documentation (the wiki of
OpenStreetMap, mostly from memory), an element with its tags, and what a planner for cars or trains concludes
from the page. A row with a reason under `deviation` says where the import differs on purpose, and why. All
elements are drawn into one map, each with roads or tracks of its own; the map is written to a file, and read
and built as any extract is.

Elements and conclusions:

* `way`, `node` (in the middle of a road), `ferry` and `shuttle train` (ways), `ferry relation` and `shuttle
  relation` (of a way without tags of its own): `both` directions, `forward`, `backward`, `no through`
  traffic, `closed`. Of a way also its speed: that of its `class`, `slower`, or the average at a `limit` in
  km/h (`limit 80/50`: along its nodes / against them); of a crossing the seconds of the `ride`, without the
  wait.
* `track`: `used`, `left out`, its `design` speed in km/h or its `class`.
* `station` (a node of a track), `station way` (its outline), `station relation`: `station`, `none`.
* `service` (a relation of a train): `runs`, `left out`, seconds of its `headway` or `duration` (`class`: not
  tagged).
* `member` (of a service, in the middle of its way; the only tag is its role): `stop`, `passes`.
"""

import argparse
import csv
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import osmium
from osmium.osm import mutable

from networks import impedance, osm, rail, road
from networks.osm.elements import point_id
from networks.osm.tags import ROAD_CLASSES
from networks.rail import RailBuild
from networks.road.speeds import crossing_step, speed_table
from networks.schema import CLOSED, Network

FOLDER = Path(__file__).parent / "tag_checks"
COUNTRY = "world"
"""Speed table of the map."""
SIDE_ROAD = {"highway": "tertiary"}
TRACK = {"railway": "rail"}
_STOPS = 2
"""Stops of a train beside the member that a check is about."""
_PER_ROW, _STEP_DEG = 30, 0.05
_CLOSE = 0.005
"""Relative difference of two speeds that times in whole seconds allow."""

Tags = dict[str, str]


@dataclass(frozen=True)
class Check:
    """One row of a table: element and tags, the conclusion of a planner, and why the import differs if so."""

    number: int
    table: str
    page: str
    element: str
    tags: Tags
    expected: str
    deviation: str

    @property
    def first_node(self) -> int:
        """Id of the first of its four nodes."""
        return 10 * self.number + 1

    @property
    def way(self) -> int:
        """Id of the way that has the tags, or that the relation with the tags has as its member."""
        return 10 * self.number + 2

    @property
    def relation(self) -> int:
        """Id of the relation that has the tags, if one has."""
        return 10 * self.number


@dataclass(frozen=True)
class Outcome:
    """A check and what the import concludes."""

    check: Check
    answer: str

    @property
    def agrees(self) -> bool:
        """Whether the import concludes what a planner does."""
        return self.answer == self.check.expected


def checks() -> Iterator[Check]:
    """Read the checks of all tables."""
    number = 0
    for path in sorted(FOLDER.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                number += 1
                tags = dict(part.split("=", 1) for part in row["tags"].split(" & ") if part)
                expected, deviation = row["expected"], row["deviation"] or ""
                yield Check(number, path.stem, row["page"], row["element"], tags, expected, deviation)


@dataclass
class _Drawing:
    """Elements of the map."""

    nodes: dict[int, tuple[tuple[float, float], Tags]] = field(default_factory=dict)
    ways: dict[int, tuple[Sequence[int], Tags]] = field(default_factory=dict)
    relations: dict[int, tuple[list[tuple[str, int, str]], Tags]] = field(default_factory=dict)

    def add(self, check: Check) -> None:
        """Draw one check: four nodes in a row, and what lies along them."""
        west = (check.number % _PER_ROW) * 6 * _STEP_DEG
        south = (check.number // _PER_ROW) * 2 * _STEP_DEG
        a, b, c, d = range(check.first_node, check.first_node + 4)
        for column, node in enumerate((a, b, c, d)):
            self.nodes[node] = ((west + column * _STEP_DEG, south), {})
        way, tags = check.way, check.tags
        match check.element:
            case "way" | "ferry" | "shuttle train":
                given = {"way": "highway", "ferry": "route", "shuttle train": "route"}[check.element]
                kind = {"way": "secondary", "ferry": "ferry", "shuttle train": "shuttle_train"}[check.element]
                self._through(check, tags if given in tags else {given: kind, **tags})
            case "ferry relation" | "shuttle relation":
                self._through(check, {})
                route = "ferry" if check.element == "ferry relation" else "shuttle_train"
                self.relations[check.relation] = ([("w", way, "")], {"type": "route", "route": route, **tags})
            case "node" | "station":
                self.ways[way + 1] = ((a, b, c, d), SIDE_ROAD if check.element == "node" else TRACK)
                self.nodes[b] = (self.nodes[b][0], tags)
            case "track":
                self.ways[way] = ((a, b), tags)
            case "station way" | "station relation":
                self.ways[way + 1] = ((a, b, c, d), TRACK)
                self._outline(check, west + _STEP_DEG, south)
            case "service" | "member":
                self.ways[way] = ((a, b, c, d), TRACK)
                self._service(check)
            case _:
                raise ValueError(f"{check.table}: no element is called {check.element!r}")

    def _outline(self, check: Check, west: float, south: float) -> None:
        corners = range(check.first_node + 4, check.first_node + 7)
        for corner, (east, north) in zip(corners, ((0, 1), (1, 1), (0, 2)), strict=True):
            self.nodes[corner] = ((west + east * 0.001, south + north * 0.001), {})
        is_way = check.element == "station way"
        self.ways[check.way] = ((*corners, corners[0]), check.tags if is_way else {})
        if not is_way:
            members = [("w", check.way, "outer")]
            self.relations[check.relation] = (members, {"type": "multipolygon", **check.tags})

    def _service(self, check: Check) -> None:
        first, middle, _, last = range(check.first_node, check.first_node + 4)
        for node in (first, middle, last):
            self.nodes[node] = (self.nodes[node][0], {"railway": "station", "name": str(node)})
        members = [("n", first, "stop"), ("n", last, "stop")]
        tags = check.tags
        if check.element == "member":
            members.insert(1, ("n", middle, tags["role"]))
            tags = {}
        self.relations[check.relation] = (members, {"type": "route", "route": "train", **tags})

    def _through(self, check: Check, tags: Tags) -> None:
        a, b, c, d = range(check.first_node, check.first_node + 4)
        self.ways[check.way - 1] = ((a, b), SIDE_ROAD)
        self.ways[check.way] = ((b, c), tags)
        self.ways[check.way + 1] = ((c, d), SIDE_ROAD)

    def write(self, path: Path) -> None:
        """Write the map to a file."""
        with osmium.SimpleWriter(str(path)) as writer:
            for node, (place, tags) in sorted(self.nodes.items()):
                writer.add_node(mutable.Node(id=node, location=place, tags=tags, version=1))
            for way, (refs, tags) in sorted(self.ways.items()):
                writer.add_way(mutable.Way(id=way, nodes=list(refs), tags=tags, version=1))
            for relation, (members, tags) in sorted(self.relations.items()):
                writer.add_relation(mutable.Relation(id=relation, members=members, tags=tags, version=1))


class _Roads:
    """What the road network says about a check."""

    def __init__(self, network: Network) -> None:
        self._table = speed_table(COUNTRY)
        self._next: dict[int, set[int]] = defaultdict(set)
        self._rows: dict[int, list[int]] = defaultdict(list)
        self._links: dict[int, list[tuple[int, float, int, int]]] = defaultdict(list)
        ids = network.nodes["osm_id"].to_numpy()
        for row, node in enumerate(ids.tolist()):
            self._rows[node].append(row)
        columns = ("osm_id", "tail", "head", "length_km", "forward_s", "backward_s")
        for way, tail, head, km, forward, backward in zip(
            *(network.links[key] for key in columns), strict=True
        ):
            self._next[tail].add(head)
            if backward != CLOSED:
                self._next[head].add(tail)
            self._links[way].append((1 if ids[tail] < ids[head] else -1, km, forward, backward))

    def answer(self, check: Check) -> str:
        """Return what the network says, in the words of the tables."""
        what, _, value = check.expected.partition(" ")
        if what in {"limit", "class", "slower"}:
            return self._speed(check, what, value)
        if what == "ride":
            return self._ride(check)
        a, d = check.first_node, check.first_node + 3
        forward, backward = self._reaches(a, d), self._reaches(d, a)
        if forward or backward:
            return "both" if forward and backward else "forward" if forward else "backward"
        return "no through" if check.way in self._links else "closed"

    def _reaches(self, start: int, goal: int) -> bool:
        seen, queue = set(self._rows[start]), list(self._rows[start])
        while queue:
            for row in self._next[queue.pop()] - seen:
                seen.add(row)
                queue.append(row)
        return not seen.isdisjoint(self._rows[goal])

    def _speed(self, check: Check, what: str, value: str) -> str:
        if check.way not in self._links:
            return "closed"
        ((sense, km, forward, backward),) = self._links[check.way]
        found = [km / seconds * 3600 for seconds in (forward, backward) if seconds > 0]
        found = found if sense > 0 else found[::-1]
        road_class = check.tags.get("highway", "secondary")
        plain = self._table.speed_kmh[road_class]
        if what == "slower":
            return "slower" if max(found) < plain * (1 - _CLOSE) else "not slower"
        limits = [float(part) for part in value.split("/")] if value else []
        wanted = [self._table.average_kmh(road_class, limit) for limit in limits] or [plain]
        wanted = (wanted * 2)[: len(found)]
        if all(abs(one / other - 1) < _CLOSE for one, other in zip(found, wanted, strict=True)):
            return check.expected
        return (
            "/".join(f"{kmh:.0f}" for kmh in dict.fromkeys(round(kmh) for kmh in found)) + " km/h on average"
        )

    def _ride(self, check: Check) -> str:
        if check.way not in self._links:
            return "closed"
        ((_, km, forward, _),) = self._links[check.way]
        kind = "shuttle_train" if check.element.startswith("shuttle") else "ferry"
        return f"ride {forward - crossing_step(kind, km).wait_s}"


@dataclass(frozen=True)
class _Service:
    """Stops of a train, and its headway and duration in seconds; `class` where they are not tagged."""

    stops: int
    headway: str
    duration: str


class _Rails:
    """What the railway network says about a check."""

    def __init__(self, built: RailBuild) -> None:
        links, lines, stops = built.network.links, built.services.lines, built.services.stops
        self._track = {
            way: (kmh, name)
            for way, kmh, name in zip(links["osm_id"], links["speed_kmh"], links["link_class"], strict=True)
        }
        self._stations = set(built.stations["osm_id"])
        self._services: dict[str, _Service] = {}
        columns = ("service_id", "headway_s", "headway_source", "known_times")
        rows = zip(*(lines[key] for key in columns), strict=True)
        for row, (service, headway, source, is_known) in enumerate(rows):
            own = stops[stops["service"] == row]
            self._services[service] = _Service(
                stops=len(own),
                headway=str(headway) if source == "tag" else "class",
                duration=str(own["run_s"].sum()) if is_known else "class",
            )

    def answer(self, check: Check) -> str:
        """Return what the network says, in the words of the tables."""
        if check.element == "track":
            return self._of_track(check)
        if check.element in {"service", "member"}:
            return self._of_service(check)
        kind = {"station": "n", "station way": "w", "station relation": "r"}[check.element]
        ref = {"n": check.first_node + 1, "w": check.way, "r": check.relation}[kind]
        return "station" if point_id(kind, ref) in self._stations else "none"

    def _of_track(self, check: Check) -> str:
        if check.way not in self._track:
            return "left out"
        kmh, name = self._track[check.way]
        answers = {"design": f"design {kmh:g}", "class": f"class {name}"}
        return answers.get(check.expected.split(" ")[0], "used")

    def _of_service(self, check: Check) -> str:
        found = self._services.get(f"r{check.relation}")
        if found is None:
            return "left out"
        if check.element == "member":
            return "stop" if found.stops == _STOPS + 1 else "passes"
        answers = {"headway": f"headway {found.headway}", "duration": f"duration {found.duration}"}
        return answers.get(check.expected.split(" ")[0], "runs")


def outcomes() -> list[Outcome]:
    """Draw, write, read and build the map, and return what the import concludes on every check."""
    found = list(checks())
    drawing = _Drawing()
    for check in found:
        drawing.add(check)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "checks.osm.pbf"
        drawing.write(path)
        elements = osm.read(path, roads=frozenset(ROAD_CLASSES))
    network, _ = road.build(elements, country=COUNTRY)
    roads = _Roads(impedance.add_travel_times(network))
    rails = _Rails(rail.build(elements, services_from="relations"))
    on_rails = ("track", "station", "station way", "station relation", "service", "member")
    return [Outcome(one, (rails if one.element in on_rails else roads).answer(one)) for one in found]


def faults(found: Sequence[Outcome]) -> list[str]:
    """Return one line for each check that differs without a reason, or agrees in spite of one."""
    return [
        f"{one.check.table}, {one.check.page}: {one.check.element} {_text(one.check.tags)}: expected "
        f"{one.check.expected}, found {one.answer}" + (" (has a reason)" if one.check.deviation else "")
        for one in found
        if one.agrees == bool(one.check.deviation)
    ]


def _text(tags: Mapping[str, str]) -> str:
    return " & ".join(f"{key}={value}" for key, value in tags.items())


def _row(one: Outcome) -> str:
    cells = (one.check.page, one.check.element, f"`{_text(one.check.tags)}`", one.check.expected, one.answer)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in (*cells, one.check.deviation)) + " |"


def report(found: Sequence[Outcome]) -> str:
    """Return the agreement by page, and all deviations, in Markdown."""
    total = Counter(one.check.table for one in found)
    agree = Counter(one.check.table for one in found if one.agrees)
    pages: dict[str, set[str]] = defaultdict(set)
    for one in found:
        pages[one.check.table].add(one.check.page)
    rows = [f"| {name} | {len(pages[name])} | {total[name]} | {agree[name]} |" for name in sorted(total)]
    differing = [one for one in found if not one.agrees]
    wrong = faults(found)
    lines = [
        "# Tag checks",
        "",
        f"{len(found)} checks from the public documentation of the tags (`benchmarks/tag_checks/`):",
        f"{agree.total()} agree, {len(differing) - len(wrong)} differ on purpose, {len(wrong)} are wrong.",
        "",
        "| table | pages | checks | agree |",
        "|---|---|---|---|",
        *rows,
        "",
        "## Differences",
        "",
        "| page | element | tags | a planner | the import | reason |",
        "|---|---|---|---|---|---|",
        *(_row(one) for one in differing),
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Run all checks, print the report, and return 1 if a check fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, help="file for the report")
    options = parser.parse_args()
    found = outcomes()
    text = report(found)
    print(text)
    if options.out:
        options.out.write_text(text, encoding="utf-8")
    wrong = faults(found)
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
