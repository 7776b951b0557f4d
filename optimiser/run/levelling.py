"""Raise the share of the worst tier as far as the budget goes, then that of the next, by asking a solver."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from optimiser.engine.attempt import ANY_GAP, UnsettledError, any_plan
from optimiser.engine.methods.sweep_task import Asked
from optimiser.engine.methods.variants.registry import chosen
from optimiser.engine.search.task import SolveParameters
from optimiser.frontier.axes import Axes
from optimiser.frontier.gauge import Gauge
from optimiser.frontier.sweeping import SweepAsker
from optimiser.job.sections import TIERS, Solve
from optimiser.measures.max_min import lexicographic_shares
from optimiser.problem import DesignProblem, Target, load, save
from optimiser.problem.errors import InfeasibleError
from optimiser.run import store
from optimiser.run.cache import MANIFEST
from optimiser.run.demanding import coverable_weight, least_weight
from optimiser.run.solving import parameters
from optimiser.verify.rules import target_coverage
from optimiser.verify.times import covered, pair_times

FORMAT = "polyring-levels/1"
LEVELS = "levels.json"
"""File with each level and the questions that prove it."""
STEPS = 1000
"""Shares are told apart in thousandths."""

QUESTIONS_IN_A_LIMIT = 10
"""One question may take this part of the time limit of the job."""

type Weights = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked of the solver, and what it proved.

    Attributes
    ----------
    least
        Weight that was to be covered at least, by tier.
    answer
        `yes`: `built` does it; `no`: proved that no plan does; `open`: not settled in time, taken for no.
    built
        Ids of a plan that does it.
    seconds
        Wall time.
    """

    least: Weights
    answer: str
    built: tuple[str, ...]
    seconds: float


type Solver = Callable[[Weights], tuple[tuple[str, ...], str]]
"""Returns a plan that covers at least these weights, and the answer, as in `Question`."""


@dataclass(slots=True)
class Asking:
    """A solver that is asked whether tiers can be raised so far, and remembers what follows from each answer.

    Coverage is monotone in what is asked: a plan that covers more in every tier answers yes to less, and a
    proof that so much cannot be covered answers no to more.

    Attributes
    ----------
    problem
        The problem, with a budget.
    solver
        Who is asked.
    tell
        Called with a line of text before each question.
    questions
        What was asked so far.
    """

    problem: DesignProblem
    solver: Solver
    tell: Callable[[str], object]
    questions: list[Question] = field(default_factory=list)
    _today: Weights = field(init=False)
    _attained: list[Weights] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin with what is covered today."""
        self._today = weights_of(self.problem, ())

    def attains(self, least: Weights) -> bool:
        """Say whether some plan covers at least these weights, by tier."""
        least = {tier: max(weight, self._today[tier]) for tier, weight in least.items()}
        if any(_all_at_least(known, least) for known in self._attained):
            return True
        if any(_all_at_least(least, old.least) for old in self.questions if old.answer != "yes"):
            return False
        return self._ask(least)

    def _ask(self, least: Weights) -> bool:
        shown = ", ".join(f"{tier} {weight}" for tier, weight in least.items())
        self.tell(f"Raising the worst tier, question {len(self.questions) + 1}: {shown}")
        begun = time.monotonic()
        built, answer = self.solver(least)
        self.questions.append(Question(dict(least), answer, built, round(time.monotonic() - begun, 3)))
        if answer == "yes":
            self._attained.append(weights_of(self.problem, built) if self.problem.is_plain else least)
        return answer == "yes"


@contextmanager
def _solver(problem: DesignProblem, settings: Solve) -> Iterator[Solver]:
    """Give a solver: one process that keeps its cuts from question to question, or a solve for each."""
    params = parameters(settings)
    seconds = max(1.0, params.time_limit_s / QUESTIONS_IN_A_LIMIT)
    if not problem.is_plain or settings.variant != "auto" or settings.solver not in ("auto", "highs"):
        yield partial(_solve, problem, settings.variant, params.replace(time_limit_s=seconds))
        return
    tiers = _tiers(problem)
    axes = Axes("three_way", tiers)
    with SweepAsker(problem, axes, Gauge(problem, axes), seed=params.seed, threads=params.threads) as asker:

        def ask(least: Weights) -> tuple[tuple[str, ...], str]:
            asked = Asked(problem.budget, tuple(least[tier] for tier in tiers), cheapest=False)
            found = asker.ask(asked, seconds=seconds, gap=ANY_GAP)
            if found.built is None:
                return (), "no" if found.empty else "open"
            return found.built, "yes"

        yield ask


def _solve(
    problem: DesignProblem, variant: str, params: SolveParameters, least: Weights
) -> tuple[tuple[str, ...], str]:
    """Answer a question by a solve of its own."""
    name, solver = chosen(variant, covers_all=False, solver=params.solver, whole=not problem.is_plain)
    try:
        found = any_plan(with_least(problem, least), name, params.replace(solver=solver))
    except UnsettledError:
        return (), "open"
    return ((), "no") if found is None else (found, "yes")


def weights_of(problem: DesignProblem, built: Sequence[str]) -> Weights:
    """Return the weight of the pairs that a plan covers, by tier."""
    pairs = {k for k, yes in enumerate(covered(problem, pair_times(problem, built))) if yes}
    return {tier: target_coverage(problem, Target(tier, 0), pairs) for tier in _tiers(problem)}


def write_levels(folder: Path, draft: Path, settings: Solve, *, tell: Callable[[str], object]) -> None:
    """Write a problem that demands the levels which are best for the worst tiers, with their proof.

    Parameters
    ----------
    folder
        Where `problem.json`, `levels.json` and what else the draft holds go.
    draft
        Folder with the problem (`problem.json`) and the meaning of its pairs (`pairs.parquet`).
    settings
        Variant, solver, limit, threads and seed.
    tell
        Called with a line of text before each question.
    """
    for path in draft.iterdir():
        if path.name not in ("problem.json", MANIFEST):
            shutil.copyfile(path, folder / path.name)
    problem = load(draft / "problem.json")
    can = pd.read_parquet(draft / "pairs.parquet")["coverable"].tolist()
    raised, proof = raise_worst(problem, can, settings, tell=tell)
    save(raised, folder / "problem.json")
    store.save_json(folder / LEVELS, proof)


def load_levels(folder: Path) -> dict[str, Any] | None:
    """Return what `write_levels` wrote of its proof; None where no worst tier was raised."""
    return store.load_json(folder / LEVELS) if (folder / LEVELS).exists() else None


def notes(proof: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Return what a reader must know of the levels, as sentences.

    Parameters
    ----------
    proof
        Contents of `levels.json`, None where there is none.
    """
    if proof is None or proof["proven"]:
        return ()
    answers = [question["answer"] for question in proof["questions"]]
    unsettled = f"{answers.count('open')} of {len(answers)} questions were not settled in time"
    told = "The shares of the worst tiers are reached, but not proven to be the highest"
    return (f"{told}: {unsettled}. Raise solve.time_limit_s.",)


