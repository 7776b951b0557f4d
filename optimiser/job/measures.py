"""Type the section of a job that says how plans are measured."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from optimiser.job.sections import Section, Share


class Measures(Section):
    """What the measures of a plan take for granted. Nothing here changes what is built."""

    core_km: float = Field(
        15.0, gt=0, le=500, description="the core reaches so far from the centres of core cities, km"
    )
    near_km: float = Field(
        10.0, gt=0, le=500, description="a trip passes a city that it comes so near to, km from its centre"
    )
    line_s: Annotated[int, Field(gt=0, lt=2**63)] | None = Field(
        None, description="mean travel time beyond which a city's people count as poor in time; not set: T"
    )
    trips_per_person: float = Field(
        2.5,
        ge=0,
        le=1000,
        description="trips a year by each inhabitant to other cities, for the break-even value of "
        "time (2.5: rail trips per inhabitant of China in 2019, 3.57 bn for 1.41 bn)",
    )
    discount_rate: Share = Field(0.06, description="discount rate a year, for the break-even value of time")
    years: Annotated[int, Field(gt=0, le=200)] = Field(30, description="years over which time is saved")
    overrun_correlation: Share = Field(
        0.0, description="correlation of the overruns of two links: 0 each errs for itself, 1 all alike"
    )
