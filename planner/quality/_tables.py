"""Tables against each other: codes of the vintage, keys that resolve, counts that agree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.quality._anomalies import Batch, click_points, nowhere
from planner.quality._rules import QualityRules
from planner.quality._shapes import keys_of
from planner.schemas import CONTRACTS
from planner.territory import Territory
from planner.timeline import is_among
from planner.vocab import Level, Severity

__all__ = [
    "find_count_mismatches",
    "find_figure_mismatches",
    "find_orphans",
    "find_set_aside",
    "find_twice_named",
    "find_unknown_codes",
]

_EPCI: Final = (
    ("communes", "epci_siren"), ("villes_moyennes", "epci_siren"), ("sectors", "epci_siren"),
    ("sector_shares", "epci_siren"), ("envelopes", "epci_siren"), ("ballots", "epci_siren"),
    ("deliberations", "epci_siren"), ("advice", "epci_siren"),
)  # fmt: skip
_COMMUNES: Final = (
    ("premises", "insee"), ("villes_moyennes", "insee"), ("sectors", "insee"),
    ("zones", "ville_moyenne_insee"),
)  # fmt: skip
_DEPARTEMENTS: Final = (("communes", "departement"), ("sectors", "departement"))
_KEYS: Final = (
    ("sectors", "zone_id", "zones", "zone_id"),
    ("sector_shares", "sector_id", "sectors", "sector_id"),
    ("stage_changes", "sector_id", "sectors", "sector_id"),
    ("ballots", "sector_id", "sectors", "sector_id"),
    ("advice", "sector_id", "sectors", "sector_id"),
    ("premises", "sector_id", "sectors", "sector_id"),
    ("state_changes", "premise_id", "premises", "premise_id"),
)


def places_of(keys: Sequence[str], places: Mapping[str, tuple[float, float]]) -> Any:  # noqa: ANN401
    """Return the coordinates of rows whose key is placed, NaN for the others."""
    at = np.full((len(keys), 2), np.nan)
    for row, key in enumerate(keys):
        at[row] = places.get(key, (np.nan, np.nan))
    return at


def _texts(series: pd.Series[Any]) -> pd.Series[Any]:
    return series.astype(object).where(series.notna(), "").astype(str)


def _unknown_rows(series: pd.Series[Any], known: set[str]) -> NDArray[np.intp]:
    """Return the rows whose value is there and isn't known; an empty text is no value."""
    if isinstance(series.dtype, pd.CategoricalDtype):
        names = series.cat.categories.astype(str)
        wrong = np.array([name not in known and name != "" for name in names], dtype=bool)
        return np.flatnonzero(np.append(wrong, False)[series.cat.codes.to_numpy()])
    wanted = pd.Series(sorted({*known, ""}), dtype="str")
    return np.flatnonzero(~is_among(series, wanted) & series.notna().to_numpy(dtype=bool))


def _by_value(
    frame: pd.DataFrame, column: str, rows: NDArray[np.intp]
) -> tuple[list[str], list[int], list[str], NDArray[np.float64]]:
    """Group rows by the value of a column: values, counts, a first key, a place where known."""
    values = _texts(frame[column].iloc[rows]).to_numpy(dtype=object)
    order = np.argsort(values.astype(str), kind="stable")
    names, start, counts = np.unique(
        values[order].astype(str), return_index=True, return_counts=True
    )
    firsts = rows[order][start]
    at = np.column_stack([nowhere(len(names)), nowhere(len(names))])
    if {"x_m", "y_m"} <= set(frame.columns):
        at = frame[["x_m", "y_m"]].iloc[firsts].to_numpy(dtype=np.float64)
    return names.tolist(), counts.tolist(), keys_of_any(frame, firsts), at


def keys_of_any(frame: pd.DataFrame, rows: NDArray[np.intp]) -> list[str]:
    """Return a text that names each row: its first column, whatever it is."""
    return _texts(frame.iloc[rows, 0]).tolist()


