"""Write the parts of the documentation site that the program states itself: commands, keys, jobs, tables."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tools import written_pages

HELP_WIDTH = 100
"""Columns of the help of a command."""

_TYPES = {"string": "text", "integer": "whole number", "number": "number", "boolean": "`true` or `false`"}
_BOUNDS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "more than {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "less than {}",
}
_PAGES = {("region", "graph"): "osmnx.md", ("region", "matrix"): "own-data.md#travel-times"}
"""Pages on single keys."""
_LARGEST_SHOWN = 10_000_000
"""Bounds above it only keep numbers representable."""


def commands() -> str:
    """Return a section in Markdown for each command, with its help as a terminal shows it."""
    import typer

    from optimiser.cli.app import app

    return "\n".join(_command(typer.main.get_command(app), "polyring", None))


def _command(command: Any, name: str, parent: Any) -> Iterator[str]:  # noqa: ANN401 - types of Typer's own Click
    """Yield the lines for a command and for those below it."""
    context = command.make_context(name, [], parent=parent, resilient_parsing=True)
    context.terminal_width = HELP_WIDTH
    yield from (f"## `{context.command_path}`", "", "```text", command.get_help(context), "```", "")
    for inner, one in getattr(command, "commands", {}).items():
        yield from _command(one, inner, context)


def job_keys() -> str:
    """Return a section in Markdown for each section of a job: keys, defaults, values and meaning."""
    from optimiser.job import Job

    schema = Job.model_json_schema()
    return "\n".join(line for name in Job.model_fields for line in _section(name, schema))


def _section(name: str, schema: Mapping[str, Any], shown: Mapping[str, Any] | None = None) -> Iterator[str]:
    shown = shown or schema["properties"][name]
    several = "items" in shown
    section = schema["$defs"][(shown["items"] if several else shown)["$ref"].rpartition("/")[2]]
    yield from (f"## `[[{name}]]`" if several else f"## `[{name}]`", "", section["description"], "")
    yield from ("| key | default | value | meaning |", "|---|---|---|---|")
    inner = [key for key, field in section["properties"].items() if "$ref" in field.get("items", {})]
    for key, field in section["properties"].items():
        meaning = field["description"].replace("|", "\\|")
        meaning += f" ([more]({_PAGES[name, key]}))" if (name, key) in _PAGES else ""
        yield f"| `{key}` | {_default(field)} | {_values(field)} | {meaning} |"
    yield ""
    for key in inner:
        yield from _section(f"{name}.{key}", schema, section["properties"][key])


def _default(field: Mapping[str, Any]) -> str:
    if "default" not in field:
        return "required"
    return "not set" if field["default"] is None else f"`{json.dumps(field['default'], ensure_ascii=False)}`"


def _values(field: Mapping[str, Any]) -> str:
    """Return what a key may hold, as the JSON schema of pydantic states it."""
    if "anyOf" in field:
        parts = (_values(one) for one in field["anyOf"] if one.get("type") != "null")
        return " or ".join(parts)
    if "enum" in field or "const" in field:
        return ", ".join(f"`{value}`" for value in field.get("enum", [field.get("const")]))
    match field["type"]:
        case "array":
            return "sections, see below" if "$ref" in field["items"] else f"list: {_values(field['items'])}"
        case "object":
            return f"table: {_values(field['additionalProperties'])}"
        case "string" if field.get("format") == "date":
            return "date"
        case kind:
            bounds = [
                words.format(f"{field[bound]:,g}" if isinstance(field[bound], float) else f"{field[bound]:,}")
                for bound, words in _BOUNDS.items()
                if bound in field and abs(field[bound]) <= _LARGEST_SHOWN
            ]
            return ", ".join([_TYPES[kind], *bounds])


def ready_jobs() -> str:
    """Return a section in Markdown for each ready job, with its text."""
    from importlib import resources

    from optimiser.job import ready_names

    folder = resources.files("optimiser.job") / "ready"
    texts = {name: (folder / f"{name}.toml").read_text(encoding="utf-8") for name in ready_names()}
    return "\n".join(f"## `{name}`\n\n```toml\n{text}```\n" for name, text in texts.items())


GENERATED: Mapping[str, Callable[[], str]] = {
    "docs/command-line": lambda: f"{commands()}\n{job_keys()}\n{ready_jobs()}",
    "docs/python": written_pages.columns,
    "docs/countries": written_pages.countries,
}
"""Pages of the site that end with a generated part, by name."""
