"""Read a job file and report all its faults at once, each with its line."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from optimiser.job import lines
from optimiser.job.contradictions import contradictions
from optimiser.job.model import DEFAULT_SHARE, Job, LoadedJob
from optimiser.job.ready import ready_names, ready_text
from optimiser.job.settings import changed, path_of
from optimiser.problem.errors import JobError

LARGEST_BYTES = 262_144
"""Size beyond which a job file is refused."""
_FIX = "Correct the job and run again; `polyring init` writes a commented one."
_FIX_SETTING = "Correct --set SECTION.KEY=VALUE and run again; `polyring init` writes a job with all keys."
_NOTHING = "Nothing was read or written."


def find(name: str, *, settings: Sequence[str] = ()) -> LoadedJob:
    """Return the job that a user named: a `*.toml` file, else a ready job.

    Parameters
    ----------
    name
        Path of a job file ending in `.toml`, or the name of a ready job.
    settings
        Changes such as `budget.share=0.05`, values in TOML.

    Returns
    -------
    LoadedJob
        The job and the folder its relative paths start from.

    Raises
    ------
    JobError
        When there is no such job, or when it has faults.
    """
    if name.endswith(".toml"):
        return load(Path(name), settings=settings)
    if name in ready_names():
        job = loads(ready_text(name), where=f"ready job {name}", settings=settings)
        return _contained(LoadedJob(name=name, folder=Path.cwd(), job=job))
    listed = ", ".join(ready_names())
    close = _did_you_mean(name, ready_names())
    raise JobError(
        f"no ready job has the name '{name}'{close}",
        where="JOB",
        done=_NOTHING,
        remedy=f"Name a job file ending in .toml, or one of the ready jobs: {listed}.",
    )


def load(path: Path, *, settings: Sequence[str] = ()) -> LoadedJob:
    """Read a job file.

    Parameters
    ----------
    path
        The TOML file.
    settings
        Changes such as `budget.share=0.05`, values in TOML.

    Returns
    -------
    LoadedJob
        The job and the folder its relative paths start from.

    Raises
    ------
    JobError
        When the file cannot be read, or when the job has faults.
    """
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise JobError(
                f"the file is larger than {LARGEST_BYTES // 1024} KiB", where=str(path), done=_NOTHING
            )
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        reason = fault.strerror if isinstance(fault, OSError) and fault.strerror else str(fault)
        raise JobError(f"cannot be read: {reason}", where=str(path), done=_NOTHING, remedy=_FIX) from fault
    job = loads(text, where=str(path), settings=settings)
    return _contained(LoadedJob(name=path.stem, folder=path.resolve().parent, job=job))


def loads(text: str, *, where: str = "job", settings: Sequence[str] = ()) -> Job:
    """Return the job that a TOML text describes.

    Parameters
    ----------
    text
        The TOML text.
    where
        What to call the text in messages.
    settings
        Changes such as `budget.share=0.05`, values in TOML.

    Returns
    -------
    Job
        The job, every default filled in.

    Raises
    ------
    JobError
        All faults at once, each with its line and the nearest known key.
    """
    data = _parse(text, where)
    try:
        job = Job.model_validate(changed(data, settings))
    except ValidationError as error:
        found = lines.positions(text)
        faults = [_describe(fault, found, where, settings) for fault in error.errors(include_url=False)]
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        of_settings = all(fault.startswith("--set:") for fault in faults)
        raise JobError(
            f"the settings have {count}" if of_settings else f"the job has {count}",
            where="--set" if of_settings else where,
            faults=faults,
            done=_NOTHING,
            remedy=_FIX_SETTING if of_settings else _FIX,
        ) from None
    _refuse_contradictions(job, text, where, settings)
    return _with_budget(job)


def _refuse_contradictions(job: Job, text: str, where: str, settings: Sequence[str]) -> None:
    """Refuse a job whose sections do not go together, all faults at once."""
    found = lines.positions(text)
    faults = [
        f"{_place(path, found, where, settings)}: {'.'.join(path)}: {sentence}"
        for path, sentence in contradictions(job)
    ]
    if faults:
        raise JobError("the job contradicts itself", where=where, faults=faults, done=_NOTHING, remedy=_FIX)


def _with_budget(job: Job) -> Job:
    budget = job.budget
    if budget.share is None and budget.amount is None and not budget.unlimited:
        return job.model_copy(update={"budget": budget.model_copy(update={"share": DEFAULT_SHARE})})
    return job


def _parse(text: str, where: str) -> dict[str, Any]:
    if lines.depth(text) > lines.DEEPEST:
        raise JobError(
            f"brackets are nested more than {lines.DEEPEST} deep", where=where, done=_NOTHING, remedy=_FIX
        )
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as fault:
        raise JobError(f"is not valid TOML: {fault}", where=where, done=_NOTHING, remedy=_FIX) from None


def _describe(
    fault: Mapping[str, Any], found: Mapping[lines.Path, int], where: str, settings: Sequence[str]
) -> str:
    """Return one fault as a user reads it."""
    path = tuple(str(part) for part in fault["loc"])
    dotted = ".".join(path)
    return f"{_place(path, found, where, settings)}: {_sentence(fault, path, dotted)}"


def _place(path: lines.Path, found: Mapping[lines.Path, int], where: str, settings: Sequence[str]) -> str:
    """Return where a key was given: file and line, or the command line."""
    if _is_set(path, found, settings):
        return "--set"
    number = lines.line_of(path, found)
    return f"{Path(where).name}:{number}" if number else Path(where).name


def _is_set(path: lines.Path, found: Mapping[lines.Path, int], settings: Sequence[str]) -> bool:
    """Tell whether a key, or a whole section that the text does not have, comes from a setting."""
    keys = [path_of(setting) for setting in settings]
    return (
        path[:2] in keys
        or path[:3] in keys
        or (len(path) == 1 and path not in found and path[0] in {key[0] for key in keys})
    )


def _sentence(fault: Mapping[str, Any], path: lines.Path, dotted: str) -> str:
    if fault["type"] == "extra_forbidden":
        hint = _did_you_mean(path[-1], _known(path[:-1])) or _elsewhere(path[-1])
        return f"unknown key '{dotted}'{hint}"
    if fault["type"] == "missing":
        return f"[{dotted}] is missing" if len(path) == 1 else f"'{dotted}' is missing"
    if path == ("rings",) and fault["type"] == "tuple_type":
        return "rings: write [[rings]] in double brackets, one such section for each ring"
    message = str(fault["msg"]).removeprefix("Value error, ")
    given = fault.get("input")
    shown = f" (given: {given!r})" if isinstance(given, str | int | float) else ""
    return f"{dotted}: {message[:1].lower()}{message[1:]}{shown}"


def _known(path: lines.Path) -> Iterable[str]:
    """Return the keys that a section knows."""
    model: type[BaseModel] = Job
    for part in path:
        if part.isdecimal():  # the number of one of several sections of a name
            continue
        inner: Any = model.model_fields[part].annotation if part in model.model_fields else None
        inner = get_args(inner)[0] if get_origin(inner) is tuple else inner
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            return ()
        model = inner
    return model.model_fields


def _elsewhere(key: str) -> str:
    """Return a hint at the sections that know a key of this name, or at one of nearly this name."""
    places: dict[str, list[str]] = {}
    for section in Job.model_fields:
        for name in _known((section,)):
            places.setdefault(name, []).append(f"'{section}.{name}'")
    close = get_close_matches(key, places, n=1, cutoff=0.8)
    return f"; did you mean {' or '.join(places[close[0]])}?" if close else ""


def _did_you_mean(word: str, known: Iterable[str]) -> str:
    close = get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"; did you mean '{close[0]}'?" if close else ""


def _contained(loaded: LoadedJob) -> LoadedJob:
    """Refuse an output folder that leaves the job's folder."""
    text = loaded.job.output.folder
    if text and not loaded.path(text).is_relative_to(loaded.folder.resolve()):
        raise JobError(
            f"output.folder '{text}' leaves the job's folder",
            where=loaded.name,
            done=_NOTHING,
            remedy="Give a folder inside it, or name any folder by --out on the command line.",
        )
    return loaded