def find_unknown_codes(territory: Territory) -> Iterator[Batch]:
    """Find codes of EPCI and communes that the vintage of the territory doesn't know."""
    communes = {str(code) for code in territory.communes["insee"]}
    departements = {str(code) for code in territory.departements["code"]}
    actors = {str(code) for code in territory.epci["siren"]} | {f"D{c}" for c in departements}
    for rule, known, columns in (
        ("codes.unknown_epci", actors, _EPCI),
        ("codes.unknown_commune", communes, _COMMUNES),
        ("codes.unknown_departement", departements, _DEPARTEMENTS),
    ):
        for table, column in columns:
            frame = getattr(territory, table)
            if column in frame.columns:
                rows = _unknown_rows(frame[column], known)
                yield from _by_code(rule, table, column, frame, rows, territory.vintage)
    figures = territory.premises_figures
    figures = figures.loc[figures["level"].astype(str) == Level.COMMUNE.value]
    rows = _unknown_rows(figures["code"], communes)
    yield from _by_code(
        "codes.unknown_commune", "premises_figures", "code", figures, rows, territory.vintage
    )


def _by_code(
    rule: str,
    table: str,
    column: str,
    frame: pd.DataFrame,
    rows: NDArray[np.intp],
    vintage: int,
) -> Iterator[Batch]:
    if not rows.size:
        return
    names, counts, firsts, at = _by_value(frame, column, rows)
    yield Batch(
        rule=rule, severity=Severity.SERIOUS, table=table, column=column, keys=names,
        facts={"count": counts, "first": firsts, "vintage": [vintage] * len(names)},
        x_m=at[:, 0], y_m=at[:, 1],
    )  # fmt: skip


def find_orphans(territory: Territory) -> Iterator[Batch]:
    """Find references to rows that aren't there."""
    for table, column, other, key in _KEYS:
        frame, target = getattr(territory, table), getattr(territory, other)
        if column not in frame.columns or frame.empty:
            continue
        rows = _orphan_rows(frame[column], target[key])
        if not rows.size:
            continue
        names, counts, firsts, at = _by_value(frame, column, rows)
        yield Batch(
            rule="keys.orphan", severity=Severity.SERIOUS, table=table, column=column, keys=names,
            facts={"count": counts, "first": firsts, "other": [_Titled(other)] * len(names)},
            x_m=at[:, 0], y_m=at[:, 1],
        )  # fmt: skip


class _Titled:
    """The title of a table, in the language of the message that holds it."""

    def __init__(self, table: str) -> None:
        self.table = table

    def say(self, lang: str = "fr", /) -> str:
        """Put the title into words."""
        return CONTRACTS[self.table].titled(lang)


def _orphan_rows(series: pd.Series[Any], target: pd.Series[Any]) -> NDArray[np.intp]:
    if isinstance(series.dtype, pd.CategoricalDtype):
        return _unknown_rows(series, set(target.astype(str)))
    return np.flatnonzero(~is_among(series, target) & series.notna().to_numpy(dtype=bool))


def find_twice_named(tables: Mapping[str, pd.DataFrame]) -> Iterator[Batch]:
    """Find keys that two rows of a table share."""
    for name, frame in tables.items():
        key = list(CONTRACTS[name].key)
        if frame.empty or not set(key) <= set(frame.columns):
            continue
        again = frame.duplicated(key, keep="first").to_numpy(dtype=bool)
        if not again.any():
            continue
        every = frame.duplicated(key, keep=False).to_numpy(dtype=bool)
        counted = pd.Series(keys_of(name, frame.loc[every])).value_counts().sort_index()
        yield Batch(
            rule="keys.duplicate", severity=Severity.SERIOUS, table=name, column=key[0],
            keys=[str(text) for text in counted.index],
            facts={"count": [int(count) for count in counted]},
        )  # fmt: skip


