"""Answers near the bound of one objective: drawn, exchanged, and searched until all are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from planner.programme._actors.blocks import Block, Row
from planner.programme._actors.columns import Stage
from planner.programme._actors.integer import total, with_parts
from planner.programme._search.blurred import BLUR, blurred, is_coarse, scale_of
from planner.programme._search.branches import WORK, Found, search
from planner.programme._search.draws import Drawn, draw
from planner.programme._search.exchange import exchange
from planner.programme._search.level import is_level, turned
from planner.programme._search.links import has_copies, list_linked
from planner.programme._search.near_lists import Page, TooMuchError

__all__ = ["draw_some", "exchange_near", "is_of_few", "settle"]

Rows = npt.NDArray[np.uint8]

_SEARCHED = 200_000  # choices of all actors that are searched at most, and listed of one
_LEAST_LISTED = 4_000  # whatever the number of actors
_FEW_ACTORS, _FEW_SEARCHED = 12, (50_000, 1_000_000)  # so few miss more, and have longer lists
_LINKED = 30_000, 200_000  # the same, where sectors have copies: those that agree are far fewer
_A_SECOND = 1e9  # operations
_PROVED_SHARE = 8  # of the work: what is left to an answer that is proved
_EQUALS_PART = 3  # fourths of the work: what is left to all that is as good as a proved answer
_FAR = 2**62
_EXCHANGED = 1_000  # choices of all actors that are exchanged at most
_LISTED = 4_000  # choices of one actor that are listed at most
_NEAREST = (300, 450, 600)  # choices of all actors among which answers are drawn
_SEARCHED_NEAREST = (80, 150, 300)  # the same, among which the best is searched
_NEAREST_WORK = 400_000_000  # operations of one of these searches
_TIED = 3  # times as many, at most, where they are equally near
_SHARE = 1e-4  # of the bound: how near answers are drawn at least
_GOOD = 3  # of these shares: from how near a drawn answer is good
_NEAR = 2  # from how near a known answer is searched around without drawing others
_OF_EACH = 30  # choices of one actor among which an answer is drawn where all are as good
_LEVEL_DRAWS = 4  # how many are drawn there, at each heat
_HEATS = (1, 10, 100)  # a sector more or less is worth far more than what an answer may miss
_DRAWS, _BETTERED = 12, 3  # how many answers are drawn, and how many of them are exchanged
_MORE = 8  # the second, where the best that can be is asked
_STEPS, _MANY_STEPS = 200_000, 1_000_000  # of one draw; where the best that can be is asked


def _draw_near(
    stage: Stage,
    rows: Sequence[Row],
    incumbent: Sequence[Rows] | None,
    *,
    scale: int,
    thorough: bool,
) -> Drawn | None:
    """Draw answers among the choices nearest to a bound, once column generation found it.

    Parameters
    ----------
    stage, rows
        The objective, and what must hold.
    incumbent
        A known answer, if any.
    scale
        What an answer may miss.
    thorough
        Whether to draw the best that can be, rather than one that is good enough.
    """
    if stage.best is None:
        return None
    lists, missed, _ = stage.list_near(scale, _LISTED)
    far = np.sort(np.concatenate(missed))
    best: Drawn | None = None
    for count in _NEAREST if thorough else _NEAREST[:1]:
        reach = far[min(count, len(far)) - 1] if len(far) else 0
        nearest = [some[gap <= reach] for some, gap in zip(lists, missed, strict=True)]
        if sum(map(len, nearest)) > _TIED * count:  # too many to exchange are equally near
            nearest = [some[:: -(-len(some) * len(nearest) // count) or 1] for some in nearest]
        known = incumbent if best is None else best.parts
        if known is None and min(map(len, nearest)) == 0:
            return None
        found = draw(
            stage.blocks, nearest, stage.row, rows, stage.best.prices, incumbent=known,
            enough=stage.best.bound - (0 if thorough else scale), scale=scale, draws=_DRAWS,
            bettered=_MORE if thorough else _BETTERED,
            steps=_MANY_STEPS if thorough else _STEPS,
        )  # fmt: skip
        best = found if found is not None else best
        if count >= len(far):
            break
    return best


def draw_some(
    stage: Stage, rows: Sequence[Row], incumbent: Sequence[Rows] | None, *, least: int
) -> Drawn | None:
    """Draw answers near a bound, more of them where the first are far from it.

    Parameters
    ----------
    stage, rows
        The objective, and what must hold.
    incumbent
        A known answer, if any.
    least
        What an answer may miss, if that is more than a share of the bound.
    """
    if stage.best is None:
        return None
    scale = max(1, least, int(_SHARE * abs(stage.best.bound)))
    if is_level(stage, _LISTED):
        level = _draw_level(stage, rows, incumbent, least)
        if level is not None:
            return level
    if incumbent is not None:  # recalled: mostly as near as one can draw
        value = total(stage.blocks, incumbent, stage.row)
        if stage.best.bound - value <= _NEAR * scale:
            return Drawn(parts=list(incumbent), value=value)
    drawn = _draw_nearer(stage, rows, incumbent, scale=scale)
    return None if drawn is None else _search_nearest(stage, rows, drawn, enough=scale)


def _search_nearest(stage: Stage, rows: Sequence[Row], drawn: Drawn, *, enough: int) -> Drawn:
    """Better an answer by searches among the choices nearest to the bound, ever more of them."""
    asked: Stage | None = stage
    if stage.lists is None and is_coarse(stage):
        asked = blurred(stage)  # tells equals apart: the nearest are few again
    if stage.best is None or asked is None or asked.best is None:
        return drawn
    parts, value = drawn.parts, total(asked.blocks, drawn.parts, asked.row)
    reach, complete = asked.best.bound - value, False
    while not complete and reach > 0:  # what isn't listed whole isn't the nearest
        lists, missed, complete = asked.list_near(reach, _LISTED)
        reach //= 2
    if not complete:
        return drawn
    far = np.sort(np.concatenate(missed))
    for count in _SEARCHED_NEAREST:
        if stage.best.bound - drawn.value <= enough:
            break
        reach = far[min(count, len(far)) - 1] if len(far) else 0
        nearest = [some[gap <= reach] for some, gap in zip(lists, missed, strict=True)]
        found = search(
            asked.blocks, with_parts(nearest, parts), asked.row, rows, incumbent=parts,
            equals=False, work=_NEAREST_WORK,
        )  # fmt: skip
        if found is None:
            break
        parts = found.parts
        worth = total(stage.blocks, parts, stage.row)
        if worth > drawn.value:
            drawn = Drawn(parts=parts, value=worth)
        if count >= len(far):
            break
    return drawn


def _draw_nearer(
    stage: Stage, rows: Sequence[Row], incumbent: Sequence[Rows] | None, *, scale: int
) -> Drawn | None:
    """Draw in one way after another, until an answer is good; None when none was found."""
    if stage.best is None:
        return None
    best: Drawn | None = None
    if stage.lists is None and is_coarse(stage):
        best = _draw_blurred(stage, rows, incumbent)
        if best is not None and stage.best.bound - best.value <= _GOOD * scale:
            return best
    known = incumbent if best is None else best.parts
    for thorough in (False, True):
        found = _draw_near(stage, rows, known, scale=scale, thorough=thorough)
        if found is not None:
            best, known = found, found.parts
        if best is not None and stage.best.bound - best.value <= _GOOD * scale:
            break
    return best


def _draw_level(
    stage: Stage, rows: Sequence[Row], incumbent: Sequence[Rows] | None, least: int
) -> Drawn | None:
    """Draw an answer at the bound, or that misses no more than it may; None when none was found."""
    if stage.best is None:
        return None
    known = None if incumbent is None else total(stage.blocks, incumbent, stage.row)
    for value in dict.fromkeys((stage.best.bound, stage.best.bound - least)):
        if known is not None and known >= value:
            return None if incumbent is None else Drawn(parts=list(incumbent), value=known)
        asked = turned(stage, rows, value)
        if asked is None or asked.best is None:
            continue
        for heat in _HEATS:
            scale = max(1, int(_SHARE * abs(asked.best.bound))) * heat
            lists, missed, _ = asked.list_near(scale, _LISTED)
            if min(map(len, lists)) == 0:
                continue
            nearest = [
                some[np.argsort(far, kind="stable")[:_OF_EACH]]
                for some, far in zip(lists, missed, strict=True)
            ]
            found = draw(
                asked.blocks, nearest, asked.row, asked.rows, asked.best.prices, incumbent=None,
                enough=-_FAR, scale=scale, draws=_LEVEL_DRAWS, bettered=1, steps=_STEPS,
            )  # fmt: skip
            if found is not None:
                worth = total(stage.blocks, found.parts, stage.row)
                return Drawn(parts=found.parts, value=worth)
    return None


def _draw_blurred(
    stage: Stage, rows: Sequence[Row], incumbent: Sequence[Rows] | None
) -> Drawn | None:
    """Draw answers to an objective of few values, blurred, from a known answer if any."""
    other = blurred(stage)
    drawn = None
    if other is not None:
        drawn = _draw_near(other, rows, incumbent, scale=BLUR, thorough=True)
    if drawn is None:
        return None
    return replace(drawn, value=total(stage.blocks, drawn.parts, stage.row))


def exchange_near(
    stage: Stage,
    rows: Sequence[Row],
    incumbent: list[Rows],
    *,
    reach: int,
    enough: int,
    at_most: int,
) -> tuple[list[Rows], int]:
    """Better a known answer by exchanges among ever more choices, until it is good enough.

    Parameters
    ----------
    stage, rows
        The objective once its linear programme is solved, and what must hold.
    incumbent
        A known answer.
    reach
        What the first choices may miss.
    enough
        The value at which to stop.
    at_most
        Choices of one actor that are listed.
    """
    parts, value = incumbent, total(stage.blocks, incumbent, stage.row)
    count = 0
    while stage.best is not None and value < enough:
        lists, _, _ = stage.list_near(reach, at_most)
        before, count = count, sum(map(len, lists))
        if count > _EXCHANGED or (count == before and reach > stage.best.bound - value):
            break
        if count > before:
            parts, value = exchange(
                stage.blocks, lists, stage.row, rows, incumbent=parts, enough=enough
            )  # fmt: skip
        reach *= 2
    return parts, value


def settle(
    stage: Stage, rows: Sequence[Row], incumbent: Sequence[Rows], *, seconds: float
) -> Found | None:
    """Search all that could be as good as a known answer; None where that is too much.

    Where actors are few, the nearest of it are searched then: none that misses more than they do
    can pass what the bound leaves it.

    Parameters
    ----------
    stage, rows
        The objective once its linear programme is solved, and what must hold.
    incumbent
        A known answer.
    seconds
        Time left, which shortens the search where there is little.
    """
    if stage.best is None:
        return None
    missing = stage.best.bound - total(stage.blocks, incumbent, stage.row)
    if missing <= 0 and is_level(stage, _LISTED):
        return None  # proved the best, with more as good than could be listed
    work = int(min(WORK, stage.region.pool.work, seconds * _A_SECOND))
    found = _settle_blurred(stage, rows, incumbent, work=work)
    parts = incumbent if found is None else found.parts
    work //= _PROVED_SHARE if found is not None and found.value == found.bound else 1
    linked = stage.lists is None and has_copies(rows)
    for each, every in [_LINKED] if linked else _sizes(stage):
        done, too_far = -1, _FAR
        value = total(stage.blocks, parts, stage.row)
        reach = max(0, stage.best.bound - value)
        while done < reach < too_far:
            lists, complete = _listed(stage, rows, reach, each)
            if not complete or sum(map(len, lists)) > every:
                if not is_of_few(stage.blocks) and not linked:
                    break
                too_far, reach = reach, reach * 2 // 3
                continue
            better = search(
                stage.blocks, with_parts(lists, parts), stage.row, rows, incumbent=parts,
                work=work, thorough=linked,
            )  # fmt: skip
            better = _nearer(better, found)
            if better is None:
                return found
            is_far, done = reach < stage.best.bound - better.value, reach
            if is_far:
                bound = max(better.bound, stage.best.bound - reach)
                better = replace(better, bound=bound, equals=())
            elif not linked or better.value in (value, better.bound):
                return _with_equals(stage, rows, better, each=each, work=work)
            else:  # fewer choices are as good as that
                done = -1
            parts, value, found = better.parts, better.value, better
            reach = stage.best.bound - value
    return found


def _listed(stage: Stage, rows: Sequence[Row], reach: int, each: int) -> tuple[list[Rows], bool]:
    """List the choices that miss a reach or less; where sectors have copies, those that agree."""
    if stage.lists is None and has_copies(rows):
        return list_linked(stage, reach, each)
    lists, _, complete = stage.list_near(reach, each)
    return lists, complete


def _nearer(better: Found | None, known: Found | None) -> Found | None:
    """Return what was found later, with the nearer of the bounds."""
    if better is None or known is None:
        return better
    return replace(better, bound=min(better.bound, known.bound))


def _with_equals(
    stage: Stage, rows: Sequence[Row], found: Found | None, *, each: int, work: int
) -> Found | None:
    """Search for all that is as good as what is proved the best, where they aren't known."""
    if stage.best is None or found is None or found.equals or found.value != found.bound:
        return found
    lists, complete = _listed(stage, rows, stage.best.bound - found.value, each)
    if not complete:
        return found
    again = search(
        stage.blocks, with_parts(lists, found.parts), stage.row, rows, incumbent=found.parts,
        work=work * _EQUALS_PART // 4, thorough=True,
    )  # fmt: skip
    return found if again is None else replace(found, equals=again.equals)


