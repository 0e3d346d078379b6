"""A territory's folder: its tables, its catalogue, and the checksums that hold them together.

The embedded territory and a user's own folder have the same layout: ``catalogue.toml`` beside the
files that it lists, each with ``layer``, ``file``, ``table`` (its contract, if any), ``title``,
``source``, ``licence``, ``attribution``, ``vintage``, ``on``, ``synthetic``, ``rows`` and
``sha256``.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import geopandas as gpd
import pandas as pd
import pyarrow as pa

from planner.contracts import Contract
from planner.crs import WORKING_CRS, is_working_crs
from planner.errors import RuleError, UnknownNameError
from planner.findings import Finding, Findings
from planner.io.crs_guess import missing_crs
from planner.io.files import file_failure, hash_file
from planner.io.layers import RawLayer, Source, known_crs, reproject_shapes
from planner.io.opening import open_source
from planner.io.profiles import Profile, map_columns
from planner.io.shapes import positions_of
from planner.io.tables import convert_table
from planner.io.values import as_numbers, as_text, words
from planner.provenance import Origin
from planner.schemas import CONTRACTS, contract
from planner.texts import Message
from planner.vocab import Severity

__all__ = [
    "CATALOGUE_NAME",
    "Geodata",
    "geodata_folder",
    "read_ballot_sectors",
    "read_geodata",
    "read_territory_folder",
]

CATALOGUE_NAME: Final = "catalogue.toml"
_FIELDS: Final[Mapping[str, type]] = MappingProxyType(
    {"layer": str, "file": str, "title": str, "source": str, "licence": str}
)
_BALLOT_SECTORS: Final = "ballot_sectors"
_WHOLE_SUFFIXES: Final = ("_count", "_cents", "_year")
_NUMBER_SUFFIXES: Final = ("_m", "_m2", "_share")


@dataclass(frozen=True, kw_only=True)
class Geodata:
    """A territory's tables as its folder holds them.

    Parameters
    ----------
    name, title
        Short and full name.
    vintage
        Year of the map of communes.
    folder
        Where it was read.
    tables
        Name of the layer to table; geometry in EPSG:2154.  A layer that fills a contract keeps it;
        the others are text, and numbers where their names end in a unit.
    origins
        Where each layer comes from, in the order of their names.
    findings
        What deserves to be checked.
    """

    name: str
    title: str
    vintage: int
    folder: Path
    tables: Mapping[str, pd.DataFrame]
    origins: tuple[Origin, ...]
    findings: Findings

    def table(self, layer: str) -> pd.DataFrame:
        """Return a copy of a layer.

        Raises
        ------
        UnknownNameError
            When there is none of this name; the nearest are listed.
        """
        if layer not in self.tables:
            near = get_close_matches(layer, list(self.tables), n=3, cutoff=0) or list(self.tables)
            values = {"layer": layer, "name": self.name, "near": ", ".join(near)}
            raise UnknownNameError(
                Message.of("io.unknown_table", **values),
                Message.of("io.unknown_table_remedy", **values),
            )
        return self.tables[layer].copy()

    def communes_of(self, epci: str) -> pd.DataFrame:
        """Return the communes, each in the EPCI of the year of a layer of EPCI.

        ``epci_siren`` is the column ``epci_siren_<year>`` where there is one of the layer's year.

        Raises
        ------
        RuleError
            When a commune is in an EPCI that the layer doesn't have.
        UnknownNameError
            When there is no layer of this name.
        """
        communes, members = self.table("communes"), self.table(epci)
        years = {str(year) for year in members["vintage"].dropna()} if "vintage" in members else ()
        column = f"epci_siren_{next(iter(years))}" if len(years) == 1 else "epci_siren"
        if column in communes:
            communes = communes.assign(epci_siren=communes[column])
        strange = sorted(set(communes["epci_siren"].dropna()) - set(members["siren"]))
        if strange:
            values = {"layer": epci, "count": len(strange), "codes": ", ".join(strange[:5])}
            raise RuleError(
                Message.of("io.epci_of_another_year", **values),
                Message.of("io.epci_of_another_year_remedy", **values),
            )
        return communes

    def origin(self, layer: str) -> Origin:
        """Return where a layer comes from.

        Raises
        ------
        UnknownNameError
            When there is none of this name.
        """
        self.table(layer)
        return next(origin for origin in self.origins if origin.layer == layer)


def geodata_folder(name: str = "bretagne") -> Path:
    """Return the folder of an embedded territory, in the wheel or in a checkout.

    Raises
    ------
    DataFileError
        When no territory of this name is embedded; those that are, are listed.
    """
    package = Path(__file__).resolve().parents[1]
    roots = (package / "geodata", package.parent / "geodata")
    for root in roots:
        if (root / name / CATALOGUE_NAME).is_file():
            return root / name
    known = sorted({p.parent.name for root in roots for p in root.glob(f"*/{CATALOGUE_NAME}")})
    raise file_failure("no_territory", name=name, known=", ".join(known) or "—")


def read_geodata(folder: str | Path | None = None) -> Geodata:
    """Read a territory and check every file against the catalogue.

    Parameters
    ----------
    folder
        The embedded Brittany by default.

    Raises
    ------
    DataFileError
        No catalogue or a broken one, a missing file, a checksum or a number of rows that isn't
        the catalogue's.
    ContractError
        A table that breaks its contract, with every offending cell.
    """
    folder = geodata_folder() if folder is None else Path(folder)
    catalogue = _read_catalogue(folder)
    tables: dict[str, pd.DataFrame] = {}
    origins: list[Origin] = []
    findings: list[Finding] = []
    for entry in catalogue["layers"]:
        layer = entry["layer"]
        if layer in tables:
            raise file_failure("bad_catalogue", file=CATALOGUE_NAME, detail=f"{layer} × 2")
        findings += _check_file(folder, entry)
        table = _read_layer(folder / entry["file"], entry)
        if len(table) != entry.get("rows", len(table)):
            raise file_failure(
                "wrong_rows", file=entry["file"], found=len(table), expected=entry["rows"]
            )
        tables[layer] = table
        origins.append(_origin(entry, rows=len(table)))
    return Geodata(
        name=str(catalogue.get("name", folder.name)),
        title=str(catalogue.get("title", folder.name)),
        vintage=int(catalogue["vintage"]),
        folder=folder,
        tables=MappingProxyType(dict(sorted(tables.items()))),
        origins=tuple(sorted(origins, key=lambda origin: origin.layer)),
        findings=Findings.collect(findings),
    )


def read_ballot_sectors(folder: str | Path) -> dict[str, int]:
    """Return the sectors that a territory's own ballots name, with the premises of each by then.

    Parameters
    ----------
    folder
        The territory's; its ``concertation`` may list them as the layer ``ballot_sectors``
        (``sector_id``, ``premises_count``).  Where it doesn't, none is returned.

    Raises
    ------
    DataFileError
        As :func:`read_geodata`.
    """
    beside = Path(folder) / "concertation"
    table = read_geodata(beside).tables.get(_BALLOT_SECTORS) if beside.is_dir() else None
    if table is None:
        return {}
    counts = table["premises_count"].astype(int)
    return dict(zip(table["sector_id"].astype(str), counts.tolist(), strict=True))


def read_territory_folder(folder: str | Path) -> Geodata:
    """Read a user's own territory: the same layout, the same checks.

    Its catalogue may leave out ``sha256`` and ``rows``, which is a finding.  As
    :func:`read_geodata`.
    """
    return read_geodata(folder)


def _read_catalogue(folder: Path) -> dict[str, Any]:
    path = folder / CATALOGUE_NAME
    if not path.is_file():
        raise file_failure("no_catalogue", file=CATALOGUE_NAME, folder=folder.name)
    try:
        catalogue = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise file_failure("bad_catalogue", file=CATALOGUE_NAME, detail=str(error)) from error
    layers = catalogue.get("layers")
    if not isinstance(layers, list) or not isinstance(catalogue.get("vintage"), int):
        raise file_failure("bad_catalogue", file=CATALOGUE_NAME, detail="layers, vintage")
    for number, entry in enumerate(layers, start=1):
        wrong = [
            name
            for name, kind in _FIELDS.items()
            if not isinstance(entry, dict) or not isinstance(entry.get(name), kind)
        ]
        if wrong:
            detail = f"layers {number}: {', '.join(wrong)}"
            raise file_failure("bad_catalogue", file=CATALOGUE_NAME, detail=detail)
    return catalogue


def _check_file(folder: Path, entry: Mapping[str, Any]) -> list[Finding]:
    path = folder / entry["file"]
    if not path.resolve().is_relative_to(folder.resolve()):
        raise file_failure("bad_catalogue", file=CATALOGUE_NAME, detail=entry["file"])
    found = hash_file(path)
    stated = entry.get("sha256")
    if stated is None:
        return [
            Finding.of(
                "io.unchecked_file", severity=Severity.WARNING, table=entry["layer"],
                place=entry["file"],
            )
        ]  # fmt: skip
    if stated != found:
        raise file_failure(
            "wrong_checksum", file=entry["file"], found=found[:12], expected=str(stated)[:12]
        )
    return []


def _contract_of(entry: Mapping[str, Any]) -> Contract | None:
    name = entry.get("table")
    if name is None:
        return None
    if name not in CONTRACTS:
        raise file_failure("bad_catalogue", file=CATALOGUE_NAME, detail=f"table = {name!r}")
    return contract(name)


def _read_layer(path: Path, entry: Mapping[str, Any]) -> pd.DataFrame:
    """Return one layer: the contract's columns converted, the others as their names say."""
    source = open_source(path)
    table = _contract_of(entry)
    expected = () if table is None else table.columns
    due = tuple(column.name for column in expected if not column.nullable)
    profile = Profile(
        name="generic", signature=frozenset(), columns={c.name: c.name for c in expected}
    )
    mapped = map_columns(
        source.columns, file=source.file, table=entry["layer"], profiles=(profile,), required=due
    )
    others = [name for name in source.columns if name and name not in mapped.columns.values()]
    raw = source.read([*mapped.names(), *others])
    frame = pd.DataFrame(index=range(len(raw.rows)))
    if table is not None:
        absent = pa.nulls(len(raw.rows))  # a column that may be absent, and is
        given = {
            name: raw.table[mapped.columns[name]] if name in mapped.columns else absent
            for name in table.column_names
        }
        frame = convert_table(given, table, raw=raw, file=source.file)
    for name in others:
        frame[name] = _as_named(name, raw.table[name])
    if source.has_geometry:
        frame = _with_geometry(frame, raw, source)
    if table is None:
        return frame
    table.check(frame)
    return frame.sort_values(list(table.key), kind="stable").reset_index(drop=True)


