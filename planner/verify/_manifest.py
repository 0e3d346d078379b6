"""What the manifest of a folder says again: the scenario, totals, rows, and what is made up."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pandas as pd

from planner.texts import Message
from planner.verify._verdict import Breach, Verdict
from planner.vocab import Level

__all__ = ["verify_manifest"]

_COUNTED: Final = ("communes", "epci", "sectors", "zones")
_SUMS: Final = {"cost_cents": ("costs", "cost_cents"),
                "contribution_cents": ("contributions", "net_cents")}  # fmt: skip
_BOUNDS: Final = {"premises_min": "premises_count", "premises_max": "premises_max_count"}
_SAID: Final = ("name", "title", "reference_date")
_FILE: Final = re.compile(r"\S+\.[A-Za-z][A-Za-z0-9]{0,7}")
"""A value that may be the name of a file, of which the manifest keeps no folder."""
_PART: Final = "tables/"


def verify_manifest(manifest: Mapping[str, Any], tables: Mapping[str, pd.DataFrame]) -> Verdict:
    """Check what a manifest says of its scenario and of the tables beside it.

    The checksum of the scenario, its name, title and day; totals and rows counted again; layers
    that are made up, which tables say row by row.  Where inputs come from, and with which versions
    of packages all was made, is on record only.

    Parameters
    ----------
    manifest
        Content of ``manifest.json``.
    tables
        Tables of the folder.

    Returns
    -------
    Verdict
        Its breaches name what is said in the manifest.
    """
    count, breaches = 0, []
    for place, said, worth in (
        *_scenario(manifest["scenario"]),
        *_totals(manifest.get("totals", {}), tables),
        *_rows(manifest["outputs"], tables),
        *_made_up(manifest.get("inputs", ()), tables),
    ):
        count += 1
        if said != worth:
            words = Message.of("verify.manifest", place=place, said=str(said), worth=str(worth))
            breaches.append(Breach(rule="manifest", place=place, message=words))
    return Verdict.of({"manifest": count}, breaches)


_Told = Iterator[tuple[str, object, object]]


def _scenario(scenario: Mapping[str, Any]) -> _Told:
    """Tell its checksum, and what is said beside its values."""
    values = scenario["values"]
    for name in _SAID:
        yield f"scenario.{name}", scenario.get(name), values.get(name)
    if not any(_FILE.fullmatch(text) for text in _texts(values)):
        canonical = json.dumps(values, ensure_ascii=False, sort_keys=True)
        worth = hashlib.sha256(canonical.encode()).hexdigest()
        yield "scenario.sha256", scenario.get("sha256"), worth


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)


def _totals(totals: Mapping[str, Any], tables: Mapping[str, pd.DataFrame]) -> _Told:
    """Tell what is counted, where its table is there."""
    for name in _COUNTED:
        if name in totals:
            yield f"totals.{name}", totals[name], len(tables.get(name, ()))
    for name, (table, column) in _SUMS.items():
        if name in totals:
            worth = int(tables[table][column].sum()) if table in tables else 0
            yield f"totals.{name}", totals[name], worth
    coverage = tables.get("coverage", pd.DataFrame({"level": []}))
    region = coverage[coverage["level"].astype(str) == Level.REGION.value]
    for name, column in _BOUNDS.items():
        if name in totals and len(region) == 1:
            value = region[column].iloc[0]
            yield f"totals.{name}", totals[name], None if pd.isna(value) else int(value)


def _rows(outputs: list[Mapping[str, Any]], tables: Mapping[str, pd.DataFrame]) -> _Told:
    """Tell the rows of each table."""
    for one in outputs:
        for name, said in one.get("rows", {}).items():
            if str(one["path"]).startswith(_PART) and name in tables:
                yield f"outputs.{one['path']}", said, len(tables[name])


def _made_up(inputs: list[Mapping[str, Any]], tables: Mapping[str, pd.DataFrame]) -> _Told:
    """Tell whether a layer is made up, where all its rows, or none, say so."""
    for one in inputs:
        table = tables.get(str(one["layer"]))
        if table is not None and "synthetic" in table and len(table):
            rows = table["synthetic"].astype(bool)
            if rows.all() or not rows.any():
                yield f"inputs.{one['layer']}.synthetic", bool(one["synthetic"]), bool(rows.all())
