"""Read a job with the changes of the command line, all faults at once, and write it as commented TOML."""

from __future__ import annotations

import json
import re
import textwrap
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from difflib import get_close_matches
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from networks import inputs
from optimiser.job.model import (
    Cluster,
    Clusters,
    Correlated,
    Factor,
    Job,
    LoadedJob,
    contradictions,
    did_you_mean,
    gravity_steps,
)
from optimiser.job.sections import Alternative, Rings, Section, clock_seconds, slug
from optimiser.problem.errors import JobError

MAX_BYTES = 262_144
"""Size beyond which a job file is refused."""
AROUND = "around"
"""Ready job of a screening."""
MOST_NAME = 60
"""Letters of the name of a job that is made from the name of a place."""
_SET = "--set"
"""Place of a fault that a change of the command line has."""
_REMEDY = "Correct the job and run again; `polyring init` writes a commented one."
_REMEDY_SET = (
    "Correct SECTION.KEY=VALUE (--set, settings) and run again; `polyring init --full` writes all keys."
)
_REPLACED = {
    "rings.time_s": ": give the distance from the nearest centre, radius_km",
    "rings.count": ": write a section for each ring, with the ids of others in its key apart",
    "rings.arrangement": ": nested rings name each other in their key apart, rings side by side need nothing",
    "reach": ": shares are alternatives now; write [[alternatives]] with a name and shares = [0.8, 0.9], or "
    "leave the section out",
}
"""What a key that is gone is replaced by, to end a sentence."""
_EMPTIED = (("rings",), ("alternatives",))
"""Sections in double brackets that a change of the command line may empty."""
_ONE_OF = {"budget": ("share", "amount", "unlimited"), "times": ("limit", "limit_s")}
"""Keys of a section of which one stands: a change of one takes the place of the others."""

type Key = tuple[str, ...]
"""Path of a key of a job, such as `("budget", "share")`."""


def find(name: str, *, settings: Sequence[str] = ()) -> LoadedJob:
    """Return the job that a user named: a `*.toml` file, else a ready job.

    Parameters
    ----------
    name
        Path of a job file ending in `.toml`, or the name of a ready job.
    settings
        Changes such as `budget.share=0.05`, values in TOML.

    Raises
    ------
    JobError
        When there is no such job, or when it has faults.
    """
    if name.endswith(".toml"):
        return load(Path(name), settings=settings)
    known = ready_names()
    if name not in known:
        remedy = f"Name a job file ending in .toml, or one of the ready jobs: {', '.join(known)}."
        raise _refusal(f"no ready job has the name '{name}'{did_you_mean(name, known)}", "JOB", remedy)
    job = loads(_ready_text(name), where=f"ready job {name}", settings=settings)
    return LoadedJob(name, Path.cwd(), job, _named_after(settings))


def find_around(place: str, radius_km: float | None = None, *, settings: Sequence[str] = ()) -> LoadedJob:
    """Return the ready job of a screening, for the surroundings of a place.

    Parameters
    ----------
    place
        A town, or latitude and longitude.
    radius_km
        Distance within which cities count, km; None: 300.
    settings
        Further changes such as `budget.share=0.05`, values in TOML.
    """
    changes = [*([] if radius_km is None else [f"region.radius_km={radius_km:g}"]), *settings]
    loaded = find(AROUND, settings=[f"region.around={json.dumps(place, ensure_ascii=False)}", *changes])
    words = _named_after(changes)
    return replace(loaded, name=f"{AROUND}-{slug(place)}"[:MOST_NAME], set=words)


