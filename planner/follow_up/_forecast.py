"""Forecasts from the pace observed, with their 80 % interval, tried on quarters held back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t as student

from planner.errors import MissingLayerError
from planner.follow_up._quarters import later
from planner.schemas import contract
from planner.texts import Message
from planner.vocab import Level

__all__ = ["TAIL", "BackTest", "Pace", "back_test", "forecast_counts", "observed_pace"]

TAIL: Final = 0.1
"""What an interval at 80 % leaves on each side."""
_WEIGHTS: Final = (1.0, 0.75, 0.5, 0.25, 0.0)
"""Weights of a place's own pace that are tried, the first one where several are as good."""
_WINDOWS: Final = (0, 8, 4, 2, 1)
"""Last increases that a pace is taken from, 0 for all, tried in this order."""
_TRIED: Final = 4
"""Last known quarters on which weights and windows are tried."""
_Values = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Lines a quarter, with the 80 % interval of their mean.

    Parameters
    ----------
    per_quarter
        Mean increase of a quarter.
    low, high
        Bounds at 80 %; None when a single increase is known.
    spread
        Standard deviation of the increase of one quarter; None likewise.
    known_count
        Increases that it is taken from.
    """

    per_quarter: float
    low: float | None
    high: float | None
    spread: float | None = None
    known_count: int = 1

    def gained(self, quarters: int) -> tuple[float | None, float, float | None]:
        """Return the lines gained in some quarters: bounds at 80 % around what is expected.

        The doubt is that of the mean, and that of each quarter to come.
        """
        expected = self.per_quarter * quarters
        if self.spread is None:
            return None, expected, None
        doubt = self.spread * (quarters**2 / self.known_count + quarters) ** 0.5
        reach = float(student.ppf(1 - TAIL, self.known_count - 1)) * doubt
        return expected - reach, expected, expected + reach

    def quarters_to(self, remaining: int) -> tuple[float | None, float | None, float | None]:
        """Return quarters until ``remaining`` lines are built: soonest, expected, latest.

        None where the pace doesn't get there, or has no bound.
        """

        def needed(rate: float | None) -> float | None:
            return None if rate is None or rate <= 0 else remaining / rate

        return needed(self.high), needed(self.per_quarter), needed(self.low)


@dataclass(frozen=True, kw_only=True)
class BackTest:
    """A forecast judged on the quarter that was held back.

    Parameters
    ----------
    places_count
        Places compared.
    error_mean, same_pace_error_mean
        Mean absolute error in premises, of the forecast and of the naive "same pace".
    inside_share
        Share of actual values inside the 80 % interval.
    moving_count, moving_inside_share
        The same among the places whose total changed before or during the quarter: a place where
        nothing ever happens is too easy to foresee.
    own_weight
        Weight given to each place's own pace (see :func:`forecast_counts`).
    """

    places_count: int
    error_mean: float
    same_pace_error_mean: float
    inside_share: float
    moving_count: int
    moving_inside_share: float | None
    own_weight: float


def observed_pace(totals: pd.Series[int]) -> Pace:
    """Return the mean increase of a quarter and its interval (Student's t on the increases).

    Parameters
    ----------
    totals
        Total at the end of each quarter, indexed by quarter, two at least; a gap of several
        quarters is an increase spread evenly over them.  The pace is that of all increases, or of
        the last 8, 4 or 2 where these foresee the last known quarters better.

    Examples
    --------
    >>> observed_pace(pd.Series({"2018-T1": 0, "2018-T2": 10, "2018-T4": 50})).per_quarter
    16.666666666666668
    """
    _enough(len(totals))
    series = totals.sort_index()
    number = np.array([int(q[:4]) * 4 + int(q[6]) for q in series.index])
    steps = np.diff(number)
    rates = np.diff(series.to_numpy(dtype=float)) / steps
    kept = _window(rates)
    increases = np.repeat(rates[-kept:], steps[-kept:])
    mean = float(increases.mean())
    if kept == 1:
        return Pace(per_quarter=mean, low=None, high=None)
    # a gap tells one thing once, however many quarters it lasts
    spread = float(increases.std(ddof=1))
    reach = float(student.ppf(1 - TAIL, kept - 1)) * spread / kept**0.5
    return Pace(
        per_quarter=mean, low=mean - reach, high=mean + reach, spread=spread, known_count=kept
    )


def _window(rates: _Values) -> int:
    """Choose from how many of the last increases a pace is best taken, at least two of them.

    Each window foresees each of the known increases from those before it; the one that misses by
    the least is taken, the longest where several are as good.
    """
    least = 2
    windows = [len(rates), *(w for w in _WINDOWS if least <= w < len(rates))]
    origins = range(max(least, len(rates) - 2 * _TRIED), len(rates))
    errors = [
        sum(abs(float(rates[max(0, at - w) : at].mean() - rates[at])) for at in origins)
        for w in windows
    ]
    return windows[int(np.argmin(errors))] if origins else len(rates)


def forecast_counts(
    history: pd.DataFrame, *, most: pd.Series[int], level: Level = Level.COMMUNE
) -> pd.DataFrame:
    """Forecast the next quarter of each place.

    The expected increase mixes the mean of the place's own last increases with the one that its
    peers would have made: places begun, and places not begun, each with the same share of what was
    left to build.  How many increases are taken and the weight of the own pace are those that best
    foresee the last known quarters from those before them; with a single increase nothing can be
    tried, and the own pace is taken alone.
    The interval spans the tenth and ninetieth percentiles of that share among peers, and the
    forecast itself.  Nothing falls below the last total or rises above ``most``.

    Parameters
    ----------
    history
        One row a place, one column a quarter (``2017-T3`` …), consecutive, two at least.
    most
        Premises of each place.
    level
        What the places are.

    Returns
    -------
    DataFrame
        Contract ``count_forecast``, sorted by ``code``.
    """
    _enough(history.shape[1])
    ordered = history.sort_index().sort_index(axis=1)
    values = ordered.to_numpy(dtype=float)
    top = np.maximum(most.reindex(ordered.index).to_numpy(dtype=float), values.max(axis=1))
    last = values[:, -1]
    room = top - last
    increases = np.diff(values, axis=1)
    low, high, _ = _peers(values, top)
    forecast = _expected(values, top, *_settle(values, top))
    frame = pd.DataFrame(
        {
            "level": level.value,
            "code": ordered.index.astype(str),
            "quarter": later(str(ordered.columns[-1]), 1),
            "last_count": last,
            "forecast_count": forecast,
            "low_count": np.minimum(np.maximum(np.floor(last + low * room), last), forecast),
            "high_count": np.maximum(np.minimum(np.ceil(last + high * room), top), forecast),
            "same_pace_count": np.maximum(last + increases[:, -1], 0),
        }
    )
    for name in frame.columns[3:]:
        frame[name] = frame[name].astype("int64")
    contract("count_forecast").check(frame)
    return contract("count_forecast").select(frame)


def _peers(values: _Values, top: _Values) -> tuple[_Values, _Values, _Values]:
    """Return the 10th and 90th percentiles and the mean share that peers built of what was left."""
    increases, before = np.diff(values, axis=1), values[:, :-1]
    left = top[:, None] - before
    begun, last = before > 0, values[:, -1]
    low, high, mean = np.zeros((3, len(values)))
    for kind in (False, True):
        among = (begun == kind) & (left > 0)
        here = (last > 0) == kind
        if among.any() and here.any():
            shares = increases[among] / left[among]
            low[here], high[here] = np.quantile(shares, [TAIL, 1 - TAIL])
            mean[here] = increases[among].sum() / left[among].sum()
    return low, high, mean


def _expected(values: _Values, top: _Values, own_weight: float, window: int) -> _Values:
    """Return the total expected at the end of the next quarter."""
    last = values[:, -1]
    own = np.diff(values, axis=1)[:, -window:].mean(axis=1)
    peers = _peers(values, top)[2] * (top - last)
    increase = own_weight * own + (1 - own_weight) * peers
    expected: _Values = np.clip(np.rint(last + increase), last, np.maximum(top, last))
    return expected


def _settle(values: _Values, top: _Values) -> tuple[float, int]:
    """Choose the weight of the own pace and its window on the last known quarters."""
    least, quarters = 2, values.shape[1]
    origins = range(max(least, quarters - _TRIED), quarters)
    tried = [(weight, window) for window in _WINDOWS for weight in _WEIGHTS]
    errors = [
        sum(
            float(np.abs(_expected(values[:, :at], top, *one) - values[:, at]).sum())
            for at in origins
        )
        for one in tried
    ]
    return tried[int(np.argmin(errors))]


def back_test(history: pd.DataFrame, *, most: pd.Series[int]) -> BackTest:
    """Forecast the last quarter from those before it, and judge the forecast beside the naive one.

    What is chosen is chosen without the quarter that is held back.

    Parameters
    ----------
    history, most
        As for :func:`forecast_counts`, three quarters at least.
    """
    _enough(history.shape[1] - 1)
    ordered = history.sort_index().sort_index(axis=1)
    known = ordered.iloc[:, :-1]
    table = forecast_counts(known, most=most)
    values = known.to_numpy(dtype=float)
    top = np.maximum(most.reindex(ordered.index).to_numpy(dtype=float), values.max(axis=1))
    actual = ordered.iloc[:, -1].to_numpy(dtype=float)
    inside = (actual >= table["low_count"]) & (actual <= table["high_count"])
    moving = ordered.to_numpy().max(axis=1) > ordered.to_numpy().min(axis=1)
    return BackTest(
        places_count=len(table),
        error_mean=float((table["forecast_count"] - actual).abs().mean()),
        same_pace_error_mean=float((table["same_pace_count"] - actual).abs().mean()),
        inside_share=float(inside.mean()),
        moving_count=int(moving.sum()),
        moving_inside_share=float(inside[moving].mean()) if moving.any() else None,
        own_weight=_settle(values, top)[0],
    )


def _enough(quarters: int) -> None:
    least = 2
    if quarters < least:
        raise MissingLayerError(
            Message.of("follow_up.too_short", quarters=quarters),
            Message.of("follow_up.too_short_remedy"),
        )
