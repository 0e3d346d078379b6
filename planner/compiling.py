"""How loops are compiled, and who hears of it: the first run of each waits for machine code.

Numba keeps that code on disk, beside the package or in the user's own cache, so that later runs
don't wait; where neither can be written, each run compiles again.  One INFO line is logged as each
loop that a caller asked for begins to be compiled, under the name of this module.

Importing this module imports numba: do it only where loops are compiled.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba
from numba.core import event

__all__ = ["compiled"]

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

_LOG = logging.getLogger(__name__)


class _Teller(event.Listener):  # type: ignore[misc]  # numba is untyped
    """Tells of each loop as its compilation begins, not of those that it calls in turn."""

    def __init__(self) -> None:
        self.depth = 0

    def on_start(self, event: event.Event) -> None:
        """Tell of the outermost."""
        if self.depth == 0:
            _LOG.info("compiling %s", event.data["dispatcher"].py_func.__qualname__)
        self.depth += 1

    def on_end(self, event: event.Event) -> None:  # noqa: ARG002 (of the interface)
        """Come back from one."""
        self.depth -= 1


event.register("numba:compile", _Teller())


def compiled(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Compile a function, keeping its machine code on disk where a folder can be written."""
    try:
        fast = numba.njit(nogil=True, error_model="numpy", cache=True)(function)
    except RuntimeError:  # numba found no folder where it may write
        fast = numba.njit(nogil=True, error_model="numpy")(function)
    return cast("Callable[Parameters, Result]", fast)
