"""Forecast of take-up: a logistic or a Bass curve fitted to the rates observed."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import OptimizeWarning, curve_fit
from scipy.stats import t as student

from planner.follow_up._forecast import TAIL
from planner.follow_up._quarters import later, quarters_between
from planner.follow_up._take_up import EVERY_OPERATOR
from planner.schemas import contract

__all__ = ["FittedCurve", "fit_curve", "forecast_take_up"]

_Numbers = NDArray[np.float64]
_Curve = Callable[..., _Numbers]
_LEAST_KNOWN: Final = 5
"""Rates needed to fit three parameters and judge what is left."""
_STEP: Final = 1e-6


def _logistic(age: _Numbers, ceiling: float, speed: float, middle: float) -> _Numbers:
    values: _Numbers = ceiling / (1 + np.exp(-speed * (age - middle)))
    return values


def _bass(age: _Numbers, ceiling: float, innovation: float, imitation: float) -> _Numbers:
    """Bass (1969): adopters by age, from their own accord and from imitation."""
    decay = np.exp(-(innovation + imitation) * age)
    values: _Numbers = ceiling * (1 - decay) / (1 + imitation / innovation * decay)
    return values


_CURVES: Final[tuple[tuple[str, _Curve, Any, Any], ...]] = (
    ("logistic", _logistic, (0.5, 0.3, 6.0), ((0.01, 0.01, -20.0), (1.0, 3.0, 60.0))),
    ("bass", _bass, (0.5, 0.02, 0.2), ((0.01, 1e-4, 1e-4), (1.0, 1.0, 2.0))),
)
"""Name, function, first guess and bounds; ages in quarters."""


@dataclass(frozen=True, kw_only=True)
class FittedCurve:
    """A curve of take-up, with what its interval is made from.

    Parameters
    ----------
    name
        ``logistic`` or ``bass``.
    parameters
        Ceiling first.
    covariance
        Covariance of the parameters.
    residue
        Standard deviation of what the curve leaves.
    known_count
        Rates that it is fitted to.
    """

    name: str
    parameters: tuple[float, ...]
    covariance: _Numbers
    residue: float
    known_count: int

    def rates(self, age: _Numbers) -> tuple[_Numbers, _Numbers, _Numbers]:
        """Return the rate at some ages, and the bounds at 80 % of a further observation.

        Delta method: variance of the curve through its gradient, plus what it leaves.
        """
        curve = next(function for name, function, _, _ in _CURVES if name == self.name)
        middle = curve(age, *self.parameters)
        gradient = np.empty((len(age), len(self.parameters)))
        for place, value in enumerate(self.parameters):
            step = max(abs(value), 1.0) * _STEP
            moved = list(self.parameters)
            moved[place] = value + step
            gradient[:, place] = (curve(age, *moved) - middle) / step
        spread = np.einsum("ij,jk,ik->i", gradient, self.covariance, gradient)
        freedom = self.known_count - len(self.parameters)
        reach = student.ppf(1 - TAIL, freedom) * np.sqrt(np.maximum(spread, 0) + self.residue**2)
        return middle, np.clip(middle - reach, 0, 1), np.clip(middle + reach, 0, 1)


def fit_curve(age: _Numbers, rates: _Numbers) -> FittedCurve | None:
    """Fit both curves by least squares and keep the one that leaves the least.

    Parameters
    ----------
    age
        Quarters since the first rate.
    rates
        Take-up, as a share.

    Returns
    -------
    FittedCurve or None
        None with fewer than five rates, or when no curve with an interval can be fitted.
    """
    if len(age) < _LEAST_KNOWN:
        return None
    best: tuple[float, FittedCurve] | None = None
    for name, curve, guess, bounds in _CURVES:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", OptimizeWarning)
                found, covariance = curve_fit(
                    curve, age, rates, p0=guess, bounds=bounds, max_nfev=5_000
                )
        except (RuntimeError, OptimizeWarning):  # no fit, or none that bears an interval
            continue
        left = float(np.square(curve(age, *found) - rates).sum())
        if np.isfinite(covariance).all() and (best is None or left < best[0]):
            fitted = FittedCurve(
                name=name, parameters=tuple(float(v) for v in found), covariance=covariance,
                residue=(left / (len(age) - len(found))) ** 0.5, known_count=len(age),
            )  # fmt: skip
            best = (left, fitted)
    return None if best is None else best[1]


def forecast_take_up(take_up: pd.DataFrame, *, ahead_quarters: int) -> pd.DataFrame:
    """Forecast the take-up of each place that has five rates at least.

    Parameters
    ----------
    take_up
        Contract ``take_up``.
    ahead_quarters
        How far.

    Returns
    -------
    DataFrame
        Contract ``take_up_forecast``; a place that no curve fits has none.
    """
    table = contract("take_up_forecast")
    every = take_up[(take_up["operator"] == EVERY_OPERATOR) & take_up["take_up_share"].notna()]
    rows: list[dict[str, object]] = []
    for (level, code), part in every.groupby(["level", "code"], sort=True):
        series = part.set_index("quarter")["take_up_share"].sort_index()
        age = np.array([quarters_between(series.index[0], q) for q in series.index], dtype=float)
        fitted = fit_curve(age, series.to_numpy(dtype=float))
        if fitted is None:
            continue
        ahead = age[-1] + np.arange(1, ahead_quarters + 1)
        middle, low, high = fitted.rates(ahead)
        pace = float(series.iloc[-1] - series.iloc[-2]) / float(age[-1] - age[-2])
        rows.extend(
            {
                "level": level, "code": code, "quarter": later(str(series.index[-1]), step),
                "curve": fitted.name, "known_count": fitted.known_count,
                "take_up_share": float(middle[step - 1]), "low_share": float(low[step - 1]),
                "high_share": float(high[step - 1]), "ceiling_share": fitted.parameters[0],
                "same_pace_share": float(np.clip(series.iloc[-1] + pace * step, 0, 1)),
            }
            for step in range(1, ahead_quarters + 1)
        )  # fmt: skip
    if not rows:
        return table.empty()
    frame = pd.DataFrame(rows, columns=list(table.column_names))
    table.check(frame)
    return table.select(frame)
