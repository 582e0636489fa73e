"""Rebuild the data files from the packages that ship them, and verify every byte.

Usage: python data/rebuild.py                          fetches the packages with `apt-get` and `pip`
       python data/rebuild.py --deb FILE --wheel FILE  uses these packages

Fashion-MNIST comes from the Debian package `dataset-fashion-mnist`, California housing from the Python package
`shapiq` 1.4.1. A file is replaced only by one with the checksum in SHA256SUMS; if one differs, nothing is written.
Needs `dpkg-deb` (on any Linux: package dpkg) and, unless --deb is given, a Debian or Ubuntu `apt-get`.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import struct
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lecture_utils.datasets import DATA_DIR, checksums

WHEEL_SHA256 = "c86667eb28ea0de56005fbe9fd072783242b74aa87fede11e07b6b915b93e7b3"


def fashion_mnist(deb: Path, folder: Path) -> dict[str, bytes]:
    """The four official Fashion-MNIST files, by path below `data/`.

    The Debian package holds them without the name and date that the official gzip headers carry (RFC 1952, section
    2.3); with these added, the files are the official ones, byte for byte.
    """
    subprocess.run(["dpkg-deb", "-x", deb, folder], check=True)
    official = {}
    for path in sorted((folder / "usr/share/datasets/fashion-mnist").glob("*.gz")):
        modified = 1504176606 if path.name.startswith("train") else 1504176627
        has_name, best_compression_not_noted, unix = 8, 0, 3
        header = b"\x1f\x8b\x08" + struct.pack("<BIBB", has_name, modified, best_compression_not_noted, unix)
        official[f"fashion-mnist/{path.name}"] = header + path.stem.encode() + b"\0" + path.read_bytes()[10:]
    return official


def california_housing(wheel: Path) -> dict[str, bytes]:
    """The raw StatLib rows of California housing, by path below `data/`.

    The wheel holds averages per household. Rooms, bedrooms and households are whole numbers, so rounding recovers
    them exactly.
    """
    if hashlib.sha256(wheel.read_bytes()).hexdigest() != WHEEL_SHA256:
        raise ValueError(f"{wheel} is not shapiq 1.4.1, whose sha256 is {WHEEL_SHA256}")
    with zipfile.ZipFile(wheel) as archive, archive.open("shapiq/datasets/data/california_housing.csv") as table:
        averages = np.loadtxt(table, delimiter=",", skiprows=1)
    income, age, rooms, bedrooms, population, occupancy, latitude, longitude, value = averages.T
    households = np.rint(population / occupancy)
    raw = np.column_stack(
        [
            longitude,
            latitude,
            age,
            np.rint(rooms * households),
            np.rint(bedrooms * households),
            population,
            households,
            income,
            np.rint(value * 100_000),
        ]
    )
    lines = [",".join(f"{number:.6f}" for number in row) + "\n" for row in raw]
    return {"california-housing/cal_housing.csv": "".join(lines).encode()}


def main() -> int:
    parser = argparse.ArgumentParser(description="Rebuild the data files and verify every byte.")
    parser.add_argument("--deb", type=Path, help="a dataset-fashion-mnist package; fetched if not given")
    parser.add_argument("--wheel", type=Path, help="the wheel of shapiq 1.4.1; fetched if not given")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        try:
            if options.deb is None:
                subprocess.run(["apt-get", "download", "-qq", "dataset-fashion-mnist"], cwd=folder, check=True)
                options.deb = next(folder.glob("*.deb"))
            if options.wheel is None:
                fetch = [sys.executable, "-m", "pip", "download", "-qq", "--no-deps", "-d", folder, "shapiq==1.4.1"]
                subprocess.run(fetch, check=True)
                options.wheel = next(folder.glob("*.whl"))
            built = fashion_mnist(options.deb, folder / "deb") | california_housing(options.wheel)
        except (OSError, ValueError, subprocess.CalledProcessError) as error:
            print(f"Nothing was changed: {error}", file=sys.stderr)
            return 1
    expected = checksums()
    wrong = [name for name in expected if hashlib.sha256(built.get(name, b"")).hexdigest() != expected[name]]
    if wrong:
        print(f"Nothing was changed: the packages do not hold the expected {', '.join(wrong)}.", file=sys.stderr)
        return 1
    for name, content in built.items():
        path = DATA_DIR / name
        path.parent.mkdir(exist_ok=True)
        path.with_suffix(".new").write_bytes(content)
        os.replace(path.with_suffix(".new"), path)
        print(f"{name}: {len(content):,} bytes, verified")
    return 0


if __name__ == "__main__":
    sys.exit(main())
