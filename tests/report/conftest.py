"""Let the tests of this folder show plans of the drawn region."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from report_drawing import line_report
from ring_square import KNOWN, shown

from optimiser.report.inputs import ReportInput
from optimiser.report.ring_layout import RingShown


@pytest.fixture
def make() -> Callable[..., ReportInput]:
    """Return the builder of reports: ids of what is built, and further fields."""
    return line_report


@pytest.fixture
def report() -> ReportInput:
    """The plan that builds everything."""
    return line_report("bc", "cd", "idle")


@pytest.fixture
def ringed() -> ReportInput:
    """The plan that builds B-C and C-D, with a ring that is closed by a link of its own."""
    return line_report("bc", "cd", rings=(shown(),))


@pytest.fixture
def compared() -> ReportInput:
    """The same ring, compared with a known one."""
    return line_report("bc", rings=(shown(overlaps=(KNOWN,)),))


@pytest.fixture
def earning() -> RingShown:
    """A ring that is formed for a reward."""
    return replace(shown(), required=False, reward=1200)


@pytest.fixture
def missed() -> ReportInput:
    """A ring that would have earned something and is not formed."""
    return line_report("bc", rings=(replace(shown(()), required=False, reward=12),))
