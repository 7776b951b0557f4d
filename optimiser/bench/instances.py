"""State what a bench solves: problems (generated, of the default region, files) by variants and solvers."""

import fnmatch
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import get_type_hints

from optimiser.bench.generators.families import GENERATORS
from optimiser.engine.backends.pulp_solvers import installed_solver
from optimiser.engine.backends.solvers import ANY, NONE, UNNAMED
from optimiser.engine.methods.own_variant import SUFFIX, OwnVariant, Variant, parted
from optimiser.engine.methods.variants import AUTO, VARIANTS, own
from optimiser.job.model import did_you_mean
from optimiser.problem import FORMAT, DesignProblem, jsonfile, load
from optimiser.problem.errors import EnvironmentFault, OptimiserError, ProblemError

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
    unnamed, strange = "no instance, file or folder has the name {!r}", "there is no family {!r} here"
    found = [one for word in words for one in _matching(word, known, "name", unnamed)]
    found += [one for word in families for one in _matching(word, (*known, *found), "family", strange)]
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


def _matching(word: str, known: Sequence[Instance], by: str, fault: str) -> Sequence[Instance]:
    """Return the instances whose name or family a pattern matches, else those of the file of this name."""
    names = [getattr(one, by) for one in known]
    matching = [one for one, name in zip(known, names, strict=True) if fnmatch.fnmatchcase(name, word)]
    if not matching and by == "name" and (word.endswith(".json") or Path(word).exists()):
        return from_path(Path(word))
    if not matching:
        hint = did_you_mean(word, sorted(set(names)))
        raise ProblemError(f"{fault.format(word)}{hint}", remedy=_remedy(known))
    return matching


def _remedy(known: Iterable[Instance]) -> str:
    families = ", ".join(dict.fromkeys(one.family for one in known))
    return f"See polyring bench --list; families: {families}; or a folder of problem files: --instances."


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
    return Instance(path.stem, family, path.as_posix(), lambda: load(path).replace(name=path.stem), path)


def _generated() -> Iterator[Instance]:
    """Yield the generated problems, family by family."""
    for row in jsonfile.packaged("optimiser.bench", "data/instances.toml")["family"]:
        make = GENERATORS[row["make"]]
        for given, seed in itertools.product(row["problems"], row["seeds"]):
            p = get_type_hints(make)["p"](**given, seed=seed)
            yield Instance(p.name, row["name"], row["about"].format(p=p), partial(make, p))


def _region() -> Iterator[Instance]:
    """Yield the problems of the default region: lists of cities, limits, budgets, and full cover."""
    with_budget = itertools.product(REGION_JOBS, REGION_HOURS, REGION_SHARES)
    for places, hours, share in [*with_budget, *((places, 4, None) for places in REGION_JOBS)]:
        asked = f"budget {share} %" if share else "cover everything coverable at least cost"
        yield Instance(
            name=f"{places}_{hours}h_{share or 'cover':0>2}",
            family=f"{'region' if share else 'cover'}-{places}",
            about=f"default region, {places}, {hours} h, {asked}",
            make=partial(region_problem, places, hours, share),
        )


def region_problem(places: str, hours: int, share: int | None) -> DesignProblem:
    """Build a problem of the default region as a run of its job builds it; runs and benches share the cache.

    Parameters
    ----------
    places
        A key of `REGION_JOBS`.
    share
        Budget, per cent of the cost of all candidates; None: cover all that can be covered at least cost.
    """
    from optimiser.job import find
    from optimiser.run.chain import Chain

    settings = [f"times.limit_s={hours * 3600}", f"budget.share={(share or 10) / 100}"]
    loaded = find(REGION_JOBS[places], settings=settings)
    problem = Chain.of(loaded).design.replace(name=f"{places}_{hours}h_{share or 'cover':0>2}")
    return problem.replace(budget=None) if share is None else problem


