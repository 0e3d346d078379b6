"""The register of adoptions, and the programme of each version, as they were written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from planner.contracts import Contract
from planner.errors import DataFileError
from planner.io.tables import read_table
from planner.schemas import contract
from planner.texts import Message

__all__ = ["REGISTER", "RegisterIntake", "changes_path", "programme_path", "read_register"]

REGISTER = "adoptions.csv"
_FOLDER = "adoptions"


@dataclass(frozen=True, kw_only=True)
class RegisterIntake:
    """A register as it stands.

    Parameters
    ----------
    register
        Contract ``adoptions``; empty where nothing was entered yet.
    programmes
        Contract ``adopted_programme`` of each version whose file is there.
    changes
        Contract ``programme_changes`` of each version that states what it changes.
    content
        The bytes that were read, so that the writer can tell whether they changed since.
    """

    register: pd.DataFrame
    programmes: Mapping[int, pd.DataFrame]
    changes: Mapping[int, pd.DataFrame]
    content: bytes

    @property
    def programme(self) -> pd.DataFrame | None:
        """The programme of the last version; None when its file is missing."""
        return None if self.register.empty else self.programmes.get(_last(self.register))


def programme_path(folder: Path, version: int) -> Path:
    """Return where the programme of a version is kept."""
    return folder / _FOLDER / f"programme-v{version}.csv"


def changes_path(folder: Path, version: int) -> Path:
    """Return where a version states what it changes."""
    return folder / _FOLDER / f"differences-v{version}.csv"


def read_register(folder: str | Path) -> RegisterIntake:
    """Read the register of a folder, and the programme of each of its versions.

    Raises
    ------
    ContractError
        When a cell of the register can't be read.
    DataFileError
        When the programme of a version is kept that no entry of the register speaks of.
    """
    place = Path(folder)
    file = place / REGISTER
    known = file.is_file()
    register = read_table(file, "adoptions").table if known else contract("adoptions").empty()
    last = 0 if register.empty else _last(register)
    _refuse_cut_off(place, last)
    versions = range(1, last + 1)
    return RegisterIntake(
        register=register,
        programmes=_read_each(
            {one: programme_path(place, one) for one in versions}, contract("adopted_programme")
        ),
        changes=_read_each(
            {one: changes_path(place, one) for one in versions}, contract("programme_changes")
        ),
        content=file.read_bytes() if known else b"",
    )


def _last(register: pd.DataFrame) -> int:
    return int(register["version"].max())


def _read_each(files: Mapping[int, Path], kept: Contract) -> dict[int, pd.DataFrame]:
    return {
        version: read_table(path, kept).table for version, path in files.items() if path.is_file()
    }


def _refuse_cut_off(folder: Path, last: int) -> None:
    """Refuse a register whose end was cut off: the programme of a later version is still there."""
    kept = [
        int(match[1])
        for path in (folder / _FOLDER).glob("programme-v*.csv")
        if (match := re.fullmatch(r"programme-v(\d+)\.csv", path.name))
    ]
    if max(kept, default=0) > last:
        raise DataFileError(
            Message.of("governance.cut_off", version=max(kept), last=last),
            Message.of("governance.cut_off_remedy", file=programme_path(folder, max(kept)).name),
        )
