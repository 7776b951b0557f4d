"""A drawn region whose ring lacks one side runs from its map to its run folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from cli_drawing import JOB, PLAIN, SQUARE, cities_csv, code_of, draw_square
from engine_running import solve_here

import polyring
from optimiser.cli.app import call as call_command
from optimiser.problem.errors import JobError
from optimiser.report import page
from optimiser.report.tables import COLUMNS
from optimiser.run import pipeline
from optimiser.studies import states
from optimiser.studies.answers import solve_case
from optimiser.tasks import Contents

type Call = Callable[..., tuple[int, str, str]]

RING = """
[[rings]]
id = "outer"
centres = ["Hub"]
least_cities = 3
gap_longest_km = 130
"""
FILES = {"rings.csv", "ring_links.csv", "ring_legs.csv", "ring_use.csv"}


@pytest.fixture(scope="session")
def ringed(once: Callable[[str, Callable[[Path], object]], Path]) -> Path:
    """Return a folder with the region and its finished run in `out`, made once for all tests."""

    def fill(folder: Path) -> None:
        (folder / "map.osm").write_text(draw_square(), encoding="utf-8")
        (folder / "cities.csv").write_text(cities_csv(SQUARE), encoding="utf-8")
        (folder / "job.toml").write_text(JOB.replace("share = 0.3", "share = 1.0") + RING, encoding="utf-8")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("POLYRING_CACHE", str(folder / "cache"))
            solve_here(patch)
            assert call_command(["run", str(folder / "job.toml"), "--out", str(folder / "out")]) == 0

    return once("ringed", fill)


@pytest.fixture
def done(ringed: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of the finished run with its cache."""
    monkeypatch.setenv("POLYRING_CACHE", str(ringed / "cache"))
    return ringed


def test_the_run_leaves_the_tables_of_its_ring(done: Path) -> None:
    out = done / "out"
    assert {path.name for path in out.iterdir()} >= FILES
    ring = pd.read_csv(out / "rings.csv").iloc[0]
    assert (ring["ring"], ring["formed"], ring["centres"]) == ("outer", True, "Hub")
    assert ring["existing_km"] + ring["new_km"] == pytest.approx(ring["length_km"], abs=0.11)
    assert 0.7 < ring["existing_share"] < 0.8  # the side that is missing is one of the two longer ones


@pytest.mark.parametrize("wish", ["", "required = false\nreward = 1_000_000\n"])
def test_a_robust_plan_builds_a_required_ring_and_leaves_out_a_wished_one(
    done: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wish: str
) -> None:
    is_built = not wish
    solve_here(monkeypatch)
    job = done / f"robust-{is_built}.toml"
    job.write_text((done / "job.toml").read_text(encoding="utf-8") + wish, encoding="utf-8")
    settings = ['robust.of="cases"', "robust.scenarios=2", "robust.compare=false"]
    found = polyring.robust(job, out=tmp_path / "out", settings=settings)
    assert found.summary["rings"] == {"outer": is_built}
    on_ring = set(pd.read_csv(done / "out" / "ring_links.csv")["candidate_id"].dropna())
    assert (set(found.links.loc[found.links["in_plan"], "candidate_id"]) >= on_ring) is is_built


def test_the_circuit_goes_round_over_the_three_motorways_and_what_closes_it(done: Path) -> None:
    links = pd.read_csv(done / "out" / "ring_links.csv").fillna({"name": "", "candidate_id": ""})
    assert set(links.loc[links["state"] == "existing", "name"]) == {"G1", "G2", "G3"}
    built = json.loads((done / "out" / "plan.json").read_text())["built"]
    assert set(links.loc[links["state"] == "new", "candidate_id"]) <= set(built)


def test_the_ring_is_a_closed_line_round_its_centre(done: Path) -> None:
    from shapely import Point, Polygon

    line = gpd.read_file(done / "out" / "plan.gpkg", layer="rings").geometry.iloc[0]
    assert line.is_ring
    assert Polygon(line.coords).contains(Point(116.5, 39.5))


