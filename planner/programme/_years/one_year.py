"""A question of few EPCI across which chains go, asked as one of a single year.

Where a handful of EPCI are held by more ceilings than they are many, their own choices tell little
of what these let in together.  With years, such questions are annealed and searched by branch and
cut (:mod:`planner.programme._years.few`); without, one year is enough.
"""

from __future__ import annotations

from planner.choice import Choice, ChoiceProblem, ChoiceStatus, Contiguity
from planner.dated import DatedChoice, DatedProblem
from planner.programme._years.few import solve_years_of_few
from planner.programme._years.ways import better_of

__all__ = ["as_one_year"]

_YEAR = 1
_FEW, _MOST = 12, 400  # actors, and candidates, up to which this tells more


def as_one_year(
    problem: ChoiceProblem, choice: Choice, *, gap_share: float, seconds: float | None
) -> Choice:
    """Return the better of an answer and what is found otherwise, with the better bound.

    Parameters
    ----------
    problem, choice
        The question, and an answer to it.
    gap_share, seconds
        As :func:`planner.programme.solve_choice` has them.
    """
    far = choice.status is ChoiceStatus.TIME_LIMIT and bool(choice.stages)
    few = len(problem.actors) <= _FEW and problem.candidates_count <= _MOST
    if not (far and few and gap_share > 0 and problem.contiguity is Contiguity.ANY_EPCI):
        return choice
    dated = DatedProblem(whole=problem, years=(_YEAR,))
    known = DatedChoice(
        problem_sha256=dated.sha256, status=choice.status, stages=choice.stages,
        opened=tuple((name, _YEAR) for name in choice.chosen),
    )  # fmt: skip
    found = solve_years_of_few(dated, gap_share=gap_share, seconds=seconds, known=known)
    return better_of(dated, known, found, gap_share).without_years(dated)
