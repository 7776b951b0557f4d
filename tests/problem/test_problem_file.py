"""Problem files: reading, writing and their faults."""

from __future__ import annotations

import json
import os
import stat

import pytest
from core_drawing import line, problems, side_line
from hypothesis import given
from problem_files import as_json, faults_of, validate
from tiers import examples

from optimiser.problem import Candidate, Pair, dumps, load, parse, save
from optimiser.problem.errors import EnvironmentFault, ProblemError


@given(problems())
@examples(60)
def test_a_written_problem_reads_back_as_the_same_problem_and_the_same_bytes(problem):
    again = parse(as_json(problem))
    assert again == problem
    assert dumps(again) == dumps(problem)


def test_all_faults_are_reported_at_once_with_their_places():
    value = as_json(line())
    value["arcs"][1] = [0, 9, 0]
    value["candidates"][0]["cost"] = -1
    value["candidates"][2]["id"] = "bd"
    value["pairs"][1]["limit"] = 12.5
    value["pairs"][2]["weight"] = True
    value["budget"] = -7
    assert set(faults_of(value)) == {
        "arcs[1]: [0, 9, 0] names a node outside 0..3",
        "arcs[1]: travel time 0 is not an integer >= 1 s",
        "candidates: id 'bd' occurs twice",
        "candidates[0] ('ac').cost: -1 is not an integer >= 0",
        "pairs[1].limit: 12.5 is not an integer >= 0",
        "pairs[2].weight: True is not an integer >= 0",
        "budget: -7 is neither null nor an integer >= 0",
    }


def test_faults_that_are_not_listed_are_counted():
    value = as_json(line())
    value["pairs"] = [dict(value["pairs"][0], weight=-1) for _ in range(25)]
    faults = faults_of(value)
    assert len(faults) == 21
    assert faults[-1] == "and 5 more"


def test_an_unknown_key_is_reported_with_the_nearest_known_key():
    value = as_json(line())
    value["budjet"] = value.pop("budget")
    value["candidates"][1]["costs"] = 1
    assert set(faults_of(value)) == {
        "key 'budget' is missing",
        "unknown key 'budjet'; did you mean 'budget'?",
        "candidates[1]: unknown key 'costs'; did you mean 'cost'?",
    }


def test_a_duplicate_key_is_rejected(tmp_path):
    path = tmp_path / "twice.json"
    path.write_text(dumps(line()).replace('"budget":7', '"budget":7,"budget":8'), encoding="utf-8")
    with pytest.raises(ProblemError, match="key 'budget' occurs twice"):
        load(path)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('"bd":3', "capacities[0].use: key 'bd' occurs twice"),
        ('"subsidy":4', "caps: key 'subsidy' occurs twice"),
        ('"name":"line"', "key 'name' occurs twice"),
        ('"cost":3', "candidates[0]: key 'cost' occurs twice"),
    ],
)
def test_a_duplicate_key_is_named_with_its_place(tmp_path, text, place):
    path = tmp_path / "twice.json"
    written = dumps(side_line())
    assert text in written
    path.write_text(written.replace(text, f"{text},{text}", 1), encoding="utf-8")
    with pytest.raises(ProblemError) as caught:
        load(path)
    assert place in caught.value.faults


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[1]", b"<html>", b"\xff\xfe", b"[" * 100_000, b"NaN", b'{"a":1e999}']
)
def test_a_file_that_is_not_a_problem_is_rejected_by_name(tmp_path, text):
    path = tmp_path / "broken.json"
    path.write_bytes(text)
    with pytest.raises(ProblemError, match=r"broken\.json"):
        load(path)


def test_a_missing_file_is_an_environment_fault(tmp_path):
    with pytest.raises(EnvironmentFault, match=r"nowhere\.json"):
        load(tmp_path / "nowhere.json")


def test_a_failed_write_leaves_the_earlier_file_intact(tmp_path, monkeypatch):
    path = tmp_path / "problem.json"
    save(line(), path)

    def fail(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(EnvironmentFault, match="No space left"):
        save(line(budget=1), path)
    assert load(path) == line()
    assert [file.name for file in tmp_path.iterdir()] == ["problem.json"]


@pytest.mark.skipif(os.name == "nt", reason="file modes are a matter of POSIX")
def test_a_written_file_has_the_usual_permissions(tmp_path):
    save(line(), tmp_path / "problem.json")
    assert stat.S_IMODE((tmp_path / "problem.json").stat().st_mode) & 0o400


def test_the_order_of_a_file_does_not_change_the_canonical_problem():
    problem = line()
    new = {0: 3, 1: 1, 2: 0, 3: 2}
    shuffled = problem.replace(
        nodes=("c", "b", "d", "a"),
        arcs=tuple((new[t], new[h], s) for t, h, s in reversed(problem.arcs)),
        candidates=tuple(
            Candidate(c.id, c.cost, tuple((new[t], new[h], s) for t, h, s in c.arcs), c.kind)
            for c in reversed(problem.candidates)
        ),
        pairs=tuple(
            Pair(new[p.origin], new[p.destination], p.limit, p.weight, p.group) for p in problem.pairs[::-1]
        ),
    )
    assert shuffled.canonical() == problem.canonical()


def test_a_problem_made_in_python_is_checked_by_the_same_rules():
    with pytest.raises(ProblemError, match="budget"):
        line(budget=-1)


@given(problems())
@examples(30)
def test_the_published_schema_accepts_what_is_written(problem):
    validate(as_json(problem), "problem.schema.json")


@pytest.mark.shared
def test_the_published_schema_and_the_reader_accept_the_toy_problems(shared_dir):
    for path in sorted((shared_dir / "instances" / "toy").glob("*_[0-9]*.json")):
        validate(json.loads(path.read_text(encoding="utf-8")), "problem.schema.json")
        problem = load(path)
        assert parse(as_json(problem)) == problem
