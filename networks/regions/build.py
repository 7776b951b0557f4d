"""Build the network file of an embedded region by hand: ``python -m networks.regions.build NAME``."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from networks.regions import read
from networks.regions.construction.assemble import assemble
from networks.regions.construction.osmfile import write


def main() -> None:
    """Read the arguments, build the network and write it."""
    parser = argparse.ArgumentParser(prog="python -m networks.regions.build", description=__doc__)
    parser.add_argument("region", help="name of the region")
    parser.add_argument("--out", type=Path, help="file to write; default: the region's own network")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    region = read(arguments.region)
    write(assemble(region), arguments.out or region.network)


if __name__ == "__main__":
    main()
