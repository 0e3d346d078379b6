"""Read back any folder of outputs, whatever question it answers, to compare it with another."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from planner.errors import DataFileError
from planner.io.files import hash_file
from planner.io.outputs import read_written_table
from planner.schemas import CONTRACTS
from planner.texts import Message

__all__ = ["FinishedPlan", "read_finished_plan"]

_FORMAT: Final = "fibre-planner/outputs"
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
    """

    name: str
    scenario: Mapping[str, Any]
    tables: Mapping[str, pd.DataFrame]
    sums: Mapping[str, str]
    synthetic: tuple[str, ...]


def read_finished_plan(folder: str | Path) -> FinishedPlan:
    """Read the tables of a folder of outputs.

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
        if name in _LARGE:
            continue
        file = place / path
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
    )
