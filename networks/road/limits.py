"""Give each road a speed, and count where it comes from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from networks.osm.elements import Tags
from networks.road.directions import BACKWARD, FORWARD
from networks.road.report import SpeedCounts
from networks.road.speeds import Limit, parse_limit
from networks.road.tables import SpeedTable

_EXAMPLES = 5
_SHOWN = 60


class SpeedReader:
    """Read the speed of one way after the other, and keep the counts.

    The speed is that of the caller for the class, else the tagged limit times the class factor, else that
    of the table.

    Parameters
    ----------
    table
        Speeds of the country.
    overrides
        Speed by class in km/h that replaces tags and table.
    """

    def __init__(self, table: SpeedTable, overrides: Mapping[str, float]) -> None:
        self._table = table
        self._overrides = overrides
        self._seen: dict[str, Limit] = {}
        self._sources: Counter[str] = Counter()
        self._rejected: Counter[str] = Counter()
        self._examples: dict[str, dict[str, int]] = {}

    def read(self, way: int, tags: Tags, turn: int) -> tuple[float, str]:
        """Return the speed of a road and its source.

        Parameters
        ----------
        way
            OSM id, for the examples.
        tags
            Tags of the way, `highway` among them.
        turn
            `BOTH`, `FORWARD` or `BACKWARD`: a one-way reads the limit of its direction.

        Returns
        -------
        tuple of float and str
            km/h, never under the least limit that is believed; `tag`, `table` or `override`.
        """
        kmh, source = self._choose(way, tags, turn)
        self._sources[source] += 1
        return kmh, source

    def _choose(self, way: int, tags: Tags, turn: int) -> tuple[float, str]:
        name = tags["highway"]
        if name in self._overrides:
            return self._overrides[name], "override"
        text = _limit_text(tags, turn)
        kmh = self._limit(way, text) if text else None
        if kmh is None:
            return self._table.speed_kmh[name], "table"
        return max(kmh * self._table.factor_of(name), self._table.least_kmh), "tag"

    def _limit(self, way: int, text: str) -> float | None:
        limit = self._seen.get(text)
        if limit is None:
            limit = self._seen[text] = parse_limit(text, table=self._table)
        if limit.reason:
            self._rejected[limit.reason] += 1
            known = self._examples.setdefault(limit.reason, {})
            if len(known) < _EXAMPLES:
                known.setdefault(text[:_SHOWN], way)
        return limit.kmh

    def counts(self) -> SpeedCounts:
        """Return what was counted so far."""
        return SpeedCounts(
            tagged=self._sources["tag"],
            imputed=self._sources["table"],
            overridden=self._sources["override"],
            rejected=dict(sorted(self._rejected.items())),
            examples={
                reason: tuple(f"way {way}: {text}" for text, way in seen.items())
                for reason, seen in sorted(self._examples.items())
            },
        )


def _limit_text(tags: Tags, turn: int) -> str:
    text = tags.get("maxspeed", "")
    if turn == BACKWARD:
        return tags.get("maxspeed:backward", text)
    if turn == FORWARD:
        return tags.get("maxspeed:forward", text)
    return text or ";".join(filter(None, (tags.get("maxspeed:forward"), tags.get("maxspeed:backward"))))
