"""A value outside the range of an option is bad input, in every command that has the option."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from pydantic import BaseModel

from optimiser.cli import options
from optimiser.cli.app import app
from optimiser.job.sections import Frontier, Solve
from optimiser.problem import Candidate, DesignProblem, Pair, save

type Call = Callable[..., tuple[int, str, str]]

SECONDS = ("inf", "-inf", "nan", "0", "-1", "10000001")
GAPS = ("1e9", "1.01", "inf", "nan", "-0.1")
SEEDS = ("99999999999", "2147483648", "-1")
FACTORS = ("inf", "nan", "0", "-1", "1e10")

VALUES = [
    *[("solve", "--gap", value, "0 and 1") for value in GAPS],
    *[("solve", "--seed", value, "0 and 2,147,483,647") for value in SEEDS],
    *[("solve", "--time-limit", value, "0.001 and 10,000,000") for value in SECONDS],
    *[("solve", "--threads", value, "0 and 4,096") for value in ("100000", "-1")],
    *[("bench", "--gap", value, "0 and 1") for value in GAPS],
    *[("bench", "--seeds", value, "0 and 2,147,483,647") for value in SEEDS],
    *[("bench", "--time-limit", value, "0.001 and 10,000,000") for value in SECONDS],
    *[("bench", "--threads", value, "1 and 4,096") for value in ("100000", "0")],
    *[("bench", "--workers", value, "0 and 4,096") for value in ("100000", "-1")],
    *[("atlas", "--workers", value, "0 and 4,096") for value in ("4097", "-1")],
    *[("frontier", "--gap", value, "0 and 1") for value in GAPS],
    *[("frontier", "--time-limit", value, "0.001 and 10,000,000") for value in SECONDS],
    *[("frontier", "--points", value, "0 and 100,000") for value in ("100001", "-1")],
    *[("convert sndlib", "--seed", value, "0 and 2,147,483,647") for value in SEEDS],
    *[("convert sndlib", "--cost-factor", value, "1e-09 and 1,000,000,000") for value in FACTORS],
    *[("convert sndlib", "--seconds-per-km", value, "1e-09 and 1,000,000,000") for value in FACTORS],
    *[("convert tntp", "--seconds-per-unit", value, "1e-09 and 1,000,000,000") for value in FACTORS],
    *[("convert tntp", "--budget-percent", value, "0 and 100") for value in ("101", "-1")],
    *[("convert tntp", "--candidate-percent", value, "0 and 100") for value in ("101", "-1")],
    *[("convert tntp", "--limit-percent", value, "100 and 1,000,000") for value in ("99", "1000001")],
]
WORDS = {
    "solve": ("problem.json", "-o", "r.json"),
    "bench": ("--instances", "problem.json", "-o", "bench"),
    "atlas": ("--out", "atlas"),
    "frontier": ("problem.json", "--out", "frontier"),
    "convert sndlib": ("net.txt", "-o", "r.json"),
    "convert tntp": ("net.tntp", "trips.tntp", "-o", "r.json"),
}


@pytest.fixture
def drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a small problem, in which the commands run."""
    problem = DesignProblem(
        name="drawn",
        nodes=("a", "b"),
        arcs=(),
        candidates=(Candidate("ab", 3, ((0, 1, 10),)),),
        pairs=(Pair(0, 1, 50, 5),),
        budget=4,
    )
    save(problem, tmp_path / "problem.json")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("command", "option", "value", "allowed"), VALUES)
def test_option_value_and_range_are_named_and_nothing_is_written(
    command: str, option: str, value: str, allowed: str, drawn: Path, call: Call
) -> None:
    code, out, err = call(*command.split(), *WORDS[command], option, value)
    assert (code, out) == (2, "")
    assert f"'{option}'" in err
    assert value.lstrip("-")[:1] in err
    assert f"is not within {allowed}" in err
    assert [path.name for path in drawn.iterdir()] == ["problem.json"]


def _commands(group: Any) -> Iterator[Any]:
    for one in group.commands.values():
        yield from _commands(one) if hasattr(one, "commands") else [one]


@pytest.mark.parametrize("command", [*_commands(typer.main.get_command(app))], ids=lambda one: one.name)
def test_what_is_written_time_limits_and_workers_have_one_name_in_every_command(command: Any) -> None:
    named = {frozenset(one.opts): one for one in command.params if one.param_type_name == "option"}
    for names, option in named.items():
        if names & {"-o", "--out", "--output"}:
            assert names == {"-o", "--out", "--output"}
            assert option.name == "out"
        if any("limit" in name and "percent" not in name for name in names):
            assert "--time-limit" in names
            assert option.help.endswith(("seconds.", "seconds"))
        if any(word in name for name in names for word in ("workers", "jobs")):
            assert "--workers" in names
            assert " at a time" in option.help


def test_more_threads_than_cores_are_noted_with_what_they_do(
    drawn: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(options, "cores", lambda: 2)
    words = ("solve", "problem.json", "--out", "r.json", "--threads")
    assert "64 threads take turns on 2 cores" in call(*words, "64")[2]
    assert "take turns" not in call(*words, "2")[2]


@pytest.mark.parametrize(
    "bounds", [options.GAP, options.SECONDS, options.THREADS, options.SEED, options.FACTOR]
)
def test_the_ends_of_a_range_are_within_it_and_an_option_not_given_passes(
    bounds: tuple[float, float],
) -> None:
    judged = options.within(bounds)
    assert [judged(bound) for bound in bounds] == list(bounds)
    assert judged(list(bounds)) == list(bounds)
    assert judged(None) is None


@pytest.mark.parametrize(
    ("section", "key", "bounds"),
    [
        (Solve, "gap", options.GAP),
        (Solve, "time_limit_s", options.SECONDS),
        (Solve, "threads", options.THREADS),
        (Solve, "seed", options.SEED),
        (Frontier, "gap", options.GAP),
        (Frontier, "total_s", options.SECONDS),
        (Frontier, "points", options.POINTS),
    ],
)
def test_the_options_allow_no_more_than_a_job_does(
    section: type[BaseModel], key: str, bounds: tuple[float, float]
) -> None:
    for bound in bounds:
        section.model_validate({key: bound})
    with pytest.raises(ValueError, match=key):
        section.model_validate({key: bounds[1] + 1})


def test_a_value_that_a_section_refuses_is_bad_input(
    drawn: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: Any) -> int:
        Solve(gap=7.0)
        return 0

    monkeypatch.setattr("optimiser.cli.solve.load", refused)
    code, _, err = call("solve", "problem.json", "-o", "r.json")
    assert code == 2
    assert "gap: Input should be less than or equal to 1, not 7.0" in err
    assert "fault in polyring" not in err
