"""Coverage from counts by commune, without any point: what the regulator publishes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.contracts import Contract
from planner.coverage._referential import Referential
from planner.coverage._result import (
    Counted,
    Coverage,
    LevelRows,
    build_table,
    is_day,
    null_states,
    over_100,
)
from planner.errors import MissingLayerError
from planner.findings import Finding, Findings
from planner.schemas import contract
from planner.texts import Message
from planner.vocab import Level, PremiseState, RegulatoryZone, SectorStage, Severity

__all__ = ["measure_coverage_from_counts"]

_LEVELS: Final = (Level.REGION, Level.DEPARTEMENT, Level.EPCI, Level.COMMUNE)
_OVERSEAS: Final = ("97", "98")  # INSEE: overseas, the département takes three characters


def measure_coverage_from_counts(
    counts: pd.DataFrame,
    names: pd.DataFrame,
    *,
    on: dt.date,
    source: str,
    vintage: int,
    source_on: dt.date | None = None,
    levels: Iterable[Level] = _LEVELS,
    synthetic: bool = False,
) -> Coverage:
    """Measure coverage from counts by commune.

    Parameters
    ----------
    counts
        One row a commune: ``insee``, ``premises_count``, ``serviceable_count`` (absent where it is
        not known), ``regulatory_zone`` and ``epci_siren`` (absent for an island without EPCI); as
        :func:`planner.io.observatory.read_observatory` reads them.
    names
        ``level``, ``code``, ``nom`` of the territories; the row of level region is required to
        count the region.
    on
        Day that the serviceable counts describe.
    source
        Who counted the premises.
    vintage
        Year of the map of communes.
    source_on
        Day that the premises describe, where the source gives one.
    levels
        Region, département, EPCI and commune; counts know no sector and no zone.
    synthetic
        Whether the counts are made up.

    Returns
    -------
    Coverage
        The same table as from points, null where counts can't tell: phases, stages, states but
        serviceable, and premises without a state.  A sum over an unknown count is unknown.

    Raises
    ------
    ContractError
        With every offending cell of ``counts``.
    MissingLayerError
        When the region is asked for and ``names`` doesn't name it.
    """
    _counts_contract().check(counts)
    rows = counts.sort_values("insee", kind="stable").reset_index(drop=True)
    wanted = set(levels)
    level_rows = tuple(_level_rows(rows, names, level) for level in _LEVELS if level in wanted)
    referential = Referential(
        states=(PremiseState.SERVICEABLE,),
        source=source,
        source_on=source_on,
        vintage=vintage,
        on=is_day(on),
    )
    table = build_table(level_rows, _columns(rows), referential, synthetic=synthetic)
    findings = Findings.collect(_unnamed(level_rows, names), over_100(table, referential))
    return Coverage(table=table, referential=referential, findings=findings, details=rows)


def _counts_contract() -> Contract:
    communes, figures = contract("communes"), contract("premises_figures")
    return Contract(
        name="commune_counts",
        title=figures.title,
        description=figures.description,
        key=("insee",),
        columns=(
            communes.column("insee"),
            communes.column("epci_siren"),
            replace(communes.column("regulatory_zone"), nullable=True),
            figures.column("premises_count"),
            figures.column("serviceable_count"),
        ),
    )


def _columns(rows: pd.DataFrame) -> dict[str, Counted]:
    length = len(rows)
    premises = _counted(rows["premises_count"])
    private = rows["regulatory_zone"] != RegulatoryZone.PUBLIC.value
    unknown = Counted.unknown(length)
    return (
        {
            "premises_count": premises,
            "premises_max_count": premises,
            "denominator_count": premises,
            "private_count": Counted(
                np.where(private.fillna(value=False).to_numpy(dtype=bool), premises.values, 0),
                rows["regulatory_zone"].isna().to_numpy(dtype=bool),
            ),
        }
        | {
            name: unknown
            for name in contract("coverage").column_names
            if name.startswith("phase_") or name in {"unassigned_count", "stateless_count"}
        }
        | null_states(length)
        | {"serviceable_count": _counted(rows["serviceable_count"])}
        | {f"stage_{stage.value}_count": unknown for stage in SectorStage}
    )


def _counted(values: pd.Series) -> Counted:
    whole = pd.to_numeric(values).astype("Int64")
    known: NDArray[np.int64] = whole.fillna(0).to_numpy().astype(np.int64)
    return Counted(known, whole.isna().to_numpy(dtype=bool))


def _level_rows(rows: pd.DataFrame, names: pd.DataFrame, level: Level) -> LevelRows:
    named = _named(names, level)
    if level is Level.REGION:
        if named.empty:
            raise MissingLayerError(
                Message.of("coverage.no_region"), Message.of("coverage.no_region_remedy")
            )
        first = named.iloc[:1]
        return LevelRows(
            level,
            first.index.to_numpy(dtype=object),
            first.to_numpy(dtype=object),
            np.zeros(len(rows), dtype=np.int64),
        )
    group = {
        Level.DEPARTEMENT: _departements(rows),
        Level.EPCI: rows["epci_siren"],
        Level.COMMUNE: rows["insee"],
    }[level].astype(object)
    codes = pd.Index(sorted(group.dropna().unique()), dtype=object)
    nom = named.reindex(codes)
    nom = nom.where(nom.notna(), codes.to_series())
    places: NDArray[np.int64] = codes.get_indexer(pd.Index(group)).astype(np.int64)
    return LevelRows(level, codes.to_numpy(), nom.to_numpy(dtype=object), places)


def _departements(rows: pd.DataFrame) -> pd.Series:
    """Return the département that starts each INSEE code."""
    insee = rows["insee"].astype("str")
    return insee.str[:2].where(~insee.str.startswith(_OVERSEAS), insee.str[:3])


def _named(names: pd.DataFrame, level: Level) -> pd.Series:
    rows = names[names["level"].astype(object) == level.value]
    return pd.Series(
        rows["nom"].to_numpy(dtype=object), index=pd.Index(rows["code"].astype(object))
    ).sort_index()


def _unnamed(levels: tuple[LevelRows, ...], names: pd.DataFrame) -> Iterator[Finding]:
    for level in levels:
        known = set(_named(names, level.level).index)
        for code in level.codes:
            if code not in known:
                yield Finding.of(
                    "coverage.unnamed", severity=Severity.INFO, table="coverage",
                    place=str(code), level=level.level,
                )  # fmt: skip
