"""How many premises each commune holds, when only some figures are published."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.errors import MissingLayerError, RuleError
from planner.texts import Message
from planner.vocab import Level, RegulatoryZone

__all__ = ["count_by_commune", "spread"]


def spread(total: int, weights: NDArray[np.int64]) -> NDArray[np.int64]:
    """Share ``total`` in proportion to whole weights, by largest remainder.

    Each gets the whole part of its quota; what is left goes one by one to the largest remainders,
    the first row first where remainders are equal.  All in integers, so exact.

    Parameters
    ----------
    total
        Whole number to share, at least 0.
    weights
        Whole weights in the order that breaks ties, shape (n,); their sum is positive.

    Returns
    -------
    array of int64
        Shape (n,); sums to ``total``.
    """
    whole = int(weights.sum())
    quotas = [divmod(total * int(weight), whole) for weight in weights]  # exact beyond 64 bits
    shares = np.array([quota for quota, _ in quotas], dtype=np.int64)
    left = total - int(shares.sum())
    order = sorted(range(len(quotas)), key=lambda row: (-quotas[row][1], row))
    shares[order[:left]] += 1
    return shares


def count_by_commune(communes: pd.DataFrame, figures: pd.DataFrame) -> NDArray[np.int64]:
    """Count the premises of each commune.

    Parameters
    ----------
    communes
        ``insee``, ``departement``, ``population``, ``regulatory_zone``, sorted by ``insee``.
    figures
        Contract ``premises_figures``.

    Returns
    -------
    array of int64
        In the order of ``communes``.

    Raises
    ------
    MissingLayerError
        When neither a commune, nor its département, nor the region has a figure.
    RuleError
        When figures contradict each other, or nothing says how to share them.
    """
    known = _figures_at(figures, Level.COMMUNE)
    totals = _figures_at(figures, Level.DEPARTEMENT)
    private = _figures_at(figures, Level.DEPARTEMENT, column="private_count")
    is_private = (communes["regulatory_zone"].astype(object) != RegulatoryZone.PUBLIC).to_numpy()
    insee = communes["insee"].astype(object).to_numpy()
    departement = communes["departement"].astype(object).to_numpy()
    population = communes["population"].to_numpy(dtype=np.int64)
    counts = np.array([known.get(code, -1) for code in insee], dtype=np.int64)

    orphans = []  # départements without a figure of their own share the region's rest
    for code in sorted(set(departement[counts < 0])):
        rows = np.flatnonzero(departement == code)
        if code in totals:
            _refuse_strangers(known, insee, [code])
            parts = [(rows, totals[code], code)]
            inside = is_private[rows]
            unknown = counts[rows] < 0
            if code in private and unknown[inside].any() and unknown[~inside].any():
                # each part to its own figure: towns hold fewer premises than their people tell
                parts = [
                    (rows[inside], private[code], f"{code} (L. 33-13)"),
                    (rows[~inside], totals[code] - private[code], code),
                ]
            for part, total, place in parts:
                _fill(counts, part, total=total, population=population, place=place)
        else:
            orphans.append(code)
    if orphans:
        place, total = _region(figures, orphans)
        elsewhere = {code: count for code, count in totals.items() if code not in orphans}
        _refuse_strangers(known, insee, orphans)
        # a département whose communes are all given and that has no total counts by its communes
        apart = ~np.isin(departement, [*elsewhere, *orphans])
        total -= sum(elsewhere.values()) + int(counts[apart].sum())
        rows = np.flatnonzero(np.isin(departement, orphans))
        _fill(counts, rows, total=total, population=population, place=place)
    return counts


def _figures_at(
    figures: pd.DataFrame, level: Level, *, column: str = "premises_count"
) -> dict[str, int]:
    at_level = figures["level"].astype(object) == level.value
    rows = figures.loc[at_level & figures[column].notna()]
    return {str(code): int(count) for code, count in zip(rows["code"], rows[column], strict=True)}


def _region(figures: pd.DataFrame, orphans: list[str]) -> tuple[str, int]:
    totals = _figures_at(figures, Level.REGION)
    values = {"departements": ", ".join(orphans)}
    if not totals:
        raise MissingLayerError(
            Message.of("premises.no_figure", **values),
            Message.of("premises.no_figure_remedy", **values),
        )
    if len(totals) > 1:
        values["regions"] = ", ".join(sorted(totals))
        raise RuleError(
            Message.of("premises.several_regions", **values),
            Message.of("premises.several_regions_remedy", **values),
        )
    ((code, total),) = totals.items()
    return code, total


def _refuse_strangers(known: dict[str, int], insee: NDArray[np.object_], codes: list[str]) -> None:
    """Refuse figures of unknown communes: they would be spread a second time."""
    missing = sorted(set(known) - set(insee))
    strangers = [code for code in missing if code.startswith(tuple(codes))]
    if strangers:
        shown = ", ".join(strangers[:10])
        raise RuleError(
            Message.of("premises.unknown_commune", count=len(strangers), communes=shown),
            Message.of("premises.unknown_commune_remedy"),
        )


def _fill(
    counts: NDArray[np.int64],
    rows: NDArray[np.intp],
    *,
    total: int,
    population: NDArray[np.int64],
    place: str,
) -> None:
    """Share what the known communes of ``rows`` leave of ``total`` among the others."""
    given = rows[counts[rows] >= 0]
    to_fill = rows[counts[rows] < 0]
    left = total - int(counts[given].sum())
    values = {"place": place, "total": total, "known": int(counts[given].sum())}
    if left < 0:
        raise RuleError(
            Message.of("premises.over_total", **values),
            Message.of("premises.over_total_remedy", **values),
        )
    if left > 0 and int(population[to_fill].sum()) == 0:
        raise RuleError(
            Message.of("premises.nobody", left=left, **values),
            Message.of("premises.nobody_remedy", **values),
        )
    counts[to_fill] = spread(left, population[to_fill]) if left else 0
