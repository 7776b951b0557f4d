"""Hold a whole job with its sweep, typed and frozen, and find the demands that cannot be met together."""

import hashlib
import math
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from operator import attrgetter
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import Field, field_validator

from optimiser.engine.search.task import DAY_S
from optimiser.job import sections
from optimiser.problem.errors import JobError
from optimiser.problem.jsonfile import repeated
from optimiser.problem.model import TIERS

Changes = Literal[
    "costs", "road_speed", "rail_speed", "access_s", "waits", "check_in", "connections", "check_in_rule",
    "limit_s", "weight_exponent", "demand", "budget", "closed", "opening", "delay_years",
]  # fmt: skip
"""What a factor may change."""

TAKEN = (
    "case", "status", "termination", "objective", "bound", "gap", "cost", "budget", "pairs", "pairs_today",
    "pairs_best", "pairs_plan", "weight", "weight_today", "weight_best", "weight_plan", "cost_plan",
    "plan_fits", "fault",
)  # fmt: skip
"""Columns of the table of cases that no factor may have as its id."""
WITHOUT_EXTRACT = (
    "Extracts of OpenStreetMap are on Geofabrik's download server and its mirrors. Without one, `polyring "
    "run --around NAME --radius 250` screens the surroundings of a town offline."
)
"""What to do where there is no extract yet."""
SCALES = ("costs", "road_speed", "rail_speed", "waits", "check_in", "demand", "budget")
"""Changes that multiply something, so that their values must be above 0."""
EFFECTS = ("connections", "check_in_rule")
"""Changes that leave a share of an effect, from 0 to 1."""
NEEDS = {
    "uniform": ("low", "high"),
    "triangular": ("low", "mode", "high"),
    "normal": ("mean", "deviation"),
    "lognormal": ("mean", "deviation"),
    "choice": ("choices",),
    "reference_class": (),
}
"""Keys that a distribution must have."""
MAY = {"normal": ("low", "high"), "lognormal": ("low", "high"), "choice": ("chances",)}
"""Further keys that it may have."""
_BETWEEN = re.compile(r"\s+[-–—]\s+|[–—]")
"""What stands between the two ends of a link."""
_KEYS = ("low", "mode", "high", "mean", "deviation", "choices", "chances")

Choices = Annotated[tuple[float | str, ...], Field(strict=False)]
Chances = Annotated[tuple[sections.Share, ...], Field(strict=False)]

ROBUST_SHARE = 0.9
"""Share of the cases that choose a link of the robust core, unless a job says otherwise."""


class Factor(sections.Section):
    """Something uncertain; write one [[sweep.factors]] section for each."""

    id: str = Field(min_length=1, max_length=60)
    changes: Changes
    of: sections.Names = ()
    distribution: Literal["reference_class", "uniform", "triangular", "lognormal", "normal", "choice"] = (
        "uniform"
    )
    reference: Literal["auto", "rail", "roads", "fixed links", "all projects"] = "auto"
    low: float | None = None
    mode: float | None = None
    high: float | None = None
    mean: float | None = None
    deviation: float | None = Field(None, gt=0)
    choices: Choices = ()
    chances: Chances = ()
    chance: sections.Share | None = None

    def _rules(self) -> sections.Rules:
        given = [key for key in _KEYS if getattr(self, key) not in (None, ())]
        if self.changes == "closed":
            named = ", ".join(given)
            return [
                (not self.of, "closed needs 'of': the names of the links that may fail"),
                (
                    self.chance is None or not 0 < self.chance < 1,
                    "closed needs 'chance', a probability above 0 and below 1",
                ),
                (given, f"closed goes by 'chance' alone, without {named}"),
            ]
        kind, needs = self.distribution, NEEDS[self.distribution]
        missing = [key for key in needs if key not in given]
        surplus = [key for key in given if key not in (*needs, *MAY.get(kind, ()))]
        return [
            (missing, f"the distribution {kind} needs {', '.join(missing)}"),
            (surplus, f"the distribution {kind} takes no {', '.join(surplus)}"),
            (self.chance is not None, "chance goes with changes = 'closed' alone"),
            (
                kind == "reference_class" and self.changes != "costs",
                "overruns of a reference class are those of costs",
            ),
            (
                self.of and self.changes not in ("costs", "demand", "delay_years"),
                f"{self.changes} changes all alike and takes no 'of'",
            ),
            *(() if missing or surplus else self._value_rules()),
        ]

    def _value_rules(self) -> sections.Rules:
        ends = [value for value in (self.low, self.mode, self.high) if value is not None]
        texts = [value for value in self.choices if isinstance(value, str)]
        values = [value for value in self.choices if not isinstance(value, str)]
        least = min([*ends, *values], default=1.0)
        is_normal, is_opening = self.distribution == "normal", self.changes == "opening"
        chances = self.chances
        return [
            (ends != sorted(ends) or (len(ends) > 1 and ends[0] == ends[-1]), "low, mode and high must rise"),
            (
                self.changes in SCALES and (least <= 0 or (is_normal and self.low is None)),
                f"{self.changes} is a factor: its values must be above 0 (normal: give low)",
            ),
            (
                self.changes in EFFECTS
                and (is_normal or least < 0 or max([*ends, *values], default=0.0) > 1),
                f"{self.changes} is a share: its values are 0 to 1, and not normal or lognormal",
            ),
            (
                self.changes == "delay_years" and (least < 0 or is_normal),
                "delays are at least 0, and not normal",
            ),
            (
                self.distribution == "lognormal" and (self.mean or 0.0) <= 0,
                "the mean of a lognormal distribution must be above 0",
            ),
            (
                chances and (len(chances) != len(self.choices) or abs(sum(chances) - 1) > 1e-9),
                "chances must be one for each of choices, together 1",
            ),
            (len(set(self.choices)) != len(self.choices), "a choice is given twice"),
            *((not is_opening, f"'{text}' is no number") for text in texts),
            (
                is_opening and (self.distribution != "choice" or len(texts) < len(self.choices)),
                "opening is a choice of days such as '2024-12-31'",
            ),
            *(
                (is_opening and not _is_day(text), f"'{text}' is no day; write it as 2024-12-31")
                for text in texts
            ),
        ]


