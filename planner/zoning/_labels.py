"""The sector of each premise, and what each sector weighs in each EPCI."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from planner.findings import Finding, Findings
from planner.spatial import PolygonIndex
from planner.texts import say
from planner.vocab import Severity
from planner.zoning._arrays import Flags, Floats, Ints, sum_by

__all__ = [
    "SectorCut",
    "assign_sectors",
    "commune_rows",
    "count_premises",
    "count_shares",
    "none_as_empty",
    "positions",
    "premises_findings",
]

NO_EPCI = ""


@dataclass(frozen=True, kw_only=True)
class SectorCut:
    """Sectors, and the premises in them.

    Parameters
    ----------
    sectors
        Contract ``sectors``, sorted by id.
    sector_shares
        Contract ``sector_shares``: premises of each sector by the EPCI of their commune.
    sector_of_premise
        The sector of each row of the premises, in their order; its categories are the sorted ids
        of the sectors; null outside every sector.
    findings
        What deserves to be checked.
    """

    sectors: gpd.GeoDataFrame
    sector_shares: pd.DataFrame
    sector_of_premise: pd.Categorical
    findings: Findings

    def summary(self, lang: str = "fr") -> str:
        """Say how many sectors and premises there are."""
        return say(
            "zoning.sector_summary",
            lang,
            sectors=len(self.sectors),
            premises=int(self.sectors["premises_count"].sum()),
            findings=len(self.findings),
        )


def assign_sectors(premises: pd.DataFrame, sectors: gpd.GeoDataFrame) -> pd.Categorical:
    """Place each premise in the sector of smallest id among those it touches.

    Parameters
    ----------
    premises
        ``x_m`` and ``y_m`` in metres, EPSG:2154; any number of rows, in any order.
    sectors
        ``sector_id`` and polygons in EPSG:2154; they may overlap and leave gaps.

    Returns
    -------
    Categorical
        In the order of the rows; its categories are the sorted ids, null outside every sector.
    """
    ids = sectors["sector_id"].astype(str).to_numpy(dtype=object)
    order = np.argsort(ids, kind="stable")
    categories = pd.Index(ids[order], dtype="str")
    if not len(order):
        codes = np.full(len(premises), -1, dtype=np.int64)
    else:
        index = PolygonIndex(sectors.geometry.to_numpy()[order])
        codes = index.locate(*positions(premises))
    return pd.Categorical.from_codes(codes, categories=categories)


def positions(premises: pd.DataFrame) -> tuple[Floats, Floats]:
    """Return x and y in metres."""
    return (
        premises["x_m"].to_numpy(dtype=np.float64),
        premises["y_m"].to_numpy(dtype=np.float64),
    )


def commune_rows(premises: pd.DataFrame, communes: gpd.GeoDataFrame) -> tuple[Ints, int]:
    """Return the row of the commune of each premise, and how many name an unknown commune.

    These are placed in the commune of smallest code that they touch; -1 where there is none.
    ``communes`` are sorted by ``insee``.
    """
    codes = pd.Index(communes["insee"].astype(str))
    insee = premises["insee"]
    if isinstance(insee.dtype, pd.CategoricalDtype):
        of_category = np.append(codes.get_indexer(insee.cat.categories.astype(str)), -1)
        rows = of_category[insee.cat.codes.to_numpy()]
    else:
        rows = codes.get_indexer(pd.Index(insee.astype("str")))
    rows = np.asarray(rows, dtype=np.int64)
    unknown = np.flatnonzero(rows < 0)
    if unknown.size and len(communes):
        x, y = positions(premises)
        rows[unknown] = PolygonIndex(communes.geometry.to_numpy()).locate(x[unknown], y[unknown])
    return rows, int(unknown.size)


def count_premises(label: pd.Categorical, weight: Ints) -> Ints:
    """Add up the premises (lower bounds) of each category, null ones left out."""
    inside = label.codes >= 0
    counted = sum_by(label.codes[inside], weight[inside], len(label.categories))
    return counted.astype(np.int64)


def count_shares(
    label: pd.Categorical, weight: Ints, commune: Ints, epci: list[str], main: list[str]
) -> pd.DataFrame:
    """Count the premises of each sector by the EPCI of their commune.

    Parameters
    ----------
    label
        The sector of each premise.
    weight
        The premises of each row.
    commune
        The row of the commune of each premise, -1 when unknown.
    epci
        The EPCI of each commune, empty for none.
    main
        The main EPCI of each category, under which a sector without premises is listed.
    """
    names, code = np.unique(
        np.array([*epci, NO_EPCI], dtype=object).astype(str), return_inverse=True
    )
    inside = label.codes >= 0
    of_premise = code[commune[inside]]  # -1 is the last one: no EPCI
    sector = label.codes[inside].astype(np.int64)
    size = names.size
    table = sum_by(sector * size + of_premise, weight[inside], len(label.categories) * size)
    held = table.reshape(-1, size).astype(np.int64)
    rows, columns = np.nonzero(held)
    empty = np.flatnonzero(held.sum(axis=1) == 0)
    frame = pd.DataFrame(
        {
            "sector_id": label.categories.to_numpy()[np.append(rows, empty)],
            "epci_siren": [*names[columns].tolist(), *(main[k] for k in empty)],
            "premises_count": np.append(held[rows, columns], np.zeros(empty.size, dtype=np.int64)),
        }
    ).astype({"sector_id": "str", "epci_siren": "str"})
    return frame.sort_values(["sector_id", "epci_siren"]).reset_index(drop=True)


def none_as_empty(values: pd.Series) -> list[str]:
    """Return texts, empty where absent."""
    return [
        NO_EPCI if absent else str(value)
        for value, absent in zip(values, values.isna(), strict=True)
    ]


def premises_findings(inside: Flags, weight: Ints, public: Flags, unknown: int) -> list[Finding]:
    """Report premises of the public area outside every sector, and those of unknown communes."""
    found = []
    outside = int(weight[public & ~inside].sum())
    if outside:
        found.append(
            Finding.of(
                "zoning.sector_outside",
                severity=Severity.SERIOUS,
                table="premises",
                place="sectors",
                count=outside,
            )
        )
    if unknown:
        found.append(
            Finding.of(
                "zoning.sector_unknown_commune",
                severity=Severity.WARNING,
                table="premises",
                place="insee",
                count=unknown,
            )
        )
    return found
