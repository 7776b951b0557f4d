"""Register the commands, and turn every fault into one message and an exit code."""

import functools
import os
import signal
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from optimiser.cli import bench, frontier, jobs, results, screen, setup, solve
from optimiser.report.wording import WORDS
from optimiser.tasks import cache, signals

INTERNAL = 1
"""Exit code of a fault in polyring itself."""
BAD_INPUT = 2
ENVIRONMENT = 5
PIPE_CLOSED = 141
"""Exit code when the reader of the output stops reading, as in `polyring list | head -1`: 128 + SIGPIPE."""

_RESUMING = {"run", "frontier", "backcast", "bench", "atlas", "robust", "sweep", "cases"}
"""Commands that keep the steps that they have finished."""
_SOLVING = _RESUMING | {"solve", "explain", "closures"}
"""Commands that call solvers, which write temporary files."""
_RESUME = "Interrupted; run the same command again to resume: finished steps are kept."
_START_ANEW = "Interrupted; the same command starts anew. No file was left half written."

app = typer.Typer(
    name="polyring",
    help="Propose links and ring roads that bring every city of a cluster within reach, with a proof.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
_COMMANDS: Mapping[str, Callable[..., int | None]] = {
    "run": jobs.run,
    "cases": jobs.cases,
    "frontier": frontier.frontier,
    "robust": jobs.robust,
    "sweep": jobs.sweep,
    "closures": jobs.closures,
    "backcast": jobs.backcast,
    "atlas": jobs.atlas,
    "solve": solve.solve,
    "score": solve.score,
    "verify": results.verify,
    "certify": results.certify,
    "compare": results.compare,
    "explain": results.explain,
    "import": setup.import_file,
    "bench": bench.bench,
    "list": setup.list_all,
    "init": setup.init,
    "doctor": setup.doctor,
}

for _name, _function in _COMMANDS.items():
    _examples = [f"  polyring {_name} {words}".rstrip() for words in WORDS["examples"][_name]]
    app.command(_name, epilog="\n".join(["\b", "Examples:", *_examples]))(_function)
app.add_typer(bench.convert)


_parser = functools.cache(typer.main.get_command)
"""Make the parser of all commands once, which takes longer than most refusals."""


def _version(asked: bool) -> None:
    if asked:
        from importlib import metadata

        typer.echo(f"polyring {metadata.version('polyring')}")
        raise typer.Exit


@app.callback()
def start(
    _version_asked: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    _debug: Annotated[
        bool, typer.Option("--debug", help="Show tracebacks; may stand anywhere on the line.")
    ] = False,
    _allow_local: Annotated[
        bool,
        typer.Option("--allow-local", help="Ask servers of this machine that a job names; also anywhere."),
    ] = False,
) -> None:
    """Propose links and ring roads that bring every city of a cluster within reach, with a proof."""


def call(arguments: Sequence[str], *, is_interrupted: bool = False) -> int:
    """Run a command.

    Parameters
    ----------
    arguments
        The words after `polyring`.
    is_interrupted
        Whether a signal came before.

    Returns
    -------
    int
        The exit code: 0 plan within the gap asked for, 10 usable plan without that proof, 2 bad input,
        3 infeasible, 4 solver failed or plan refused, 5 environment, 130 interrupted, 141 the reader of
        the output closed the pipe (no message then), 1 a fault in polyring.
    """
    debug = "--debug" in arguments
    words = [word for word in arguments if word not in ("--debug", "--allow-local")]
    try:
        with signals.raise_on_signals(), ExitStack() as stack:
            if is_interrupted:
                signal.raise_signal(signal.SIGINT)
            if "--allow-local" in arguments and cache.ALLOW_LOCAL not in os.environ:
                os.environ[cache.ALLOW_LOCAL] = "1"
                stack.callback(os.environ.pop, cache.ALLOW_LOCAL)
            if _SOLVING & set(words[:1]):
                stack.enter_context(cache.own_temporary_folder())
            outcome = _parser(app)(args=words, prog_name="polyring", standalone_mode=False)
        sys.stdout.flush()
    except (signals.Interrupted, KeyboardInterrupt) as interruption:
        signals.kill_children()
        for note in getattr(interruption, "__notes__", ()):
            screen.note(note)
        screen.note(_RESUME if _RESUMING & set(words[:1]) else _START_ANEW)
        return signals.EXIT_CODE
    except (BrokenPipeError, SystemExit) as end:
        # Typer itself ends the process with 1 when the pipe is closed.
        if not isinstance(end, BrokenPipeError) and not isinstance(end.__context__, BrokenPipeError):
            raise
        # What is left of the output goes nowhere, so that the end of the process raises nothing.
        with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
        return PIPE_CLOSED
    except Exception as fault:  # noqa: BLE001 - the last place where a fault can become a message
        if debug:
            traceback.print_exc()
        return _report(fault, debug=debug)
    return outcome if isinstance(outcome, int) else 0


def _report(fault: Exception, *, debug: bool) -> int:
    """Print what a user needs to know of a fault; return the exit code."""
    if hasattr(fault, "format_message"):
        context = getattr(fault, "ctx", None)
        command = context.command_path if context else "polyring"
        screen.note(f"{fault.format_message()}\nTry '{command} --help'.")
        return BAD_INPUT
    hint = "" if debug else "\nRun again with --debug to see where, and report it with that text."
    words, code = f"A fault in polyring itself: {type(fault).__name__}: {fault}{hint}", INTERNAL
    if isinstance(known := getattr(fault, "exit_code", None), int):
        words, code = str(fault), known
    elif values := _refused_values(fault):
        listed = "\n".join(values)
        words = f"Values that cannot be used:\n{listed}\nNothing was done.\nCorrect them and try again."
        code = BAD_INPUT
    elif isinstance(fault, OSError | MemoryError):
        what = "the memory is used up" if isinstance(fault, MemoryError) else str(fault)
        words = f"{what}\nNo result was changed.\nMake room and run the same command again."
        code = ENVIRONMENT
    screen.note(words)
    return code


def _refused_values(fault: Exception) -> list[str]:
    """Return a line for each value that a section of a job refused, where no command did so before."""
    from pydantic import ValidationError

    if not isinstance(fault, ValidationError):
        return []
    found = fault.errors(include_url=False, include_context=False)
    return [f"  - {'.'.join(map(str, one['loc']))}: {one['msg']}, not {one['input']!r:.80}" for one in found]
