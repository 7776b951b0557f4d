"""Register the commands, and turn every fault into one message and an exit code."""

from __future__ import annotations

import functools
import os
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import Annotated

import typer

from optimiser.cli import bench, frontier, jobs, results, screen, setup, solve
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
_COMMANDS: Mapping[str, Callable[..., int]] = {
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
_EXAMPLES = """\
polyring run jing-jin-ji
polyring run job.toml --set budget.share=0.1 --out less
polyring run job.toml --dry-run
polyring cases jing-jin-ji
polyring cases polyring-runs/less --workers 2
polyring frontier jing-jin-ji
polyring frontier job.toml --set frontier.points=12
polyring robust jing-jin-ji-uncertain
polyring robust job.toml --kind regret --scenarios 10
polyring robust job.toml --set robust.of=cases
polyring sweep jing-jin-ji
polyring sweep job.toml --set sweep.cases=256 --workers 4
polyring sweep job.toml --dry-run
polyring closures jing-jin-ji
polyring closures job.toml --set closures.share=0.8 --set closures.most=20
polyring backcast jing-jin-ji --out past
polyring atlas --only po-valley --only tokaido
polyring atlas my-clusters.toml --out atlas
polyring solve problem.json -o result.json --time-limit 60 --gap 0.001
polyring solve problem.json -o result.json --start earlier.json
polyring solve problem.json --write-lp model.lp --variant compact
polyring solve problem.json -o result.json --variant mine.py
polyring score problem.json --built road:1,rail:7
polyring score problem.json --plan plan.txt
polyring verify polyring-runs/jing-jin-ji
polyring verify problem.json result.json
polyring certify polyring-runs/jing-jin-ji
polyring certify problem.json result.json -o certificate.json
polyring compare polyring-runs/jing-jin-ji less
polyring explain polyring-runs/jing-jin-ji 1
polyring explain less 3 --time-limit 20 --json
polyring import region.osm.pbf -o network.gpkg --country CN
polyring bench --instances problem.json --variant auto --variant compact:scip
polyring bench --family grid --seeds 1..10 --time-limit-s 60 -o grids
polyring list
polyring list --json
polyring init job.toml --file region.osm.pbf --country CN
polyring doctor
"""
"""Examples of the commands, in the order in which their help shows them."""

for _name, _function in _COMMANDS.items():
    _words = [f"  {line}" for line in _EXAMPLES.splitlines() if line.split()[1] == _name]
    app.command(_name, epilog="\n".join(["\b", "Examples:", *_words]))(_function)
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
) -> None:
    """Propose links and ring roads that bring every city of a cluster within reach, with a proof."""


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
        the output closed the pipe (no message then), 1 a fault in polyring.
    """
    debug = "--debug" in arguments
    words = [word for word in arguments if word != "--debug"]
    try:
        with signals.raise_on_signals(), ExitStack() as stack:
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
        _discard_output()
        return PIPE_CLOSED
    except Exception as fault:  # noqa: BLE001 - the last place where a fault can become a message
        if debug:
            traceback.print_exc()
        return _report(fault, debug=debug)
    return outcome if isinstance(outcome, int) else 0


def _discard_output() -> None:
    """Send what is left of the output nowhere, so that the end of the process raises nothing."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _report(fault: Exception, *, debug: bool) -> int:
    """Print what a user needs to know of a fault; return the exit code."""
    if hasattr(fault, "format_message"):
        context = getattr(fault, "ctx", None)
        command = context.command_path if context else "polyring"
        screen.note(f"{fault.format_message()}\nTry '{command} --help'.")
        return BAD_INPUT
    code = getattr(fault, "exit_code", None)
    if isinstance(code, int):
        screen.note(str(fault))
        return code
    if values := _refused_values(fault):
        listed = "\n".join(values)
        screen.note(f"Values that cannot be used:\n{listed}\nNothing was done.\nCorrect them and try again.")
        return BAD_INPUT
    if isinstance(fault, OSError | MemoryError):
        what = "the memory is used up" if isinstance(fault, MemoryError) else str(fault)
        screen.note(f"{what}\nNo result was changed.\nMake room and run the same command again.")
        return ENVIRONMENT
    hint = "" if debug else "\nRun again with --debug to see where, and report it with that text."
    screen.note(f"A fault in polyring itself: {type(fault).__name__}: {fault}{hint}")
    return INTERNAL


def _refused_values(fault: Exception) -> list[str]:
    """Return a line for each value that a section of a job refused, where no command did so before."""
    from pydantic import ValidationError

    if not isinstance(fault, ValidationError):
        return []
    found = fault.errors(include_url=False, include_context=False)
    return [f"  - {'.'.join(map(str, one['loc']))}: {one['msg']}, not {one['input']!r:.80}" for one in found]
