"""The load of the machine changes no result: a run beside busy processes tells the same as one alone."""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
from cli_drawing import draw_region

from optimiser.engine.search.task import cores
from optimiser.run import chain, solving

ALTERNATIVES = """
[[alternatives]]
name = "other money"
budgets = [0.3, 2]
"""
NAMES = ("roads 10 % slower", "no trains", "lines carry fewer trains")
FEWER = (
    "--set",
    f"cases.only={json.dumps(NAMES)}",
    "--set",
    "cases.draws=4",
    "--set",
    "output.picture=false",
)
CLOCKED = {"seconds", "peak_memory_mb", "check_seconds", "reused"}
"""Keys and columns that tell of time and load."""


@contextmanager
def busy() -> Iterator[None]:
    """Keep every core busy."""
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(cores())]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


def told(home: Path) -> dict[str, object]:
    """Return what the files of a run tell a reader, without times, dates and load."""
    found: dict[str, object] = {}
    for path in sorted(home.rglob("*")):
        name = path.relative_to(home).as_posix()
        match path.suffix:
            case ".csv":
                found[name] = pd.read_csv(path).drop(columns=list(CLOCKED), errors="ignore").to_csv()
            case ".html":
                # The map numbers its parts on from those of earlier maps of the process.
                found[name] = re.sub(r'\d[\d.,]* s\b|"p\d+"', "", path.read_text(encoding="utf-8"))
            case ".json" | ".geojson" if name.split("/")[-1] != "checksums.json":
                found[name] = _without(json.loads(path.read_text(encoding="utf-8")))
            case _:
                pass
    return found


def _without(value: object) -> object:
    if isinstance(value, dict):
        return {key: _without(one) for key, one in value.items() if key not in CLOCKED}
    return [_without(one) for one in value] if isinstance(value, list) else value


@pytest.mark.long
@pytest.mark.usefixtures("processes")
def test_a_run_with_states_cases_and_draws_beside_busy_processes_is_the_same(
    call: Callable[..., tuple[int, str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw_region(tmp_path)
    text = (tmp_path / "job.toml").read_text(encoding="utf-8")
    (tmp_path / "job.toml").write_text(text + ALTERNATIVES, encoding="utf-8")
    answers = []
    for name in ("alone", "beside"):
        monkeypatch.setenv("POLYRING_CACHE", str(tmp_path / f"cache {name}"))
        asked = ("run", str(tmp_path / "job.toml"), "--cases", *FEWER, "--out", tmp_path / name)
        if name == "alone":
            code, _, err = call(*asked)
        else:
            with busy():
                code, _, err = call(*asked)
        assert code == 0, err
        answers.append(told(tmp_path / name))
    alone, beside = answers
    assert alone.keys() == beside.keys()
    assert [name for name in alone if alone[name] != beside[name]] == []
    assert {"report.html", "cases.csv", "states.csv", "links.csv", "plan.json"} <= alone.keys()
    ended = pd.read_csv(tmp_path / "beside" / "cases.csv")["ended"].dropna()
    assert set(ended) <= {"proof", "gap", "nodes"}


def test_what_a_limit_in_seconds_cut_short_is_made_again_by_the_next_run_and_then_kept(
    region: Path, call: Callable[..., tuple[int, str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    solve, certify = solving.solve, chain.certify

    def counted(*given: object, late: bool, **others: object) -> object:
        made.append("solve")
        found = solve(*given, **others)  # type: ignore[arg-type]
        return found.replace(termination="time") if late else found

    def proved(*given: object, late: bool, **others: object) -> object:
        made.append("certify")
        found = certify(*given, **others)  # type: ignore[arg-type]
        return dataclasses.replace(found, seconds=50.0) if late else found

    set_ = ("cases.enabled=false", "output.picture=false", "certificate.time_limit_s=50")
    asked = (*(word for one in set_ for word in ("--set", one)), "--out", tmp_path / "out")
    steps = []
    for late in (True, True, False, False):
        monkeypatch.setattr(solving, "solve", partial(counted, late=late))
        monkeypatch.setattr(chain, "certify", partial(proved, late=late))
        assert call("run", region / "job.toml", *asked)[0] == 0
        steps.append(made.copy())
        made.clear()
    assert steps == [["solve", "certify"], ["solve", "certify"], ["solve", "certify"], []]
