"""Type the sections of a job that demand something of a plan: least shares, covered cities, caps."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from optimiser.job.sections import Section, Share, Whole


class Least(Section):
    """What must be covered at least in each tier of the smaller city, as a share of what can be covered."""

    core: Share = Field(
        0.0, description="least share of the weight of coverable pairs of core cities, 0 to 1"
    )
    secondary: Share = Field(0.0, description="the same for pairs whose smaller city is secondary")
    small: Share = Field(0.0, description="the same for pairs with a small city")


class CityCoverage(Section):
    """Cities that count as a whole: one is covered when enough of its pairs are within the limit."""

    weight: Whole = Field(
        0,
        description="a covered city counts so many times the root of its population; 0: cities do not count",
    )
    pairs: Literal["all", "cores"] = Field(
        "all", description="which pairs of a city: all, or those to the cores"
    )
    share: float = Field(
        1.0, gt=0, le=1, description="a city is covered when this share of these pairs is, rounded up"
    )
    least_core: Share = Field(
        0.0, description="least share of the weight of coverable core cities that must be covered, 0 to 1"
    )
    least_secondary: Share = Field(0.0, description="the same for secondary cities")
    least_small: Share = Field(0.0, description="the same for small cities")


class Caps(Section):
    """How much of the budget may go to each instrument."""

    barrier: Share = Field(
        1.0, description="most share of the budget for closing gaps and more frequent trains; 1: no cap"
    )
    infrastructure: Share = Field(1.0, description="the same for new and upgraded links")
    subsidy: Share = Field(1.0, description="the same for trains that need running support")