def raise_worst(
    problem: DesignProblem, can: Sequence[bool], settings: Solve, *, tell: Callable[[str], object]
) -> tuple[DesignProblem, dict[str, Any]]:
    """Return the problem with the targets of the best levels, and how they were proved.

    Parameters
    ----------
    problem
        A problem with a budget.
    can
        For each pair whether it is coverable.
    settings, tell
        As for `write_levels`.

    Notes
    -----
    A share is of the weight of the tier's coverable pairs, as under `[least]`. A problem that has no plan is
    returned as it is, to be explained when it is solved.
    """
    totals = {tier: coverable_weight(problem, tier, can) for tier in _tiers(problem)}
    shares: dict[str, Fraction] = {}
    questions: list[Question] = []
    with suppress(InfeasibleError), _solver(problem, settings) as solver:
        asking = Asking(problem, solver, tell, questions)
        if asking.attains(dict.fromkeys(totals, 0)):
            shares = lexicographic_shares(totals, asking.attains, steps=STEPS)
    problem = with_least(problem, {t: least_weight(share, totals[t]) for t, share in shares.items()})
    proof = {
        "format": FORMAT,
        "steps": STEPS,
        "proven": all(question.answer != "open" for question in questions),
        "tiers": {
            tier: {
                "share": float(share),
                "least": least_weight(share, totals[tier]),
                "coverable": totals[tier],
            }
            for tier, share in shares.items()
        },
        "questions": [asdict(question) for question in questions],
    }
    return problem, proof


def with_least(problem: DesignProblem, least: Weights) -> DesignProblem:
    """Return a problem that demands at least these weights of the pairs of tiers, besides what it demanded.

    Parameters
    ----------
    problem
        The problem.
    least
        Weight by tier.
    """
    before = {target.group: target.least for target in problem.targets if target.of == "pairs"}
    merged = {tier: max(weight, before.get(tier, 0)) for tier, weight in (before | dict(least)).items()}
    others = tuple(target for target in problem.targets if target.of != "pairs")
    raised = tuple(Target(tier, weight) for tier, weight in merged.items() if weight)
    return problem.replace(targets=(*raised, *others))


def _tiers(problem: DesignProblem) -> tuple[str, ...]:
    return tuple(tier for tier in TIERS if tier in problem.groups)


def _all_at_least(one: Weights, other: Weights) -> bool:
    return all(one[tier] >= weight for tier, weight in other.items())
