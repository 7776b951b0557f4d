"""The mutants of the checker are made in every way that its description names."""

from __future__ import annotations

from tools import checker_mutants

SOURCE = (checker_mutants.ROOT / checker_mutants.PATH).read_bytes()


def test_shapes_comparisons_and_bounds_are_changed():
    text = SOURCE.decode()
    changed = {(m.before, m.after) for m in checker_mutants.shapes(text)}
    assert {
        ("budget:int|null", "budget?:int|null"),
        ("note?:text", "note:text"),
        ("cost", "cost:signed"),
    } <= changed
    assert all(
        text[: m.start].isascii() and text[m.start :].startswith(m.before)
        for m in checker_mutants.shapes(text)
    )
    every = {(m.before, m.after) for m in checker_mutants.every_mutant()}
    assert {("model.low", "(model.high)"), ("value > 0", "(value < 0)")} <= every
