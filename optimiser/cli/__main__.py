"""Run the command line as a module: `python -m optimiser.cli`."""

from optimiser.cli import main

if __name__ == "__main__":
    main()
