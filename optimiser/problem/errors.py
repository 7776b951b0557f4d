"""Define the errors that users of `optimiser` see."""

from collections.abc import Sequence

MOST_FAULTS, MOST_LISTED = 20, 10
"""Faults that one message lists, and names that one sentence does; the rest are counted."""


class OptimiserError(Exception):
    """Tell a user what happened, where, what was done, and what to do next.

    It has the parts of `networks.errors.NetworksError`, which the core of `optimiser` does not import.

    Parameters
    ----------
    what
        What happened, one line.
    where
        File, problem or key concerned; empty when there is none.
    done
        What was done or left undone because of it, a sentence.
    remedy
        What the user can do next, a sentence.
    faults
        Single faults, listed one a line.
    """

    exit_code = 2

    def __init__(
        self, what: str, *, where: str = "", done: str = "", remedy: str = "", faults: Sequence[str] = ()
    ) -> None:
        self.what, self.where, self.done, self.remedy = what, where, done, remedy
        self.faults = tuple(faults)
        super().__init__(str(self))

    @classmethod
    def refuse(cls, faults: Sequence[str], what: str, **parts: str) -> None:
        """Raise the error with all faults of an input; do nothing when there are none.

        Parameters
        ----------
        faults
            Single faults.
        what, parts
            The other parts of the error.
        """
        if faults:
            raise cls(what, faults=faults, **parts)

    def __str__(self) -> str:
        """Return the message as the user sees it, one part a line."""
        head = f"{self.where}: {self.what}" if self.where else self.what
        lines = [head, *(f"  - {fault}" for fault in self.faults), self.done, self.remedy]
        return "\n".join(line for line in lines if line)


def install_extra(name: str) -> str:
    """Return how to install an extra, from a clone of the project or from a wheel, as a sentence."""
    commands = f"in a clone begin with `uv run --extra {name}`, of a wheel `pip install 'WHEEL[{name}]'`"
    return f"Install the extra `{name}`: {commands}."


class JobError(OptimiserError, ValueError):
    """A job file has faults."""


class ProblemError(OptimiserError, ValueError):
    """A problem or result file departs from its format."""


class CandidateError(OptimiserError, ValueError):
    """Candidates cannot be used."""


class InfeasibleError(OptimiserError):
    """It is proved that no plan meets the constraints."""

    exit_code = 3


class SolverError(OptimiserError, RuntimeError):
    """A solver failed."""

    exit_code = 4


class VerificationError(OptimiserError, RuntimeError):
    """The independent check rejected a plan."""

    exit_code = 4


class EnvironmentFault(OptimiserError, OSError):
    """A disk, a folder, the network or a missing solver stopped the work."""

    exit_code = 5


def raise_faults(
    faults: Sequence[str], *, where: str = "", what: str = "the problem breaks its format"
) -> None:
    """Raise one `ProblemError` that lists all faults; do nothing when there are none.

    Raises
    ------
    ProblemError
        When `faults` is not empty.
    """
    done, remedy = "Nothing was solved.", "Correct these places and try again."
    ProblemError.refuse(first_of(faults), what, where=where, done=done, remedy=remedy)


def first_of(faults: Sequence[str]) -> list[str]:
    """Return the first faults of a list, and the number of the others in words."""
    more = len(faults) - MOST_FAULTS
    return [*faults[:MOST_FAULTS], *([f"and {more} more"] if more > 0 else [])]


def listed(names: Sequence[str], most: int = MOST_LISTED, separator: str = ", ") -> str:
    """Return the first names of a list for a sentence, and the number of the others."""
    return separator.join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
