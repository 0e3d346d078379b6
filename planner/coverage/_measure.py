"""Coverage from points: premises with their commune, sector and dated states."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.coverage._cells import Cells, CoverageCounter, texts_at
from planner.coverage._places import PHASES, UNASSIGNED, CellPlaces
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
from planner.errors import RuleError
from planner.findings import Finding, Findings
from planner.territory import Territory
from planner.texts import Message
from planner.vocab import Level, Phase, PremiseState, SectorStage, Severity

__all__ = ["CoverageRules", "count_coverage", "measure_coverage"]

_LAYERS = ("premises", "state_changes", "stage_changes", "sectors", "zones")


@dataclass(frozen=True, kw_only=True)
class CoverageRules:
    """What a coverage rate counts.

    Parameters
    ----------
    numerator_states
        States that count as covered.  The regulator counts ``deploye`` only, which is
        :attr:`planner.vocab.PremiseState.SERVICEABLE` (ARCEP, observatory of fixed networks);
        serviceable on demand may be added, and is then part of the referential.
    """

    numerator_states: tuple[PremiseState, ...] = (PremiseState.SERVICEABLE,)

    def __post_init__(self) -> None:
        """Refuse a rate that counts nothing."""
        if not self.numerator_states:
            raise RuleError(
                Message.of("coverage.no_states"), Message.of("coverage.no_states_remedy")
            )


_DEFAULT_RULES = CoverageRules()


def measure_coverage(
    territory: Territory,
    *,
    on: dt.date,
    programme: pd.DataFrame | None = None,
    levels: Iterable[Level] = tuple(Level),
    rules: CoverageRules = _DEFAULT_RULES,
) -> Coverage:
    """Measure coverage on a day, from points, at every level asked for.

    Parameters
    ----------
    territory
        With ``communes`` and ``premises``.  Without ``state_changes`` the states are null, without
        sectors the phases are, without ``stage_changes`` the stages are.
    on
        The day: a premise is in the state of its last change up to that day included.
    programme
        Contract ``programme``, of which ``sector_id``, ``phase`` and ``tranche`` are used.
        Without it the zones give phase 1 and its tranches, what is left of the public area counts
        as phase 3, and phase 2 is null: it is not decided yet.
    levels
        The levels to count.
    rules
        What counts as covered.

    Returns
    -------
    Coverage
        Premises of rows whose size is an interval count for their lower bound, but in
        ``premises_max_count``.

    Raises
    ------
    MissingLayerError
        When there are no communes or no premises.
    ContractError
        When premises or the programme name sectors that the territory doesn't have, or the
        programme forgets a sector with public premises.

    Notes
    -----
    A premise is private when its commune is (``regulatory_zone`` other than public); otherwise it
    has the phase of its sector, or is *unassigned* outside every sector: in each row,
    private + phases + unassigned = premises.  A premise whose commune the territory doesn't know
    is in the total of the region, in its sector and its zone, and in no commune, EPCI or
    département: region = Σ départements + outside.  Stages count the premises of the public
    network.
    """
    counter = CoverageCounter.of(territory)
    return count_coverage(counter, on=on, programme=programme, levels=levels, rules=rules)


def count_coverage(
    counter: CoverageCounter,
    *,
    on: dt.date,
    states: NDArray[np.int8] | None = None,
    programme: pd.DataFrame | None = None,
    levels: Iterable[Level] = tuple(Level),
    rules: CoverageRules = _DEFAULT_RULES,
) -> Coverage:
    """Measure coverage of premises that are already labelled.

    Parameters
    ----------
    counter
        The labelled premises.
    on, programme, levels, rules
        As in :func:`measure_coverage`.
    states
        State of each premise in the order of the territory's premises (position in
        :class:`planner.vocab.PremiseState`, -1 for stateless), instead of those of its changes.
    """
    day = is_day(on)
    territory, cells = counter.territory, counter.cells
    if states is None:
        states = counter.states_on(day)
    place = CellPlaces.of(counter, programme)
    columns = (
        _size_columns(cells)
        | _phase_columns(counter, place)
        | _state_columns(counter, states)
        | _stage_columns(counter, place, counter.stages_on(day))
    )
    public_only = _private_is_unknown(columns)
    columns["denominator_count"] = _denominator(cells, columns, public_only=public_only)
    referential = _referential(territory, cells, rules, day, public_only=public_only)
    synthetic = (
        territory.is_synthetic(*_LAYERS)
        or bool(territory.sectors["synthetic"].any())
        or bool(territory.zones["synthetic"].any())
    )
    wanted = set(levels)
    rows = tuple(
        _level_rows(counter, level)
        for level in Level
        if level in wanted and (counter.zoned or level not in {Level.SECTOR, Level.ZONE})
    )
    table = build_table(rows, columns, referential, synthetic=synthetic)
    findings = Findings.collect(
        _place_findings(counter, place, columns),
        _group_findings(territory),
        over_100(table, referential),
    )
    return Coverage(
        table=table,
        referential=referential,
        findings=findings,
        details=_details(counter, place, columns),
    )


def _private_is_unknown(columns: Mapping[str, Counted]) -> bool:
    """Tell whether there are private premises, and no state of any of them is known."""
    premises, private, stateless = (
        columns[f"{name}_count"].values  # noqa: PD011 (a field of ours)
        for name in ("premises", "private", "stateless")
    )
    inside = private > 0
    known_elsewhere = bool((stateless < premises).any())
    return bool(inside.any()) and known_elsewhere and bool((stateless == private)[inside].all())


def _denominator(cells: Cells, columns: Mapping[str, Counted], *, public_only: bool) -> Counted:
    """Return what rates divide by: an unknown state is not an unserved premise."""
    private = columns["private_count"].values  # noqa: PD011 (a field of ours)
    return Counted(cells.premises_min - private * public_only)


def _referential(
    territory: Territory, cells: Cells, rules: CoverageRules, on: dt.date, *, public_only: bool
) -> Referential:
    origin = territory.origin("premises")
    return Referential(
        states=rules.numerator_states,
        source="" if origin is None else origin.source,
        source_on=None if origin is None else origin.on,
        public_only=public_only,
        lower_bound=bool(cells.unlimited.any() or (cells.premises_max != cells.premises_min).any()),
        vintage=territory.vintage,
        on=on,
    )


def _size_columns(cells: Cells) -> dict[str, Counted]:
    return {
        "premises_count": Counted(cells.premises_min),
        "premises_max_count": Counted(cells.premises_max, cells.unlimited),
    }


def _phase_columns(counter: CoverageCounter, place: CellPlaces) -> dict[str, Counted]:
    size = counter.cells.premises_min

    def where(mask: NDArray[np.bool_], *, known: bool = counter.zoned) -> Counted:
        return Counted(np.where(mask, size, 0)) if known else Counted.unknown(len(size))

    def of(phase: Phase) -> NDArray[np.bool_]:
        mask: NDArray[np.bool_] = place.phase == PHASES.index(phase)
        return mask

    return {
        "private_count": where(of(Phase.PRIVATE), known=True),
        "phase_1_count": where(of(Phase.PHASE_1)),
        "phase_1_tranche_1_count": where(place.tranche == 1),
        "phase_1_tranche_2_count": where(place.tranche == 2),  # noqa: PLR2004 (its number)
        "phase_2_count": where(of(Phase.PHASE_2), known=counter.zoned and place.phase_2_known),
        "phase_3_count": where(of(Phase.PHASE_3)),
        "unassigned_count": where(place.phase == UNASSIGNED),
    }


def _state_columns(counter: CoverageCounter, states: NDArray[np.int8] | None) -> dict[str, Counted]:
    cells = counter.cells
    if states is None:
        return null_states(len(cells)) | {"stateless_count": Counted(cells.premises_min)}
    counted = counter.count(states)
    columns = {
        f"{state.value}_count": Counted(counted[:, slot])
        for slot, state in enumerate(PremiseState, start=1)
    }
    return columns | {"stateless_count": Counted(counted[:, 0])}


def _stage_columns(
    counter: CoverageCounter, place: CellPlaces, stages: NDArray[np.int8] | None
) -> dict[str, Counted]:
    cells = counter.cells
    names = [f"stage_{stage.value}_count" for stage in SectorStage]
    if stages is None:
        return {name: Counted.unknown(len(cells)) for name in names}
    public = place.phase != PHASES.index(Phase.PRIVATE)
    of_cell = np.append(stages, np.int8(-1))[cells.sector]
    return {
        name: Counted(np.where(public & (of_cell == code), cells.premises_min, 0))
        for code, name in enumerate(names)
    }


def _level_rows(counter: CoverageCounter, level: Level) -> LevelRows:
    names = counter.territory.names(level)
    codes = pd.Index(names.index.astype(object))
    cells = counter.cells
    if level is Level.REGION:
        rows = np.zeros(len(cells), dtype=np.int64)
    elif level is Level.COMMUNE:
        rows = cells.commune
    elif level is Level.SECTOR:
        rows = cells.sector
    else:
        column, index = _groups(counter, level)
        rows = np.append(codes.get_indexer(column), -1)[index]
    return LevelRows(level, codes.to_numpy(), names.to_numpy(dtype=object), rows)


def _groups(counter: CoverageCounter, level: Level) -> tuple[pd.Index, NDArray[np.int64]]:
    """Return the group of each commune (or sector) in sorted order, and that row of each cell."""
    territory, cells = counter.territory, counter.cells
    table, key, column, rows = {
        Level.DEPARTEMENT: (territory.communes, "insee", "departement", cells.commune),
        Level.EPCI: (territory.communes, "insee", "epci_siren", cells.commune),
        Level.ZONE: (territory.sectors, "sector_id", "zone_id", cells.sector),
    }[level]
    return pd.Index(table.sort_values(key)[column].astype(object)), rows


def _place_findings(
    counter: CoverageCounter, place: CellPlaces, columns: dict[str, Counted]
) -> Iterator[Finding]:
    cells = counter.cells
    for insee, count in _by_code(cells.insee, np.where(cells.commune < 0, cells.premises_min, 0)):
        yield Finding.of(
            "coverage.unknown_commune", severity=Severity.WARNING,
            table="premises", place=insee, count=count, vintage=counter.territory.vintage,
        )  # fmt: skip
    left = np.where((place.phase == UNASSIGNED) & (cells.commune >= 0), cells.premises_min, 0)
    if counter.zoned:
        for insee, count in _by_code(cells.insee, left):
            yield Finding.of(
                "coverage.unassigned", severity=Severity.WARNING,
                table="premises", place=insee, count=count,
            )  # fmt: skip
    stateless = columns["stateless_count"].total
    if stateless:
        yield Finding.of(
            "coverage.stateless", severity=Severity.INFO,
            table="premises", place=counter.territory.name, count=stateless,
        )  # fmt: skip
    if counter.unknown_premises_count:
        yield Finding.of(
            "coverage.unknown_premise", severity=Severity.WARNING, table="state_changes",
            place=counter.territory.name, count=counter.unknown_premises_count,
        )  # fmt: skip


def _by_code(insee: NDArray[np.object_], counts: NDArray[np.int64]) -> Iterator[tuple[str, int]]:
    kept = counts > 0
    codes = ["—" if code is None else str(code) for code in insee[kept]]
    summed = pd.Series(counts[kept]).groupby(codes).sum().sort_index()
    yield from ((str(code), int(count)) for code, count in summed.items())


def _group_findings(territory: Territory) -> Iterator[Finding]:
    communes, sectors = territory.communes, territory.sectors
    groups = chain(
        ((Level.DEPARTEMENT, "communes", code) for code in communes["departement"].dropna()),
        ((Level.EPCI, "communes", code) for code in communes["epci_siren"].dropna()),
        ((Level.ZONE, "sectors", code) for code in sectors["zone_id"].dropna()),
    )
    known = {level: set(territory.names(level).index) for level in Level}
    for level, table, code in sorted(set(groups)):
        if code not in known[level]:
            yield Finding.of(
                "coverage.unknown_group", severity=Severity.WARNING,
                table=table, place=str(code), level=level,
            )  # fmt: skip


def _details(
    counter: CoverageCounter, place: CellPlaces, columns: dict[str, Counted]
) -> pd.DataFrame:
    cells = counter.cells
    length = len(cells)
    keys = {
        "insee": pd.Series(cells.insee, dtype="str"),
        "sector_id": pd.Series(texts_at(counter.sector_ids, cells.sector), dtype="str"),
        "in_territory": pd.Series(cells.commune >= 0),
        "phase": pd.Series(place.phase_terms(), dtype="str"),
        "tranche": pd.Series(
            pd.arrays.IntegerArray(place.tranche, place.tranche == 0), dtype="Int64"
        ),
    }
    every = np.arange(length)
    return pd.DataFrame(keys | {name: c.summed(every, length) for name, c in columns.items()})
