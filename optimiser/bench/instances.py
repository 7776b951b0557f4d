"""List the problems of the bench: generated ones, those of the default region, and problem files."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from pathlib import Path

from optimiser.bench.generators.random_places import (
    GeometricParameters,
    HardParameters,
    NationalParameters,
    geometric,
    hard,
    national,
    national_of_size,
)
from optimiser.bench.generators.regular import (
    CorridorParameters,
    GridParameters,
    HubRingParameters,
    corridors,
    grid,
    hub_ring,
)
from optimiser.problem import FORMAT, DesignProblem, load
from optimiser.problem.errors import ProblemError

NATIONAL_SIZES = (20, 40, 80, 160, 300)
"""Cities of the countries that show solution time against size."""

REGION_JOBS = {"cities": "jing-jin-ji-links", "counties": "jing-jin-ji-counties"}
"""Ready job of each list of cities in the default region."""

REGION_HOURS = (3, 4, 5)
REGION_SHARES = (5, 10)
"""Budgets, per cent of the cost of all candidates."""

PUBLIC_FOLDER = Path("../shared/instances")
"""Folder of public problems that is looked for beside the working folder."""


@dataclass(frozen=True, slots=True)
class Instance:
    """A problem of the bench, made when it is needed.

    Attributes
    ----------
    name
        Unique name; the problem has it too.
    family
        Instances of one kind; results are summarised by family.
    about
        Short description.
    make
        Makes the problem.
    source
        File that the problem is read from, which may change between two benches; None for a generated one.
    """

    name: str
    family: str
    about: str
    make: Callable[[], DesignProblem]
    source: Path | None = None


def registered() -> tuple[Instance, ...]:
    """Return all instances that have a name: generated ones, of the default region, and public ones found."""
    public = tuple(_files_below(PUBLIC_FOLDER)) if PUBLIC_FOLDER.is_dir() else ()
    return (*_generated(), *_region(), *public)


def choose(words: Sequence[str], families: Sequence[str]) -> tuple[Instance, ...]:
    """Return the instances that a user asked for, each once.

    Parameters
    ----------
    words
        Names, patterns such as `hard_*`, problem files, or folders of them.
    families
        Families of which every instance is wanted, or patterns of families.

    Raises
    ------
    ProblemError
        When a word matches nothing, two files have one name, or nothing is asked for.
    """
    known = registered()
    found = [one for word in words for one in _named(word, known)]
    found += [one for family in families for one in _of_family(family, (*known, *found))]
    if not found:
        raise ProblemError("no instance is asked for", remedy=_remedy(known))
    chosen: dict[str, Instance] = {}
    for one in found:
        first = chosen.setdefault(one.name, one)
        if (first.family, first.about) != (one.family, one.about):
            raise ProblemError(f"two instances have the name {one.name!r}", remedy="Rename one of the files.")
    return tuple(chosen.values())


def instance(name: str) -> DesignProblem:
    """Return a problem of the bench.

    Parameters
    ----------
    name
        One that ``polyring bench --list`` shows, such as ``hub_ring_8x2_1``. It is generated, or built from
        the map of the embedded region, and the same on every machine.

    Raises
    ------
    ProblemError
        When it names no problem or several.
    """
    found = choose([name], ())
    if len(found) > 1:
        raise ProblemError(
            f"{name!r} names {len(found)} problems",
            faults=[one.name for one in found],
            remedy="Name one of them.",
        )
    return found[0].make()


def _named(word: str, known: Sequence[Instance]) -> Sequence[Instance]:
    matching = [one for one in known if fnmatch.fnmatchcase(one.name, word)]
    if matching:
        return matching
    if word.endswith(".json") or Path(word).exists():
        return from_path(Path(word))
    hint = _hint(word, (one.name for one in known))
    raise ProblemError(f"no instance, file or folder has the name {word!r}{hint}", remedy=_remedy(known))


def _of_family(family: str, known: Sequence[Instance]) -> Sequence[Instance]:
    matching = [one for one in known if fnmatch.fnmatchcase(one.family, family)]
    if matching:
        return matching
    hint = _hint(family, {one.family for one in known})
    raise ProblemError(f"there is no family {family!r} of instances{hint}", remedy=_remedy(known))


def _hint(word: str, names: Iterable[str]) -> str:
    near = get_close_matches(word, list(names), 1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _remedy(known: Iterable[Instance]) -> str:
    families = ", ".join(dict.fromkeys(one.family for one in known))
    return f"See polyring bench --list; families: {families}."


def from_path(path: Path) -> tuple[Instance, ...]:
    """Return the problem of a file, or those of all problem files in a folder and its subfolders.

    Parameters
    ----------
    path
        A file: its family is `files`. A folder: the family of each problem is the name of the folder that
        holds it; JSON files that are no problems are skipped.

    Raises
    ------
    ProblemError
        When nothing exists at the path, or the folder holds no problem.
    """
    if path.is_file():
        return (_file_instance(path, "files"),)
    found = tuple(_files_below(path)) if path.is_dir() else ()
    if not found:
        raise ProblemError(
            "there is no problem file here" if path.exists() else "there is no such file or folder",
            where=str(path),
            done="Nothing was solved.",
            remedy="Name a problem file, a folder of them, or an instance of polyring bench --list.",
        )
    return found


def _files_below(folder: Path) -> Iterator[Instance]:
    for path in sorted(folder.rglob("*.json")):
        if f'"{FORMAT}"' in path.read_text(encoding="utf-8", errors="replace"):
            yield _file_instance(path, path.resolve().parent.name)


def _file_instance(path: Path, family: str) -> Instance:
    return Instance(path.stem, family, path.as_posix(), partial(_load, path), path)


def _load(path: Path) -> DesignProblem:
    return load(path).replace(name=path.stem)


def _generated() -> Iterator[Instance]:
    """Yield the generated problems, family by family."""
    seeds = (1, 2)
    for n, k, count in ((5, 25, 100), (7, 60, 300), (9, 100, 600)):
        for seed in seeds:
            g = GridParameters(rows=n, columns=n, candidates=k, pairs=count, seed=seed)
            yield Instance(g.name, "grid", f"lattice, {g.pairs} pairs", partial(grid, g))
    for n, k, count in ((3, 8, 100), (4, 12, 300), (5, 16, 600)):
        for seed in seeds:
            c = CorridorParameters(corridors=n, cities=k, pairs=count, seed=seed)
            yield Instance(c.name, "corridors", f"corridors, {c.pairs} pairs", partial(corridors, c))
    for n, k, count in ((8, 2, 80), (12, 4, 300), (16, 4, 600)):
        for seed in seeds:
            r = HubRingParameters(spokes=n, rings=k, pairs=count, seed=seed)
            yield Instance(r.name, "hub-ring", f"hub with rings, {r.pairs} pairs", partial(hub_ring, r))
    for n, k, count in ((30, 45, 120), (60, 100, 400), (100, 180, 1_000)):
        for seed in seeds:
            m = GeometricParameters(places=n, candidates=k, pairs=count, seed=seed)
            yield Instance(m.name, "geometric", f"missing links, {m.pairs} pairs", partial(geometric, m))
    for kmh, about, hard_seeds in ((0, "no road today", (1, 2, 3)), (40, "slow roads today", (1, 2))):
        for seed in hard_seeds:
            h = HardParameters(roads_kmh=kmh, seed=seed)
            yield Instance(h.name, "hard", f"{about}, many paths per pair", partial(hard, h))
    wide = HardParameters(places=100, candidates=260, pairs=2_000)
    yield Instance(wide.name, "hard", "no road today, 2,000 pairs", partial(hard, wide))
    whole = NationalParameters()
    about = "country of 300 cities, 10,000 open pairs"
    yield Instance(whole.name, "national", about, partial(national, whole))
    for size in NATIONAL_SIZES:
        p = national_of_size(size, seed=2)
        yield Instance(p.name, "size", f"country of {p.cities} cities", partial(national, p))


def _region() -> Iterator[Instance]:
    """Yield the problems of the default region: lists of cities, limits, budgets, and full cover."""
    for places in REGION_JOBS:
        for hours in REGION_HOURS:
            for share in REGION_SHARES:
                yield Instance(
                    name=f"{places}_{hours}h_{share:02}",
                    family=f"region-{places}",
                    about=f"default region, {places}, {hours} h, budget {share} %",
                    make=partial(region_problem, places, hours, share),
                )
    for places in REGION_JOBS:
        yield Instance(
            name=f"{places}_4h_cover",
            family=f"cover-{places}",
            about=f"default region, {places}, 4 h, cover everything coverable at least cost",
            make=partial(region_problem, places, 4, None),
        )


def region_problem(places: str, hours: int, share: int | None) -> DesignProblem:
    """Build a problem of the default region as a run of its job builds it; runs and benches share the cache.

    Parameters
    ----------
    places
        A key of `REGION_JOBS`.
    hours
        Limit of every pair.
    share
        Budget, per cent of the cost of all candidates; None: cover all that can be covered at least cost.
    """
    from optimiser.job import find
    from optimiser.run.chain import Chain

    settings = [f"times.limit_s={hours * 3600}", f"budget.share={(share or 10) / 100}"]
    loaded = find(REGION_JOBS[places], settings=settings)
    problem = Chain.of(loaded).design
    if share is None:
        return problem.replace(name=f"{places}_{hours}h_cover", budget=None)
    return problem.replace(name=f"{places}_{hours}h_{share:02}")
