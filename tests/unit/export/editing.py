"""A package written, edited by a person or in real QGIS, and compared with what it came from."""

import datetime as dt
import struct
import subprocess
from pathlib import Path

import shapely

from planner.edits import compare_edits
from planner.export.geopackage import write_geopackage
from planner.export.layout import Edition
from planner.io.package import read_package

EDITION = Edition(title="Essai", scenario="essai", territory="Armor", on=dt.date(2017, 12, 31))
SYSTEM_PYTHON = "/usr/bin/python3"


def write(path, tables):
    write_geopackage(path, tables, edition=EDITION)
    return path


def compared(path, ours):
    intake = read_package(path)
    return compare_edits(intake.tables, intake.base, ours, computed=intake.computed)


def run_qgis(script, *words, home, required):
    environment = {
        "QT_QPA_PLATFORM": "offscreen", "PATH": "/usr/bin:/bin", "HOME": str(home),
        "LC_ALL": "C.UTF-8",
    }  # fmt: skip
    there = [SYSTEM_PYTHON, "-c", "import qgis.core"]
    probe = subprocess.run(there, capture_output=True, env=environment, check=False)
    required("qgis", found=probe.returncode == 0)
    return subprocess.run(
        [SYSTEM_PYTHON, Path(__file__).with_name(script), *(str(word) for word in words)],
        capture_output=True, text=True, env=environment, check=False,
    )  # fmt: skip


def blob(shape):
    """Return a geometry as GeoPackage stores it."""
    return b"GP\0\1" + struct.pack("<i", 2154) + shapely.to_wkb(shape)
