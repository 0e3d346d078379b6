"""Read back the tables that an earlier run wrote, when they answer the same question."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pyarrow.csv as pacsv

from planner.io.files import hash_file
from planner.schemas import CONTRACTS

__all__ = ["read_outputs", "read_written_table"]

_MANIFEST = "manifest.json"
_TABLES = "tables"
_LARGE = frozenset({"premises", "state_changes"})


def read_outputs(
    folder: str | Path, *, scenario_sha256: str, version: str, lang: str = "fr"
) -> Mapping[str, pd.DataFrame] | None:
    """Return the tables of a folder of outputs, or None when they answer something else.

    They are returned only when the manifest is whole, of this scenario, version and language, and
    no table was changed since.  Premises and their states are left out: nothing that reads these
    tables needs them one by one.

    Parameters
    ----------
    folder
        Folder of outputs.
    scenario_sha256
        Checksum of the scenario (:attr:`planner.scenario.Scenario.sha256`).
    version
        Version of the project.
    lang
        Language that the sentences must be in.
    """
    place = Path(folder)
    try:
        manifest = json.loads((place / _MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    same = (
        manifest.get("scenario", {}).get("sha256") == scenario_sha256
        and manifest.get("project", {}).get("version") == version
        and manifest.get("lang") == lang
    )
    if not same:
        return None
    sums = {item["path"]: item["sha256"] for item in manifest["outputs"]}
    tables = {}
    for name, contract in CONTRACTS.items():
        path = f"{_TABLES}/{name}.csv"
        if name in _LARGE or path not in sums:
            continue
        file = place / path
        if not file.is_file() or hash_file(file) != sums[path]:
            return None
        tables[name] = read_written_table(file, {c.name: c.type for c in contract.columns})
    return tables


def read_written_table(file: Path, types: Mapping[str, str]) -> pd.DataFrame:
    """Read one table as it was written, its columns with the types of their contract."""
    arrow = {"str": "string", "int": "int64", "float": "float64", "bool": "bool", "date": "date32"}
    options = pacsv.ConvertOptions(
        column_types={name: arrow[kind] for name, kind in types.items()}, strings_can_be_null=True
    )
    table = pacsv.read_csv(file, convert_options=options)
    frame: pd.DataFrame = table.to_pandas(integer_object_nulls=True, date_as_object=False)
    return frame
