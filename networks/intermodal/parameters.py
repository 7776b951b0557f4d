"""Hold the assumptions about access to trains, waiting, boarding and transfers."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any, Literal, Self

import numpy as np
import pandas as pd

from networks.cities.table import TIERS
from networks.countries import WORLD, figures, read_table
from networks.rail.parameters import Running
from networks.schema import Floats

Waiting = Literal["scheduled", "turn_up"]
"""Rule for the wait before the first train; see `AccessParameters.wait_s`."""


@dataclass(frozen=True, slots=True)
class ByTier[T]:
    """Seconds, or what else depends on the tier of a city."""

    core: T
    secondary: T
    small: T

    def of(self, tier: str) -> T:
        """Return the value of a tier; any tier other than `core` and `secondary` counts as `small`."""
        return {"core": self.core, "secondary": self.secondary}.get(tier, self.small)


@dataclass(frozen=True, slots=True)
class AccessMode:
    """A way to travel between the centre of a city and its stations.

    Attributes
    ----------
    name
        In words.
    fixed_s
        Seconds that do not depend on the distance: to the stop or the car, waiting, into the station.
    speed_kmh
        Speed on the way, stops included.
    core_only
        Whether core cities alone have it.
    """

    name: str
    fixed_s: int
    speed_kmh: float
    core_only: bool = False


MODES = ("walk", "bus", "taxi", "metro")
"""Ways from a centre to a station; the last one in core cities alone."""


@cache
def _fraction(value: float) -> Fraction:
    """Return a decimal fraction as it is written."""
    return Fraction(repr(value))


@dataclass(frozen=True, slots=True)
class AccessParameters:
    """All assumptions about a trip, except those about driving and running times.

    Attributes
    ----------
    running
        Times at intermediate stops and once per ride.
    fast_classes
        Classes of fast services, for which the figures with `hsr` hold; those with `conv` hold for others.
    check_in_hsr_s, check_in_conv_s
        Seconds between arrival at the station and departure.
    waiting_hsr, waiting_conv
        Rules for the wait before the first train.
    schedule_weight
        Share of half the headway that counts under the rule `scheduled`, 0 to 1.
    wait_cap_s
        Largest waiting time in seconds, under either rule and at a change of trains.
    alight_s
        Seconds from the train to the station entrance.
    transfer_s
        Seconds from one train to another at the same station, without waiting.
    centre_station_km
        Largest distance between a city centre and a station that is reached by the modes of access.
    modes
        Modes of access, of which the fastest counts.
    residents_a_km2
        Residents by which the extent of a town is known.
    centre_station
        Seconds between a centre and such a station whatever the distance, where a job states them.
    terminal
        Seconds between a centre and the road network, in addition to the connector.
    connector_kmh, connector_detour
        Speed on a connector to a road node in km/h, and its length relative to the straight line.
    station_road_km
        Largest distance between a station and a road node at which they are connected.
    station_road_s
        Seconds between the road and the station entrance, in addition to the connector.
    """

    running: Running
    fast_classes: tuple[str, ...]
    check_in_hsr_s: int
    check_in_conv_s: int
    waiting_hsr: Waiting
    waiting_conv: Waiting
    schedule_weight: float
    wait_cap_s: int
    alight_s: int
    transfer_s: int
    centre_station_km: float
    centre_station: ByTier[int | None]
    terminal: ByTier[int]
    connector_kmh: float
    connector_detour: float
    station_road_km: float
    station_road_s: int
    modes: tuple[AccessMode, ...] = ()
    residents_a_km2: float = 10_000.0

    @classmethod
    def default(cls, country: str = WORLD, *, given: Mapping[str, Any] | None = None) -> Self:
        """Return the parameters of the packaged table.

        Parameters
        ----------
        country
            ISO 3166 code; what a country does not state is that of its group, else that of the world.
        given
            Figures that take the place of the table's, by its keys; those that are None do not.
        """
        table = read_table("rail.toml")
        own = {key: value for key, value in (given or {}).items() if value is not None}
        of_country = figures(table["country"], country)
        values: dict[str, Any] = {
            **{key: of_country.get(key, value) for key, value in table["access"].items()},
            **own,
        }
        modes = [(name, values.pop(f"{name}_s", 0), values.pop(f"{name}_kmh")) for name in MODES]
        values["modes"] = tuple(
            AccessMode(name, fixed_s, kmh, core_only=name == MODES[-1])
            for name, fixed_s, kmh in modes
            if kmh > 0
        )
        for name in ("centre_station", "terminal"):
            values[name] = ByTier(*(values.pop(f"{name}_{tier}_s", None) for tier in TIERS))
        values |= {"running": Running.default(country), "fast_classes": tuple(values["fast_classes"])}
        return cls(**values)

    def mean_km(self, straight_km: float, extent_km: float) -> float:
        """Return the mean straight distance of the residents of a town from a place.

        Parameters
        ----------
        straight_km
            Distance of the place from the centre.
        extent_km
            Radius of the town.

        Notes
        -----
        They live evenly spread on a circle with radius r. Its mean distance from the centre is 2/3 r; from a
        place at a distance of d about the root of d^2 + (2/3 r)^2: 6 % too much at the rim, where it is
        32/(9 pi) r, and less farther out.
        """
        return math.hypot(straight_km, 2.0 / 3.0 * extent_km)

    def extents_km(self, towns: pd.DataFrame) -> Floats:
        """Return the radius of each town: its own, else that of the circle that holds its residents."""
        circle_km = np.sqrt(towns["population"].to_numpy(dtype=np.float64) / self.residents_a_km2 / np.pi)
        known_km = towns["extent_km"].to_numpy(dtype=np.float64) if "extent_km" in towns else circle_km
        return np.where(np.isnan(known_km), circle_km, known_km)

    def access_s(self, tier: str, straight_km: float, extent_km: float) -> tuple[int, int]:
        """Return the seconds between a town and a station, and those of the way from the centre alone.

        Parameters
        ----------
        tier
            Tier of the town.
        straight_km
            Distance of the station from the centre.
        extent_km
            Radius of the town.

        Returns
        -------
        tuple of int
            The fastest mode of access over the mean distance of the residents; and, at its speed, the
            distance from the centre, which counts in vehicles: 0 at the centre, and slower than any train, so
            that a train which stops at more stations near a centre is no way to get there sooner.
        """
        flat_s = self.centre_station.of(tier)
        if flat_s is not None:
            return flat_s, round(flat_s * min(straight_km / self.centre_station_km, 1.0))
        far_km = self.connector_detour * self.mean_km(straight_km, extent_km)
        usable = (mode for mode in self.modes if tier == TIERS[0] or not mode.core_only)
        seconds, mode = min((round(m.fixed_s + 3600.0 * far_km / m.speed_kmh), m.name) for m in usable)
        (kmh,) = (one.speed_kmh for one in self.modes if one.name == mode)
        return max(1, seconds), round(3600.0 * self.connector_detour * straight_km / kmh)

    def is_fast(self, link_class: str) -> bool:
        """Tell whether the figures of fast services hold for a class."""
        return link_class in self.fast_classes

    def check_in_s(self, link_class: str) -> int:
        """Return the seconds between arrival at the station and departure for a class of services."""
        return self.check_in_hsr_s if self.is_fast(link_class) else self.check_in_conv_s

    def station_change_s(self, *, is_fast: bool, headway_s: int) -> int:
        """Return the seconds of a change to a train at the same station, without the time once per ride.

        Passengers stay on the platforms, or leave the station and check in again where that is faster: then
        the wait is that before a first train (`wait_s`).
        """
        link_class = self.fast_classes[0] if is_fast else ""
        anew_s = self.check_in_s(link_class) + self.wait_s(link_class=link_class, headway_s=headway_s)
        return min(self.transfer_s + self.change_wait_s(headway_s), self.alight_s + anew_s)

    def wait_s(self, *, link_class: str, headway_s: int) -> int:
        """Return what counts as the wait before the first train, in seconds.

        Under the rule `turn_up` it is half the headway. Under `scheduled` passengers have chosen their train
        and wait for check-in alone; of half the headway a share counts, for leaving or arriving at another
        time than they wished.

        Parameters
        ----------
        headway_s
            Seconds between its departures.

        Returns
        -------
        int
            Rounded up to whole seconds, at most `wait_cap_s`.
        """
        share = self.wait_share(is_fast=self.is_fast(link_class))
        return min(-(-share.numerator * headway_s // (2 * share.denominator)), self.wait_cap_s)

    def wait_share(self, *, is_fast: bool) -> Fraction:
        """Return the share of the wait before the first train that counts."""
        rule = self.waiting_hsr if is_fast else self.waiting_conv
        return Fraction(1) if rule == "turn_up" else _fraction(float(self.schedule_weight))

    def change_wait_s(self, headway_s: int, *, is_capped: bool = True) -> int:
        """Return the mean wait at a change of trains in seconds: half the headway, at most `wait_cap_s`.

        Passengers who planned their trip still wait for the train that they change to, whatever the rule. The
        trains of a timetable come when they come, and the wait for them is half the headway without a cap:
        that of passengers who arrive at any time (Osuna and Newell, Transportation Science 6, 1972).
        """
        half_s = (headway_s + 1) // 2
        return min(half_s, self.wait_cap_s) if is_capped else half_s

    def board_s(self, *, link_class: str, headway_s: int) -> int:
        """Return the seconds from the station entrance to the moving train.

        They are check-in, the wait before the first train, and the time added once per ride.

        Parameters
        ----------
        headway_s
            Seconds between its departures.
        """
        wait_s = self.wait_s(link_class=link_class, headway_s=headway_s)
        return max(self.check_in_s(link_class) + wait_s + self.running.start_s, 1)

    def change_s(self, *, headway_s: int, start_s: int | None = None, is_capped: bool = True) -> int:
        """Return the seconds from the platform to the moving train: waiting time, and time once per ride."""
        once_s = self.running.start_s if start_s is None else start_s
        return max(self.change_wait_s(headway_s, is_capped=is_capped) + once_s, 1)

    def connector_s(self, straight_km: float) -> int:
        """Return the rounded seconds of a connector over a straight-line distance in km."""
        return round(3600.0 * self.connector_detour * straight_km / self.connector_kmh)
