"""Documents near true certificates: the checkers agree, and what they take excludes no optimum."""

from __future__ import annotations

import random
from collections import Counter

import near_certificates
import pytest
from near_certificates import CHECKERS, DRAWN, Choices, answered, case, excludes, near
from tiers import thinned

CASES = range(0, len(DRAWN), 5)
DOCUMENTS = 60


def drawn(block):
    """Documents of a few problems; each block draws others."""
    chance = random.Random(block)  # noqa: S311 - chance for drawings, no secret
    for _ in range(DOCUMENTS):
        yield near(bytes([chance.choice(CASES)]) + chance.randbytes(chance.choice((8, 40, 90))))


@pytest.mark.parametrize("block", thinned(range(60), 10))
def test_checkers_agree_and_take_nothing_that_excludes_the_optimum(block):
    for found, document in drawn(block):
        answers = [answered(checker, found.raw, document) for checker in CHECKERS]
        assert all(answer == answers[0] for answer in answers), document
        assert answers[0] is None or not excludes(found, document), document


def test_many_documents_are_taken_and_many_refused_with_every_sort_of_row_among_both():
    counts, kinds = Counter(), Counter()
    for block in range(8):
        for found, document in drawn(block):
            taken = answered(CHECKERS[0], found.raw, document) is not None
            counts[taken] += 1
            rows = document["bound"] if isinstance(document.get("bound"), dict) else {}
            rows = rows.get("rows") if isinstance(rows.get("rows"), list) else []
            added = [row for row in rows if isinstance(row, dict) and row not in found.proof["rows"]]
            kinds.update((taken, key) for row in added for key in row)
    assert min(counts.values()) > 100
    evidence = {(taken, key) for taken in (True, False) for key in ("time", "partition", "leave", "mend")}
    assert evidence <= kinds.keys()


def test_numbers_that_json_has_no_room_for_are_copied():
    document = {"multipliers": [[0, 1 << 20_000]]}
    copied = near_certificates._copy(document)
    assert copied == document
    assert copied["multipliers"][0] is not document["multipliers"][0]


def test_the_true_documents_are_taken():
    for number in CASES:
        found = case(number)
        for plan in found.plans or ({"format": "polyring-certificate/2"},):
            document = {**plan, "bound": found.proof}
            assert all(answered(checker, found.raw, document) is not None for checker in CHECKERS), number


def test_a_bound_beyond_the_optimum_is_told():
    found = case(CASES[1])
    for change, is_told in ((0, False), (1, True)):
        beyond = found.optimum + (change if found.problem.budget is None else -change)
        assert excludes(found, {"bound": {"bound": beyond}}) == is_told
    assert excludes(found, {"bound": {"bound": None}})


def test_choices_are_read_from_bytes_and_are_0_beyond_them():
    choices = Choices(bytes([7, 1, 2]))
    assert [choices.below(5), choices.below(1000), choices.below(5), choices.below(9)] == [2, 258, 0, 0]
    assert Choices(b"").some([1, 2]) == []
    assert Choices(bytes([1, 0])).some([1, 2]) == [1]


def test_a_gap_beyond_the_range_of_floats_is_told_by_both():
    choices = "de43cdb2dbb5066c068e54e169e0d9cb0a87a08408a4e580787eaf9382e03bb875a3e0da45d9eeb148"
    found, document = near(bytes.fromhex(choices))
    assert document["bound"]["bound"] > 2**1024
    assert (
        answered(CHECKERS[0], found.raw, document) == answered(CHECKERS[1], found.raw, document) is not None
    )
