"""What sectors are called: the one source of the names that sentences give beside their codes.

A sentence says a sector as ``{sector:sector}`` (or a list as ``{sectors:sectors}``, see
:mod:`planner.texts`); the message, or the findings that hold it, are given these names with
``naming``.  Without names a sector is called by its code.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import pandas as pd

__all__ = ["sector_names"]


def sector_names(sectors: pd.DataFrame | None) -> Mapping[str, str]:
    """Return code to name of the sectors that have one.

    Parameters
    ----------
    sectors
        Contract ``sectors``; none, or a table without names, names nothing.

    Examples
    --------
    >>> table = pd.DataFrame({"sector_id": ["35236-03", "x"], "nom": ["Redon", None]})
    >>> dict(sector_names(table))
    {'35236-03': 'Redon'}
    """
    if sectors is None or not {"sector_id", "nom"} <= set(sectors.columns):
        return MappingProxyType({})
    named = sectors[sectors["nom"].notna()]
    return MappingProxyType(
        dict(zip(named["sector_id"].astype(str), named["nom"].astype(str), strict=True))
    )
