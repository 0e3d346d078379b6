"""How the tables of a grid are written, and how functions that use them are compiled.

Numba keeps machine code on disk until the file of the cached function changes, whatever else did:
so functions that call each other stand in one file, and after a change to a number of this one the
``*.nbi`` files of the folder's ``__pycache__`` have to be removed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ParamSpec, TypeAlias, TypeVar, cast

import numba
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "DOUBTFUL",
    "EDGE",
    "HEAD",
    "NEAR",
    "OUTSIDE",
    "Floats",
    "Ints",
    "inlined",
]

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
Floats: TypeAlias = "NDArray[np.float64]"
Ints: TypeAlias = "NDArray[np.int32]"

OUTSIDE = -1
DOUBTFUL = -2
NEAR = 4  # units: flooring to even or odd numbers displaces by at most 3, float rounding by < 1
HEAD = 2  # numbers of a record before its edges: their count, the bits at the centre of the cell
EDGE = 5  # numbers of an edge in a record: ax, ay, bx, by, the bits of the polygons it bounds


def inlined(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Compile a small function into its callers."""
    fast = numba.njit(nogil=True, error_model="numpy", forceinline=True)(function)
    return cast("Callable[Parameters, Result]", fast)
