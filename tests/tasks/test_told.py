"""A slow answer says in a terminal how long it takes, and leaves nothing behind."""

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


@pytest.mark.parametrize(
    ("is_terminal", "patience_s", "is_told"), [(True, 0, True), (True, 60, False), (False, 0, False)]
)
def test_a_slow_answer_is_told(monkeypatch, is_terminal, patience_s, is_told):
    shown = Terminal(is_terminal=is_terminal)
    monkeypatch.setattr(sys, "stderr", shown)
    monkeypatch.setattr(cache, "PATIENCE_S", patience_s)
    with told("Solving it", 12.0):
        time.sleep(1.3)
    line = "Solving it: 1 s of at most 12 s"
    assert shown.getvalue() == (f"\r{line}\r{' ' * len(line)}\r" if is_told else "")
