"""A job that is written is read back as an equal job."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimiser.job import find, loads, ready_names, render
from optimiser.job.model import Job


@pytest.mark.parametrize("name", ready_names())
def test_every_ready_job_is_valid_and_survives_being_written(name: str) -> None:
    job = find(name).job
    assert loads(render(job)) == job


@given(
    share=st.floats(0, 1),
    limit=st.integers(300, 10**9),
    place=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=40),
    ids=st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), max_size=4),
)
def test_any_job_survives_being_written(share: float, limit: int, place: str, ids: list[str]) -> None:
    job = Job.model_validate(
        {
            "region": {"place": place},
            "budget": {"share": share},
            "times": {"limit_s": limit},
            "candidates": {"fixed_in": ids},
        }
    )
    assert loads(render(job)) == job
    assert loads(render(job, title="t", quiet=True)) == job