def test_summary_page_and_headline_name_the_ring(done: Path) -> None:
    summary = json.loads((done / "out" / "summary.json").read_text())
    (ring,) = summary["rings"]
    assert ring["sentence"].startswith("A ring of ")
    assert " round Hub through " in ring["sentence"]
    assert {city["name"] for city in ring["cities"]} <= {"Southwest", "Southeast", "Northeast", "Northwest"}
    assert "a ring road of" in summary["headline"]
    page = (done / "out" / "report.html").read_text(encoding="utf-8")
    assert ring["sentence"] in page


def test_the_plan_given_by_hand_finds_the_same_ring(done: Path, call: Call) -> None:
    built = json.loads((done / "out" / "plan.json").read_text())["built"]
    code, out, _ = call("score", done / "out" / "problem.json", "--built", ",".join(built), "--json")
    assert code == 0
    scored = json.loads(out)
    assert scored["away"] == 0
    assert [ring["id"] for ring in scored["rings"]] == ["outer"]


def test_a_run_for_machines_holds_the_ring(done: Path, call: Call) -> None:
    code, out, _ = call("run", done / "job.toml", "--out", done / "again", "--json")
    assert code == 0
    assert json.loads(out)["rings"][0]["formed"] is True


def test_a_dry_run_prints_the_size_of_the_ring_graph(done: Path, call: Call) -> None:
    code, out, _ = call("run", done / "job.toml", "--dry-run", "--json")
    sizes = json.loads(out)
    problem = json.loads((done / "out" / "problem.json").read_text())
    ring = problem["rings"][0]
    assert code == 0
    assert (sizes["nodes of ring outer"], sizes["links of ring outer"]) == (
        len(ring["nodes"]),
        len(ring["links"]),
    )


def test_the_same_job_without_its_ring_leaves_no_file_of_rings(done: Path, call: Call) -> None:
    plain = (done / "job.toml").read_text().replace(RING, "")
    (done / "plain.toml").write_text(plain)
    code, _, _ = call("run", done / "plain.toml", "--out", done / "plain", *PLAIN, "--json")
    assert code == 0
    assert not FILES & {path.name for path in (done / "plain").iterdir()}
    assert "rings" not in json.loads((done / "plain" / "summary.json").read_text())
    code, out, _ = call("compare", done / "plain", done / "out")
    assert (code, "Ring outer in the first: not asked for." in out) == (0, True)


def test_a_finished_run_tells_what_lies_between_the_cities_of_its_ring(done: Path) -> None:
    run = polyring.load(done / "out")
    run.close()
    legs, (ring,) = run.ring_legs, run.rings.itertuples()
    assert legs["length_km"].sum() == pytest.approx(ring.length_km, abs=0.1)
    assert legs["new_km"].sum() == pytest.approx(ring.new_km, abs=0.1)
    assert legs["to_cities"].tolist() == [*legs["from_cities"][1:], legs["from_cities"][0]]


def test_a_what_if_without_rings_has_the_money_of_the_ring_for_other_links(done: Path) -> None:
    run = polyring.load(done / "out")
    free = run.solve(rings=False)
    less = free.solve(budget=0.5)
    run.close()
    assert run.rings["formed"].all()
    assert free.rings.empty
    assert free.problem == run.problem.replace(name=free.name, rings=())
    assert "no rings" in free.name
    assert less.problem.rings == ()  # a what-if of a what-if keeps the change


def test_a_what_if_asks_about_links_where_the_plan_forms_no_wished_ring(done: Path, call: Call) -> None:
    wish = (
        (done / "job.toml")
        .read_text()
        .replace(RING, RING + "required = false\nreward = 1\n")
        .replace("share = 1.0", "share = 0.1")
    )
    (done / "wish.toml").write_text(wish)
    code, _, err = call("run", done / "wish.toml", "--out", done / "wish", *PLAIN, "--json")
    assert code == 0, err
    run = polyring.load(done / "wish")
    assert not run.rings["formed"].any()
    less, all_of_it = run.solve(budget=0.9), run.solve(budget=0.9, rings=True)
    later = run.solve(limit="100 min")
    run.close()
    assert less.problem.rings == later.problem.rings == ()
    assert [ring.id for ring in all_of_it.problem.rings] == ["outer"]
    assert "rings" not in less.name


