"""Compute travel times in whole seconds from lengths and speeds."""

import numpy as np

from networks.errors import SchemaError
from networks.schema import CLOSED, Floats, Ints, Network

_SECONDS_PER_HOUR = 3600.0


def add_travel_times(network: Network) -> Network:
    """Compute the travel time of every link in both directions.

    Parameters
    ----------
    network
        Network with `length_km` and `speed_kmh`.

    Returns
    -------
    Network
        With `forward_s` and `backward_s` in whole seconds, max(1, round(length / speed x 3600)); `backward_s`
        is -1 (closed) on one-way links. Ferries that already have a time keep it, and so do roads whose two
        times differ, as those of roads with two speed limits; `speed_kmh` is that of the first direction.
        Other roads keep a time that is longer than that of their speed, which holds a wait.
    """
    links = network.links.copy()
    seconds = travel_time_s(links["length_km"].to_numpy(), links["speed_kmh"].to_numpy())
    forward, backward = links["forward_s"].to_numpy(), links["backward_s"].to_numpy()
    is_ferry = (links["mode"] == "ferry").to_numpy()
    differs = (backward > 0) & (forward != backward)  # a road whose directions differ in speed
    links["forward_s"] = np.where((is_ferry | differs) & (forward > 0), forward, np.maximum(forward, seconds))
    backward = np.where((is_ferry | differs) & (backward > 0), backward, np.maximum(backward, seconds))
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
