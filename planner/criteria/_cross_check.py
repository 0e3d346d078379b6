"""The same marks ranked by other methods: how far the weighted sum alone decides.

TOPSIS and PROMETHEE II are those of ``pymcdm``.  They work with floats, and decide nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np
import pandas as pd
from scipy.stats import kendalltau

from planner.criteria._marks import PPM
from planner.criteria._table import CriteriaTable
from planner.errors import RuleError
from planner.texts import Message

__all__ = ["CrossCheck", "Method", "cross_check", "prefer"]

Method = Literal["topsis", "promethee_2"]
_FEWEST: Final = 2
_DECIMALS: Final = 12


@dataclass(frozen=True, kw_only=True)
class CrossCheck:
    """Two rankings of the same sectors.

    Parameters
    ----------
    method
        ``topsis`` or ``promethee_2``.
    kendall_tau
        Agreement of the two rankings, from −1 (opposite) to 1 (same), ties accounted for (tau-b).
    table
        ``sector_id``, ``score_ppm``, ``preference``, ``rank`` (weighted sum) and ``other_rank``.
    """

    method: Method
    kendall_tau: float
    table: pd.DataFrame

    def summary(self, lang: str = "fr", *, names: Mapping[str, str] | None = None) -> str:
        """Say how well they agree, and which sectors part most, called by their names if given."""
        gap = (self.table["rank"] - self.table["other_rank"]).abs()
        widest = self.table.loc[gap.sort_values(ascending=False, kind="stable").index[:1]]
        row = widest.iloc[0]
        return Message.of(
            "criteria.cross_check", method=Message.of(f"criteria.method_{self.method}"),
            tau=self.kendall_tau, sector=row["sector_id"], rank=int(row["rank"]),
            other=int(row["other_rank"]),
        ).naming(names or {}).say(lang)  # fmt: skip


def prefer(
    matrix: np.ndarray, weights: np.ndarray, directions: np.ndarray, *, method: Method
) -> np.ndarray:
    """Return the preference that a method gives to each alternative, higher first.

    Parameters
    ----------
    matrix
        Alternatives by criteria.
    weights
        Of the criteria, summing to 1.
    directions
        1 where higher is better, −1 where lower is.
    method
        ``topsis`` with min-max normalisation, or ``promethee_2`` with the usual preferences.

    Examples
    --------
    >>> marks = np.array([[4, 3, 2], [3, 2, 4], [5, 1, 3]])
    >>> flows = prefer(marks, np.array([0.5, 0.3, 0.2]), np.ones(3), method="promethee_2")
    >>> [round(float(flow), 2) for flow in flows]
    [0.1, -0.3, 0.2]
    """
    from pymcdm.methods import PROMETHEE_II, TOPSIS  # noqa: PLC0415 (loads matplotlib)

    body = TOPSIS() if method == "topsis" else PROMETHEE_II("usual")
    # its validation warns of an alternative that is best or worst in all, which is no mistake
    found = body(matrix, weights, directions, validation=False)
    return np.asarray(found, dtype=np.float64)


def cross_check(criteria: CriteriaTable, *, method: Method = "topsis") -> CrossCheck:
    """Rank the sectors by another method on the same marks and weights.

    Criteria that tell no sectors apart, or weigh nothing, are left out: they change no ranking.

    Parameters
    ----------
    criteria
        What :func:`measure_criteria` returned.
    method
        The other method.

    Raises
    ------
    RuleError
        When the method is unknown, or there is nothing to rank.
    """
    if method not in get_args(Method):
        known = ", ".join(get_args(Method))
        raise RuleError(
            Message.of("criteria.unknown_method", name=str(method)),
            Message.of("criteria.unknown_method_remedy", known=known),
        )
    marks, weights = criteria.matrix(), criteria.weights()
    telling = [
        name
        for name in marks.columns
        if weights[str(name)] > 0 and bool(np.ptp(marks[name].to_numpy()))
    ]
    if len(marks) < _FEWEST or not telling:
        raise RuleError(
            Message.of("criteria.nothing_to_rank"), Message.of("criteria.nothing_to_rank_remedy")
        )
    matrix = marks[telling].to_numpy(dtype=np.float64)
    shares = np.array([weights[str(name)] for name in telling], dtype=np.float64) / PPM
    found = prefer(matrix, shares / shares.sum(), np.ones(len(telling)), method=method)
    # the last bits of a float are no preference
    preference = np.round(found, _DECIMALS)
    table = criteria.scores.set_index("sector_id").loc[marks.index].reset_index()
    table = table[["sector_id", "score_ppm", "rank"]].assign(preference=preference)
    table["other_rank"] = table["preference"].rank(method="min", ascending=False).astype("int64")
    tau = kendalltau(table["score_ppm"].to_numpy(), preference).statistic
    return CrossCheck(method=method, kendall_tau=float(tau), table=table)
