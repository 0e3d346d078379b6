"""Names of the arrays of this room, and the one sum they all need."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Flags", "Floats", "Ints", "Shapes", "sum_by"]

Flags: TypeAlias = NDArray[np.bool_]
Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Shapes: TypeAlias = NDArray[Any]


def sum_by(group: NDArray[Any], values: NDArray[Any], size: int) -> Floats:
    """Add up ``values`` by ``group`` (numbers below ``size``), in the order of the rows."""
    summed = np.bincount(group, weights=values.astype(np.float64), minlength=size)
    return summed.astype(np.float64, copy=False)