def ready_names() -> tuple[str, ...]:
    """Return the names of the jobs that come with the package, in alphabetical order."""
    files = (resources.files("optimiser.job") / "ready").iterdir()
    return tuple(sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml")))


def ready_jobs() -> dict[str, str]:
    """Return the jobs that come with the package, each with the first sentence of its text."""
    heads = {name: _ready_text(name).partition("\n\n")[0] for name in ready_names()}
    words = {name: re.sub(r"\n?# ", " ", head).strip() for name, head in heads.items()}
    return {name: f"{text.split('. ')[0].rstrip('.')}." for name, text in words.items()}


def load(path: Path, *, settings: Sequence[str] = ()) -> LoadedJob:
    """Read a job file.

    Parameters
    ----------
    settings
        Changes such as `budget.share=0.05`, values in TOML.

    Raises
    ------
    JobError
        When the file cannot be read, or when the job has faults.
    """
    job = loads(_read(path), where=str(path), settings=settings)
    return LoadedJob(path.stem, path.resolve().parent, job, _named_after(settings))


def _named_after(settings: Sequence[str]) -> tuple[str, ...]:
    """Return what the folder of a run or a study is named after of the changes of its job.

    These are all but those of plausible cases, which are added to a run, and of the folder itself.
    """
    full = [full_setting(setting) for setting in settings]
    if any(setting.startswith("output.folder") for setting in full):
        return ()
    words = (setting for setting in full if not setting.startswith(("cases.", "output.")))
    return tuple(re.sub(r"[^\w.,=-]+", "-", re.sub("[\"'\\s]", "", word)).strip("-.") for word in words)


def _read(path: Path) -> str:
    try:
        return inputs.read_text(path, most_bytes=MAX_BYTES)
    except (OSError, UnicodeDecodeError) as fault:
        reason = fault.strerror if isinstance(fault, OSError) and fault.strerror else str(fault)
        beside = [] if path.exists() else [one.name for one in path.parent.glob("*.toml")]
        raise _refusal(f"cannot be read: {reason}{did_you_mean(path.name, beside)}", str(path)) from fault


def loads(text: str, *, where: str = "job", settings: Sequence[str] = ()) -> Job:
    """Return the job that a TOML text describes, every default filled in.

    Parameters
    ----------
    where
        Name of the text in messages.
    settings
        Changes such as `budget.share=0.05`, values in TOML.

    Raises
    ------
    JobError
        With all faults, each with its line and the nearest known key.
    """
    data = _extended(_parse(text, where), where)
    settings = [full_setting(setting) for setting in settings]
    for setting in settings:
        _apply(data, setting)
    _drop_idle(data)
    return _checked(data, _Origin(text, where, settings))


def _drop_idle(data: dict[str, Any]) -> None:
    """Take out keys that are gone where they ask for nothing: run folders of before state every default."""
    reach, rings = data.get("reach"), data.get("rings")
    if isinstance(reach, dict) and not reach.get("shares"):
        del data["reach"]
    for ring in rings if isinstance(rings, list) else ():
        if isinstance(ring, dict) and ring.get("count") == 1:
            del ring["count"]
            ring.pop("arrangement", None)


def _extended(data: dict[str, Any], where: str) -> dict[str, Any]:
    """Return the keys of a job after those of the ready job that it extends, if it names one.

    Sections are joined key by key; [[sections]] in double brackets, and the budget, replace those of the job.
    """
    name = data.pop("extends", None)
    if name is None:
        return data
    if name not in ready_names():
        hint = did_you_mean(str(name), ready_names()) or f"; ready jobs: {', '.join(ready_names())}"
        raise _refusal(f"extends: no ready job has the name '{name}'{hint}", where)
    base = _extended(tomllib.loads(_ready_text(name)), where)
    for section, given in data.items():
        kept = {} if section == "budget" else base.get(section)
        both = isinstance(kept, dict) and isinstance(given, dict)
        base[section] = _replaced(section, kept or {}, given) if both else given
    return base


def _replaced(section: str, kept: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys of a section after a change of some, which replace what they do not go with."""
    group = _ONE_OF.get(section, ())
    gone = group if any(key in given for key in group) else ()
    return {key: value for key, value in kept.items() if key not in gone} | dict(given)


def _ready_text(name: str) -> str:
    return (resources.files("optimiser.job") / "ready" / f"{name}.toml").read_text(encoding="utf-8")


def load_clusters(path: Path | None = None) -> tuple[Cluster, ...]:
    """Read a file that states several regions with the same rules for all.

    Parameters
    ----------
    path
        TOML file: the sections of a job but `[region]`, and for each region a table `[[cluster]]` with
        `name`, `title` and the keys of `[region]` in `[cluster.region]`; `candidates.least_load` is 0 where
        it is not given. None: the clusters of the package.

    Raises
    ------
    JobError
        With all faults of the file.
    """
    packaged = resources.files("optimiser.job") / "clusters.toml"
    folder = Path.cwd() if path is None else path.resolve().parent
    text = packaged.read_text(encoding="utf-8") if path is None else _read(path)
    where = "clusters of the package" if path is None else str(path)
    data = _parse(text, where)
    origin = _Origin(text, where, ())
    listed = _validated(Clusters, {"cluster": data.pop("cluster", ())}, origin).cluster
    # What trains could reach is asked of an atlas, whatever they carry.
    if isinstance(rules := data.setdefault("candidates", {}), dict):
        rules.setdefault("least_load", 0.0)
    jobs = [_checked({**data, "region": one.region}, origin) for one in listed]
    loaded = [LoadedJob(name=one.name, folder=folder, job=job) for one, job in zip(listed, jobs, strict=True)]
    return tuple(Cluster(one.title, job) for one, job in zip(listed, loaded, strict=True))


def _checked(data: dict[str, Any], origin: _Origin) -> Job:
    """Return the job that parsed keys describe, or raise all their faults."""
    job = _validated(Job, data, origin)
    clashes = [f"{origin.place(path)}: {'.'.join(path)}: {text}" for path, text in contradictions(job)]
    if clashes:
        raise _refusal("the job contradicts itself", origin.where, faults=clashes)
    filled = dict[str, Section]()
    if job.objective.kind == "accessibility" and not job.steps.shares:
        filled["steps"] = gravity_steps(job.times.limit_s, job.measures.decay_s)
    return job.model_copy(update=filled)


def _validated[S: Section](model: type[S], data: dict[str, Any], origin: _Origin) -> S:
    """Return what parsed keys describe, or raise all their faults."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        faults = [_fault(one, model) for one in error.errors(include_url=False)]
        places = [origin.place(path) for path, _ in faults]
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        listed = [f"{place}: {text}" for place, (_, text) in zip(places, faults, strict=True)]
        if set(places) == {_SET}:
            raise _refusal(f"the settings have {count}", _SET, _REMEDY_SET, listed) from None
        raise _refusal(f"the job has {count}", origin.where, faults=listed) from None


def _parse(text: str, where: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as fault:
        raise _refusal(f"is not valid TOML: {fault}", where) from None


class _Origin:
    """Tells where each key of a job was given: on a line of the file, or on the command line."""

    def __init__(self, text: str, where: str, settings: Sequence[str]) -> None:
        self.where = where
        self._lines = positions(text)
        self._name = Path(where).name
        self._set = [_key_path(setting) for setting in settings]

    def place(self, path: Key) -> str:
        """Return file and line of a key, or `--set`."""
        is_new = len(path) == 1 and path not in self._lines and path[0] in {key[0] for key in self._set}
        if path[:2] in self._set or path[:3] in self._set or is_new:
            return _SET
        number = line_of(path, self._lines)
        return f"{self._name}:{number}" if number else self._name


def _fault(error: Mapping[str, Any], model: type[Section]) -> tuple[Key, str]:
    """Return the path of a key that pydantic refused, and a sentence for the user."""
    path = tuple(str(part) for part in error["loc"])
    dotted = ".".join(path)
    if error["type"] == "extra_forbidden":
        hint = did_you_mean(path[-1], _keys_of(path[:-1], model)) or _hint_at_other_section(path[-1])
        hint = _REPLACED.get(".".join(part for part in path if not part.isdecimal()), hint)
        return path, f"unknown key '{dotted}'{hint}"
    if error["type"] == "missing":
        return path, f"[{dotted}] is missing" if len(path) == 1 else f"'{dotted}' is missing"
    if len(path) == 1 and error["type"] == "tuple_type":
        return path, f"{dotted}: write [[{dotted}]] in double brackets, one such section for each"
    # What a validator of ours raises comes wrapped in a sentence of pydantic; its own text is in the context.
    message = str(error["ctx"]["error"] if error["type"] == "value_error" else error["msg"])
    value = error.get("input")
    given = f" (given: {value!r})" if isinstance(value, str | int | float) else ""
    return path, f"{dotted}: {message[:1].lower()}{message[1:]}{given}"


def _keys_of(path: Key, model: type[BaseModel] = Job) -> Iterable[str]:
    """Return the keys that a section knows."""
    for part in path:
        if part.isdecimal():  # the number of one of several sections of a name
            continue
        inner: Any = model.model_fields[part].annotation if part in model.model_fields else None
        inner = get_args(inner)[0] if get_origin(inner) is tuple else inner
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            return ()
        model = inner
    return list(model.model_fields)


def _places() -> dict[str, list[str]]:
    """Return every key of a job with the places that it has; of several sections one is meant by its id."""
    places: dict[str, list[str]] = {}
    for section, field in Job.model_fields.items():
        several = ".ID" if get_origin(field.annotation) is tuple else ""
        for name in _keys_of((section,)):
            places.setdefault(name, []).append(f"{section}{several}.{name}")
    return places


def _hint_at_other_section(key: str) -> str:
    """Return a hint at the sections that know a key of this name, or at one of nearly this name."""
    places = _places()
    close = get_close_matches(key, places, n=1, cutoff=0.8)
    return f"; did you mean {' or '.join(f"'{one}'" for one in places[close[0]])}?" if close else ""


def full_setting(setting: str) -> str:
    """Return a change of a job with the section of its key: `limit=3h30` is `times.limit=3h30`.

    Raises
    ------
    JobError
        When a key without its section is that of none or of several.
    """
    key, sign, value = setting.partition("=")
    name = key.strip()
    if not sign or "." in name or name in Job.model_fields:
        return setting
    places = _places().get(name, [])
    plain = [place for place in places if ".ID." not in place]
    if len(plain) == 1:
        return f"{plain[0]}={value}"
    if places:
        what, remedy = f"'{name}' does not say which key is meant", f"Write one of: {', '.join(places)}."
    else:
        what, remedy = f"no section has a key '{name}'{_hint_at_other_section(name)}", _REMEDY_SET
    raise _refusal(what, f"{_SET} {setting}", remedy)


def _key_path(setting: str) -> Key:
    """Return the path of the key that a setting such as `budget.share=0.05` changes."""
    return tuple(part.strip() for part in setting.partition("=")[0].split("."))


def _apply(data: dict[str, Any], setting: str) -> None:
    """Change one key of a parsed job in place."""
    _, sign, value = setting.partition("=")
    path = _key_path(setting)
    listed = data.get(path[0])
    if path in _EMPTIED and value.strip() == "[]":
        data[path[0]] = []
        return
    if sign and len(path) == 3 and isinstance(listed, list):
        _section_named(path[1], listed, setting)[path[2]] = _value(value.strip(), setting)
        return
    if not sign or not all(path) or len(path) != 2:
        remedy = "Write for example --set budget.share=0.05."
        raise _refusal(f"'{setting}' is not of the form section.key=value", _SET, remedy)
    table = data.setdefault(path[0], {})
    if isinstance(table, dict):
        data[path[0]] = _replaced(path[0], table, {path[1]: _value(value.strip(), setting)})


def _section_named(name: str, listed: list[Any], setting: str) -> dict[str, Any]:
    """Return one of several sections of a name by its id, or by its number from 0."""
    tables = [table for table in listed if isinstance(table, dict)]
    found = [table for table in tables if table.get("id") == name]
    found = found or [table for at, table in enumerate(tables) if str(at) == name]
    if not found:
        ids = [str(table.get("id", at)) for at, table in enumerate(tables)]
        what = f"there is no section '{name}'{did_you_mean(name, ids)}"
        raise _refusal(what, f"{_SET} {setting}", f"Name one of: {', '.join(ids)}.")
    return found[0]


def _value(text: str, setting: str) -> object:
    """Return a TOML value; bare words count as strings."""
    if "\n" not in text:
        try:
            return tomllib.loads(f"value = {text}")["value"]
        except (tomllib.TOMLDecodeError, RecursionError, ValueError):
            if text and (clock_seconds(text) or text[0] not in "\"'[{+-0123456789"):
                return text
    remedy = "Write numbers plainly, texts in quotes, lists as [1, 2]."
    raise _refusal("the value is not valid TOML", f"{_SET} {setting}", remedy)


def _refusal(what: str, where: str, remedy: str = _REMEDY, faults: Sequence[str] = ()) -> JobError:
    return JobError(what, where=where, faults=faults, done="Nothing was read or written.", remedy=remedy)


# ---- lines of a text


def positions(text: str) -> Mapping[Key, int]:
    """Return the line, counted from 1, of every table header and key.

    Returns
    -------
    Mapping
        From the path of a key, such as `("budget", "share")`, to its line; the second of several tables of
        one name is `("rings", "1")`, a table inside it `("rings", "1", "name")`. Of a table within a line
        its first key is listed besides.
    """
    found: dict[Key, int] = {}
    table: Key = ()
    counts: Counter[Key] = Counter()
    statement, first = "", 1
    for number, line in enumerate(text.split("\n"), start=1):
        statement += f"{line}\n"
        if first < number and line.rstrip().endswith(","):  # within a list of many lines
            continue
        try:
            inner: Any = tomllib.loads(statement)
        except tomllib.TOMLDecodeError:  # it goes on in the next line
            continue
        path: Key = ()
        while isinstance(inner, dict) and inner:
            name, inner = next(iter(inner.items()))
            path = (*path, name)
        if statement.lstrip().startswith("["):
            # Inside the last of several tables of one name, with its number.
            table = ()
            for name in path[:-1]:
                table = (*table, name)
                table = (*table, str(counts[table] - 1)) if counts[table] else table
            table = (*table, path[-1])
            if statement.lstrip().startswith("[["):
                found.setdefault(table, number)
                table = (*table, str(counts[table]))
                counts[table[:-1]] += 1
            found.setdefault(table, number)
        else:
            for end in range(1, len(path) + 1):
                found.setdefault((*table, *path[:end]), first)
        statement, first = "", number + 1
    return found


def line_of(path: Key, lines: Mapping[Key, int]) -> int | None:
    """Return the line of a key, or of the nearest table round it.

    Parameters
    ----------
    lines
        What `positions` returned.

    Returns
    -------
    int or None
        The line from 1; None where neither the key nor a table round it is written in the text.
    """
    return next((lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in lines), None)


def start(source: Mapping[str, str], *, cities: str = "", budget: str = "") -> str:
    """Return the text of a short job to edit, with the keys that most people change.

    Parameters
    ----------
    source
        Keys of `[region]`; an embedded region with a ready job of its name extends that job.
    cities
        Table of cities as seen from the folder of the job; empty: those of the region or the map.
    budget
        Key and value of the budget; empty: that of the ready job, or a share of all costs.
    """
    extended = source.get("name") in ready_names()
    ready = f"amount = {loads(_ready_text(source['name'])).budget.amount:_}" if extended else ""
    table = f"{'' if cities else '# '}file = {_toml(cities or 'cities.csv')}"
    text = (resources.files("optimiser.job") / "start.toml").read_text(encoding="utf-8")
    return Template(text).substitute(
        extends=f"\nextends = {_toml(source['name'])}\n" if extended else "",
        region="\n".join(f"{key} = {_toml(value)}" for key, value in source.items()),
        cities=f"{table:<30} # id, name, lat, lon, population; and tier",
        budget=budget
        or ready
        or "# share = 0.1                  # of the cost of all candidates, at least the best one's",
    )


_WIDTH = 108
_EXAMPLES: dict[str, Section] = {
    "rings": Rings(centres=("Name of a city",)),
    "alternatives": Alternative(name="half the money", budgets=(0.5,)),
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
