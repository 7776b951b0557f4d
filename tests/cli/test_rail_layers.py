"""Railways of an import are shown and written; services that are only assumed are told loudly."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pyogrio
import pytest
from cli_drawing import CITIES, PLAIN, Drawing, draw_map

Call = Callable[..., tuple[int, str, str]]

TRAIN = """<relation id="1" version="1"><member type="node" ref="1" role="stop"/>
<member type="node" ref="2" role="stop"/><tag k="type" v="route"/><tag k="route" v="train"/></relation>"""


def with_track(*, relation: bool) -> str:
    """Return the drawn map with a railway from station Alpha to station Beta."""
    text = draw_map()
    drawing = Drawing()
    for key in "ab":
        _, lon, lat, _ = CITIES[key]
        drawing.node(lon, lat + 0.01, railway="station", name=f"{key} station")
    drawing.ways.append(([1, 2], {"railway": "rail", "maxspeed": "200", "usage": "main"}))
    track = drawing.xml().replace('id="', 'id="9000').replace('ref="', 'ref="9000')
    nodes = [line for line in track.splitlines() if line.startswith("<node")]
    way = [line for line in track.splitlines() if line.startswith("<way")]
    text = text.replace("<way", "\n".join([*nodes, "<way"]), 1)
    train = TRAIN.replace('ref="', 'ref="9000') if relation else ""
    return text.replace("</osm>", "\n".join([*way, train, "</osm>"]))


@pytest.fixture
def brought(region: Path, call: Call) -> Callable[..., tuple[str, str, Path]]:
    """Return a function that imports the map and gives output, messages and the file written."""

    def bring(*words: str, relation: bool = True) -> tuple[str, str, Path]:
        (region / "map.osm").write_text(with_track(relation=relation), encoding="utf-8")
        code, out, err = call("import", region / "map.osm", "-o", region / "n.gpkg", *words)
        assert code == 0, err
        return out, err, region / "n.gpkg"

    return bring


def test_an_import_shows_tracks_stations_and_services(brought) -> None:
    out, err, _ = brought()
    assert "Tracks by class" in out
    assert "train relations" in out
    assert "WARNING" not in err


def test_an_import_writes_the_layers_of_railways(brought) -> None:
    *_, path = brought()
    layers = {"nodes", "links", "rail_nodes", "rail_links", "services", "stops", "routes", "stations"}
    layers |= {"places", "polyring"}
    assert {name for name, _ in pyogrio.list_layers(path)} == layers
    assert len(pyogrio.read_dataframe(path, layer="services")) == 1
    assert len(pyogrio.read_dataframe(path, layer="stops")) == 2


def test_an_import_without_train_relations_prints_a_warning(brought) -> None:
    out, err, path = brought("--json", relation=False)
    assert "WARNING: no train relation in this file: services are assumed on 1 stretch of track" in err
    assert "compare its checksum" in json.loads(out)["notes"][-1]
    assert path.is_file()


def test_an_import_of_roads_alone_warns_of_nothing(region: Path, call: Call) -> None:
    code, _, err = call("import", region / "map.osm", "-o", region / "n.gpkg")
    assert (code, "WARNING" in err) == (0, False)
    layers = {"nodes", "links", "places", "polyring"}
    assert {name for name, _ in pyogrio.list_layers(region / "n.gpkg")} == layers


def test_a_run_without_train_relations_warns_on_the_screen_and_in_its_summary(
    region: Path, call: Call
) -> None:
    (region / "map.osm").write_text(with_track(relation=False), encoding="utf-8")
    code, _, err = call("run", region / "job.toml", "--out", region / "out", *PLAIN)
    assert code in {0, 10}, err
    assert "WARNING: no train relation in this file" in err
    summary = json.loads((region / "out" / "summary.json").read_text(encoding="utf-8"))
    assert summary["warnings"][0].startswith("no train relation")
