"""Write a job as commented TOML, every default visible."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence
from datetime import date

from optimiser.job.model import Job
from optimiser.job.sections import Rings, Section
from optimiser.job.sweep import Correlated, Factor

_WIDTH = 108
_EXAMPLES: dict[str, Section] = {
    "rings": Rings(centres=("Name of a city",)),
    "sweep.factors": Factor(id="road_speed", changes="road_speed", low=0.9, high=1.1),
    "sweep.correlations": Correlated(factors=("id of a factor", "id of another"), value=0.5),
}
"""Sections to show as a comment where a job has none of that name."""


def render(job: Job, *, title: str = "", quiet: bool = False) -> str:
    """Return the TOML text of a job with every key, its meaning and its value.

    Parameters
    ----------
    title
        Comment on the first line.
    quiet
        Whether keys with their default are written as comments.

    Returns
    -------
    str
        TOML that `loads` reads back as an equal job; a key without a value is written as a comment.
    """
    parts = [f"# {title}\n"] if title else []
    parts += [_written(name, getattr(job, name), quiet=quiet) for name in Job.model_fields]
    return "\n".join(parts)


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
    return render(job, title=title, quiet=True)


def _written(name: str, value: Section | tuple[Section, ...], *, quiet: bool) -> str:
    """Return a section, or each of several sections of one name; without any, an example as a comment."""
    if isinstance(value, Section):
        inner = [f"{name}.{key}" for key in type(value).model_fields if f"{name}.{key}" in _EXAMPLES]
        parts = [_written(one, getattr(value, one.rpartition(".")[2]), quiet=quiet) for one in inner]
        return "\n".join([_section(f"[{name}]", value, quiet=quiet, apart=inner), *parts])
    if value:
        return "\n".join(_section(f"[[{name}]]", section, quiet=quiet) for section in value)
    example = _section(f"[[{name}]]", _EXAMPLES[name])
    return textwrap.indent(example, "# ", lambda row: not row.startswith("#"))


def _section(header: str, section: Section, *, quiet: bool = False, apart: Sequence[str] = ()) -> str:
    rows = [f"# {type(section).__doc__}", header]
    for key, field in type(section).model_fields.items():
        if f"{header.strip('[]')}.{key}" in apart:
            continue
        value = getattr(section, key)
        off = value is None or (quiet and value == field.default)
        rows += textwrap.wrap(
            str(field.description),
            _WIDTH,
            initial_indent="# ",
            subsequent_indent="# ",
            break_on_hyphens=False,
        )
        written = f"{key} is not set" if value is None else f"{key} = {_toml(value)}"
        rows.append(f"# {written}" if off else written)
    return "\n".join(rows) + "\n"


def _toml(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case date():
            return value.isoformat()
        case dict():
            return "{" + ", ".join(f"{_toml(key)} = {_toml(item)}" for key, item in value.items()) + "}"
        case tuple():
            return "[" + ", ".join(map(_toml, value)) + "]"
    return repr(value)