def test_rings_of_a_region_without_known_ones_are_beside_none(done: Path) -> None:
    run = polyring.load(done / "out")
    run.close()
    assert run.ring_overlaps.empty
    with pytest.raises(JobError, match="no ring that a known ring"):
        run.plot_rings()


def test_the_run_measures_what_its_ring_is_for(done: Path) -> None:
    table = pd.read_csv(done / "out" / "ring_use.csv")
    # GeoNames has places there, and the drawn roads reach those in the corners.
    assert (table["pairs"] == table["pairs"].iloc[0]).all()
    summary = json.loads((done / "out" / "summary.json").read_text())
    assert summary["ring_use"]["facts"]["cores"] == ["Hub"]
    (ring,) = summary["rings"]
    assert ring["use"]["alone"] == summary["ring_use"]["alone"]


def test_a_wished_ring_enters_the_frontier_of_its_job_where_it_pays(done: Path, call: Call) -> None:
    wish = (done / "job.toml").read_text() + "required = false\nreward = 400\n"
    (done / "rewarded.toml").write_text(wish)
    code, out, _ = call("frontier", done / "rewarded.toml", "--out", done / "front", "--points", 4)
    rows = pd.read_csv(done / "front" / "frontier.csv").fillna({"rings": ""})
    assert code == 0
    assert rows["rings"].tolist()[0] == ""
    assert rows["rings"].tolist()[-1] == "outer"
    assert (rows["objective"] - rows["weight_all"]).tolist() == [400 * (name != "") for name in rows["rings"]]
    assert "what cities and rings earn" in out


STATES = """
required = false
reward = 1
[[alternatives]]
name = "no ring"
rings = "none"
budgets = [0.2, 0.5, 1]
[[alternatives]]
name = "best ring"
rings = "best"
budgets = [0.01, 1]
[[alternatives]]
name = "all rings"
rings = "all"
budgets = [0.01, 0.5, 1]
[[alternatives]]
name = "pairs"
shares = [0.5, 1.0]
"""


@pytest.fixture(scope="session")
def stated(ringed: Path, once: Callable[[str, Callable[[Path], object]], Path]) -> Path:
    """Return the run folder of the region with alternatives, whose first try was interrupted."""

    def fill(folder: Path) -> None:
        job = (ringed / "job.toml").read_text() + STATES
        for name in ("map.osm", "cities.csv"):
            shutil.copyfile(ringed / name, folder / name)
        shutil.copytree(ringed / "cache", folder / "cache")
        (folder / "job.toml").write_text(job, encoding="utf-8")
        command = ["run", str(folder / "job.toml"), "--out", str(folder / "out")]
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("POLYRING_CACHE", str(folder / "cache"))
            solve_here(patch)
            with patch.context() as broken:
                asked = list[str]()

                def stop(payload: dict[str, Any], contents: Contents) -> dict[str, Any]:
                    asked.append(payload["case"].get("name", ""))
                    if len(asked) > 3:
                        raise KeyboardInterrupt
                    return solve_case(payload, contents)

                broken.setattr(states, "solve_case", stop)
                call_command(command)
            assert not (folder / "out" / "states.csv").exists()
            assert (folder / "out" / "report.html").exists()
            again = list[str]()

            def note(payload: dict[str, Any], contents: Contents) -> dict[str, Any]:
                again.append(payload["case"].get("name", ""))
                return solve_case(payload, contents)

            patch.setattr(states, "solve_case", note)
            assert call_command(command) == 0
            assert not {*asked[:3]} & {*again} - {""}  # what was answered before the interruption is kept

    return once("stated", fill) / "out"


