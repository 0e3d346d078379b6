"""One sector's story with years: what keeps it from the year before, what it displaces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from planner.choice import ChoiceStatus, Quantity
from planner.dated import DatedChoice, DatedProblem
from planner.explain._decisions import Binding
from planner.explain._marks import tell_standing
from planner.explain._sector import Changes, told_flips
from planner.explain._way_in import tell_way_in
from planner.explain._year_apply import opening_in
from planner.explain._year_decisions import YearReader
from planner.explain._year_flips import SolveYears, YearFlip, find_year_flips
from planner.programme import YearBounds
from planner.texts import Message, say

__all__ = ["YearStory", "explain_sector_year"]

_SHOWN = 12


@dataclass(frozen=True, kw_only=True)
class YearStory:
    """What a choice with years says of one sector.

    Parameters
    ----------
    sector_id, year
        The sector, and the year in which it opens; None when it doesn't.
    binding
        What keeps it from the year before, or from opening at all.
    moved
        Other sectors whose year would differ, were it to open earlier (for one that opens in the
        first year: later or never; for one that doesn't: in any year): year now and year then, None
        for never.
    differences
        Objective to what the region would gain (or lose, negative); None where no programme exists.
    flips
        The smallest changes that move it.
    lines
        The same in sentences.
    sector_names
        Code to name of sectors.
    """

    sector_id: str
    year: int | None
    binding: Binding
    moved: Mapping[str, tuple[int | None, int | None]]
    differences: Mapping[str, int] | None
    flips: tuple[YearFlip, ...]
    lines: tuple[Message, ...]
    sector_names: Mapping[str, str] = field(default_factory=dict)

    def say(self, lang: str = "fr") -> str:
        """Put the story into words, one line a sentence."""
        title = say(
            "decision.title_out" if self.year is None else "decision.title_year", lang,
            sector=self.sector_id, year=str(self.year), sector_names=self.sector_names,
        )  # fmt: skip
        return "\n".join([title, *(f"  • {line.say(lang)}" for line in self.lines)])


def explain_sector_year(
    problem: DatedProblem,
    choice: DatedChoice,
    sector_id: str,
    *,
    solve: SolveYears,
    names: Mapping[str, str] | None = None,
    bounds: YearBounds | None = None,
) -> YearStory:
    """Tell why a sector opens in its year or never, and what would change it.

    Parameters
    ----------
    problem, choice
        The question with years and its answer.
    sector_id
        The sector.
    solve
        What answers a question, as :func:`planner.programme.solve_years` does.
    names
        Actor to what people call it.
    bounds
        Of this question, see :func:`planner.explain.find_year_flips`.

    Raises
    ------
    ValueError
        When the sector is no candidate, or the question has no answer.
    """
    solve = _asked_once(solve)
    reader = YearReader(problem, choice, names)
    if sector_id not in reader.whole.position:
        raise ValueError(sector_id)
    at = reader.whole.position[sector_id]
    year = reader.opened.get(sector_id)
    binding = reader.binding(sector_id)
    lines = [*_standing(reader, at), binding.message]
    whole = problem.whole
    moved: dict[str, tuple[int | None, int | None]] = {}
    differences = None
    flips: tuple[YearFlip, ...] = ()
    if binding.rule in {"no_vote", "cut_off"}:
        lines.append(tell_way_in(reader.whole, binding, at))
    elif year is not None or reader.whole.ever[at]:
        years, text = _other_side(problem, year)
        blocked = years == {0} and bool(whole.required[at])
        quick = choice.status is not ChoiceStatus.OPTIMAL and bounds is not None and bounds.known
        other = None
        if quick and bounds is not None and not blocked:
            other = bounds.answer(at, [one or None for one in sorted(years)])
        elif not blocked:
            other = solve(opening_in(problem, at, years))
        if quick and other is None and not blocked:
            lines.append(Message.of("decision.other_unknown"))
        elif other is None or len(other.stages) < len(whole.objectives) or (
            other.status is ChoiceStatus.INFEASIBLE
        ):  # fmt: skip
            lines.append(Message.of("decision.no_other"))
        else:
            then = dict(other.opened)
            moved = {
                key: (reader.opened.get(key), then.get(key))
                for key in sorted({*reader.opened, *then} - {sector_id})
                if reader.opened.get(key) != then.get(key)
            }
            differences = {
                now.objective: after.value - now.value
                for now, after in zip(choice.stages, other.stages, strict=True)
            }
            lines.append(
                Message.of(
                    f"decision.{text}", moved=_Moved(tuple(moved.items()), whole.sector_names),
                    changes=Changes(
                        tuple((one.name, Quantity(differences[one.name], one.unit))
                              for one in whole.objectives)
                    ),
                )
            )  # fmt: skip
        flips = find_year_flips(problem, choice, sector_id, solve=solve, names=names, bounds=bounds)
        lines.extend(told_flips(whole, flips))
    return YearStory(
        sector_id=sector_id, year=year, binding=binding, moved=moved, differences=differences,
        flips=flips, lines=tuple(lines), sector_names=whole.sector_names,
    )  # fmt: skip


def _asked_once(solve: SolveYears) -> SolveYears:
    """Return what answers questions, the same one once."""
    known: dict[str, DatedChoice] = {}

    def answer(problem: DatedProblem) -> DatedChoice:
        key = problem.sha256
        if key not in known:
            known[key] = solve(problem)
        return known[key]

    return answer


def _other_side(problem: DatedProblem, year: int | None) -> tuple[frozenset[int], str]:
    """Return the years of the other decision, and how it is told."""
    if year is None:
        return frozenset(problem.years), "year_with"
    before = frozenset(one for one in problem.years if one < year)
    if before:
        return before, "year_sooner"
    return frozenset({0, *problem.years}) - {year}, "year_without"


def _standing(reader: YearReader, at: int) -> list[Message]:
    whole = reader.problem.whole
    if not whole.objectives:
        return []
    first, decider = whole.objectives[0], int(whole.decider[at])
    ranks = reader.whole.ranks(first.coefficients, first.sense)
    return [
        tell_standing(
            int(first.coefficients[at]), first.unit, rank=int(ranks[at]),
            of=int((whole.decider == decider).sum()), actor=reader.whole.called[decider],
            objective=first.name,
        )
    ]  # fmt: skip


@dataclass(frozen=True)
class _Moved:
    """Sectors with their year now and then, put into words with the message that holds them."""

    items: tuple[tuple[str, tuple[int | None, int | None]], ...]
    names: Mapping[str, str]

    def say(self, lang: str = "fr", /) -> str:
        """Put the moves into words."""
        if not self.items:
            return say("decision.nothing", lang)
        shown = [
            say(
                "decision.moved_in" if now is None else
                "decision.moved_out" if then is None else "decision.moved",
                lang, sector=key, now=str(now), then=str(then), sector_names=self.names,
            )
            for key, (now, then) in self.items[:_SHOWN]
        ]  # fmt: skip
        more = len(self.items) - _SHOWN
        if more > 0:
            shown.append(say("decision.moved_more", lang, count=more))
        return ", ".join(shown)
