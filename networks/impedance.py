"""Compute travel times in whole seconds from lengths and speeds."""

from collections.abc import Mapping

import numpy as np

from networks.errors import SchemaError
from networks.schema import CLOSED, LEAST_SPEED_KMH, MOST_SPEED_KMH, Floats, Ints, Network

_SECONDS_PER_HOUR = 3600.0


def add_travel_times(network: Network, *, speed_overrides: Mapping[str, float] | None = None) -> Network:
    """Compute the travel time of every link in both directions.

    Parameters
    ----------
    network
        Network with `length_km` and `speed_kmh`.
    speed_overrides
        Speeds in km/h by link class that replace the speeds of the links, for sensitivity runs. Ferries are
        not affected.

    Returns
    -------
    Network
        With `forward_s` and `backward_s` in whole seconds, max(1, round(length / speed x 3600)); `backward_s`
        is -1 (closed) on one-way links. Ferries that already have a time keep it, and so do roads whose two
        times differ, as those of roads with two speed limits, unless `speed_overrides` has their class.
        `speed_kmh` (of the first direction) and `speed_source` record the speeds in use.

    Raises
    ------
    SchemaError
        If an override is outside 5 to 400 km/h, or the network has no link of its class.
    """
    overrides = dict(speed_overrides or {})
    links = network.links.copy()
    classes = set(links["link_class"])
    faults = [f"no link has the class '{name}'" for name in overrides if name not in classes]
    faults += [
        f"{speed:g} km/h for class '{name}' is outside {LEAST_SPEED_KMH:g} to {MOST_SPEED_KMH:g}"
        for name, speed in overrides.items()
        if not LEAST_SPEED_KMH <= speed <= MOST_SPEED_KMH
    ]
    if faults:
        known = ", ".join(sorted(classes))
        raise SchemaError(
            "the given speeds cannot be used", faults=faults, remedy=f"Classes of links: {known or 'none'}."
        )
    chosen = links["link_class"].map(overrides).astype("float64").to_numpy()
    used = np.isfinite(chosen) & (links["mode"] != "ferry").to_numpy()
    links["speed_kmh"] = np.where(used, chosen, links["speed_kmh"].to_numpy())
    links["speed_source"] = links["speed_source"].mask(used, "override")
    seconds = travel_time_s(links["length_km"].to_numpy(), links["speed_kmh"].to_numpy())
    forward, backward = links["forward_s"].to_numpy(), links["backward_s"].to_numpy()
    is_ferry = (links["mode"] == "ferry").to_numpy()
    differs = ~used & (backward > 0) & (forward != backward)  # a road whose directions differ in speed
    links["forward_s"] = np.where((is_ferry | differs) & (forward > 0), forward, seconds)
    backward = np.where((is_ferry | differs) & (backward > 0), backward, seconds)
    links["backward_s"] = np.where(links["oneway"].to_numpy(), CLOSED, backward)
    return network.replace(links=links)


def require_times(network: Network) -> None:
    """Raise `SchemaError` unless all links of a network have travel times."""
    links = network.links
    untimed = np.flatnonzero(((links["forward_s"] == 0) | (links["backward_s"] == 0)).to_numpy())
    if untimed.size:
        raise SchemaError(
            f"{untimed.size} link(s) have no travel time yet, the first in row {untimed[0]}",
            remedy="Call impedance.add_travel_times first.",
        )


def travel_time_s(length_km: Floats, speed_kmh: Floats) -> Ints:
    """Return travel times in whole seconds, rounded half to even, at least 1.

    Parameters
    ----------
    length_km, speed_kmh
        Arrays of one shape; speeds above 0.
    """
    seconds = np.rint(np.asarray(length_km) / np.asarray(speed_kmh) * _SECONDS_PER_HOUR)
    return np.maximum(seconds, 1.0).astype(np.int64)
