"""Offer polyring on the command line."""

import signal
import sys

__all__ = ["main"]


def main() -> None:
    """Run the command that the process was started with, and end the process with its exit code.

    Signals wait until the commands are loaded: what is raised within an import may be lost there.
    """
    waiting: list[int] = []
    before = {
        number: signal.signal(number, lambda number, _frame: waiting.append(number))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    from optimiser.cli.app import call

    for number, handler in before.items():
        signal.signal(number, handler)
    sys.exit(call(sys.argv[1:], is_interrupted=bool(waiting)))
