"""One sector's story: where it stands, what it displaces, what would flip it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from planner.choice import Choice, ChoiceProblem, ChoiceStatus, Quantity, objective_label
from planner.explain._decisions import Binding, Reader
from planner.explain._flip_words import Flip
from planner.explain._flips import Solve, find_flips
from planner.explain._marks import tell_standing
from planner.explain._way_in import tell_way_in
from planner.explain._year_flips import YearFlip
from planner.programme import ChoiceBounds
from planner.texts import Message, say

__all__ = ["Changes", "SectorStory", "explain_sector", "told_flips"]


@dataclass(frozen=True, kw_only=True)
class SectorStory:
    """What a choice says of one sector.

    Parameters
    ----------
    sector_id, chosen
        The sector, and whether it is in.
    binding
        The rule that holds it where it is.
    leaving, entering
        Sectors that would leave and enter, beside it, if the decision were the other one: what it
        displaces, or what stands in its way.  Empty where the other decision makes any programme
        impossible.
    differences
        Objective to what the region would gain (or lose, negative) by the other decision, in the
        objective's own unit; None where no programme exists.
    flips
        The smallest changes that flip it.
    lines
        The same in sentences.
    sector_names
        Code to name of sectors.
    """

    sector_id: str
    chosen: bool
    binding: Binding
    leaving: tuple[str, ...]
    entering: tuple[str, ...]
    differences: Mapping[str, int] | None
    flips: tuple[Flip, ...]
    lines: tuple[Message, ...]
    sector_names: Mapping[str, str] = field(default_factory=dict)

    def say(self, lang: str = "fr") -> str:
        """Put the story into words, one line a sentence."""
        title = say(
            "decision.title_in" if self.chosen else "decision.title_out", lang,
            sector=self.sector_id, sector_names=self.sector_names,
        )  # fmt: skip
        return "\n".join([title, *(f"  • {line.say(lang)}" for line in self.lines)])


def explain_sector(
    problem: ChoiceProblem,
    choice: Choice,
    sector_id: str,
    *,
    solve: Solve,
    names: Mapping[str, str] | None = None,
    bounds: ChoiceBounds | None = None,
    patience: int = 1,
) -> SectorStory:
    """Tell why a sector is in or out, and what would change it.

    Parameters
    ----------
    problem, choice
        The question and its answer.
    sector_id
        The sector.
    solve
        What answers a question, as :func:`planner.programme.solve_choice` does.
    names
        Actor to what people call it.
    bounds, patience
        Of this question, and how long what flips it is searched for: see
        :func:`planner.explain.find_flips`.

    Raises
    ------
    ValueError
        When the sector is no candidate, or the question has no answer.
    """
    reader = Reader(problem, choice, names)
    if sector_id not in reader.position:
        raise ValueError(sector_id)
    j = reader.position[sector_id]
    binding = reader.binding(sector_id)
    # what no programme can reach, no change of one figure brings in
    in_reach = bool(reader.ever[j] or problem.refused[j] or problem.required[j])
    in_reach &= binding.rule != "no_vote"
    flips: tuple[Flip, ...] = ()
    if in_reach:
        flips = find_flips(
            problem, choice, sector_id,
            solve=solve, names=names, bounds=bounds, patience=patience,
        )  # fmt: skip
    inside = bool(reader.chosen[j])
    lines = []
    if problem.objectives:
        first = problem.objectives[0]
        ranks = reader.ranks(first.coefficients, first.sense)
        decider = int(problem.decider[j])
        lines.append(
            tell_standing(
                int(first.coefficients[j]), first.unit, rank=int(ranks[j]),
                of=int((problem.decider == decider).sum()), actor=reader.called[decider],
                objective=first.name,
            )
        )  # fmt: skip
    lines.append(binding.message)
    if not in_reach:
        lines.append(tell_way_in(reader, binding, j))
        return SectorStory(
            sector_id=sector_id, chosen=inside, binding=binding, leaving=(), entering=(),
            differences=None, flips=flips, lines=tuple(lines), sector_names=problem.sector_names,
        )  # fmt: skip
    other = solve(_opposite(problem, j, inside=inside))
    leaving: tuple[str, ...] = ()
    entering: tuple[str, ...] = ()
    differences = None
    if other.status is ChoiceStatus.INFEASIBLE:
        lines.append(Message.of("decision.no_other"))
    else:
        before, after = set(choice.chosen) - {sector_id}, set(other.chosen) - {sector_id}
        leaving, entering = tuple(sorted(before - after)), tuple(sorted(after - before))
        differences = {
            now.objective: then.value - now.value
            for now, then in zip(choice.stages, other.stages, strict=True)
        }
        lines.append(
            Message.of(
                "decision.without" if inside else "decision.with",
                entering=entering or Message.of("decision.nothing"),
                leaving=leaving or Message.of("decision.nothing"),
                changes=Changes(
                    tuple((o.name, Quantity(differences[o.name], o.unit))
                          for o in problem.objectives)
                ),
            ).naming(problem.sector_names)
        )  # fmt: skip
    lines.extend(told_flips(problem, flips))
    return SectorStory(
        sector_id=sector_id, chosen=inside, binding=binding, leaving=leaving, entering=entering,
        differences=differences, flips=flips, lines=tuple(lines),
        sector_names=problem.sector_names,
    )  # fmt: skip


def told_flips(problem: ChoiceProblem, flips: Sequence[Flip | YearFlip]) -> list[Message]:
    """Return the sentences of flips; one for objectives, or rooms, of which the same is said.

    Parameters
    ----------
    problem
        The question.
    flips
        Its flips.
    """
    first = problem.objectives[0].name if problem.objectives else ""
    blurred = [
        flip
        for flip in flips
        if flip.kind == "points" and flip.place != first and flip.status == "interval"
        and flip.low <= 1 and flip.high is None
    ]  # fmt: skip
    rooms = [
        flip
        for flip in flips
        if flip.kind not in {"points", "wish"} and flip.status == "interval"
        and flip.low <= 1 and flip.high is None
    ]  # fmt: skip
    if len(rooms) == 1:
        rooms = []
    vain: dict[str, list[Flip | YearFlip]] = {}  # by the side that no value brings it to
    for flip in flips:
        if flip.kind == "points" and flip.place != first and flip.status == "impossible":
            vain.setdefault(str(flip.message.values["side"]), []).append(flip)
    said = [*blurred, *rooms, *(flip for some in vain.values() for flip in some[1:])]
    together = {id(some[0]): _none_does(some) for some in vain.values() if len(some) > 1}
    told = [together.get(id(flip), flip.message) for flip in flips if flip not in said]
    if rooms:
        told.append(Message.of("decision.flip_rooms_unknown"))
    if blurred:
        later = _Labels(tuple(dict.fromkeys(flip.place for flip in blurred)))
        told.append(Message.of("decision.flip_later", objectives=later))
    return told


def _none_does(flips: Sequence[Flip | YearFlip]) -> Message:
    """Say of several objectives that no value under them brings the sector to a side."""
    labels = _Labels(tuple(flip.place for flip in flips))
    side = flips[0].message.values["side"]
    return Message.of("decision.flip_impossible_later", objectives=labels, side=side)


@dataclass(frozen=True)
class _Labels:
    """Objectives in the reader's words."""

    names: tuple[str, ...]

    def say(self, lang: str = "fr", /) -> str:
        """Put them into words."""
        found = [objective_label(name) for name in self.names]
        return ", ".join(one if isinstance(one, str) else one.say(lang) for one in found)


def _opposite(problem: ChoiceProblem, j: int, *, inside: bool) -> ChoiceProblem:
    required, refused = np.array(problem.required), np.array(problem.refused)
    required[j], refused[j] = not inside, inside
    return replace(problem, required=required, refused=refused)


@dataclass(frozen=True)
class Changes:
    """Differences by objective, put into words with the message that holds them."""

    items: tuple[tuple[str, Quantity], ...]

    def say(self, lang: str = "fr", /) -> str:
        """Put the differences into words."""
        return ", ".join(
            say(
                "decision.change_of" if value.says_itself else "decision.change",
                lang,
                objective=objective_label(name),
                sign="+" if value.value > 0 else "",
                value=value,
            )
            for name, value in self.items
        )
