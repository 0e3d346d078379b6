"""The register of adoptions, and the programme of each version, as they were written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from planner.contracts import Contract
from planner.io.tables import read_table
from planner.schemas import contract

__all__ = ["REGISTER", "RegisterIntake", "programme_path", "read_register"]

REGISTER = "adoptions.csv"
_FOLDER = "adoptions"


@dataclass(frozen=True, kw_only=True)
class RegisterIntake:
    """A register as it stands.

    Parameters
    ----------
    register
        Contract ``adoptions``; empty where nothing was entered yet.
    programme
        ``sector_id`` and ``phase`` of the last version; None when its file is missing.
    content
        The bytes that were read, so that the writer can tell whether they changed since.
    """

    register: pd.DataFrame
    programme: pd.DataFrame | None
    content: bytes


def programme_path(folder: Path, version: int) -> Path:
    """Return where the programme of a version is kept."""
    return folder / _FOLDER / f"programme-v{version}.csv"


def read_register(folder: str | Path) -> RegisterIntake:
    """Read the register of a folder, and the programme of its last version.

    Raises
    ------
    ContractError
        When a cell of the register can't be read.
    """
    place = Path(folder)
    file = place / REGISTER
    if not file.is_file():
        return RegisterIntake(
            register=contract("adoptions").empty(), programme=None, content=b""
        )  # fmt: skip
    register = read_table(file, "adoptions").table
    kept = programme_path(place, int(register["version"].max()))
    programme = read_table(kept, _versioned()).table if kept.is_file() else None
    return RegisterIntake(register=register, programme=programme, content=file.read_bytes())


def _versioned() -> Contract:
    whole = contract("programme")
    return Contract(
        name=whole.name, title=whole.title, description=whole.description, key=whole.key,
        columns=tuple(whole.column(name) for name in ("sector_id", "phase")),
    )  # fmt: skip
