"""Type the section of a job that spreads the budget over periods."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Annotated

from pydantic import Field, model_validator

from optimiser.job.sections import Names, Positive, Section, Share

Shares = Annotated[tuple[Share, ...], Field(strict=False)]
Years = Annotated[tuple[Positive, ...], Field(strict=False)]
BuildingYears = Annotated[int, Field(ge=0, le=50)]

USUAL_YEARS = 5
"""Years of a period where none are given: the length of a five-year plan."""


class Phasing(Section):
    """When the budget comes, and how long building takes. Without names everything is built at once."""

    names: Names = Field((), description="the periods in order, such as 2026-30; empty: no periods")
    shares: Shares = Field(
        (), description="share of the budget that comes with each period, together 1; empty: equal shares"
    )
    years: Years = Field((), description=f"length of each period, years; empty: {USUAL_YEARS} each")
    after_years: Annotated[int, Field(ge=0, le=100)] = Field(
        10,
        description="years of use that count after the last period, with no more money than what is left",
    )
    discount_rate: float = Field(
        0.06,
        ge=0,
        le=1,
        description="what is covered a year later counts so much less a year (assumed)",
    )
    road_link_years: BuildingYears = Field(
        4, description="years to build a new road (assumed, as all of these)"
    )
    road_upgrade_years: BuildingYears = Field(3, description="years to upgrade a road")
    gap_years: BuildingYears = Field(2, description="years to close a gap between expressways")
    rail_link_years: BuildingYears = Field(5, description="years to build a railway")
    rail_upgrade_years: BuildingYears = Field(3, description="years to upgrade a railway")
    rail_service_years: BuildingYears = Field(1, description="years to start a through-service")
    rail_frequency_years: BuildingYears = Field(1, description="years to run trains more often")
    other_years: BuildingYears = Field(4, description="years to build what is of another kind")

    @model_validator(mode="after")
    def _fits(self) -> Phasing:
        faults = list(self._faults())
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _faults(self) -> Iterator[str]:
        """Yield what does not fit together."""
        for key in ("shares", "years"):
            given = len(getattr(self, key))
            if given and given != len(self.names):
                yield f"{key} has {given} values for {len(self.names)} names"
        twice = sorted({name for name in self.names if self.names.count(name) > 1})
        if twice:
            yield f"names: {', '.join(twice)} stands twice"
        total = sum(self.exact_shares)
        if self.shares and total != 1:
            yield f"shares sum to {float(total):g}, not to 1"

    @property
    def exact_shares(self) -> tuple[Fraction, ...]:
        """Return the share of each period exactly as it is written; equal ones where none is given."""
        if not self.shares:
            return tuple(Fraction(1, len(self.names)) for _ in self.names)
        return tuple(Fraction(repr(share)) for share in self.shares)

    @property
    def lengths(self) -> tuple[int, ...]:
        """Return the length of each period in years."""
        return self.years or (USUAL_YEARS,) * len(self.names)
