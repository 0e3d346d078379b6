"""Failures that a user can mend, each with its remedy."""

from __future__ import annotations

from planner.texts import Message

__all__ = [
    "ContractError",
    "DataFileError",
    "MissingLayerError",
    "PlannerError",
    "ReferentialMismatchError",
    "RuleError",
    "ScenarioError",
    "UnknownNameError",
]


class PlannerError(Exception):
    """A failure that the reader can mend: what is wrong, where, and how.

    ``str(error)`` is in French, :meth:`say` in the language asked for.

    Parameters
    ----------
    problem
        What is wrong and where, in one sentence.
    remedy
        What to do about it, in one sentence.
    """

    def __init__(self, problem: Message, remedy: Message) -> None:
        self.problem = problem
        self.remedy = remedy
        super().__init__(problem, remedy)

    def say(self, lang: str = "fr") -> str:
        """Put the failure and its remedy into words, one line each."""
        return f"{self.problem.say(lang)}\n  → {self.remedy.say(lang)}"

    def __str__(self) -> str:
        return self.say()


class ContractError(PlannerError, ValueError):
    """A table breaks its contract; every offending cell is listed."""


class DataFileError(PlannerError, ValueError):
    """A file is missing, unreadable or not what its name says."""


class MissingLayerError(PlannerError, ValueError):
    """A step was asked for that needs a table which the territory doesn't have."""


class ScenarioError(PlannerError, ValueError):
    """A scenario holds an unknown key, or a value that can't be."""


class ReferentialMismatchError(PlannerError, ValueError):
    """Two rates that don't count the same thing were compared."""


class RuleError(PlannerError, ValueError):
    """Rules contradict each other, or a tie is left that no named rule breaks."""


class UnknownNameError(PlannerError, LookupError):
    """No territory, sector or zone has this name; the nearest ones are listed."""
