"""Define the errors of the package, all with the same parts for the user."""

from collections.abc import Sequence


class NetworksError(Exception):
    """Base class: an error that tells the user what happened, where, what was done, and what to do next.

    Parameters
    ----------
    what
        What happened, in one sentence.
    where
        File, line, OSM id or city concerned.
    done
        What was done, or not done, as a result.
    remedy
        What the user can do next.
    faults
        All individual faults of an input that has several.
    """

    exit_code = 2
    """Exit code of the command line: 2 for invalid input."""

    def __init__(
        self, what: str, *, where: str = "", done: str = "", remedy: str = "", faults: Sequence[str] = ()
    ) -> None:
        self.what, self.where, self.done, self.remedy = what, where, done, remedy
        self.faults = tuple(faults)
        super().__init__(str(self))

    def __str__(self) -> str:
        """Return the message for the user, with one part per line."""
        head = f"{self.where}: {self.what}" if self.where else self.what
        lines = [head, *(f"  - {fault}" for fault in self.faults), self.done, self.remedy]
        return "\n".join(line for line in lines if line)


class SourceError(NetworksError, ValueError):
    """A source file or an area cannot be read completely."""


class FetchError(SourceError, ConnectionError):
    """A download failed because of the network or the server."""

    exit_code = 5
    """Exit code of the command line: 5 for a fault of the environment."""


class SchemaError(NetworksError, ValueError):
    """A table violates its data contract."""


class SnapError(NetworksError, ValueError):
    """Cities have no node of the network within the limit."""
