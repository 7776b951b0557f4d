"""Write a job as commented TOML, every default visible."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date

from optimiser.job.model import Job
from optimiser.job.rings import Rings
from optimiser.job.sections import Section
from optimiser.job.sweep import Correlated, Factor

_WIDTH = 108
_EXAMPLES: dict[str, Section] = {
    "rings": Rings(centres=("Name of a city",)),
    "sweep.factors": Factor(id="road_speed", changes="road_speed", low=0.9, high=1.1),
    "sweep.correlations": Correlated(factors=("id of a factor", "id of another"), value=0.5),
}
"""Sections to show as a comment where a job has none of that name."""


def render(job: Job, *, title: str = "") -> str:
    """Return the TOML text of a job with every key, its meaning and its value.

    Parameters
    ----------
    title
        Comment on the first line.

    Returns
    -------
    str
        TOML that `loads` reads back as an equal job; a key without a value is written as a comment.
    """
    return _joined(job, title, quiet=False)


def template(job: Job, *, title: str) -> str:
    """Return a job for a user to edit: required and changed keys live, defaults as comments.

    Parameters
    ----------
    job
        The job to start from.
    title
        Comment on the first line.

    Returns
    -------
    str
        TOML that `loads` reads back as an equal job.
    """
    return _joined(job, title, quiet=True)


def _joined(job: Job, title: str, *, quiet: bool) -> str:
    parts = [f"# {title}\n"] if title else []
    parts += [_written(name, getattr(job, name), quiet=quiet) for name in Job.model_fields]
    return "\n".join(parts)


def _written(name: str, value: Section | tuple[Section, ...], *, quiet: bool) -> str:
    """Return a section, or each of several sections of one name; without any, an example as a comment."""
    if isinstance(value, Section):
        inner = [f"{name}.{key}" for key in type(value).model_fields if f"{name}.{key}" in _EXAMPLES]
        parts = [_written(one, getattr(value, one.rpartition(".")[2]), quiet=quiet) for one in inner]
        return "\n".join([_section(f"[{name}]", value, quiet=quiet, apart=inner), *parts])
    if value:
        return "\n".join(_section(f"[[{name}]]", section, quiet=quiet) for section in value)
    example = _section(f"[[{name}]]", _EXAMPLES[name])
    return "".join(f"{row if row.startswith('#') else f'# {row}'}\n" for row in example.splitlines())


def _section(header: str, section: Section, *, quiet: bool = False, apart: Sequence[str] = ()) -> str:
    rows = [f"# {type(section).__doc__}", header]
    for key, field in type(section).model_fields.items():
        if f"{header.strip('[]')}.{key}" in apart:
            continue
        value = getattr(section, key)
        off = value is None or (quiet and value == field.default)
        rows.extend(_comment(str(field.description)))
        written = f"{key} is not set" if value is None else f"{key} = {_toml(value)}"
        rows.append(f"# {written}" if off else written)
    return "\n".join(rows) + "\n"


def _comment(text: str) -> list[str]:
    rows, line = [], "#"
    for word in text.split():
        if len(line) + len(word) + 1 > _WIDTH:
            rows.append(line)
            line = "#"
        line += f" {word}"
    return [*rows, line]


def _toml(value: object) -> str:
    match value:
        case None:
            text = ""
        case bool():
            text = str(value).lower()
        case str():
            text = json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case date():
            text = value.isoformat()
        case dict():
            text = "{" + ", ".join(f"{_toml(key)} = {_toml(item)}" for key, item in value.items()) + "}"
        case tuple():
            text = "[" + ", ".join(_toml(item) for item in value) + "]"
        case _:
            text = repr(value)
    return text
