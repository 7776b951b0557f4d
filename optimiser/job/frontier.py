"""Type the section of a job that says which frontier is traced."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from optimiser.job.sections import Names, Section, Whole


class Frontier(Section):
    """What `polyring frontier` weighs, how finely, and for how long. Nothing here changes `polyring run`."""

    axes: Literal["two_way", "three_way"] = Field(
        "two_way",
        description="two_way: cost against the objective; three_way: cost against the coverage of two tiers",
    )
    tiers: Names = Field(
        ("secondary", "small"), description="the two tiers of a three-way frontier, by the smaller city"
    )
    points: Whole = Field(
        40, le=100_000, description="points wanted, ends included; 0: all non-dominated ones"
    )
    placing: Literal["widest", "even"] = Field(
        "widest", description="widest: where the proven band leaves most room; even: on a grid of equal steps"
    )
    gap: float = Field(
        0.0,
        ge=0,
        le=1,
        description="relative gap of each point; 0: exact, so that no plan at all dominates a point",
    )
    time_limit_s: float = Field(60.0, gt=0, le=10_000_000, description="limit on each point, seconds")
    total_s: float = Field(1200.0, gt=0, le=10_000_000, description="limit on all points, seconds")
