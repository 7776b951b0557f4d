"""Type the section [sweep] of a job: what is uncertain, which cases are drawn from it, how each is solved."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from optimiser.job.sections import Limit, Megabytes, Names, Positive, Section, Seed, Share

Changes = Literal[
    "costs", "road_speed", "rail_speed", "access_s", "waits", "check_in", "limit_s", "weight_exponent",
    "demand", "budget", "closed", "opening", "delay_years",
]  # fmt: skip
"""What a factor may change."""

TAKEN = (
    "case", "status", "termination", "objective", "bound", "gap", "cost", "budget", "pairs", "pairs_today",
    "pairs_best", "pairs_plan", "weight", "weight_today", "weight_best", "weight_plan", "cost_plan",
    "plan_fits", "fault",
)  # fmt: skip
"""Columns of the table of cases that no factor may have as its id."""
SCALES = ("costs", "road_speed", "rail_speed", "waits", "check_in", "demand", "budget")
"""Changes that multiply something, so that their values must be above 0."""
_NEEDS = {
    "uniform": ("low", "high"),
    "triangular": ("low", "mode", "high"),
    "normal": ("mean", "deviation"),
    "lognormal": ("mean", "deviation"),
    "choice": ("choices",),
    "reference_class": (),
}
"""Keys that a distribution must have."""
_MAY = {"normal": ("low", "high"), "lognormal": ("low", "high"), "choice": ("chances",)}
"""Further keys that it may have."""
_KEYS = ("low", "mode", "high", "mean", "deviation", "choices", "chances")

Choices = Annotated[tuple[float | str, ...], Field(strict=False)]
Chances = Annotated[tuple[Share, ...], Field(strict=False)]

CORE_SHARE = 0.9
"""Share of the cases that choose a link of the robust core, unless a job says otherwise."""


class Factor(Section):
    """Something uncertain; write one [[sweep.factors]] section for each."""

    id: str = Field(min_length=1, max_length=60)
    changes: Changes
    of: Names = ()
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
    chance: Share | None = None

    def _faults(self) -> Iterator[str]:
        return self._closing_faults() if self.changes == "closed" else self._drawing_faults()

    def _given(self) -> list[str]:
        return [key for key in _KEYS if getattr(self, key) not in (None, ())]

    def _closing_faults(self) -> Iterator[str]:
        if not self.of:
            yield "closed needs 'of': the names of the links that may fail"
        if self.chance is None or not 0 < self.chance < 1:
            yield "closed needs 'chance', a probability above 0 and below 1"
        if self._given():
            yield f"closed goes by 'chance' alone, without {', '.join(self._given())}"

    def _drawing_faults(self) -> Iterator[str]:
        given, needs = self._given(), _NEEDS[self.distribution]
        allowed = (*needs, *_MAY.get(self.distribution, ()))
        missing, surplus = [k for k in needs if k not in given], [k for k in given if k not in allowed]
        if missing:
            yield f"the distribution {self.distribution} needs {', '.join(missing)}"
        if surplus:
            yield f"the distribution {self.distribution} takes no {', '.join(surplus)}"
        if self.chance is not None:
            yield "chance goes with changes = 'closed' alone"
        if self.distribution == "reference_class" and self.changes != "costs":
            yield "overruns of a reference class are those of costs"
        if self.of and self.changes not in ("costs", "demand", "delay_years"):
            yield f"{self.changes} changes all alike and takes no 'of'"
        if not (missing or surplus):
            yield from self._value_faults()

    def _value_faults(self) -> Iterator[str]:
        ends = [value for value in (self.low, self.mode, self.high) if value is not None]
        least = min([*ends, *(value for value in self.choices if not isinstance(value, str))], default=1.0)
        is_normal = self.distribution == "normal"
        if ends != sorted(ends) or (len(ends) > 1 and ends[0] == ends[-1]):
            yield "low, mode and high must rise"
        if self.changes in SCALES and (least <= 0 or (is_normal and self.low is None)):
            yield f"{self.changes} is a factor: its values must be above 0 (normal: give low)"
        if self.changes == "delay_years" and (least < 0 or is_normal):
            yield "delays are at least 0, and not normal"
        if self.distribution == "lognormal" and (self.mean or 0.0) <= 0:
            yield "the mean of a lognormal distribution must be above 0"
        if self.chances and (len(self.chances) != len(self.choices) or abs(sum(self.chances) - 1) > 1e-9):
            yield "chances must be one for each of choices, together 1"
        if len(set(self.choices)) != len(self.choices):
            yield "a choice is given twice"
        yield from self._text_faults()

    def _text_faults(self) -> Iterator[str]:
        texts = [value for value in self.choices if isinstance(value, str)]
        if self.changes != "opening":
            yield from (f"'{text}' is no number" for text in texts)
            return
        if self.distribution != "choice" or len(texts) < len(self.choices):
            yield "opening is a choice of days such as '2024-12-31'"
        for text in texts:
            try:
                date.fromisoformat(text)
            except ValueError:
                yield f"'{text}' is no day; write it as 2024-12-31"


class Correlated(Section):
    """Two factors that go together; write one [[sweep.correlations]] section for each two."""

    factors: Names = Field(min_length=2, max_length=2)
    value: float = Field(ge=-1, le=1)


class Sweep(Section):
    """What `polyring sweep` varies, in how many cases, and how it solves each. `polyring run` ignores it."""

    design: Literal[
        "grid", "one-at-a-time", "latin-hypercube", "sobol", "monte-carlo", "saltelli", "morris"
    ] = "latin-hypercube"
    cases: int = Field(64, ge=1, le=1_000_000)
    seed: Seed = 1
    levels: int = Field(4, ge=2, le=100)
    gap: Share = 0.005
    time_limit_s: Limit = 120.0
    threads: Positive = Field(1, le=4096)
    memory_mb: Megabytes = 0
    core_share: float = Field(CORE_SHARE, gt=0.5, le=1)
    commit_core: bool = False
    factors: Annotated[tuple[Factor, ...], Field(strict=False)] = ()
    correlations: Annotated[tuple[Correlated, ...], Field(strict=False)] = ()

    def _faults(self) -> Iterator[str]:
        ids = [factor.id for factor in self.factors]
        repeated = sorted({name for name in ids if ids.count(name) > 1})
        if repeated:
            yield f"factors: {', '.join(repeated)} is the id of two"
        taken = [name for name in ids if name in TAKEN]
        if taken:
            yield f"factors: {', '.join(taken)} is another column of the table of cases"