def _is_day(text: str) -> bool:
    try:
        return bool(date.fromisoformat(text))
    except ValueError:
        return False


class Correlated(sections.Section):
    """Two factors that go together; write one [[sweep.correlations]] section for each two."""

    factors: sections.Names = Field(min_length=2, max_length=2)
    value: float = Field(ge=-1, le=1)


class Sweep(sections.Section):
    """What `polyring sweep` varies, in how many cases, and how it solves each. `polyring run` ignores it."""

    design: Literal[
        "grid", "one-at-a-time", "latin-hypercube", "sobol", "monte-carlo", "saltelli", "morris"
    ] = "latin-hypercube"
    cases: int = Field(64, ge=1, le=1_000_000)
    seed: sections.Seed = 1
    levels: int = Field(4, ge=2, le=100)
    gap: sections.Share = 0.005
    time_limit_s: sections.Limit = DAY_S
    threads: sections.Positive = Field(1, le=4096)
    memory_mb: sections.Megabytes = 0
    core_share: float = Field(ROBUST_SHARE, gt=0.5, le=1)
    commit_core: bool = False
    factors: Annotated[tuple[Factor, ...], Field(strict=False)] = ()
    correlations: Annotated[tuple[Correlated, ...], Field(strict=False)] = ()

    def _rules(self) -> sections.Rules:
        ids = [factor.id for factor in self.factors]
        repeated = sorted({name for name in ids if ids.count(name) > 1})
        taken = [name for name in ids if name in TAKEN]
        return [
            (repeated, f"factors: {', '.join(repeated)} is the id of two"),
            (taken, f"factors: {', '.join(taken)} is another column of the table of cases"),
        ]


DEFAULT_SHARE = 0.1
"""Share of the cost of all candidates that is spent where a job names no budget."""


_LATER = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5)
"""By which parts of the limit of a job the steps of `gravity_steps` lie beyond it."""


def gravity_steps(limit_s: int, decay_s: int) -> sections.Steps:
    """Return steps in which a pair counts e^(-s/d) at s seconds beyond its limit, d the decay, in hundredths.

    Parameters
    ----------
    limit_s, decay_s
        Limit up to which a pair counts whole, and the decay of `measures.equity.reach`, seconds.
    """
    later = [int(part * limit_s) for part in _LATER]
    counts = [round(100 * math.exp(-seconds / decay_s)) for seconds in later]
    drops = zip(later, counts, [*counts[1:], 0], strict=True)
    kept = [(seconds, (count - left) / 100) for seconds, count, left in drops if count > left]
    return sections.Steps(shares=tuple(share for _, share in kept), later_s=tuple(s for s, _ in kept))


