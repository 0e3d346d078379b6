"""Write an entry of the register of adoptions: the register comes last, whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pandas as pd

from planner.errors import DataFileError
from planner.governance import Adoption, register_text
from planner.io.adoptions import REGISTER, changes_path, programme_path
from planner.schemas import contract
from planner.texts import Message

__all__ = ["write_adoption"]


def write_adoption(
    folder: str | Path, adoption: Adoption, programme: pd.DataFrame, *, content: bytes
) -> Path:
    """Keep the programme of the version and what it changes, then add the entry.

    Parameters
    ----------
    folder
        The scenario's own.
    adoption
        What :func:`planner.governance.record_adoption` returned.
    programme
        Contract ``adopted_programme`` of the version.
    content
        The register as it was read: it must not have changed since.

    Returns
    -------
    Path
        The register.

    Raises
    ------
    DataFileError
        When someone else wrote to the register meanwhile.
    """
    place = Path(folder)
    register = place / REGISTER
    version = int(adoption.entry["version"])
    _refuse_moved(register, content)  # before anything is put in the place of what is kept
    kept = programme_path(place, version)
    kept.parent.mkdir(parents=True, exist_ok=True)
    table = contract("adopted_programme").select(programme)
    table = table.sort_values("sector_id", kind="stable")
    _replace(kept, table.to_csv(index=False, lineterminator="\n"))
    if len(adoption.changes):
        said = adoption.changes["redrawn"].map({True: "true", False: "false"})
        text = adoption.changes.assign(redrawn=said).to_csv(index=False, lineterminator="\n")
        _replace(changes_path(place, version), text)
    _refuse_moved(register, content)
    _replace(register, register_text(adoption.register))
    return register


def _refuse_moved(register: Path, content: bytes) -> None:
    now = register.read_bytes() if register.is_file() else b""
    if now != content:
        raise DataFileError(
            Message.of("governance.moved", file=str(register)),
            Message.of("governance.moved_remedy"),
        )


def _replace(target: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
            stream.write(text)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
