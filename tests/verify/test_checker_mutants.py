"""The mutants of both checkers are made in every way that their description names, and told or listed."""

from __future__ import annotations

import random

import pytest
from shown_documents import documents
from tiers import thinned

from tools import checker_mutants
from tools.mutants import key_of, reasons

SOURCES = {name: (checker_mutants.ROOT / path).read_bytes() for name, path in checker_mutants.PATHS.items()}
EVERY = {name: checker_mutants.every_mutant(path) for name, path in checker_mutants.PATHS.items()}
CASES = (2, 27, 64, 65, 66)
"""Problems whose proofs take little time: of links, with a ring, with cities, partitions and periods."""
SAMPLE = 8


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """Documents, and what each checker answers."""
    found = documents(tmp_path_factory.mktemp("files"), CASES, count=60)
    checkers = {name: checker_mutants.checker_from(source.decode()) for name, source in SOURCES.items()}
    return {name: (found, [ask(checker) for _, ask in found]) for name, checker in checkers.items()}


def test_shapes_comparisons_and_bounds_are_changed():
    text = SOURCES["first"].decode()
    shapes = list(checker_mutants.shapes(text))
    assert {
        ("budget:int|null", "budget?:int|null"),
        ("note?:text", "note:text"),
        ("cost", "cost:signed"),
    } <= {(m.before, m.after) for m in shapes}
    assert all(text[: m.start].isascii() and text[m.start :].startswith(m.before) for m in shapes)
    every = {(m.before, m.after) for m in EVERY["first"]}
    assert {("model.low", "(model.high)"), ("value > 0", "(value < 0)")} <= every


@pytest.mark.parametrize("block", thinned(range(60), 1))
@pytest.mark.parametrize("name", SOURCES)
def test_documents_tell_every_mutant_of_a_sample_that_is_not_listed(block, name, shown):
    known, sample = reasons(), random.Random(block).sample(EVERY[name], SAMPLE)  # noqa: S311 - no secret
    left = [
        str(mutant)
        for mutant in sample
        if key_of(mutant) not in known and not checker_mutants.told_by(mutant, SOURCES[name], *shown[name])
    ]
    assert not left


def test_a_change_that_nothing_tells_is_left(shown):
    same = next(m for m in EVERY["first"] if m.function == "departure" and m.before == "max")
    assert key_of(same) in reasons()
    assert not checker_mutants.told_by(same, SOURCES["first"], *shown["first"])
