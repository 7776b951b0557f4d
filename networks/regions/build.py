"""Build the network file of an embedded region by hand: ``python -m networks.regions.build NAME``."""

from __future__ import annotations

import argparse
import logging
import re
from pathlib import Path

from networks.regions import checksum, folder, read
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
    if arguments.out is None:
        stamp(folder(arguments.region) / "region.toml", checksum(region.network))


def stamp(description: Path, digest: str) -> None:
    """Write the checksum of a new network into the description of its region.

    Parameters
    ----------
    description
        The file ``region.toml``; its line ``network_sha256`` is replaced.
    digest
        SHA-256 of the network file, hexadecimal.
    """
    text = description.read_text(encoding="utf-8")
    line = f'network_sha256 = "{digest}"'
    description.write_text(re.sub(r"(?m)^network_sha256 = .*$", line, text), encoding="utf-8")


if __name__ == "__main__":
    main()
