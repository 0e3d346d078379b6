"""Indicators of fairness between EPCI."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from planner.schemas import contract

__all__ = ["measure_fairness"]


def measure_fairness(
    service: pd.DataFrame, *, population: Mapping[str, int] | None = None
) -> pd.DataFrame:
    """Measure how evenly a programme serves the EPCI, before and after it.

    ``mean_share``: lines served ÷ public lines of the region.  ``worst_share``, ``best_share``: of
    the EPCI served least and most, with its code (the first code where several are equal).
    ``gini``: half the mean absolute difference between the shares of two lines' EPCI, ÷ the mean
    (Gini, 1912), each EPCI weighing its public lines; 0 is equality.  ``unserved_count``: EPCI
    without any line served.  ``lines_per_inhabitant``: the least, over EPCI whose population is
    given.

    Parameters
    ----------
    service
        Contract ``epci_service`` (:func:`planner.explain.count_service`).
    population
        EPCI to the inhabitants of its public area; without it lines per inhabitant are left out.

    Returns
    -------
    DataFrame
        Contract ``fairness``; absent where nothing can be said.
    """
    contract("epci_service").check(service)
    frame = service[service["lines_count"] > 0].sort_values("epci_siren", kind="stable")
    rows: list[dict[str, Any]] = []
    for when in ("before", "after"):
        served = frame[f"served_{when}_count"].astype("int64")
        shares = dict(zip(frame["epci_siren"], served / frame["lines_count"], strict=True))
        weights = dict(zip(frame["epci_siren"], frame["lines_count"].tolist(), strict=True))
        mean = int(served.sum()) / sum(weights.values()) if weights else None
        worst = min(shares, key=lambda key: (shares[key], key), default=None)
        best = min(shares, key=lambda key: (-shares[key], key), default=None)
        rows += [
            _row(when, "mean_share", mean),
            _row(when, "worst_share", None if worst is None else shares[worst], worst),
            _row(when, "best_share", None if best is None else shares[best], best),
            _row(when, "gini", _gini(shares, weights, mean)),
            _row(when, "unserved_count", float((served == 0).sum())),
        ]
        if population is not None:
            counted = dict(zip(frame["epci_siren"], served.tolist(), strict=True))
            ratios = {
                key: lines / population[key]
                for key, lines in counted.items()
                if population.get(key)
            }
            least = min(ratios, key=lambda key: (ratios[key], key), default=None)
            value = None if least is None else ratios[least]
            rows.append(_row(when, "lines_per_inhabitant", value, least))
    table = pd.DataFrame(rows)
    table["value"] = table["value"].astype("float64")
    contract("fairness").check(table)
    return contract("fairness").select(table)


def _row(
    when: str, indicator: str, value: float | None, place: str | None = None
) -> dict[str, Any]:
    return {"state": when, "indicator": indicator, "value": value, "place": place}


def _gini(
    shares: Mapping[str, float], weights: Mapping[str, int], mean: float | None
) -> float | None:
    if not mean:
        return None
    total = sum(weights.values())
    apart = sum(
        weights[one] * weights[other] * abs(shares[one] - shares[other])
        for one in shares
        for other in shares
    )
    return float(apart / (2 * total * total * mean))
