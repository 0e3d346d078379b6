"""Read back any folder of outputs, whatever question it answers, to compare it with another."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyogrio
import shapely
from pyarrow import csv as arrow_csv

from planner.crs import WORKING_CRS
from planner.errors import DataFileError
from planner.io.files import hash_file
from planner.io.outputs import read_written_table
from planner.schemas import CONTRACTS
from planner.texts import Message

__all__ = ["FinishedPlan", "read_finished_plan", "read_network_shapes", "read_sector_shapes"]

_FORMAT: Final = "fibre-planner/outputs"
_NETWORK: Final = ("nro", "pm", "routes", "pbo", "ducts", "cables")
_LONE: Final = 3
"""Types of shapes beyond this one are collections."""
_LARGE: Final = frozenset({"premises", "state_changes"})


@dataclass(frozen=True, kw_only=True)
class FinishedPlan:
    """What an earlier run wrote.

    Parameters
    ----------
    name
        Name of its scenario.
    scenario
        Values of the scenario, as the manifest keeps them.
    tables
        Tables under their contracts, without geometry; premises and their states are left out.
    sums
        Table to the checksum of its file, premises included.
    synthetic
        Titles of the layers that are made up.
    scenario_sha256
        Checksum of the scenario.
    inputs
        Layer to the checksum of the file that it was read from, where it was read from one.
    """

    name: str
    scenario: Mapping[str, Any]
    tables: Mapping[str, pd.DataFrame]
    sums: Mapping[str, str]
    synthetic: tuple[str, ...]
    scenario_sha256: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)


def read_finished_plan(folder: str | Path, *, premises: bool = False) -> FinishedPlan:
    """Read the tables of a folder of outputs.

    Parameters
    ----------
    folder
        Folder of outputs.
    premises
        Whether the checksums of premises and their states are of their own columns, without the
        answers that a plan writes beside them: what two plans of the same premises have in common.

    Raises
    ------
    DataFileError
        When the folder has no manifest of ours, or a table that it lists is missing or was changed.
    """
    place = Path(folder)
    try:
        manifest = json.loads((place / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        manifest = None
    if not isinstance(manifest, dict) or manifest.get("format") != _FORMAT:
        raise DataFileError(
            Message.of("compare.no_manifest", folder=str(place)),
            Message.of("compare.no_manifest_remedy"),
        )
    listed = {item["path"]: item["sha256"] for item in manifest["outputs"]}
    tables, sums = {}, {}
    for name, contract in CONTRACTS.items():
        path = f"tables/{name}.csv"
        if path not in listed:
            continue
        sums[name] = listed[path]
        file = place / path
        if name in _LARGE:
            if premises and file.is_file():
                sums[name] = _sum_of(file, contract.column_names)
            continue
        if not file.is_file() or hash_file(file) != listed[path]:
            raise DataFileError(
                Message.of("compare.table_changed", file=str(file)),
                Message.of("compare.table_changed_remedy"),
            )
        tables[name] = read_written_table(file, {c.name: c.type for c in contract.columns})
    inputs = manifest.get("inputs", [])
    return FinishedPlan(
        name=str(manifest["scenario"]["name"]),
        scenario=manifest["scenario"]["values"],
        tables=tables,
        sums=sums,
        synthetic=tuple(sorted(str(one["title"]) for one in inputs if one["synthetic"])),
        scenario_sha256=str(manifest["scenario"].get("sha256", "")),
        inputs={str(one["layer"]): str(one["sha256"]) for one in inputs if one.get("sha256")},
    )


def _sum_of(file: Path, columns: Iterable[str]) -> str:
    """Return the checksum of a table's own columns: a plan writes its answers beside them."""
    with file.open(encoding="utf-8-sig", newline="") as lines:
        titles = next(csv.reader(lines), [])
    own = [name for name in columns if name in titles]
    table = arrow_csv.read_csv(
        file,
        convert_options=arrow_csv.ConvertOptions(
            include_columns=own, column_types=dict.fromkeys(own, pa.string())
        ),
    )
    digest = hashlib.sha256()
    for name in own:
        values = pa.concat_arrays(table[name].chunks or [pa.array([], pa.string())])
        _, offsets, data = values.buffers()
        ends = np.frombuffer(offsets, np.int32, len(values) + 1) if len(values) else np.zeros(1)
        digest.update(f"{name} {len(values)}\n".encode())
        digest.update(ends.astype(np.int64).tobytes())
        digest.update(memoryview(data)[: int(ends[-1])] if data is not None else b"")
    return digest.hexdigest()


def read_network_shapes(folder: str | Path, found: FinishedPlan) -> dict[str, pd.DataFrame]:
    """Read the tables of a designed network with their shapes, from the folder's GeoPackage.

    Parameters
    ----------
    folder
        Folder of outputs.
    found
        What was read of it.

    Returns
    -------
    dict
        Tables of the network that it has, rows as in ``found``; the shape of a row that the
        GeoPackage lacks is None.

    Raises
    ------
    DataFileError
        When the GeoPackage is missing or was changed.
    """
    return _with_shapes(folder, found, [name for name in _NETWORK if name in found.tables])


def read_sector_shapes(folder: str | Path, found: FinishedPlan) -> dict[str, pd.DataFrame]:
    """Read the sectors of a plan with their shapes, from the folder's GeoPackage.

    Parameters
    ----------
    folder
        Folder of outputs.
    found
        What was read of it.

    Returns
    -------
    dict
        ``sectors``, rows as in ``found``, in EPSG:2154; nothing where it has none.

    Raises
    ------
    DataFileError
        When the GeoPackage is missing or was changed, and the rule is exact: another one can be
        judged without shapes, but for densities and for ballots that are signed.
    """
    if "sectors" not in found.tables:
        return {}
    try:
        drawn = _with_shapes(folder, found, ["sectors"])["sectors"]
    except DataFileError:
        if found.scenario.get("programme", {}).get("rule") == "exact":
            raise
        return {}
    return {"sectors": gpd.GeoDataFrame(drawn, geometry="geometry", crs=WORKING_CRS)}


def _with_shapes(
    folder: str | Path, found: FinishedPlan, names: list[str]
) -> dict[str, pd.DataFrame]:
    if not names:
        return {}
    place = Path(folder)
    manifest = json.loads((place / "manifest.json").read_text(encoding="utf-8"))
    file = place / f"{found.name}.gpkg"
    listed = {item["path"]: item["sha256"] for item in manifest["outputs"]}
    if not file.is_file() or hash_file(file) != listed.get(file.name):
        raise DataFileError(
            Message.of("compare.table_changed", file=str(file)),
            Message.of("compare.table_changed_remedy"),
        )
    layers = set(pyogrio.list_layers(file)[:, 0])
    tables: dict[str, pd.DataFrame] = {}
    for name in names:
        (key,) = CONTRACTS[name].key
        shapes = (
            pyogrio.read_dataframe(file, layer=name, columns=[key])
            if name in layers
            else gpd.GeoDataFrame({key: pd.Series(dtype=str)}, geometry=[])
        )
        parts = shapes.geometry.to_numpy()
        # a layer of lines holds each as a collection of one
        lone = (shapely.get_num_geometries(parts) == 1) & (shapely.get_type_id(parts) > _LONE)
        parts = np.where(lone, shapely.get_geometry(parts, 0), parts)
        shape = dict(zip(shapes[key].astype(str), parts, strict=True))
        table = found.tables[name]
        drawn = pd.Series([shape.get(k) for k in table[key].astype(str)], dtype=object)
        tables[name] = table.assign(geometry=drawn.to_numpy())
    return tables
