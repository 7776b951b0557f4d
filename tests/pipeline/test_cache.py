"""Outcomes are kept under the hash of their inputs and checked before they are used again."""

from __future__ import annotations

from pathlib import Path

import pytest

from optimiser.pipeline import cache


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLYRING_CACHE", str(tmp_path / "cache"))


def _write(text: str):
    return lambda folder: (folder / "a.txt").write_text(text)


def test_equal_inputs_are_computed_once() -> None:
    first = cache.get("step", {"a": 1, "b": 2}, _write("x"))
    again = cache.get("step", {"b": 2, "a": 1}, _write("y"))
    assert (first.reused, again.reused) == (False, True)
    assert (again.folder / "a.txt").read_text() == "x"


def test_other_inputs_are_computed_anew() -> None:
    assert cache.key("step", {"a": 1}) != cache.key("step", {"a": 2})
    assert cache.key("step", {"a": 1}) != cache.key("other", {"a": 1})


def test_a_damaged_outcome_is_computed_again() -> None:
    first = cache.get("step", {}, _write("x"))
    (first.folder / "a.txt").write_text("damaged")
    again = cache.get("step", {}, _write("x"))
    assert not again.reused
    assert (again.folder / "a.txt").read_text() == "x"


def test_a_lost_manifest_counts_as_damage() -> None:
    first = cache.get("step", {}, _write("x"))
    (first.folder / "manifest.json").unlink()
    assert not cache.get("step", {}, _write("x")).reused


def test_a_step_that_fails_leaves_nothing() -> None:
    def fail(folder: Path) -> None:
        (folder / "half.txt").write_text("half")
        raise ValueError("half-way")

    with pytest.raises(ValueError, match="half-way"):
        cache.get("step", {}, fail)
    assert list((cache.folder() / "steps" / "step").iterdir()) == []


def test_only_the_latest_outcomes_are_kept() -> None:
    for number in range(cache.KEPT + 3):
        cache.get("step", {"n": number}, _write("x"))
    assert len(list((cache.folder() / "steps" / "step").iterdir())) == cache.KEPT
