"""Hold what is assumed about getting to a train, waiting for it and leaving it."""

from __future__ import annotations

from dataclasses import dataclass

from networks.rail.parameters import Running, read_rail_table

TIERS = ("core", "secondary", "small")


@dataclass(frozen=True, slots=True)
class ByTier:
    """Seconds that depend on the tier of a city."""

    core: int
    secondary: int
    small: int

    def of(self, tier: str) -> int:
        """Return the seconds of a tier.

        Parameters
        ----------
        tier
            `core` or `secondary`; every other place counts as `small`.

        Returns
        -------
        int
            Seconds.
        """
        return {"core": self.core, "secondary": self.secondary}.get(tier, self.small)


@dataclass(frozen=True, slots=True)
class AccessParameters:
    """Every assumption of a journey beside driving and running.

    Attributes
    ----------
    running
        Time at intermediate stops, and once a ride.
    fast_classes
        Classes of service whose stations have the longer time before departure.
    pre_departure_hsr_s, pre_departure_conv_s
        Seconds at the station before the train leaves, for those classes and for all others.
    alight_s
        Seconds from the train to the front of the station.
    transfer_s
        Seconds from train to train at one station, without the wait.
    wait_cap_s
        Longest wait: half the headway, at most this.
    centre_station_km
        Stations this near a centre are reached in `centre_station`.
    centre_station
        Seconds between a centre and such a station.
    terminal
        Seconds between a centre and the road network, beside the way to its road node.
    connector_kmh, connector_detour
        Speed on the way to a road node, km/h, and its length over the straight line.
    station_road_km
        A station farther than this from any road node is not joined by road.
    station_road_s
        Seconds between the road and the front of the station, beside the way.
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
        """Return the mean wait for a train.

        Parameters
        ----------
        headway_s
            Seconds between departures.

        Returns
        -------
        int
            Half the headway, rounded up, at most `wait_cap_s`.
        """
        return min((headway_s + 1) // 2, self.wait_cap_s)

    def board_s(self, *, link_class: str, headway_s: int) -> int:
        """Return the time from the front of a station to the moving train.

        Parameters
        ----------
        link_class
            Class of the service.
        headway_s
            Seconds between its departures.

        Returns
        -------
        int
            Time before departure, wait, and what a ride takes once.
        """
        fast = link_class in self.fast_classes
        before = self.pre_departure_hsr_s if fast else self.pre_departure_conv_s
        return max(before + self.change_s(headway_s=headway_s), 1)

    def change_s(self, *, headway_s: int) -> int:
        """Return the time from the platforms of a station to the moving train.

        Parameters
        ----------
        headway_s
            Seconds between departures.

        Returns
        -------
        int
            The wait, and what a ride takes once.
        """
        return max(self.wait_s(headway_s) + self.running.start_s, 1)

    def connector_s(self, straight_km: float) -> int:
        """Return the time of a way to a road node.

        Parameters
        ----------
        straight_km
            Straight distance.

        Returns
        -------
        int
            Seconds, rounded.
        """
        return round(3600.0 * self.connector_detour * straight_km / self.connector_kmh)
