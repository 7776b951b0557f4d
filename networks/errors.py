"""Name what can go wrong between a source file and a travel time."""

from __future__ import annotations

from collections.abc import Sequence


class NetworksError(Exception):
    """Tell a user what happened, where, what was done, and what to do next.

    Parameters
    ----------
    what
        What happened, in one sentence.
    where
        File, line, OSM id or city that it concerns.
    done
        What was done or not done because of it.
    remedy
        What the user can do next.
    faults
        All single faults of one input, when there are several.
    """

    exit_code = 2

    def __init__(
        self, what: str, *, where: str = "", done: str = "", remedy: str = "", faults: Sequence[str] = ()
    ) -> None:
        self.what = what
        self.where = where
        self.done = done
        self.remedy = remedy
        self.faults = tuple(faults)
        super().__init__(str(self))

    def __str__(self) -> str:
        """Return the message as the user sees it, one part a line."""
        head = f"{self.where}: {self.what}" if self.where else self.what
        lines = [head, *(f"  - {fault}" for fault in self.faults), self.done, self.remedy]
        return "\n".join(line for line in lines if line)


class SourceError(NetworksError, ValueError):
    """A source file or an area that cannot be read whole."""


class FetchError(SourceError, ConnectionError):
    """A download that failed for reasons of the network or the server."""

    exit_code = 5


class SchemaError(NetworksError, ValueError):
    """A table that departs from the data contract."""


class DisconnectedError(NetworksError, ValueError):
    """A network in which needed places are not joined."""


class SnapError(NetworksError, ValueError):
    """Cities that no network passes within the limit."""