@pytest.fixture
def kept(stated: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the run folder with the cache that it was made with."""
    monkeypatch.setenv("POLYRING_CACHE", str(stated.parent / "cache"))
    return stated


def test_the_states_of_a_run_are_told_in_a_table_in_folders_and_on_the_map(kept: Path, call: Call) -> None:
    table = pd.read_csv(kept / "states.csv").set_index("name", drop=False)
    assert list(table.columns) == list(COLUMNS["states"])
    budgets = sorted(table.loc[table["rings"] == "no ring", "budget"])
    assert len(budgets) == 3
    # The one ring is the best and all of them: these states are told once.
    assert table["rings"].value_counts().to_dict() == {
        "no ring": 3, "best ring": 2, "all rings": 1, "pairs": 2, "as chosen": 1,
    }  # fmt: skip
    assert table["name"].iloc[0] == "as chosen"
    planned = table[table["folder"].notna()]
    for row in planned.to_dict("records"):
        # Only the plan as chosen has a certificate of its bound.
        assert call("verify", kept / row["folder"])[0] == code_of(kept / row["folder"] / "result.json")
        plan = json.loads((kept / row["folder"] / "plan.json").read_text())
        assert (plan["cost"], plan["objective"], plan["gap"]) == (row["cost"], row["objective"], 0.0)
    folders = {path.name for path in (kept / "states").iterdir()}
    assert {f"states/{name}" for name in folders} == set(planned["folder"])
    formed = table["ring_length_km"] > 0
    assert set(table.loc[formed, "rings"]) <= {"best ring", "all rings", "as chosen"}
    layer = gpd.read_file(kept / "plan.gpkg", layer="states")
    built = json.loads((kept / planned["folder"].iloc[0] / "plan.json").read_text())["built"]
    assert set(layer.loc[layer["state"] == planned["name"].iloc[0], "candidate_id"]) == set(built)
    assert call("verify", kept)[0] == 0


def test_a_state_whose_ring_costs_more_than_its_budget_says_what_it_costs(kept: Path) -> None:
    table = pd.read_csv(kept / "states.csv").set_index("name")
    dear = table[table["why"].notna() & (table["rings"] == "best ring")]
    assert (dear["status"] == "infeasible").all()
    (why,) = dear["why"]
    cost = table.loc[table["ring_cost"] > 0, "ring_cost"].min()
    assert why == f"The ring outer alone costs {cost:,} million CNY."


def test_states_lie_on_the_frontier_of_their_job(kept: Path, call: Call) -> None:
    job = (kept.parent / "job.toml").read_text()
    plain = job[: job.index("[[rings]]")]
    (kept.parent / "plain.toml").write_text(plain)
    front = kept.parent / "front"
    assert call("frontier", kept.parent / "plain.toml", "--out", front, "--points", 0, "--gap", 0)[0] == 0
    points = pd.read_csv(front / "frontier.csv")
    table = pd.read_csv(kept / "states.csv")
    for state in table[table["rings"] == "no ring"].to_dict("records"):
        affordable = points[points["cost"] <= state["budget"]]
        assert state["objective"] == affordable["objective"].max()


def test_shares_of_the_pairs_are_reached_at_least_cost(kept: Path) -> None:
    table = pd.read_csv(kept / "states.csv").set_index("name")
    half = table.loc["pairs, 50 %"]
    assert half["pairs"] >= 5  # of ten
    assert half["objective"] == half["cost"]
    assert np.isnan(half["budget"])


def test_states_are_named_in_commands_and_in_python(kept: Path, call: Call) -> None:
    table = pd.read_csv(kept / "states.csv")
    one, two = table.loc[table["folder"].notna() & (table["cost"] > 0), "name"].iloc[[0, -1]]
    code, out, _ = call("compare", kept, "--state", one, "--json")
    assert code == 0
    named = json.loads(out)["built"]
    code, out, _ = call("compare", kept, kept / table.set_index("name").loc[one, "folder"], "--json")
    assert (code, json.loads(out)["built"]) == (0, named)
    assert call("compare", kept, "--state", one, "--state", two)[0] == 0
    code, _, err = call("compare", kept, "--state", "no rong")
    assert code == 2
    assert "there is no state 'no rong'" in err
    assert call("compare", kept)[0] == 2

    run = polyring.load(kept)
    state = run.state(one)
    assert run.states["name"].tolist() == table["name"].tolist()
    assert sorted(state.built) == sorted(json.loads((state.folder / "plan.json").read_text())["built"])
    assert state.links["candidate_id"].tolist()[0] in state.built
    why = run.why(state.built[0], state=one)
    assert why.candidate_id == state.built[0]
    assert polyring.compare(run, state).figures.loc["cost, million CNY"].tolist() == [run.cost, state.cost]
    assert run.state("as chosen") is run
    with pytest.raises(JobError, match="did you mean"):
        run.state(one[:-1])
    with pytest.raises(JobError, match="alone costs"):
        run.state(table.loc[table["status"] == "infeasible", "name"].iloc[0])
    run.close()
    code, out, _ = call("explain", kept, state.built[0], "--state", one)
    assert code == 0
    assert "within the limit" in out


def test_a_second_run_takes_the_states_from_the_cache(
    kept: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {path.relative_to(kept): path.read_bytes() for path in kept.rglob("*.csv")}
    monkeypatch.setattr(states, "solve_case", lambda *_: pytest.fail("it is kept"))
    again = kept.parent / "again"
    code, out, _ = call("run", kept.parent / "job.toml", "--out", again)
    assert code == 0
    assert "no ring" in out
    assert {path.relative_to(again): path.read_bytes() for path in again.rglob("*.csv")} == before


def test_a_run_without_alternatives_leaves_no_states(kept: Path, call: Call) -> None:
    copy = shutil.copytree(kept, kept.parent / "copy")
    code, _, _ = call("run", kept.parent / "job.toml", "--out", copy, *PLAIN, "--set", "alternatives=[]")
    assert code == 0
    assert not (copy / "states").exists()
    assert not (copy / "states.csv").exists()
    assert "states" not in json.loads((copy / "summary.json").read_text())


@pytest.mark.parametrize(("fixed", "code"), [("", 0), ("unknown", 2)])
def test_a_large_run_gets_its_proof_and_picture_with_the_states_or_where_they_are_refused(
    fixed: str, code: int, kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: Call
) -> None:
    monkeypatch.setenv("POLYRING_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(pipeline, "is_large", lambda _problem: True)
    written, write = list[Path](), page.write
    monkeypatch.setattr(page, "write", lambda report, path: [written.append(path), write(report, path)])
    asked = (
        f'[[alternatives]]\nname = "x"\nrings = "none"\nbudgets = [0.2, 1, 2]\nfixed_in = {fixed.split()}\n'
    )
    for name in ("map.osm", "cities.csv"):
        shutil.copyfile(kept.parent / name, tmp_path / name)
    job = (kept.parent / "job.toml").read_text().partition("[[alternatives]]")[0] + asked
    (tmp_path / "job.toml").write_text(job, encoding="utf-8")
    for step in ("network", "times", "candidates", "places"):
        shutil.copytree(kept.parent / "cache" / "steps" / step, tmp_path / "cache" / "steps" / step)
    assert call("run", tmp_path / "job.toml", "--out", tmp_path / "out")[0] == code
    assert len(written) == 2
    assert json.loads((tmp_path / "out" / "certificate.json").read_text())["bound"]
    assert (tmp_path / "out" / "plan.png").exists()
    assert (tmp_path / "out" / "curve.png").exists() == (code == 0)
    if code == 0:
        _check_twins(tmp_path / "out")


def _check_twins(out: Path) -> None:
    """Check that states which only the budget tells apart share tables alone, and each passes the check."""
    table = pd.read_csv(out / "states.csv").query("rings == 'x'")
    assert table["cost"].iloc[1] == table["cost"].iloc[2] > table["cost"].iloc[0]
    homes = [out / name for name in table["folder"]]
    codes = [code_of(home / "result.json") for home in homes]
    assert [call_command(["verify", str(home)]) for home in homes] == codes
    for name in ("problem.json", "summary.json"):
        assert [json.loads((home / name).read_text())["budget"] for home in homes] == [*table["budget"]]
    for name in ("links.csv", "links.geojson", "cities.geojson"):
        poor, same, twin = ((home / name).read_bytes() for home in homes)
        assert poor != same == twin