# ---- variants, solvers and seeds


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits of every solve of a bench.

    Attributes
    ----------
    time_limit_s
        Seconds of each solve.
    gap
        Relative gap at which a solve may end.
    effort
        As in `SolveParameters`; None: seconds alone end a solve.
    options
        Options of the solver by its own names.
    """

    time_limit_s: float = 60.0
    gap: float = 0.0
    threads: int = 1
    effort: float | None = None
    options: Mapping[str, str | int | float | bool] = field(default_factory=dict)

    @property
    def told(self) -> str:
        """Return the options as a text."""
        return ", ".join(f"{name} = {value}" for name, value in self.options.items())


@dataclass(frozen=True, slots=True)
class Configuration:
    """A variant with its solver.

    Attributes
    ----------
    solver
        Name of the solver; `none` for a variant without one, `auto` for the variant that chooses.
    own
        File that the variant is loaded from, when it is the user's own.
    """

    variant: str
    solver: str
    own: OwnVariant | None = None

    @property
    def capabilities(self) -> Variant:
        """Return what the variant can do."""
        return VARIANTS[self.variant] if self.own is None else self.own.variant

    @property
    def label(self) -> str:
        """Return the name in tables and figures: the variant, with the solver where it has one."""
        return self.variant if self.solver in UNNAMED else f"{self.variant}/{self.solver}"


@dataclass(frozen=True, slots=True)
class Run:
    """One solve: an instance, a configuration, a seed and limits."""

    instance: Instance
    configuration: Configuration
    seed: int
    limits: Limits


def plan(
    instances: Iterable[Instance], found: Sequence[Configuration], seeds: Sequence[int], limits: Limits
) -> tuple[Run, ...]:
    """Return every solve of a bench, instance by instance, so that partial tables compare like with like."""
    return tuple(
        Run(instance, configuration, seed, limits)
        for instance in instances
        for seed in seeds
        for configuration in found
    )


def configurations(
    variants: Sequence[str], solvers: Sequence[str], *, check: Callable[[str], object] = installed_solver
) -> tuple[tuple[Configuration, ...], tuple[str, ...], tuple[OptimiserError, ...]]:
    """Return the configurations that can run here, notes on others, and faults.

    A combination that does not exist is only noted. One that was named but cannot run is a fault.

    Parameters
    ----------
    variants
        Names in the registry of variants, or files of the user's own (`mine.py`), each optionally with a
        solver, as in `compact:cbc`; `all`: every variant of the registry.
    solvers
        Solvers to combine with the variants that name none; `all`: every solver that a variant runs with;
        empty: the default of each.
    check
        Raises `EnvironmentFault` when a solver cannot be called.

    Raises
    ------
    ProblemError
        When a variant does not exist or cannot be loaded, two have one name, or no configuration is left.
    """
    found: list[Configuration] = []
    notes: list[str] = []
    faults: list[OptimiserError] = []
    fitting: set[str] = set()
    absence_is_noted = "all" in solvers or ("all" in variants and not solvers)
    every = [name for name in VARIANTS if name != AUTO.name]
    for word in (one for asked in variants for one in (every if asked == "all" else [asked])):
        name, solver = parted(word)
        misfits: list[str] = []
        for one in _with_solvers(_variant_named(name), [solver] if solver else solvers, misfits):
            fitting.add(one.solver)
            try:
                if one.solver not in UNNAMED:
                    check(one.solver)
                found.append(one)
            except EnvironmentFault as fault:
                absent = EnvironmentFault(f"{one.label}: {fault.what}", remedy=fault.remedy)
                if not solver and absence_is_noted:
                    notes.append(absent.what)
                else:
                    faults.append(absent)
        if solver:
            faults += [ProblemError(text) for text in misfits]
        else:
            notes += misfits
    unknown = [solver for solver in solvers if solver != "all" and solver not in fitting]
    faults += [ProblemError(f"no variant that was asked for runs with {solver!r}") for solver in unknown]
    if not found:
        reasons = [*(fault.what for fault in faults), *notes]
        raise ProblemError(
            "no variant can run with these solvers", faults=reasons, remedy="Choose other solvers."
        )
    files: dict[str, OwnVariant] = {}
    for one in found:
        if one.own is not None and files.setdefault(one.variant, one.own).digest != one.own.digest:
            raise ProblemError(
                f"two variants have the name {one.variant!r}",
                faults=[files[one.variant].path, one.own.path],
                done="Nothing was solved.",
                remedy="Give one of them another name in VARIANT.",
            )
    return tuple(dict.fromkeys(found)), tuple(dict.fromkeys(notes)), tuple(faults)


def _variant_named(name: str) -> Configuration:
    """Return a variant by its name or file, its solver left open."""
    if name.endswith(SUFFIX):
        found = own(Path(name))
        return Configuration(found.variant.name, "", found)
    if name not in VARIANTS:
        here = Path(f"{name}{SUFFIX}")
        hint = f"; did you mean the file {here}?" if here.is_file() else ""
        raise ProblemError(
            f"there is no variant {name!r}{hint}",
            done="Nothing was solved.",
            remedy=f"Variants: {', '.join(VARIANTS)}; or a file of your own such as mine.py (docs/bench.md).",
        )
    return Configuration(name, "")


def _with_solvers(
    variant: Configuration, solvers: Sequence[str], misfits: list[str]
) -> Iterator[Configuration]:
    """Yield a variant with each solver that it runs with; add the others to `misfits`."""
    if variant.variant == AUTO.name:
        yield replace(variant, solver=ANY)
        return
    able = variant.capabilities.solvers
    if not able:
        yield replace(variant, solver=NONE)
    elif not solvers:
        yield replace(variant, solver=able[0])
    for solver in (able if "all" in solvers else solvers) if able else ():
        if solver in able or variant.capabilities.any_solver:
            yield replace(variant, solver=solver)
        else:
            misfits.append(f"{variant.variant} does not run with {solver}")
