"""One way through a rule, or every way that its ties leave open.

A rule is a machine that goes from state to state by taking one project.  Where several are tied, a
named rule of ties picks one; the default follows them all, and gives way only when they end alike.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final, Protocol

from planner.voting._election import Ties, refusal

__all__ = ["MOST_STATES", "Machine", "Path", "Taken", "Tie", "follow", "follow_all", "tie_order"]

MOST_STATES: Final = 20_000
"""States beyond which following every tie is given up."""


@dataclass(frozen=True, kw_only=True)
class Taken:
    """One project taken: its place, and the value by which the rule preferred it."""

    project_id: str
    value: Fraction
    stage: str = ""


@dataclass(frozen=True, kw_only=True)
class Tie:
    """Projects between which the rule alone can't choose, and the one taken."""

    projects: tuple[str, ...]
    value: Fraction
    taken: str


@dataclass(frozen=True)
class Path:
    """What was taken, in order, the ties met on the way, and the state at the end."""

    taken: tuple[Taken, ...] = ()
    ties: tuple[Tie, ...] = ()
    end: Any = None

    @property
    def selected(self) -> frozenset[str]:
        """The projects taken."""
        return frozenset(step.project_id for step in self.taken)


class Machine(Protocol):
    """What a rule must say of itself."""

    def start(self) -> Any:  # noqa: ANN401 (each rule has its own state)
        """Return the first state."""
        ...

    def choices(self, state: Any) -> tuple[Sequence[str], Fraction]:  # noqa: ANN401
        """Return the projects tied for being next, with their value; none at the end.

        A project whose turn doesn't matter to the others comes alone.
        """
        ...

    def take(self, state: Any, key: str, value: Fraction) -> Any:  # noqa: ANN401
        """Return the state after taking a project; the given one stays as it is."""
        ...

    def mark(self, state: Any) -> Hashable:  # noqa: ANN401
        """Return what two states must share to go on alike."""
        ...


def tie_order(costs: Mapping[str, int], ties: Ties) -> Any:  # noqa: ANN401 (a sort key)
    """Return the sort key of a named rule of ties: by cost one way or the other, then by id."""
    sign = {"larger_first": -1, "smaller_first": 1}.get(ties, 0)
    return lambda key: (sign * costs[key], key)


def follow(machine: Machine, *, costs: Mapping[str, int], ties: Ties) -> Path:
    """Follow a rule to its end, a named rule breaking every tie."""
    order = tie_order(costs, ties)
    state = machine.start()
    taken: list[Taken] = []
    met: list[Tie] = []
    while True:
        keys, value = machine.choices(state)
        if not keys:
            return Path(tuple(taken), tuple(met), state)
        key = min(keys, key=order)
        if len(keys) > 1:
            met.append(Tie(projects=tuple(sorted(keys)), value=value, taken=key))
        taken.append(Taken(project_id=key, value=value))
        state = machine.take(state, key, value)


@dataclass
class _Every:
    machine: Machine
    enough: int | None = None
    seen: set[Hashable] = field(default_factory=set)
    ends: dict[frozenset[str], Path] = field(default_factory=dict)

    def walk(self) -> None:
        pending = [(self.machine.start(), Path())]
        while pending and (self.enough is None or len(self.ends) < self.enough):
            state, path = pending.pop()
            mark = (path.selected, self.machine.mark(state))
            if mark in self.seen:
                continue
            self.seen.add(mark)
            if len(self.seen) > MOST_STATES:
                raise refusal("too_many_ties", count=MOST_STATES)
            keys, value = self.machine.choices(state)
            if not keys:
                self.ends.setdefault(path.selected, Path(path.taken, path.ties, state))
            # the last pushed is walked first: paths are met in the order of identifiers
            for key in sorted(keys, reverse=True):
                met = path.ties
                if len(keys) > 1:
                    met = (*met, Tie(projects=tuple(sorted(keys)), value=value, taken=key))
                step = Taken(project_id=key, value=value)
                after = self.machine.take(state, key, value)
                pending.append((after, Path((*path.taken, step), met)))


def follow_all(machine: Machine, *, enough: int | None = None) -> list[Path]:
    """Follow a rule through every tie; one path for each different set of projects taken.

    Parameters
    ----------
    machine
        The rule.
    enough
        Different sets after which to stop; None goes to the end.

    Raises
    ------
    RuleError
        When the ties leave more than :data:`MOST_STATES` states open.
    """
    every = _Every(machine, enough)
    every.walk()
    return [every.ends[key] for key in sorted(every.ends, key=sorted)]