def find_count_mismatches(territory: Territory) -> Iterator[Batch]:
    """Find sectors that say another number of premises than they hold, or than their shares sum."""
    sectors, premises = territory.sectors, territory.premises
    if sectors.empty:
        return
    said = sectors["premises_count"].to_numpy(dtype=np.int64)
    ids = sectors["sector_id"].astype("str").to_numpy(dtype=object)
    shapes = sectors.geometry.to_numpy()
    if len(premises) and "sector_id" in premises.columns:
        held = _sum_by(premises["sector_id"], premises["premises_min"], ids)
        yield from _unequal("sectors.count_mismatch", "sectors", ids, said, held, shapes)
    if len(territory.sector_shares):
        shares = territory.sector_shares
        held = _sum_by(shares["sector_id"], shares["premises_count"], ids)
        yield from _unequal("sectors.shares_mismatch", "sector_shares", ids, said, held, shapes)


def _sum_by(
    labels: pd.Series[Any], weights: pd.Series[Any], ids: NDArray[np.object_]
) -> NDArray[np.int64]:
    index = pd.Index(ids)
    if isinstance(labels.dtype, pd.CategoricalDtype):
        places = np.append(
            index.get_indexer(labels.cat.categories.astype(object)), -1
        )[labels.cat.codes.to_numpy()]  # fmt: skip
    else:
        places = index.get_indexer(pd.Index(labels.astype(object)))
    known = places >= 0
    counts = np.bincount(
        places[known], weights=weights.to_numpy(dtype=np.int64)[known], minlength=len(ids)
    )
    return np.rint(counts).astype(np.int64)


def _unequal(
    rule: str,
    table: str,
    ids: NDArray[np.object_],
    said: NDArray[np.int64],
    held: NDArray[np.int64],
    shapes: NDArray[np.object_],
) -> Iterator[Batch]:
    rows = np.flatnonzero(said != held)
    if rows.size:
        at = click_points(shapes[rows])
        yield Batch(
            rule=rule, severity=Severity.WARNING, table=table, column="premises_count",
            keys=ids[rows].tolist(),
            facts={"said": said[rows].tolist(), "held": held[rows].tolist()},
            x_m=at[:, 0], y_m=at[:, 1],
        )  # fmt: skip


def find_figure_mismatches(
    territory: Territory, places: Mapping[str, tuple[float, float]], *, rules: QualityRules
) -> Iterator[Batch]:
    """Find communes whose premises and published count are two referentials, not one."""
    figures, premises = territory.premises_figures, territory.premises
    if figures.empty or premises.empty:
        return
    figures = figures.loc[figures["level"].astype(str) == Level.COMMUNE.value]
    figures = figures.sort_values("code", kind="stable")
    ids = figures["code"].astype(str).to_numpy(dtype=object)
    published = figures["premises_count"].to_numpy(dtype=np.int64)
    held = _sum_by(premises["insee"], premises["premises_min"], ids)
    share = np.abs(held - published) / np.maximum(published, 1)
    rows = np.flatnonzero(share > rules.figure_share)
    if not rows.size:
        return
    at = places_of(ids[rows].tolist(), places)
    yield Batch(
        rule="referential.mismatch", severity=Severity.WARNING, table="premises_figures",
        column="premises_count", keys=ids[rows].tolist(),
        facts={
            "held": held[rows].tolist(), "published": published[rows].tolist(),
            "share": share[rows].tolist(),
            "source": figures["source"].astype(str).iloc[rows].tolist(),
            "on": [day.date() for day in figures["on"].iloc[rows]],
        },
        x_m=at[:, 0], y_m=at[:, 1],
    )  # fmt: skip


def find_set_aside(rejected: pd.DataFrame) -> Iterator[Batch]:
    """List the rows received that can't be used: they stand nowhere, but they count."""
    if rejected.empty:
        return
    yield Batch(
        rule="rows.set_aside", severity=Severity.WARNING, table="rejected_rows", column="",
        keys=[
            f"{file}/{row}"
            for file, row in zip(rejected["file"].astype(str), rejected["row"], strict=True)
        ],
        facts={
            "reason": rejected["reason"].astype(str).tolist(),
            "where": _texts(rejected["column"]).tolist(),
            "value": _texts(rejected["value"]).tolist(),
        },
    )  # fmt: skip