class Job(sections.Section):
    """An optimisation job with every default filled in."""

    region: sections.Region
    cities: sections.Cities = sections.Cities()
    times: sections.Times = sections.Times()
    access: sections.Access = sections.Access()
    candidates: sections.Candidates = sections.Candidates()
    capacity: sections.Capacity = sections.Capacity()
    costs: sections.Costs = sections.Costs()
    objective: sections.Objective = sections.Objective()
    steps: sections.Steps = sections.Steps()
    independence: sections.Independence = sections.Independence()
    budget: sections.Budget = sections.Budget()
    rings: Annotated[tuple[sections.Rings, ...], Field(strict=False)] = ()
    least: sections.Least = sections.Least()
    city_coverage: sections.CityCoverage = sections.CityCoverage()
    caps: sections.Caps = sections.Caps()
    phasing: sections.Phasing = sections.Phasing()
    solve: sections.Solve = sections.Solve()
    frontier: sections.Frontier = sections.Frontier()
    closures: sections.Closures = sections.Closures()
    alternatives: Annotated[tuple[sections.Alternative, ...], Field(strict=False)] = ()
    cases: sections.Cases = sections.Cases()
    robust: sections.Robust = sections.Robust()
    sweep: Sweep = Sweep()
    certificate: sections.Certificate = sections.Certificate()
    backcast: sections.Backcast = sections.Backcast()
    measures: sections.Measures = sections.Measures()
    output: sections.Output = sections.Output()


PATH_KEYS = (
    "cities.file", "region.file", "region.graph", "region.matrix", "region.polygon", "region.gtfs",
    "costs.table", "costs.terrain", "candidates.file", "objective.weights_file", "backcast.built",
    "measures.places", "measures.known_rings",
)  # fmt: skip
"""Keys of a job that are paths of files to read: those of `LoadedJob.files`."""


_MOST_LETTERS = 120
"""Letters of the name of a run folder; what is longer ends in a checksum."""


@dataclass(frozen=True, slots=True)
class LoadedJob:
    """A job together with where it came from.

    Attributes
    ----------
    name
        Name of the job: of the ready job, or of the file without its ending.
    folder
        Folder that relative paths of the job start from.
    set
        What was set for one run, in words that its folder is named after, so that no other run is replaced.
    """

    name: str
    folder: Path
    job: Job
    set: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse an output folder that leaves the job's folder."""
        if self.job.output.folder:
            self.run_folder()

    def path(self, text: str) -> Path:
        """Return an input path of the job as an absolute path."""
        return (self.folder / Path(text).expanduser()).resolve()

    def refuse_missing_files(self) -> None:
        """Refuse files that the job names and that are not there.

        Raises
        ------
        JobError
            With all of them.
        """
        faults = [f"{key}: there is no file {path}" for key, path in self.files.items() if not path.is_file()]
        remedy = "Put them there, or correct the paths, which start from the folder of the job file."
        if "region.file" in {fault.partition(":")[0] for fault in faults}:
            remedy = f"{remedy} {WITHOUT_EXTRACT}"
        JobError.refuse(
            faults,
            "files that the job names are missing",
            where=self.name,
            done="Nothing was read or written.",
            remedy=remedy,
        )

    @property
    def files(self) -> dict[str, Path]:
        """Return the absolute paths of the files that the job names, by the keys of `PATH_KEYS`."""
        named = {key: attrgetter(key)(self.job) for key in PATH_KEYS}
        named |= {"costs.terrain": ""} if self.job.costs.is_plain else {}
        return {key: self.path(text) for key, text in named.items() if text}

    def moved_to(self, folder: Path) -> Job:
        """Return the job as it is written in another folder: the same files, by paths from there."""
        changed: dict[str, sections.Section] = {}
        for place, path in self.files.items():
            name, key = place.split(".")
            section = changed.get(name, getattr(self.job, name))
            changed[name] = section.model_copy(update={key: path_from(folder, path)})
        return self.job.model_copy(update=changed)

    def run_folder(self, ending: str = "") -> Path:
        """Return the run folder that the job asks for, or the default one; with what was set in its name.

        Parameters
        ----------
        ending
            Ending of the folder of a study beside it.

        Raises
        ------
        JobError
            When that leads out of the job's folder, or the default one out of the working folder.
        """
        text = self.job.output.folder
        own = self.path(text) if text else RUNS / self.name
        words = "--".join((own.name, *self.set))
        if len(words) > _MOST_LETTERS:
            words = f"{words[:_MOST_LETTERS]}-{hashlib.sha256(words.encode()).hexdigest()[:8]}"
        found = own.with_name(f"{words}{ending}")
        return inside(self.folder, found, f"output.folder '{text}'") if text else inside(Path(), found)


RUNS = Path("polyring-runs")
"""Holds the default run folders, in the working folder."""


