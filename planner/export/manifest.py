"""``manifest.json``, written last: what was asked, what it was made from, what came out.

It holds no time, no user and no absolute path: one scenario on one territory with the same versions
of packages gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import platform
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from importlib import metadata
from pathlib import Path, PurePosixPath, PureWindowsPath
from types import MappingProxyType
from typing import Any, Final

import pandas as pd
import pyogrio
import pyproj
import shapely

from planner.export.layout import Edition, Written
from planner.provenance import Origin
from planner.texts import Message

__all__ = [
    "MANIFEST",
    "check_manifest",
    "find_changed",
    "is_planner_manifest",
    "listed_outputs",
    "read_manifest",
    "territory_totals",
    "write_manifest",
]

MANIFEST: Final = "manifest.json"
_FORMAT: Final = "fibre-planner/outputs"
_FORMAT_VERSION: Final = 1
_PROJECT: Final = "fibre-planner"
_PACKAGES: Final = (
    "fiona", "folium", "geopandas", "jinja2", "numpy", "pandas", "pyarrow", "pyogrio", "pyproj",
    "scipy", "shapely", "xlsxwriter",
)  # fmt: skip
"""Packages that shape the bytes of outputs."""
_COUNTED: Final = ("communes", "epci", "sectors", "zones")
_PIECE: Final = 1 << 20


def write_manifest(
    folder: str | Path,
    *,
    edition: Edition,
    scenario: str,
    origins: Iterable[Origin] = (),
    written: Iterable[Written] = (),
    totals: Mapping[str, int | None] = MappingProxyType({}),
    lang: str = "fr",
) -> Path:
    """Describe every file of a folder of outputs in ``manifest.json``, which must come last.

    Parameters
    ----------
    folder
        The folder that is being built; all its files are listed, with their checksums.
    edition
        Title, name and reference date of the scenario.
    scenario
        The canonical dump of the scenario, as JSON (:meth:`planner.scenario.Scenario.canonical`).
        Its checksum is kept; an absolute path in it is kept as the name of the file only.
    origins
        Where the layers come from.
    written
        What the writers have returned: rows of each file.
    totals
        Totals of the territory (:func:`territory_totals`).
    lang
        Language of what a person reads in the outputs.

    Returns
    -------
    Path
        The manifest.  It appears whole or not at all.
    """
    place = Path(folder)
    rows = {one.path: dict(sorted(one.rows.items())) for one in written}
    outputs = [
        {**_file(place, path), **({"rows": rows[path]} if path in rows else {})}
        for path in _files(place)
    ]
    content = {
        "format": _FORMAT,
        "format_version": _FORMAT_VERSION,
        "lang": lang,
        "project": {"name": _PROJECT, "version": _version(_PROJECT)},
        "packages": _versions(),
        "scenario": {
            "name": edition.scenario,
            "title": edition.title,
            "territory": edition.territory,
            "reference_date": edition.on.isoformat(),
            "sha256": hashlib.sha256(scenario.encode()).hexdigest(),
            "values": _portable(json.loads(scenario)),
        },
        "inputs": [_input(one) for one in sorted(origins, key=lambda one: one.layer)],
        "totals": dict(totals),
        "outputs": outputs,
    }
    text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
    path, unfinished = place / MANIFEST, place / f".{MANIFEST}.writing"
    unfinished.write_text(text, encoding="utf-8", newline="\n")
    unfinished.replace(path)
    return path


def territory_totals(tables: Mapping[str, pd.DataFrame]) -> dict[str, int | None]:
    """Count what any reader checks first.

    Parameters
    ----------
    tables
        Table name to frame; a table that isn't there has no total.

    Returns
    -------
    dict
        Rows of ``communes``, ``epci``, ``sectors`` and ``zones``; ``premises_min`` and
        ``premises_max`` (None when an upper bound is absent), in premises; ``cost_cents`` and
        ``contribution_cents``, in cents.
    """
    totals: dict[str, int | None] = {name: len(tables[name]) for name in _COUNTED if name in tables}
    if "premises" in tables:
        premises = tables["premises"]
        totals["premises_rows"] = len(premises)
        totals["premises_min"] = int(premises["premises_min"].sum())
        upper = premises["premises_max"]
        totals["premises_max"] = None if upper.isna().any() else int(upper.sum())
    if "costs" in tables:
        totals["cost_cents"] = int(tables["costs"]["cost_cents"].sum())
    if "contributions" in tables:
        totals["contribution_cents"] = int(tables["contributions"]["net_cents"].sum())
    return totals


def read_manifest(folder: str | Path) -> dict[str, Any] | None:
    """Return the manifest of a folder of outputs, or None when it has no readable one."""
    return _read(Path(folder) / MANIFEST)


def is_planner_manifest(path: Path) -> bool:
    """Tell whether a file is the manifest of outputs of this project, of any version."""
    return _read(path) is not None


def listed_outputs(folder: str | Path) -> frozenset[str]:
    """Return the paths that the manifest of a folder lists; none without a manifest."""
    content = read_manifest(folder)
    return frozenset() if content is None else frozenset(one["path"] for one in content["outputs"])


def check_manifest(folder: str | Path) -> list[Message]:
    """Compare a folder of outputs with its manifest.

    Returns
    -------
    list of Message
        Every problem: no manifest, a file that is missing, changed, or that no run has written.
        Empty when all is well.
    """
    place = Path(folder)
    content = read_manifest(place)
    if content is None:
        return [Message.of("export.manifest_unreadable", folder=place.name)]
    present = set(_files(place))
    problems = []
    for one in content["outputs"]:
        name = one["path"]
        if name not in present:
            problems.append(Message.of("export.output_missing", file=name))
            continue
        found = _file(place, name)
        if (found["bytes"], found["sha256"]) != (one["bytes"], one["sha256"]):
            problems.append(Message.of("export.output_changed", file=name))
    unknown = present - {one["path"] for one in content["outputs"]}
    problems.extend(Message.of("export.output_unknown", file=name) for name in sorted(unknown))
    return problems


def find_changed(folder: str | Path) -> tuple[int, list[tuple[str, Message]]]:
    """Find the files of a folder of outputs that are no more those that its manifest lists.

    Returns
    -------
    int, list of tuples
        How many files were looked at, those that were left out apart; each file that has changed,
        with what is told of it.
    """
    place, content = Path(folder), read_manifest(folder)
    listed = [] if content is None else content["outputs"]
    there = [one for one in listed if (place / one["path"]).is_file()]
    changed = [
        (one["path"], Message.of("export.output_changed", file=one["path"]))
        for one in there
        if _file(place, one["path"])["sha256"] != one["sha256"]
    ]
    return len(there), changed


def _read(path: Path) -> dict[str, Any] | None:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    ours = isinstance(content, dict) and content.get("format") == _FORMAT
    return content if ours and isinstance(content.get("outputs"), list) else None


def _files(folder: Path) -> list[str]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    names = (path.relative_to(folder).as_posix() for path in paths)
    return sorted(name for name in names if name != MANIFEST)


def _file(folder: Path, name: str) -> dict[str, Any]:
    digest = hashlib.sha256()
    size = 0
    with (folder / name).open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
            size += len(piece)
    return {"path": name, "bytes": size, "sha256": digest.hexdigest()}


def _input(origin: Origin) -> dict[str, Any]:
    values = asdict(origin)
    values["on"] = None if origin.on is None else origin.on.isoformat()
    return {name: _portable(value) for name, value in values.items()}


def _portable(value: Any) -> Any:  # noqa: ANN401 (whatever JSON holds)
    """Keep only the name of an absolute path: the rest is the business of one machine."""
    if isinstance(value, dict):
        return {key: _portable(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_portable(one) for one in value]
    if not isinstance(value, str) or "\n" in value:
        return value
    for kind in (PurePosixPath, PureWindowsPath):
        if kind(value).is_absolute() and kind(value).name:
            return kind(value).name
    return value


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:  # run from a checkout that isn't installed
        return None


def _versions() -> dict[str, str | None]:
    """Return the versions of what shapes the bytes of outputs."""
    libraries = {
        "gdal": ".".join(str(part) for part in pyogrio.__gdal_version__),
        "geos": shapely.geos_version_string,
        "proj": pyproj.proj_version_str,
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }
    every = {package: _version(package) for package in _PACKAGES} | libraries
    return dict(sorted(every.items()))
