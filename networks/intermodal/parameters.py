"""Hold the assumptions about access to trains, waiting, boarding and transfers."""

from __future__ import annotations

from dataclasses import dataclass

from networks.cities.table import TIERS
from networks.rail.parameters import Running, read_rail_table


@dataclass(frozen=True, slots=True)
class ByTier:
    """Seconds that depend on the tier of a city."""

    core: int
    secondary: int
    small: int

    def of(self, tier: str) -> int:
        """Return the seconds of a tier; any tier other than `core` and `secondary` counts as `small`."""
        return {"core": self.core, "secondary": self.secondary}.get(tier, self.small)


@dataclass(frozen=True, slots=True)
class AccessParameters:
    """All assumptions about a trip, except those about driving and running times.

    Attributes
    ----------
    running
        Times at intermediate stops and once per ride.
    fast_classes
        Classes of services at whose stations passengers arrive earlier before departure.
    pre_departure_hsr_s, pre_departure_conv_s
        Seconds between arrival at the station and departure, for those classes and for all others.
    alight_s
        Seconds from the train to the station entrance.
    transfer_s
        Seconds from one train to another at the same station, without waiting.
    wait_cap_s
        Largest waiting time in seconds; below it, half the headway.
    centre_station_km
        Largest distance between a city centre and a station that is reached in `centre_station`.
    centre_station
        Seconds between a centre and such a station.
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
    pre_departure_hsr_s: int
    pre_departure_conv_s: int
    alight_s: int
    transfer_s: int
    wait_cap_s: int
    centre_station_km: float
    centre_station: ByTier
    terminal: ByTier
    connector_kmh: float
    connector_detour: float
    station_road_km: float
    station_road_s: int

    @classmethod
    def default(cls) -> AccessParameters:
        """Return the parameters of the packaged table."""
        table = read_rail_table()
        access = table["access"]
        return cls(
            running=Running(**table["running"]),
            fast_classes=tuple(access["fast_classes"]),
            pre_departure_hsr_s=access["pre_departure_hsr_s"],
            pre_departure_conv_s=access["pre_departure_conv_s"],
            alight_s=access["alight_s"],
            transfer_s=access["transfer_s"],
            wait_cap_s=access["wait_cap_s"],
            centre_station_km=access["centre_station_km"],
            centre_station=ByTier(*(access[f"centre_station_{tier}_s"] for tier in TIERS)),
            terminal=ByTier(*(access[f"terminal_{tier}_s"] for tier in TIERS)),
            connector_kmh=access["connector_kmh"],
            connector_detour=access["connector_detour"],
            station_road_km=access["station_road_km"],
            station_road_s=access["station_road_s"],
        )

    def wait_s(self, headway_s: int) -> int:
        """Return the mean waiting time in seconds: half the headway, rounded up, at most `wait_cap_s`."""
        return min((headway_s + 1) // 2, self.wait_cap_s)

    def board_s(self, *, link_class: str, headway_s: int, start_s: int | None = None) -> int:
        """Return the seconds from the station entrance to the moving train.

        They are the time before departure, the waiting time, and the time added once per ride.

        Parameters
        ----------
        link_class
            Class of the service.
        headway_s
            Seconds between its departures.
        start_s
            Time added once per ride; None for that of modelled services.
        """
        fast = link_class in self.fast_classes
        before = self.pre_departure_hsr_s if fast else self.pre_departure_conv_s
        return max(before + self.change_s(headway_s=headway_s, start_s=start_s), 1)

    def change_s(self, *, headway_s: int, start_s: int | None = None) -> int:
        """Return the seconds from the platform to the moving train: waiting time, and time once per ride."""
        once_s = self.running.start_s if start_s is None else start_s
        return max(self.wait_s(headway_s) + once_s, 1)

    def connector_s(self, straight_km: float) -> int:
        """Return the rounded seconds of a connector over a straight-line distance in km."""
        return round(3600.0 * self.connector_detour * straight_km / self.connector_kmh)
