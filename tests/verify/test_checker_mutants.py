"""A changed checker answers some document otherwise than the checker; a sample of mutants is tried."""

from __future__ import annotations

import random

import pytest
from near_certificates import DRAWN
from tiers import thinned

from tools import checker_mutants
from tools.mutants import key_of, reasons

SOURCE = (checker_mutants.ROOT / checker_mutants.PATH).read_bytes()


def sample():
    every = [mutant for mutant in checker_mutants.every_mutant() if key_of(mutant) not in reasons()]
    return random.Random(4).sample(every, 120)  # noqa: S311 - a sample, no secret


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    folder = tmp_path_factory.mktemp("documents")
    found = checker_mutants.documents(folder, range(0, len(DRAWN), 5), 150)
    checker = checker_mutants.checker_from(SOURCE.decode())
    return found, [ask(checker) for _, ask in found]


@pytest.mark.parametrize("block", thinned(range(12), 2))
def test_a_document_tells_a_mutant_from_the_checker(block, shown):
    left = [one for one in sample()[block::12] if not checker_mutants.told_by(one, SOURCE, *shown)]
    assert not list(map(str, left))


def test_the_checker_itself_is_told_by_nothing(shown):
    mutant = checker_mutants.every_mutant()[0]
    same = type(mutant)(mutant.path, "", 1, 1, "", "", 0, 0, is_in_function=True)
    assert checker_mutants.told_by(same, SOURCE, *shown) == ""


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
