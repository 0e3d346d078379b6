"""Where a layer comes from: source, licence, vintage, and whether it is made up."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

__all__ = ["Origin"]


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where one layer comes from.

    Parameters
    ----------
    layer
        Name of the table, as in :data:`planner.schemas.CONTRACTS`.
    title
        What it is, in French.
    source
        Who made it and under what name.
    licence
        Name of the licence.
    attribution
        The words that the licence asks to show.
    vintage
        Year or date of the data, as text.
    on
        Day that the data describe, where there is one.
    rows
        Number of rows.
    sha256
        Checksum of the file it was read from; empty for what was computed.
    synthetic
        Whether it is made up.
    """

    layer: str
    title: str
    source: str
    licence: str
    attribution: str = ""
    vintage: str = ""
    on: dt.date | None = None
    rows: int = 0
    sha256: str = ""
    synthetic: bool = False
