"""Check the tables of candidates: ids, merging, fixing."""

from __future__ import annotations

import pandas as pd
import pytest
from candidates_drawing import proposal, table

from optimiser.problem.errors import CandidateError
from optimiser.proposals.table import fix, merge


def test_ids_used_twice_are_refused():
    with pytest.raises(CandidateError, match="used twice"):
        table(proposal("x", 0, 1, 5), proposal("x", 1, 2, 5))


def test_merged_candidates_are_in_order_of_their_ids_with_their_arcs():
    both = merge(table(proposal("b", 0, 1, 5)), table(proposal("a", 1, 2, 7)))
    assert both.table["candidate_id"].tolist() == ["a", "b"]
    first = both.arcs[both.arcs["candidate"] == 0]
    assert set(first["seconds"]) == {7}


def test_fixing_names_every_unknown_id_and_every_contradiction():
    with pytest.raises(CandidateError) as error:
        fix(table(proposal("x", 0, 1, 5)), in_=["x", "y"], out=["x"])
    assert len(error.value.faults) == 2


def test_fixing_leaves_the_candidates_before_as_they_were():
    before = table(proposal("x", 0, 1, 5))
    after = fix(before, out=["x"])
    assert (before.table["fixed"][0], after.table["fixed"][0]) == ("", "out")


def test_the_arcs_keep_their_dtypes_when_there_are_none():
    empty = table()
    assert isinstance(empty.arcs, pd.DataFrame)
    assert str(empty.arcs["seconds"].dtype) == "int64"
