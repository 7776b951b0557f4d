"""Run the command line as a module: `python -m optimiser.cli`."""

from __future__ import annotations

from optimiser.cli import main

if __name__ == "__main__":
    main()
