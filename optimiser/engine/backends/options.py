"""Pass options of the user to solvers under the solvers' own names.

A process does one task at a time, and options are those of one solver: they are kept here while the task
runs, and each adapter asks for them when it makes a model.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pkgutil import resolve_name
from typing import Any

from optimiser.engine.backends.solvers import SOLVERS, UNNAMED
from optimiser.problem.errors import ProblemError

type Options = Mapping[str, str | int | float | bool]
"""Values by name. The time limit of a solve prevails."""

_in_force: dict[str, Options] = {}


@contextmanager
def in_force(solver: str, options: Options) -> Iterator[None]:
    """Let the models of a solver that are made within a block have some options."""
    _in_force[solver] = options
    try:
        yield
    finally:
        del _in_force[solver]


def options_of(solver: str) -> Options:
    """Return the options of a solver that are in force."""
    return _in_force.get(solver, {})


def set_options(holder: Any, options: Options) -> None:  # noqa: ANN401 - a solver's own
    """Set options of a solver.

    Parameters
    ----------
    holder
        A `highspy.Highs`, `pyscipopt.Model` or `gurobipy.Model`; or the options of HiGHS or CP-SAT as an
        object with an attribute each.

    Raises
    ------
    Exception
        When one is unknown, or has no such value: each solver has errors of its own.
    """
    for name, value in options.items():
        if hasattr(holder, "setParam"):
            holder.setParam(name, value)
        elif hasattr(holder, "setOptionValue"):
            text = str(value).lower() if isinstance(value, bool) else str(value)  # HiGHS converts it
            if holder.setOptionValue(name, text).name != "kOk":
                raise ValueError(f"HiGHS does not take the option {name} = {text}")
        else:
            getattr(holder, name)  # setting makes no new attribute
            setattr(holder, name, value)


def refuse_options(name: str, options: Options) -> None:
    """Refuse options that an installed solver, by its name, does not take, before it is asked anything.

    Raises
    ------
    ProblemError
        With every option that it does not take, or where no options reach it.
    """
    able, faults = [one for one, row in SOLVERS.items() if row.options], []
    if name not in able:
        named = "none is named" if name in UNNAMED else f"they do not reach {name!r}"
        raise ProblemError(
            f"options are those of a solver, and {named}",
            done="Nothing was solved.",
            remedy=f"Name one: --solver {', '.join(able)}; and with --variant one that runs with it.",
        )
    holder = resolve_name(SOLVERS[name].options)()
    for option, value in options.items():
        try:
            set_options(getattr(holder, "parameters", holder), {option: value})
        except (AttributeError, KeyError):
            faults.append(f"{option} is unknown")
        except Exception:  # noqa: BLE001 - each solver has errors of its own
            faults.append(f"{option} cannot be {value!r}")
    if faults:
        raise ProblemError(
            f"{SOLVERS[name].title} does not take these options",
            faults=faults,
            done="Nothing was solved.",
            remedy="Write names and values as its manual does.",
        )
