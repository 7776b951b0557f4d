"""Defaults of job keys that the pages and the help of commands quote are those of the code."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
import typer

from optimiser.cli.app import app
from optimiser.job import Job
from optimiser.job.sections import USUAL_YEARS, Section

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
NUMBER = r"(?P<value>\d[\d_,]*(?:\.\d+)?)(?P<percent> %)?"
KEY = r"`(?:(?P<section>[a-z_]+)\.)?(?P<key>[a-z_]+)`"
QUOTES = (
    re.compile(KEY + r"(?: [a-z]+){0,3} \(" + NUMBER),
    re.compile(r"\(" + KEY + r", " + NUMBER),
    re.compile(
        r"`(?:(?P<section>[a-z_]+)\.)?(?P<key>[a-z_]+) = (?P<value>[^`]+)`(?: \(default\)|, the default)"
    ),
)
"""`section.key` (30), (`section.key`, 30 km), `key = "value"` (default)."""


def _defaults() -> Iterator[tuple[str, str, object]]:
    """Yield section, key and default of every key of a job."""
    for name, field in Job.model_fields.items():
        model = field.annotation if isinstance(field.annotation, type) else get_args(field.annotation)[0]
        assert issubclass(model, Section)
        for key, inner in model.model_fields.items():
            yield name, key, inner.default


DEFAULTS = [*_defaults(), ("phasing", "years", USUAL_YEARS)]
"""Without `years` each period is so long."""
NO_KEYS = {("python.md", key): "an argument of Run.solve" for key in ("time_limit_s", "limit")}
"""What pages quote under the name of a key."""


def _quoted(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield section (empty where none is named), key and default of what a page quotes."""
    for pattern in QUOTES:
        for found in pattern.finditer(text):
            value = found["value"].replace(",", "") if found["value"][0].isdigit() else found["value"]
            share = found.groupdict().get("percent")
            yield found["section"] or "", found["key"], f"{float(value) / 100:g}" if share else value
    for table in re.findall(r"^\| key \| default \|.*\n\|[-| ]+\n((?:\|.*\n)+)", text, re.MULTILINE):
        for row in table.splitlines():
            keys, value = row.split("|")[1:3]
            for key in re.findall(r"`([a-z_]+)`", keys):
                yield "", key, value.split()[0]


def _stated() -> list[tuple[str, str, str, str]]:
    known = {(where, key) for section, key, value in DEFAULTS if value is not None for where in (section, "")}
    return [
        (page.name, *quote)
        for page in PAGES
        for quote in _quoted(page.read_text(encoding="utf-8"))
        if quote[:2] in known and (page.name, quote[1]) not in NO_KEYS
    ]


def _is_default(section: str, key: str, value: str) -> bool:
    quoted = tomllib.loads(f"value = {value}")["value"]
    return any(
        quoted == default and isinstance(default, str) == isinstance(quoted, str)
        for where, name, default in DEFAULTS
        if name == key and section in ("", where)
    )


@pytest.mark.parametrize(("page", "section", "key", "value"), _stated())
def test_a_default_that_a_page_quotes_is_that_of_the_code(
    page: str, section: str, key: str, value: str
) -> None:
    assert _is_default(section, key, value), f"{page} quotes {key} = {value}"


def test_quotes_are_found() -> None:
    text = 'Up to `certificate.time_limit_s` seconds (61), (`measures.core_km`, 16 km), `of = "x"` (default).'
    found = list(_quoted(text))
    assert found == [
        ("certificate", "time_limit_s", "61"), ("measures", "core_km", "16"), ("", "of", '"x"'),
    ]  # fmt: skip
    assert not any(_is_default(*quote) for quote in found)
    assert len(_stated()) > 10


def test_a_key_that_a_command_names_as_its_default_exists() -> None:
    known = {f"{section}.{key}" for section, key, _ in DEFAULTS}
    texts = [
        option.help or ""
        for command in typer.main.get_group(app).commands.values()
        for option in command.params
        if hasattr(option, "help")
    ]
    named = [key for text in texts for key in re.findall(r"\[default: ([a-z_]+\.[a-z_]+)\]", text)]
    assert "region.as_of" in named
    assert set(named) <= known
