"""A slow answer says how long it takes, and leaves nothing behind in a terminal."""

from __future__ import annotations

import io
import sys
import time

import pytest

from optimiser.tasks import cache
from optimiser.tasks.cache import told


class Terminal(io.StringIO):
    """A standard error that is a terminal, or is none."""

    def __init__(self, *, is_terminal: bool) -> None:
        super().__init__()
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


LINE = "Solving it: 1 s of at most 12 s"


@pytest.mark.parametrize(
    ("is_terminal", "patience_s", "shown"),
    [(True, 1, f"\r{LINE}\r{' ' * len(LINE)}\r"), (True, 60, ""), (False, 1, f"{LINE}\n"), (False, 60, "")],
)
def test_a_slow_answer_is_told(monkeypatch, is_terminal, patience_s, shown):
    error = Terminal(is_terminal=is_terminal)
    monkeypatch.setattr(sys, "stderr", error)
    monkeypatch.setattr(cache, "PATIENCE_S", patience_s)
    with told("Solving it", 12.0):
        time.sleep(1.3)
    assert error.getvalue() == shown


def test_where_there_is_no_terminal_a_line_follows_each_minute(monkeypatch):
    error = Terminal(is_terminal=False)
    monkeypatch.setattr(sys, "stderr", error)
    monkeypatch.setattr(cache, "PATIENCE_S", 0.1)
    monkeypatch.setattr(cache, "MINUTE_S", 0.2)
    with told("Running it"):
        time.sleep(0.8)
    first, *others = error.getvalue().splitlines()
    assert (first, set(others) <= {"Running it: 0 s", "Running it: 1 s"}) == ("Running it: 0 s", True)
    assert 1 <= len(others) <= 3