def _as_named(name: str, column: pa.ChunkedArray) -> Any:  # noqa: ANN401 (an array of some kind)
    """Return a column that no contract describes, as numbers where its name ends in a unit."""
    kind = column.type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind):
        return column.to_pandas()
    if name.endswith((*_WHOLE_SUFFIXES, *_NUMBER_SUFFIXES)):
        numbers, unreadable = as_numbers(column)
        if not unreadable.any():
            whole = name.endswith(_WHOLE_SUFFIXES)
            return pd.Series(numbers).astype("Int64") if whole else numbers
    return words(as_text(column).to_pylist())


def _with_geometry(frame: pd.DataFrame, raw: RawLayer, source: Source) -> gpd.GeoDataFrame:
    crs = known_crs(source.crs, file=source.file)
    if crs is None:
        raise missing_crs(source.file, *positions_of(raw.geometry()))
    shapes = raw.geometry()
    if not is_working_crs(crs):
        shapes = reproject_shapes(shapes, crs=crs)
    return gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(shapes, crs=WORKING_CRS))


def _origin(entry: Mapping[str, Any], *, rows: int) -> Origin:
    on = entry.get("on")
    return Origin(
        layer=entry["layer"], title=entry["title"], source=entry["source"],
        licence=entry["licence"], attribution=str(entry.get("attribution", "")),
        vintage=str(entry.get("vintage", "")), on=on if isinstance(on, dt.date) else None,
        rows=rows, sha256=str(entry.get("sha256", "")),
        synthetic=bool(entry.get("synthetic", False)),
    )  # fmt: skip
