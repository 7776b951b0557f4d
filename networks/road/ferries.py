"""Determine whether a ferry carries cars."""

from __future__ import annotations

from networks.osm.elements import Tags


def carries_cars(tags: Tags) -> bool:
    """Return whether a ferry carries cars: they are not excluded, and it is not for foot passengers only."""
    allowed = tags.get("motorcar", tags.get("motor_vehicle", tags.get("vehicle", "")))
    if allowed:
        return allowed not in {"no", "private"}
    return tags.get("access", "") not in {"no", "private"} and tags.get("ferry", "") != "passenger"
