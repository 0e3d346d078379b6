"""Write the edits that were taken, beside everything else: files that a scenario can name."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Final

import pandas as pd

from planner.edits import Edits
from planner.errors import PlannerError
from planner.export.geopackage import write_geopackage
from planner.export.layout import Edition
from planner.export.tables import write_csv_tables
from planner.schemas import contract
from planner.territory import Territory
from planner.texts import Message, say

__all__ = ["EditsFolderError", "refuse_used_folder", "write_edits"]

_CONCERTATION: Final = ("envelopes", "ballots", "deliberations")
_SPATIAL: Final = ("sectors", "zones")
_SOURCES: Final = "sources.toml"


class EditsFolderError(PlannerError, OSError):
    """The folder of edits holds something: nothing is ever overwritten."""


def refuse_used_folder(folder: str | Path) -> None:
    """Refuse a folder that holds anything.

    Raises
    ------
    EditsFolderError
        Naming it, and the way out.
    """
    place = Path(folder)
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise EditsFolderError(
            Message.of("edits.used_folder", folder=str(place)),
            Message.of("edits.used_folder_remedy"),
        )


def write_edits(
    folder: str | Path, edits: Edits, territory: Territory, *, edition: Edition, lang: str = "fr"
) -> tuple[Path, ...]:
    """Write the edits that were taken, whole or not at all, into a folder of their own.

    ``edits.csv`` says what became of each row; ``sectors.gpkg``, ``zones.gpkg`` and the CSV of each
    other layer hold the whole tables with the edits taken; ``conflicts.gpkg`` the package's own
    rows in conflict; ``sources.toml`` the lines with which a scenario names these files.

    Parameters
    ----------
    folder
        Missing or empty.
    edits
        What :func:`planner.edits.compare_edits` returned, not refused.
    territory
        The territory with the edits taken (:func:`planner.edits.apply_edits`).
    edition
        What the files say of themselves.
    lang
        Language of what a person reads.

    Returns
    -------
    tuple of Path
        The files.

    Raises
    ------
    EditsFolderError
        When the folder holds something.
    """
    place = Path(folder)
    refuse_used_folder(place)
    place.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=".planner-", dir=place.parent))
    try:
        _fill(building, edits, territory, edition, lang)
        building.chmod(0o755)  # mkdtemp's folder is for its owner alone
        if place.exists():
            place.rmdir()  # empty, as was checked: it raises if it isn't any more
        building.rename(place)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
    return tuple(sorted(place.iterdir()))


def _fill(building: Path, edits: Edits, territory: Territory, edition: Edition, lang: str) -> None:
    plain = {name: frame for name, frame in edits.merged.items() if name not in _SPATIAL}
    write_csv_tables(building, {"edits": edits.table, **plain}, lang=lang)
    for name, frame in _spatial(edits, territory).items():
        write_geopackage(building / f"{name}.gpkg", {name: frame}, edition=edition, lang=lang)
    if edits.conflicts:
        write_geopackage(
            building / "conflicts.gpkg",
            {name: _whole(name, frame) for name, frame in edits.conflicts.items()},
            edition=edition, lang=lang,
        )  # fmt: skip
    lines = _sources({*plain, *_spatial(edits, territory)}, lang)
    (building / _SOURCES).write_text(lines, encoding="utf-8", newline="\n")


def _whole(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Add the columns of the contract that an editor removed, absent."""
    missing = [column for column in contract(name).column_names if column not in frame.columns]
    return frame.assign(**dict.fromkeys(missing)) if missing else frame


def _spatial(edits: Edits, territory: Territory) -> dict[str, pd.DataFrame]:
    """Return the layers to write: sectors when they changed, zones when either did."""
    names = [name for name in _SPATIAL if name in edits.merged]
    if names and len(territory.zones):
        names = [*dict.fromkeys([*names, "zones"])]  # their outlines are those of the sectors
    return {name: getattr(territory, name) for name in names}


def _sources(merged: set[str], lang: str) -> str:
    lines = [f"# {say('edits.sources', lang)}"]
    for name in _SPATIAL:
        if name in merged:
            lines += ["", f"[{name}]", 'source = "file"', f'path = "{name}.gpkg"']
    voted = [name for name in _CONCERTATION if name in merged]
    if voted:
        lines += ["", "[concertation]", *(f'{name} = "{name}.csv"' for name in voted)]
    if "programme" in merged:
        lines += ["", f"# {say('edits.programme', lang)}"]
    return "\n".join([*lines, ""])
