"""Choose instances by name, family, file or folder."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path

from optimiser.bench.instances.files import beside, from_path
from optimiser.bench.instances.generated import generated
from optimiser.bench.instances.instance import Instance
from optimiser.bench.instances.region import region
from optimiser.problem.errors import ProblemError


def registered() -> tuple[Instance, ...]:
    """Return all instances that have a name here: generated, of the default region, and public ones found."""
    return (*generated(), *region(), *beside())


def choose(words: Sequence[str], families: Sequence[str]) -> tuple[Instance, ...]:
    """Return the instances that a user asked for, each once.

    Parameters
    ----------
    words
        Names, patterns such as `hard_*`, problem files, or folders of them.
    families
        Families of which every instance is wanted, patterns too.

    Raises
    ------
    ProblemError
        When a word names nothing, two files have one name, or nothing is asked for.
    """
    known = registered()
    found = [one for word in words for one in _named(word, known)]
    found += [one for family in families for one in _of_family(family, (*known, *found))]
    if not found:
        raise ProblemError("no instance is asked for", remedy=_remedy(known))
    return _once(found)


def _named(word: str, known: Iterable[Instance]) -> Sequence[Instance]:
    listed = list(known)
    matching = [one for one in listed if fnmatch.fnmatchcase(one.name, word)]
    if matching:
        return matching
    if word.endswith(".json") or Path(word).exists():
        return from_path(Path(word))
    near = get_close_matches(word, [one.name for one in listed], 1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise ProblemError(f"no instance, file or folder has the name {word!r}{hint}", remedy=_remedy(listed))


def _of_family(family: str, known: Sequence[Instance]) -> Sequence[Instance]:
    matching = [one for one in known if fnmatch.fnmatchcase(one.family, family)]
    if matching:
        return matching
    near = get_close_matches(family, {one.family for one in known}, 1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise ProblemError(f"there is no family {family!r} of instances{hint}", remedy=_remedy(known))


def _once(found: Iterable[Instance]) -> tuple[Instance, ...]:
    chosen: dict[str, Instance] = {}
    for one in found:
        first = chosen.setdefault(one.name, one)
        if (first.family, first.about) != (one.family, one.about):
            raise ProblemError(f"two instances have the name {one.name!r}", remedy="Rename one of the files.")
    return tuple(chosen.values())


def _remedy(known: Iterable[Instance]) -> str:
    families = ", ".join(dict.fromkeys(one.family for one in known))
    return f"See polyring bench --list; families: {families}."
