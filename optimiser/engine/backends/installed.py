"""Make sure that a solver is here before a process is started for it."""

from __future__ import annotations


def require(name: str) -> None:
    """Return when a solver can be called here.

    Parameters
    ----------
    name
        As the user typed it.

    Raises
    ------
    EnvironmentFault
        When it is unknown or not installed.
    """
    from optimiser.engine.backends.registry import here  # PuLP takes most of a second to import

    here(name)
