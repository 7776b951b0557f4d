"""`polyring verify RUN` finds every change of a run folder, checksums or not."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from core_drawing import claim, crowded_line

from networks.inputs import checksum
from optimiser import verify
from optimiser.problem import Target, save
from optimiser.problem import result as results
from optimiser.run.folder import CHECKSUMS, link_ends

Call = Callable[..., tuple[int, str, str]]
Change = Callable[[Path], None]


@pytest.fixture
def out(done: Path) -> Path:
    """Return the folder of a finished run."""
    return done / "out"


def in_json(name: str, *place: str | int, to: Any) -> Change:
    """Return what puts a value at a place of a JSON file; a function of the old value is called."""

    def change(folder: Path) -> None:
        value = json.loads((folder / name).read_text())
        inner = value
        for key in place[:-1]:
            inner = inner[key]
        inner[place[-1]] = to(inner[place[-1]]) if callable(to) else to
        (folder / name).write_text(json.dumps(value))

    return change


def in_text(name: str, pattern: str, new: str) -> Change:
    """Return what replaces the first match of a pattern in a file."""

    def change(folder: Path) -> None:
        old = (folder / name).read_text(encoding="utf-8")
        text = re.sub(pattern, new, old, count=1)
        assert text != old
        (folder / name).write_text(text, encoding="utf-8")

    return change


def without(name: str) -> Change:
    """Return what deletes a file."""
    return lambda folder: (folder / name).unlink()


def filled(name: str, text: str) -> Change:
    """Return what writes another text into a file."""

    def change(folder: Path) -> None:
        (folder / name).write_text(text)

    return change


def dearer(folder: Path) -> None:
    """Let the first link cost one more."""
    table = pd.read_csv(folder / "links.csv")
    table.loc[0, "cost"] += 1
    table.to_csv(folder / "links.csv", index=False)


NOTHING = {
    "status": "infeasible",
    "built": [],
    "cost": 0,
    "coverage": 0,
    "objective": 0,
    "bound": None,
    "gap": None,
}
"""What a result says that claims that no plan exists."""


def called_infeasible(folder: Path) -> None:
    """Let the result claim that no plan exists."""
    value = json.loads((folder / "result.json").read_text())
    for key in ("bound_source", "rings", "starts"):
        value.pop(key, None)
    value["infeasible_by"] = {"kind": "search", "variant": "cuts", "solver": "HiGHS"}
    (folder / "result.json").write_text(json.dumps(value | NOTHING))


def one(value: Any) -> Any:
    return value + 1


def less(value: list[Any]) -> list[Any]:
    return value[1:]


FORGED: dict[str, Change] = {
    "result.infeasible": called_infeasible,
    "result.source": in_json("result.json", "bound_source", "kind", to="presolve"),
    "result.source unknown": in_json("result.json", "bound_source", "kind", to="oracle"),
    "result.source of nobody": in_json("result.json", "bound_source", to=None),
    "result.status": in_json("result.json", "status", to="infeasible"),
    "result.bound": in_json("result.json", "bound", to=lambda value: value - 1),
    "result.objective": in_json("result.json", "objective", to=one),
    "result.cost": in_json("result.json", "cost", to=lambda value: value - 1),
    "result.coverage": in_json("result.json", "coverage", to=one),
    "result.gap": in_json("result.json", "gap", to=-0.5),
    "result.built": in_json("result.json", "built", to=less),
    "result.solver": in_json("result.json", "solver", to="another"),
    "plan.cost": in_json("plan.json", "cost", to=lambda value: value - 1),
    "plan.objective": in_json("plan.json", "objective", to=one),
    "plan.built": in_json("plan.json", "built", to=less),
    "plan.covered": in_json("plan.json", "covered", to=less),
    "plan.times": in_json("plan.json", "times_after_s", 0, to=lambda value: value - 60),
    "plan.bound": in_json("plan.json", "bound", to=one),
    "plan.status": in_json("plan.json", "status", to="proved"),
    "plan.source": in_json("plan.json", "bound_source", "solver", to="another"),
    "summary.source": in_json("summary.json", "bound_source", "kind", to="trivial"),
    "plan.groups": in_json("plan.json", "groups", "small", "after", to=one),
    "plan.more": in_json("plan.json", "coverage", "total", to=one),
    "certificate.cost": in_json("certificate.json", "cost", to=lambda value: value - 1),
    "certificate.coverage": in_json("certificate.json", "coverage", to=one),
    "certificate.built": in_json("certificate.json", "built", to=less),
    "certificate.item": in_json("certificate.json", "built", 0, "cost", to=lambda value: value - 1),
    "certificate.paths": in_json("certificate.json", "paths", to=less),
    "certificate.nodes": in_json("certificate.json", "paths", 0, "nodes", to=less),
    "certificate.bound": in_json("certificate.json", "bound", "bound", to=lambda value: value - 1),
    "certificate.leaf": in_json(
        "certificate.json", "bound", "tree", -1, to={"objective": 0, "multipliers": []}
    ),
    "certificate.tree": in_json("certificate.json", "bound", "tree", to=[]),
    "certificate.row": in_json("certificate.json", "bound", "rows", to=[]),
    "summary.certified": in_json("summary.json", "certified", "bound", to=lambda value: value - 1),
    "certificate.empty": filled("certificate.json", "{}"),
    "certificate gone": without("certificate.json"),
    "summary.cost": in_json("summary.json", "cost", to=lambda value: value - 1),
    "summary.objective": in_json("summary.json", "objective", to=one),
    "summary.bound": in_json("summary.json", "bound", to=one),
    "summary.gap": in_json("summary.json", "gap", to=0.5),
    "summary.status": in_json("summary.json", "status", to="proved"),
    "summary.budget": in_json("summary.json", "budget", to=one),
    "summary.built": in_json("summary.json", "built", to=less),
    "summary.pairs": in_json("summary.json", "coverage", "all", "after_pairs", to=one),
    "summary.before": in_json("summary.json", "coverage", "small", "before_pairs", to=one),
    "summary.solver": in_json("summary.json", "solve", "solver", to="another"),
    "summary gone": without("summary.json"),
    "links.id": in_text("links.csv", "(road-[a-z]+|expressway-[a-z]+)", r"\1-other"),
    "links.cost": dearer,
    "links gone": without("links.csv"),
    "problem.budget": in_json("problem.json", "budget", to=1),
    "problem.weight": in_json("problem.json", "pairs", 0, "weight", to=one),
}
"""Changes that are found though the checksums are made to agree."""
CHANGED: dict[str, Change] = {
    "problem.cost": in_json("problem.json", "candidates", 0, "cost", to=one),
    "page": in_text("report.html", "city pairs", "city PAIRS"),
    "equity": in_text("equity.csv", "(\\d)\\n", "\\g<1>1\n"),
    "appraisal": in_text("appraisal.csv", "cost", "price"),
    "job": in_text("job.toml", "limit_s = \\d+", "limit_s = 9"),
    "picture": filled("plan.png", "x"),
    "map": filled("plan.gpkg", "x"),
    "build order": without("build_order.csv"),
    "links.pairs": in_text("links.csv", "(\\d)\\n", "\\g<1>1\n"),
    "checksums gone": without(CHECKSUMS),
    "checksums empty": in_json(CHECKSUMS, "files", to={}),
    "checksums outside": in_json(CHECKSUMS, "files", to=lambda value: {**value, "../x": "0"}),
    "checksums shorter": in_json(CHECKSUMS, "files", to=lambda value: dict(list(value.items())[:3])),
}
"""Changes that the checksums find."""


def _forged(folder: Path) -> None:
    """Write the checksums anew, as a forger would."""
    names = json.loads((folder / CHECKSUMS).read_text())
    names["files"] = {name: checksum(folder / name) for name in names["files"] if (folder / name).exists()}
    (folder / CHECKSUMS).write_text(json.dumps(names))


def test_an_untouched_folder_is_accepted(out: Path, call: Call) -> None:
    code, _, err = call("verify", out)
    assert code == 0, err


@pytest.mark.parametrize("change", FORGED.values(), ids=FORGED)
def test_a_forged_file_contradicts_the_check(change: Change, out: Path, tmp_path: Path, call: Call) -> None:
    folder = shutil.copytree(out, tmp_path / "out")
    change(folder)
    _forged(folder)
    code, _, err = call("verify", folder)
    assert code in {2, 4}, err
    assert "Traceback" not in err


@pytest.mark.parametrize("change", CHANGED.values(), ids=CHANGED)
def test_a_changed_file_differs_from_its_checksum(
    change: Change, out: Path, tmp_path: Path, call: Call
) -> None:
    folder = shutil.copytree(out, tmp_path / "out")
    change(folder)
    code, _, err = call("verify", folder)
    assert code == 4, err


@pytest.mark.parametrize("kept", ["certificate.json", "plan.json", "summary.json"])
def test_a_claim_that_no_plan_exists_is_refused_beside_a_file_that_holds_one(
    kept: str, tmp_path: Path, call: Call
) -> None:
    problem = crowded_line(targets=(Target("small", 9),), excludes=(("ac", "ad"),))
    found = verify.score(problem, ["ac", "bd"])
    files = {
        "certificate.json": verify.certificate(problem, found),
        "plan.json": found.as_dict(),
        "summary.json": {"built": list(found.built), "objective": 18},
    }
    save(problem, tmp_path / "problem.json")
    results.save(claim(problem=problem.name), tmp_path / "result.json")
    called_infeasible(tmp_path)
    words = ("verify", tmp_path / "problem.json", tmp_path / "result.json")
    code, shown, err = call(*words)
    assert code == 10, err
    assert "that no plan exists is the word of cuts with HiGHS alone" in shown
    (tmp_path / kept).write_text(json.dumps(files[kept]))
    code, _, err = call(*words)
    assert code == 4
    assert f"it is called infeasible, yet {kept} beside it holds a plan that meets every constraint" in err


def test_a_forged_certificate_beside_a_claim_counts_only_if_its_plan_holds(
    out: Path, tmp_path: Path, call: Call
) -> None:
    for name in ("problem.json", "result.json", "certificate.json"):
        shutil.copy(out / name, tmp_path / name)
    called_infeasible(tmp_path)
    in_json("certificate.json", "built", to=[{"id": "unknown", "cost": 1}])(tmp_path)
    in_json("problem.json", "targets", to=[{"group": "small", "least": 10**9}])(tmp_path)
    code, out_text, err = call("verify", tmp_path / "problem.json", tmp_path / "result.json")
    assert code == 0, err
    assert "no plan exists, as claimed; proved again by an argument" in out_text


def test_all_changes_are_told_at_once(out: Path, tmp_path: Path, call: Call) -> None:
    folder = shutil.copytree(out, tmp_path / "out")
    (folder / "equity.csv").unlink()
    FORGED["summary.cost"](folder)
    code, _, err = call("verify", folder)
    assert code == 4
    assert "equity.csv is missing" in err
    assert "summary.json was changed after the run" in err
    assert "summary.json: cost is" in err


def test_a_run_whose_candidate_is_called_like_a_formula_passes(
    region: Path, call: Call, tmp_path: Path
) -> None:
    (region / "own.csv").write_text(
        "id,mode,from,to,length_km,speed_kmh,cost\n=1+1,road,Alpha,Epsilon,145,120,1\n"
    )
    words = ("run", region / "job.toml", "--out", tmp_path / "out", "--set", 'candidates.file="own.csv"')
    code, _, err = call(*words, "--set", 'candidates.fixed_in=["=1+1"]')
    assert code == 0, err
    assert "'=1+1" in (tmp_path / "out" / "links.csv").read_text()
    code, _, err = call("verify", tmp_path / "out")
    assert code == 0, err
    assert link_ends(tmp_path / "out")["=1+1"] == "Alpha – Epsilon"
    (tmp_path / "out" / "links.csv").write_text("candidate_id,cost\n'=1+2,1\n")
    code, _, err = call("verify", tmp_path / "out")
    assert (code, "links.csv does not list what is built" in err) == (4, True)
