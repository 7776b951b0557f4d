"""Run a command and turn every fault into one message and an exit code."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence

INTERNAL = 1
"""Exit code of a fault in polyring itself."""
BAD_INPUT = 2
ENVIRONMENT = 5
INTERRUPTED = 130
PIPE_CLOSED = 141
"""Exit code when whoever reads the output stops reading, as in `polyring list | head -1`: 128 + SIGPIPE."""

_RESUMING = {"run", "frontier", "bench"}
"""Commands that keep the steps that they have finished."""
_RESUMED = "Interrupted; run the same command again to resume: finished steps are kept."
_ANEW = "Interrupted; the same command starts anew. No file was left half written."


def main() -> None:
    """Run the command that the process was started with, and end the process with its exit code."""
    sys.exit(call(sys.argv[1:]))


def call(arguments: Sequence[str]) -> int:
    """Run a command.

    Parameters
    ----------
    arguments
        The words after `polyring`.

    Returns
    -------
    int
        The exit code: 0 plan within the gap asked for, 10 usable plan without that proof, 2 bad input,
        3 infeasible, 4 solver failed or plan refused, 5 environment, 130 interrupted, 141 the reader of
        the output closed the pipe (nothing is said then), 1 a fault in polyring.
    """
    from optimiser.cli.app import app
    from optimiser.run import stop

    debug = "--debug" in arguments
    words = [word for word in arguments if word != "--debug"]
    try:
        with stop.on_signals():
            outcome = app(args=words, prog_name="polyring", standalone_mode=False)
        sys.stdout.flush()
    except (stop.Interrupted, KeyboardInterrupt):
        stop.kill_children()
        _say(_RESUMED if _RESUMING & set(words[:1]) else _ANEW)
        return INTERRUPTED
    except (BrokenPipeError, SystemExit) as end:
        if not isinstance(end, BrokenPipeError) and not isinstance(end.__context__, BrokenPipeError):
            raise  # typer itself ends the process with 1 when the pipe is closed: that case is ours
        _close_output()
        return PIPE_CLOSED
    except Exception as fault:  # noqa: BLE001 - the last place where a fault can become a message
        if debug:
            traceback.print_exc()
        return _tell(fault, debug=debug)
    return outcome if isinstance(outcome, int) else 0


def _close_output() -> None:
    """Let what is left of the output go nowhere, so that the end of the process raises nothing."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _tell(fault: Exception, *, debug: bool) -> int:
    """Print what a user needs to know of a fault; return the exit code."""
    if hasattr(fault, "format_message"):
        context = getattr(fault, "ctx", None)
        command = context.command_path if context else "polyring"
        _say(f"{fault.format_message()}\nTry '{command} --help'.")
        return BAD_INPUT
    code = getattr(fault, "exit_code", None)
    if isinstance(code, int):
        _say(str(fault))
        return code
    if values := _refused_values(fault):
        _say(
            "\n".join(
                ["Values that cannot be used:", *values, "Nothing was done.", "Mend them and try again."]
            )
        )
        return BAD_INPUT
    if isinstance(fault, OSError | MemoryError):
        what = "the memory is used up" if isinstance(fault, MemoryError) else str(fault)
        _say(f"{what}\nNo result was changed.\nMake room and run the same command again.")
        return ENVIRONMENT
    hint = "" if debug else "\nRun again with --debug to see where, and report it with that text."
    _say(f"A fault in polyring itself: {type(fault).__name__}: {fault}{hint}")
    return INTERNAL


def _refused_values(fault: Exception) -> list[str]:
    """Return a line for each value that a section of a job refused, where no command did so before."""
    from pydantic import ValidationError

    if not isinstance(fault, ValidationError):
        return []
    found = fault.errors(include_url=False, include_context=False)
    return [f"  - {'.'.join(map(str, one['loc']))}: {one['msg']}, not {one['input']!r:.80}" for one in found]


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
