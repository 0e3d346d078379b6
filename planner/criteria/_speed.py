"""Speed of copper lines, as the regulator computes it from their length.

Source: ARCEP's published formulas for the attenuation of a line in a straight line from its
cabinet, and for the speeds of ADSL and VDSL2 by attenuation; their constants are in the scenario
(:class:`planner.scenario.CopperFormula`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from planner.scenario import CopperFormula

__all__ = ["adsl_kbps", "attenuation_db", "copper_kbps", "vdsl2_kbps"]

_KBPS_PER_MBPS = 1_000.0
_DB_M_PER_KM = 1_000.0
Floats = NDArray[np.float64]
Wholes = NDArray[np.int64]


def attenuation_db(distance_m: ArrayLike, cabinet_db: ArrayLike, *, rules: CopperFormula) -> Floats:
    """Return the attenuation of lines.

    A = A_pc − 3 + (d × √2 + 100) × 15 / 1000, never under zero.

    Parameters
    ----------
    distance_m
        Straight distance from the cabinet to the premise (EPSG:2154), metres.
    cabinet_db
        Attenuation up to the cabinet, dB.
    rules
        The constants.

    Examples
    --------
    >>> float(attenuation_db(1000.0, 10.0, rules=CopperFormula()).round(3))
    29.713
    """
    length_m = np.asarray(distance_m, dtype=np.float64) * np.sqrt(2.0) + rules.margin_m
    added = length_m * rules.db_per_km / _DB_M_PER_KM
    total: Floats = np.asarray(cabinet_db, dtype=np.float64) + rules.offset_db + added
    return np.maximum(total, 0.0)


def adsl_kbps(attenuation: ArrayLike, *, rules: CopperFormula) -> Wholes:
    """Return downstream speeds of ADSL, in whole kbit/s; none beyond the longest line.

    Examples
    --------
    >>> adsl_kbps([5.0, 40.0, 78.0, 78.1], rules=CopperFormula()).tolist()
    [23912, 5379, 512, 0]
    """
    a = np.asarray(attenuation, dtype=np.float64)
    speed = rules.adsl_floor + rules.adsl_span / (1 + (a / rules.adsl_scale_db) ** rules.adsl_power)
    return _whole(np.where(a <= rules.adsl_max_db, speed, 0.0))


def vdsl2_kbps(attenuation: ArrayLike, *, rules: CopperFormula) -> Wholes:
    """Return downstream speeds of VDSL2, in whole kbit/s; none from its longest line on.

    Examples
    --------
    >>> vdsl2_kbps([5.0, 10.0, 18.0], rules=CopperFormula()).tolist()
    [49083, 32233, 0]
    """
    a = np.asarray(attenuation, dtype=np.float64)
    ratio = (a / rules.vdsl2_scale_db) ** rules.vdsl2_power
    speed = rules.vdsl2_floor + rules.vdsl2_span / (1 + ratio)
    return _whole(np.where(a < rules.vdsl2_max_db, speed, 0.0))


def copper_kbps(
    distance_m: ArrayLike, cabinet_db: ArrayLike, vdsl2: ArrayLike, *, rules: CopperFormula
) -> Wholes:
    """Return the better of ADSL and, where the cabinet offers it, VDSL2, in whole kbit/s."""
    a = attenuation_db(distance_m, cabinet_db, rules=rules)
    better = np.maximum(adsl_kbps(a, rules=rules), vdsl2_kbps(a, rules=rules))
    return np.where(np.asarray(vdsl2, dtype=bool), better, adsl_kbps(a, rules=rules))


def _whole(mbps: Floats) -> Wholes:
    return np.rint(np.maximum(mbps, 0.0) * _KBPS_PER_MBPS).astype(np.int64)
