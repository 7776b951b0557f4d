"""Write a problem file: the same bytes for the same problem, whole or not at all."""

from __future__ import annotations

import dataclasses
import json
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from optimiser.problem.errors import EnvironmentFault
from optimiser.problem.model import FORMAT, Candidate, City, DesignProblem, Pair, Target
from optimiser.problem.ring import Ring, RingLink


def save(problem: DesignProblem, path: Path | str) -> None:
    """Write a problem to a file in the format `polyring-problem/1`, whole or not at all.

    Parameters
    ----------
    problem
        What to write.
    path
        The file; one that is there is replaced.

    Raises
    ------
    EnvironmentFault
        When the disk or the folder does not allow it; an earlier file stays intact.
    """
    write_whole(Path(path), dumps(problem))


def dumps(problem: DesignProblem) -> str:
    """Return the text of a problem file, one node, arc, candidate or pair a line."""
    head = {"format": FORMAT, "name": problem.name, "note": problem.note, "money": problem.money}
    parts = [f'"{key}":{_compact(value)}' for key, value in head.items() if value or key == "name"]
    parts += [
        _listed("nodes", problem.nodes),
        _listed("arcs", problem.arcs),
        _listed("candidates", map(as_candidate, problem.candidates)),
        _listed("pairs", map(as_pair, problem.pairs)),
        f'"budget":{_compact(problem.budget)}',
        *_side_parts(problem),
    ]
    return "{" + ",\n".join(parts) + "}\n"


def _side_parts(problem: DesignProblem) -> Iterator[str]:
    """Yield what is said by the keys of side constraints; one that is not used is absent."""
    if problem.cover != "all":
        yield f'"cover":{_compact(problem.cover)}'
    if problem.caps:
        yield f'"caps":{_compact(dict(problem.caps))}'
    lists: dict[str, Sequence[object]] = {
        "targets": [as_target(target) for target in problem.targets],
        "excludes": problem.excludes,
        "requires": problem.requires,
        "cities": [as_city(city) for city in problem.cities],
        "rings": [as_ring(ring) for ring in problem.rings],
        "periods": [dataclasses.asdict(period) for period in problem.periods],
    }
    yield from (_listed(key, items) for key, items in lists.items() if items)


def as_candidate(candidate: Candidate) -> dict[str, Any]:
    """Return the JSON object of a candidate; keys that say nothing are left out."""
    optional = {
        "kind": candidate.kind,
        "instrument": candidate.instrument,
        "fixed": candidate.fixed,
        "lead": candidate.lead,
    }
    said = {key: value for key, value in optional.items() if value}
    return {"id": candidate.id, **said, "cost": candidate.cost, "arcs": candidate.arcs}


def as_pair(pair: Pair) -> dict[str, Any]:
    """Return the JSON object of a pair; an empty group is left out."""
    fields = {
        "origin": pair.origin,
        "destination": pair.destination,
        "limit": pair.limit,
        "weight": pair.weight,
    }
    return {**fields, "group": pair.group} if pair.group else fields


def as_target(target: Target) -> dict[str, Any]:
    """Return the JSON object of a target; that pairs count goes without saying."""
    fields = {"group": target.group, "least": target.least}
    return fields if target.of == "pairs" else {**fields, "of": target.of}


def as_city(city: City) -> dict[str, Any]:
    """Return the JSON object of a city; an empty group is left out."""
    group = {"group": city.group} if city.group else {}
    return {"id": city.id, **group, "weight": city.weight, "pairs": city.pairs, "need": city.need}


def as_ring(ring: Ring) -> dict[str, Any]:
    """Return the JSON object of a ring; a reward of nothing and no rings to be apart from are left out."""
    optional = {"reward": ring.reward, "apart": ring.apart}
    return {
        "id": ring.id,
        "required": ring.required,
        **{key: value for key, value in optional.items() if value},
        "centres": ring.centres,
        "nodes": ring.nodes,
        "links": [as_ring_link(link) for link in ring.links],
        "stops": [dataclasses.asdict(stop) for stop in ring.stops],
        "least_stops": ring.least_stops,
    }


def as_ring_link(link: RingLink) -> dict[str, Any]:
    """Return the JSON object of a link of a ring; a straight line goes without saying."""
    via = {"via": link.via} if link.via else {}
    return {"tail": link.tail, "head": link.head, "candidate": link.candidate, **via}


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _listed(key: str, items: Iterable[object]) -> str:
    lines = ",\n".join(map(_compact, items))
    return f'"{key}":[\n{lines}]' if lines else f'"{key}":[]'


def write_whole(path: Path, text: str) -> None:
    """Write a text file whole or not at all: a temporary file beside it takes its place at the end.

    Where a link stands, the file that it names is written, and the link stays.

    Raises
    ------
    EnvironmentFault
        When the disk or the folder does not allow it, or something other than a file stands there; an earlier
        file stays intact.
    """
    refuse_special(path, done="Nothing was written.")
    target = _target(path)
    temporary = None
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", newline="\n", dir=target.parent, prefix=f".{target.name}.", delete=False
        ) as file:
            temporary = Path(file.name)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(target)
    except OSError as error:
        raise _unwritten(path, error) from error
    finally:
        if temporary is not None:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)


def refuse_special(path: Path, *, done: str) -> None:
    """Refuse to write where a pipe, a device, a socket or a folder stands: a file would take its place.

    Parameters
    ----------
    path
        Where a file shall be written.
    done
        What has been done so far, for the message.

    Raises
    ------
    EnvironmentFault
        When something other than a file, or a link to one, stands there.
    """
    try:
        mode = _target(path).lstat().st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        raise _unwritten(path, error) from error
    if not stat.S_ISREG(mode):
        what = next((word for is_one, word in _SPECIAL if is_one(mode)), "something else")
        raise EnvironmentFault(
            f"is not a file but {what}, and a file would take its place",
            where=str(path),
            done=done,
            remedy="Name a file, or a place where nothing stands yet.",
        )


_SPECIAL = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISLNK, "a link that leads to itself"),
)
"""What may stand where a file shall be written, besides a file."""


def _target(path: Path) -> Path:
    """Return the file that is written: the path itself, or what a link there names."""
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def _unwritten(path: Path, error: OSError) -> EnvironmentFault:
    return EnvironmentFault(
        f"cannot be written ({error.strerror})",
        where=str(path),
        done="An earlier file of that name is intact.",
        remedy="Check the folder, its permissions and the free space.",
    )


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
