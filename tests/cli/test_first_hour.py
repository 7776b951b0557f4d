"""Three users in their first hour: what each types, in a folder of his own, and what it gives.

`pytest --long -s tests/cli/test_first_hour.py` prints commands and seconds of CPU of each hour.
"""

from __future__ import annotations

import csv
import json
import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
QUICK = ("--set", "output.picture=false")
"""Spares what each run would draw once more."""


class Hour:
    """The commands of a user, run one after the other as separate processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.commands = 0

    def type(self, *words: str) -> str:
        """Return what a command prints; it must succeed."""
        return self._run("-m", "optimiser.cli", *words)

    def script(self, name: str, *words: str) -> str:
        """Return what a script of the clone prints."""
        return self._run(str(ROOT / name), *words)

    def python(self, *lines: str) -> str:
        """Return what a program of these lines prints."""
        return self._run("-c", "\n".join(lines))

    def _run(self, *words: str) -> str:
        self.commands += 1
        done = subprocess.run(
            [sys.executable, *words],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, f"{words}: {done.stdout}\n{done.stderr}"
        return done.stdout

    def table(self, path: str) -> list[dict[str, str]]:
        """Return the rows of a CSV of the folder."""
        with (self.folder / path).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))


@pytest.fixture
def hour(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hour]:
    """Return an hour in an empty folder; say at the end what it took."""
    monkeypatch.setenv("COLUMNS", "120")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    hour = Hour(tmp_path)
    yield hour
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    sys.stdout.write(f"\n{request.node.name}: {hour.commands} commands, {seconds:.0f} s of CPU\n")


@pytest.mark.long
def test_a_planner_asks_for_less_money_forbids_a_line_and_adds_a_city(hour: Hour) -> None:
    runs = "polyring-runs"
    hour.type("run", "jing-jin-ji-links")
    hour.type("run", "jing-jin-ji-links", "--set", "amount=20000", *QUICK)
    (poorer,) = (path.name for path in (hour.folder / runs).iterdir() if path.name != "jing-jin-ji-links")
    everything = json.loads((hour.folder / runs / "jing-jin-ji-links" / "summary.json").read_text())
    less = json.loads((hour.folder / runs / poorer / "summary.json").read_text())
    assert less["cost"] <= 20000 < everything["cost"]
    assert "20,000" in hour.type("compare", f"{runs}/jing-jin-ji-links", f"{runs}/{poorer}")

    links = hour.table(f"{runs}/jing-jin-ji-links/links.csv")
    line = next(row["candidate_id"] for row in links if row["kind"] == "express_service")
    forbidden = f'candidates.fixed_out=["{line}"]'
    hour.type("run", "jing-jin-ji-links", "--set", forbidden, *QUICK, "--out", "without")
    assert line not in {row["candidate_id"] for row in hour.table("without/links.csv")}

    hour.type("init", "--region", "jing-jin-ji", "--cities", "mine.csv", "--money", "65e9", "mine.toml")
    cities = hour.table("mine.csv")
    with (hour.folder / "mine.csv").open("a", encoding="utf-8", newline="") as file:
        added = dict.fromkeys(cities[0], "") | {"id": "yutian", "name": "Yutian", "tier": "small"}
        added |= {"lat": "39.8866", "lon": "117.7389", "population": "660000"}
        csv.DictWriter(file, added).writerow(added)
    hour.type("run", "mine.toml", "--set", "alternatives=[]", "--set", "rings=[]", *QUICK, "--out", "mine")
    places = json.loads((hour.folder / "mine" / "cities.geojson").read_text())
    assert "Yutian" in {place["properties"]["name"] for place in places["features"]}
    assert json.loads((hour.folder / "mine" / "summary.json").read_text())["budget"] == 65000


@pytest.mark.long
def test_an_analyst_reads_tables_asks_why_and_what_if_in_ten_lines(hour: Hour) -> None:
    printed = hour.python(
        "import polyring as pr",
        "run = pr.run('jing-jin-ji-links')",
        "print(len(run.links), run.cost)",
        "run.pairs.query('within_after and not within_before').to_csv('gains.csv')",
        "why = run.why(1)",
        "print(why.title)",
        "less = run.solve(budget=0.1)",
        "print(pr.compare(run, less).links['built_in'].value_counts().to_dict())",
        "run.links.to_file('links.gpkg')",
        "run.close()",
    )
    count, cost = printed.split("\n", 1)[0].split()
    assert int(count) > 3
    assert 13000 < int(cost) <= 130000
    assert "million CNY" in printed
    assert "'first'" in printed
    assert (hour.folder / "links.gpkg").exists()
    assert len(hour.table("gains.csv")) > 10


@pytest.mark.long
def test_a_researcher_compares_variants_adds_one_takes_the_model_elsewhere_and_a_table_again(
    hour: Hour,
) -> None:
    pyscipopt = pytest.importorskip("pyscipopt")
    page = (ROOT / "docs" / "bench.md").read_text()
    (hour.folder / "cheapest.py").write_text(re.findall("```python\n(.*?)```", page, re.DOTALL)[0])
    names = ("cuts", "paths", "compact")
    chosen = [word for name in (*names, "cheapest.py") for word in ("--variant", name)]
    hour.type("bench", "--instances", "hub_ring_8x2*", *chosen, "--time-limit", "60", "--out", "mine")
    rows = hour.table("mine/runs.csv")
    assert {row["variant"] for row in rows} == {*names, "cheapest"}
    best = {row["instance"]: int(row["objective"]) for row in rows if row["variant"] == "cuts"}
    assert len(best) == 2
    for row in rows:
        assert row["check"] == "ok"
        if row["variant"] in names:
            assert (row["status"], int(row["objective"])) == ("optimal", best[row["instance"]])
        else:
            assert int(row["objective"]) <= best[row["instance"]]

    problem = next((hour.folder / "mine" / "instances").glob("hub_ring_8x2_1*"))
    hour.type("solve", str(problem), "--variant", "compact", "--write-lp", "model.lp")
    model = pyscipopt.Model()
    model.hideOutput()
    model.readProblem(str(hour.folder / "model.lp"))
    model.optimize()
    assert round(model.getObjVal()) == best["hub_ring_8x2_1"]

    told = hour.script("benchmarks/reproduce.py", "--run", "two small problems", "--tolerance", "30")
    assert "8 of 8 cells compared, 0 differ" in told