def inside(base: Path, folder: Path, what: str = "the default folder") -> Path:
    """Return a folder to write, unless it, or a link on the way to it, leads out of another one.

    Raises
    ------
    JobError
        When it does.
    """
    if folder.resolve().is_relative_to(base.resolve()):
        return folder
    raise JobError(
        f"{what} leads out of {base.resolve()}",
        where=str(folder),
        done="Nothing was read or written.",
        remedy="Give a folder inside it, or name any folder by --out on the command line.",
    )


class Stated(sections.Section):
    """A region of a file of clusters, whose name becomes that of a file."""

    name: str = Field(pattern="^[a-z0-9][a-z0-9-]*$")
    title: str
    region: sections.Region


class Clusters(sections.Section):
    """A file of clusters, without the rules that hold for all."""

    cluster: Annotated[tuple[Stated, ...], Field(strict=False, min_length=1)]

    @field_validator("cluster")
    @classmethod
    def _have_names(cls, given: tuple[Stated, ...]) -> tuple[Stated, ...]:
        if twice := repeated(one.name for one in given):
            raise ValueError(f"the name {twice[0]} is given twice")
        return given


@dataclass(frozen=True, slots=True)
class Cluster:
    """A region of several that are compared, each with a job of its own.

    Attributes
    ----------
    loaded
        The job, under the name of the cluster.
    """

    title: str
    loaded: LoadedJob


def path_from(folder: Path, path: Path) -> str:
    """Return a path as seen from a folder; absolute where they are on different drives."""
    try:
        return Path(os.path.relpath(path, folder.resolve())).as_posix()
    except ValueError:
        return path.as_posix()


# ---- contradictions

_NO_BUDGET = "and budget.unlimited has none; give budget.share or budget.amount"

type Contradiction = tuple[tuple[str, ...], str]
"""Path of the key that a user should look at first, and a sentence."""


def contradictions(job: Job) -> Iterator[Contradiction]:
    """Yield what does not go together, with the key to look at and what to do.

    Parameters
    ----------
    job
        A job whose sections are valid, each by itself.
    """
    if job.budget.unlimited:
        yield from _with_unlimited_budget(job)
    elif job.budget.cover == "targets":
        yield (
            ("budget", "cover"),
            "'targets' asks for the least cost: it goes with budget.unlimited = true only",
        )
    yield from _with_independence(job)
    keys = [key for key in least_keys(job) if key.startswith("city_coverage.")]
    if keys and not job.city_coverage.weight:
        reason = f"it is 0, and {' and '.join(keys)} would be a share of nothing; set it to 1 or more"
        yield ("city_coverage", "weight"), reason
    yield from _between_rings(job.rings)
    yield from _with_alternatives(job)


def least_keys(job: Job) -> tuple[str, ...]:
    """Return the keys of the least shares that a job asks for, `least.small` and the like."""
    pairs = [f"least.{tier}" for tier in TIERS if getattr(job.least, tier)]
    cities = [f"city_coverage.least_{tier}" for tier in TIERS if getattr(job.city_coverage, f"least_{tier}")]
    return (*pairs, *cities)


def askable(job: Job) -> tuple[sections.Alternative, ...]:
    """Return the alternatives of a job that can be asked.

    They need a map, and no levels that are raised once; parts of a budget need a budget.
    """
    if job.region.matrix or job.objective.kind == "max_min":
        return ()
    return tuple(one for one in job.alternatives if not (one.budgets and job.budget.unlimited))