def _settle_blurred(
    stage: Stage, rows: Sequence[Row], incumbent: Sequence[Rows], *, work: int
) -> Found | None:
    """Search all that is a step better than a known answer, among what the blurred bound leaves.

    That bound is told finely: of what is a step better, each choice misses but the part of a step
    that the bound has to spare, and few do.  None where that is too much.
    """
    if stage.lists is not None or not is_coarse(stage):
        return None
    other, scale = blurred(stage), scale_of(stage)
    if other is None or other.best is None:
        return None
    parts, value = list(incumbent), total(stage.blocks, incumbent, stage.row)
    while (reach := other.best.bound - (value + stage.step) * scale) >= 0:
        lists, missed, complete = other.list_near(reach, _LISTED)
        count = sum(map(len, lists))
        if not complete or count > _SEARCHED:
            return None
        page = Page(other, lists, missed, reach, 0)
        try:
            bound, better = page.search_worth(
                rows, np.ones(count, bool), (value + stage.step) * scale, work=work
            )
        except TooMuchError:
            return None
        if better is None:
            top = max(value, bound // scale // stage.step * stage.step)
            return Found(parts=parts, value=value, bound=top)
        parts = [choice[None, :] for choice in better]
        value = total(stage.blocks, parts, stage.row)
    return Found(parts=parts, value=value, bound=value)


def _sizes(stage: Stage) -> list[tuple[int, int]]:
    """Return how many choices of one actor, and of all, are searched at first, and at last."""
    if is_of_few(stage.blocks):
        return [(one, one) for one in _FEW_SEARCHED]
    return [(max(_LEAST_LISTED, _SEARCHED // len(stage.blocks)), _SEARCHED)]


def is_of_few(blocks: Sequence[Block]) -> bool:
    """Whether actors are so few that far more choices of each can matter."""
    return len(blocks) <= _FEW_ACTORS
