"""HiGHS without a word: the solver of every exact question, silent from its first line."""

from __future__ import annotations

import highspy

__all__ = ["new_highs"]


class _Quiet(highspy.Highs):  # type: ignore[misc] # highspy has no types
    """A solver that prints no banner: since 1.16 it would, before any option can be set."""

    def enableCallbacks(self) -> None:  # noqa: N802 (highspy's own name)
        self.setOptionValue("output_flag", False)
        super().enableCallbacks()


def new_highs() -> highspy.Highs:
    """Return a silent solver with its default options.

    HiGHS keeps one pool of threads for the process: set no number of threads.

    Examples
    --------
    >>> new_highs().getNumCol()
    0
    """
    solver = _Quiet()
    solver.setOptionValue("output_flag", False)
    return solver
