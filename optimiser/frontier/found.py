"""Hold what was found for one question of a frontier."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from optimiser.engine.methods.sweep_task import Asked, asked_from
from optimiser.problem.result import Circuits, Starts


@dataclass(frozen=True, slots=True)
class Found:
    """The outcome of a question, on the original problem.

    Attributes
    ----------
    asked
        The question.
    built
        Ids of the best plan; None when none was found.
    bound
        Proven limit of what was asked: of coverage from above, of cost from below. None without one.
    empty
        It is proved that no plan answers the question.
    seconds
        Of the answer itself, without the start of a process.
    whole_seconds
        With everything, as the caller waited.
    warm
        It started from the cuts and plans of other questions.
    nodes, cuts
        Nodes of trees, and cuts added.
    reason
        Why it ended: `answered`, `time`, or a fault of the solver.
    solver
        Name and version.
    message
        More about a bad end.
    rings, starts
        As in `Result`.
    """

    asked: Asked
    built: tuple[str, ...] | None
    bound: float | None
    empty: bool
    seconds: float
    whole_seconds: float
    warm: bool
    nodes: int = 0
    cuts: int = 0
    reason: str = "answered"
    solver: str = ""
    message: str = ""
    rings: Circuits = field(default_factory=dict)
    starts: Starts = field(default_factory=dict)

    def replace(self, **changes: Any) -> Found:  # noqa: ANN401 - any field may be exchanged
        """Return it with some fields exchanged."""
        return dataclasses.replace(self, **changes)

    def as_dict(self) -> dict[str, Any]:
        """Return a JSON object."""
        values = {item.name: getattr(self, item.name) for item in dataclasses.fields(self)}
        values["asked"] = self.asked.as_dict()
        values["built"] = None if self.built is None else list(self.built)
        values["rings"] = {name: list(links) for name, links in self.rings.items()}
        values["starts"] = dict(self.starts)
        return values


def found_from(value: Mapping[str, Any]) -> Found:
    """Return what a JSON object holds.

    Parameters
    ----------
    value
        As `Found.as_dict` gives it.
    """
    values = dict(value)
    values["asked"] = asked_from(value["asked"])
    values["built"] = None if value["built"] is None else tuple(value["built"])
    values["rings"] = {name: tuple(links) for name, links in value["rings"].items()}
    return Found(**values)
