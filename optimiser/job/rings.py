"""Type the [[rings]] sections of a job: round which cities, to what standard, how far out, past whom."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from optimiser.job.sections import Names, Numbers, Section, Whole

TABLE: Final = "table"
"""Charge for existing roads that comes from the cost table."""
DERIVED = "derived"
"""Reward of a ring that is computed from what it brings (docs/rings.md)."""


class Rings(Section):
    """A ring that a plan must form, or is rewarded for; write one [[rings]] section for each."""

    id: str = Field("ring", min_length=1, description="name of the ring, unlike all others")
    mode: Literal["road", "rail"] = Field("road", description="road or rail")
    classes: Names = Field(
        (),
        description="classes of road or track that the existing parts of the ring may have, slip roads "
        "included; empty: motorway for roads, all for railways",
    )
    speed_kmh: float | None = Field(
        None,
        gt=0,
        le=500,
        description="least speed, km/h: of free travel on roads, design speed of tracks; not set: any for "
        "roads, 160 for railways",
    )
    centres: Names = Field(min_length=1, description="cities that the ring goes round, names or ids")
    radius_km: Numbers = Field(
        (), description="[least, most] distance of the ring from the nearest centre, straight line, km"
    )
    time_s: Numbers = Field(
        (), description="[least, most] driving time from the nearest centre to the ring, seconds"
    )
    least_cities: Whole = Field(0, description="number of cities that must lie on the ring")
    tiers: Names = Field(("secondary", "small"), description="tiers of the cities that count as lying on it")
    least_by_tier: dict[str, Whole] = Field(
        {}, description="number of cities of a tier that must lie on the ring, such as {secondary = 3}"
    )
    must: Names = Field(
        (), description="cities that must lie on the ring, names or ids, whatever their tier; they count"
    )
    longest_km: float = Field(0.0, ge=0, le=40_000, description="longest length of the ring, km; 0: any")
    most_stretch: float = Field(
        1.15,
        ge=0,
        le=100,
        description="longest length of the ring over that of the shortest circuit found that meets the same "
        "demands within the budget, 1 or more; 0: any",
    )
    on_minutes: float = Field(
        20.0,
        gt=0,
        le=240,
        description="a city lies on the ring when the drive from its centre to a junction or station of the "
        "ring takes at most this long, minutes",
    )
    required: bool = Field(True, description="every plan must form it; false: forming it earns the reward")
    reward: Whole | Literal["derived"] = Field(
        0,
        description="reward of forming it, in the unit of the weights of pairs; 'derived': from the "
        "cities on it and the minutes that it saves without the core",
    )
    count: Annotated[int, Field(ge=1, le=9)] = Field(1, description="number of such rings")
    arrangement: Literal["nested", "side_by_side"] = Field(
        "nested",
        description="nested: all go round all centres, none touches another; side_by_side: one ring for each "
        "centre, each in the region nearer to its own centre than to the others",
    )
    apart: Names = Field((), description="ids of other rings whose junctions it must not share")
    existing_cost_per_km: Annotated[float, Field(ge=0, le=1_000_000)] | Literal["table"] = Field(
        0.0,
        description="money per km of existing road or track that the ring uses, to bring it to the standard "
        "of a ring; 'table': for roads below expressways what the cost table asks for rebuilding them",
    )
    gap_count: Whole = Field(
        12, description="largest number of further links to propose where the ring has gaps"
    )
    gap_longest_km: float = Field(80.0, gt=0, le=5000, description="longest of them, straight line, km")

    @model_validator(mode="after")
    def _is_consistent(self) -> Rings:
        for key in ("radius_km", "time_s"):
            band = getattr(self, key)
            if band and not (len(band) == 2 and 0 <= band[0] < band[1]):
                raise ValueError(f"{key} must be [least, most] with 0 <= least < most")
        if self.radius_km and self.time_s:
            raise ValueError("give radius_km or time_s, not both")
        for key in ("centres", "must"):
            if len(set(getattr(self, key))) < len(getattr(self, key)):
                raise ValueError(f"{key} names a city twice")
        if 0 < self.most_stretch < 1:
            raise ValueError("most_stretch must be 1 or more, or 0 for any length")
        for tier in self.least_by_tier:
            if tier not in self.tiers:
                raise ValueError(
                    f"least_by_tier names '{tier}', which is not among tiers: {', '.join(self.tiers)}"
                )
        if self.required and self.reward:
            raise ValueError("a required ring earns no reward; write required = false")
        if not self.required and not self.reward:
            raise ValueError("a ring that is not required needs a reward above 0")
        if self.arrangement == "side_by_side" and self.count != len(self.centres):
            raise ValueError("side_by_side needs as many centres as rings (count)")
        return self
