"""Name what can go wrong between a candidate and a verified plan."""

from __future__ import annotations

from collections.abc import Sequence


class OptimiserError(Exception):
    """Tell a user what happened, where, what was done, and what to do next.

    The mathematical core stands without `networks`, so it has a tree of its own with the same parts:
    `what`, `where`, `done`, `remedy`, `faults` and `exit_code`.
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


class JobError(OptimiserError, ValueError):
    """A job file with faults."""


class ProblemError(OptimiserError, ValueError):
    """A problem or result file that departs from its format."""


class CandidateError(OptimiserError, ValueError):
    """Candidates that cannot be used."""


class InfeasibleError(OptimiserError):
    """No plan meets the constraints, proved."""

    exit_code = 3


class SolverError(OptimiserError, RuntimeError):
    """A solver that failed."""

    exit_code = 4


class VerificationError(OptimiserError, RuntimeError):
    """A plan that the independent check refused."""

    exit_code = 4


class EnvironmentFault(OptimiserError, OSError):
    """A disk, folder, network or missing solver that stopped the work."""

    exit_code = 5
