"""What a command shows while it works: a moving line on a terminal, lines elsewhere, or nothing."""

from __future__ import annotations

import io
from contextlib import redirect_stderr
from types import SimpleNamespace

import pytest

from optimiser.cli.frontier import watching
from optimiser.cli.screen import Display, duration


class Terminal(io.StringIO):
    """A text that says that it is a terminal."""

    def isatty(self) -> bool:
        """Return that it is one."""
        return True


def test_a_terminal_keeps_the_lines_that_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    with redirect_stderr(Terminal()) as terminal, Display() as display:
        assert display.moves
        display.begins("Solving [b]x[/b]")
        display.ends("Solving [1/3]: done")
    assert "Solving [1/3]: done" in terminal.getvalue()


def test_no_time_left_is_estimated_before_the_second_part() -> None:
    display = Display(quiet=True)
    display.count(0, 4)
    assert display.left_s is None
    display.count(1, 4)
    display.count(2, 4)
    assert display.left_s is not None
    display.count(4, 4)
    assert display.left_s == 0


def test_a_quiet_display_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    with Display(quiet=True) as display:
        display.begins("one")
        display.ends("two")
    assert capfd.readouterr() == ("", "")


def test_lines_that_stay_are_printed_where_there_is_no_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    with Display() as display:
        assert not display.moves
        display.begins("one")
        display.ends("two")
    assert capfd.readouterr().err == "two\n"


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "0 s"), (89.0, "89 s"), (120.0, "2 min"), (5400.0, "1 h 30 min")]
)
def test_durations_are_said_in_the_unit_that_fits(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def tracer(points: int, *, ahead: int = 0) -> SimpleNamespace:
    """Return as much of a tracer as the progress reads: points, answers of workers, two open gaps."""
    region = SimpleNamespace(boxes=("one", "two"))
    return SimpleNamespace(
        state=SimpleNamespace(places=("point",) * points, ahead=range(ahead), region=region)
    )


def test_a_frontier_says_how_many_points_it_has_and_how_many_answers_of_workers() -> None:
    lines: list[str] = []
    display = Display(quiet=True)
    display.begins = lines.append  # type: ignore[method-assign]
    watch = watching(SimpleNamespace(points=40), display)  # type: ignore[arg-type]
    watch(tracer(3))  # type: ignore[arg-type]
    watch(tracer(2, ahead=5))  # type: ignore[arg-type]
    assert lines[0] == "Frontier: 3 of 40 points, 2 gaps open"
    assert lines[1] == "Frontier: 5 answers of workers"


def test_a_frontier_says_what_is_left_once_that_is_known() -> None:
    lines: list[str] = []
    display = SimpleNamespace(begins=lines.append, count=lambda _done, _total: None, left_s=60.0)
    watching(SimpleNamespace(points=0), display)(tracer(7))  # type: ignore[arg-type]
    assert lines == ["Frontier: 7 points, 2 gaps open, about 60 s left"]
