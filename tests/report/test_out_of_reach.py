"""Pairs that not even everything built brings within the limit are named, each once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from optimiser.report import out_of_reach, page, screen
from optimiser.report.inputs import ReportInput

HOUR = 3600


def far(make: Callable[..., ReportInput]) -> ReportInput:
    """Return the plan that builds all, where Ada - Di and Bo - Di and Cy - Di stay at five hours even so."""
    report = make("bc", "cd", "idle")
    away = report.pairs["destination"] == 3
    return replace(
        report,
        budget=None,
        pairs=report.pairs.assign(
            all_built_s=report.pairs["all_built_s"].where(~away, 5 * HOUR),
            after_s=report.pairs["after_s"].where(~away, 5 * HOUR),
        ),
    )


def test_each_pair_beyond_the_limit_with_everything_built_stands_in_the_summary(
    make: Callable[..., ReportInput],
) -> None:
    rows = out_of_reach.rows(far(make))
    assert [(row["origin"], row["destination"], row["all_built_s"]) for row in rows] == [
        ("Ada", "Di", 5 * HOUR),
        ("Bo", "Di", 5 * HOUR),
        ("Cy", "Di", 5 * HOUR),
    ]
    assert rows[0]["tier"] == "small"


def test_pairs_are_told_by_the_city_that_misses_most(make: Callable[..., ReportInput]) -> None:
    assert out_of_reach.lines(far(make)) == ["Di: Ada 5:00, Bo 5:00, Cy 5:00"]


def test_the_screen_names_them_where_everything_that_can_be_is_to_be_covered(
    make: Callable[..., ReportInput],
) -> None:
    from rich.console import Console

    console = Console(width=120, record=True)
    console.print(screen.summary(far(make)))
    text = console.export_text()
    assert "3 of 6 pairs (3 small) stay beyond 4 hours whatever is built of these candidates" in text
    assert "Di: Ada 5:00, Bo 5:00, Cy 5:00" in text


def test_the_page_says_how_many_there_are(make: Callable[..., ReportInput]) -> None:
    assert "3 of 6 pairs (3 small) stay beyond 4 hours" in page.render(far(make))


def test_nothing_is_said_where_everything_can_be_reached(make: Callable[..., ReportInput]) -> None:
    report = make("bc", "cd", "idle")
    assert (out_of_reach.sentence(report), out_of_reach.rows(report)) == ("", [])