def _plain(name: str) -> str:
    """Return a name as it is compared: `B - a` is as `A – B`."""
    return " - ".join(sorted(end.strip() for end in _BETWEEN.split(name.casefold())))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a hint at the known word that is most like a given one, to end a sentence; empty without one.

    Parameters
    ----------
    known
        Words, or ids that map to the names of what they stand for, by which it may be meant too.
    """
    names, meant = known if isinstance(known, Mapping) else {}, dict[str, list[str]]()
    for one, name in [*((one, one) for one in known), *names.items()]:
        meant.setdefault(_plain(name), []).append(one)
    alike = get_close_matches(_plain(word), meant, n=1, cutoff=0.5)
    close = [one for name in alike for one in meant[name]][:3]
    ends = f" ({names[close[0]]})" if close and names.get(close[0]) else ""
    listed = " or ".join(f"'{one}'" for one in close)
    return f"; did you mean {listed}{ends}?" if close else ""


def unknown_links(
    named: Iterable[int | str],
    ranked: Mapping[int, str],
    known: Mapping[str, str],
    left_out: Mapping[str, str] = MappingProxyType({}),
) -> list[str]:
    """Return a sentence for each link that is not there.

    Parameters
    ----------
    named
        Ranks in a plan, and ids.
    ranked
        Ids of the links of the plan by rank.
    known
        The name of every candidate by its id.
    left_out
        Why the rules left others out, by id.
    """
    ends = {_plain(name) for name in known.values()}
    found = []
    for name in named:
        if isinstance(name, int) and name not in ranked:
            found.append(f"no link has the rank {name}; ranks are 1 to {len(ranked)}")
        elif isinstance(name, str) and name not in known:
            is_pair = len(_BETWEEN.split(name.strip())) == 2 and _plain(name) not in ends
            what = f"no proposal joins {name}" if is_pair else f"no candidate has the id '{name}'"
            why = f"; the rules left it out: {left_out[name].partition(': ')[2]}" if name in left_out else ""
            found.append(f"{what}{why or did_you_mean(name, known)}")
    return found


def _with_unlimited_budget(job: Job) -> Iterator[Contradiction]:
    if job.phasing.names:
        yield ("phasing", "names"), f"periods share out a budget, {_NO_BUDGET}"
    for name in sections.Caps.model_fields:
        if getattr(job.caps, name) < 1:
            yield ("caps", name), f"a cap is a share of the budget, {_NO_BUDGET}"
    if job.objective.kind == "max_min":
        yield ("objective", "kind"), f"max_min raises the worst tier as far as the budget goes, {_NO_BUDGET}"
    least = least_keys(job)
    if job.budget.cover == "all" and least:
        reason = f"every coverable pair is covered, so {' and '.join(least)} would change nothing"
        yield ("budget", "cover"), f"{reason}; set it to 'targets' to reach only these shares at least cost"
    if job.budget.cover == "targets" and not least:
        yield ("budget", "cover"), "'targets' needs something to reach: give least.small or another share"


def _with_independence(job: Job) -> Iterator[Contradiction]:
    """Yield what independence from the core does not go with, and what would need it."""
    asked = job.independence
    if not asked.weight:
        return
    if job.region.matrix:
        reason = "a table of travel times does not say where trips run, so that no core can be left out"
        yield ("independence", "weight"), f"{reason}; set it to 0, or start from a map"
    if job.budget.unlimited:
        yield ("independence", "weight"), f"it is weighed against the pairs within the limit, {_NO_BUDGET}"
    for tier in [tier for tier in asked.tiers if tier not in TIERS]:
        hint = did_you_mean(tier, TIERS) or f"; tiers: {', '.join(TIERS)}"
        yield ("independence", "tiers"), f"there is no tier '{tier}'{hint}"


def _between_rings(rings: Sequence[sections.Rings]) -> Iterator[Contradiction]:
    ids = [ring.id for ring in rings]
    for number, ring in enumerate(rings):
        if ring.id in ids[:number]:
            yield ("rings", str(number), "id"), f"'{ring.id}' is the id of another ring"
        for other in ring.apart:
            path = ("rings", str(number), "apart")
            if other == ring.id:
                yield path, f"'{other}' is the ring itself"
            elif other not in ids:
                hint = did_you_mean(other, ids) or f"; rings: {', '.join(ids)}"
                yield path, f"there is no ring '{other}'{hint}"


def _with_alternatives(job: Job) -> Iterator[Contradiction]:
    """Yield names that two alternatives have, and rings and periods that they do not go with."""
    ids, taken = [ring.id for ring in job.rings], {sections.slug(sections.AS_CHOSEN): sections.AS_CHOSEN}
    for number, one in enumerate(job.alternatives):
        path = ("alternatives", str(number))
        before = taken.setdefault(sections.slug(one.name), one.name)
        if before != one.name or one.name == sections.AS_CHOSEN:
            yield (*path, "name"), f"'{one.name}' is too like '{before}', which another one has"
        elif any(other.name == one.name for other in job.alternatives[:number]):
            yield (*path, "name"), f"'{one.name}' is the name of another alternative"
        if one.shares and job.phasing.names:
            yield (*path, "shares"), "the least cost of shares does not go with periods; leave out phasing"
        is_web = any(ring.web for ring in job.rings)  # its rings are known once it is proposed
        for name in [name for name in one.rings if not is_web and name not in (*ids, *sections.RING_WORDS)]:
            hint = did_you_mean(name, (*ids, *sections.RING_WORDS)) or f"; rings: {', '.join(ids)}"
            yield (*path, "rings"), f"there is no ring '{name}'{hint}"
