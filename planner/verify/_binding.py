"""What binds each sector of an exact programme, found again: the rule, where, and by how much.

Nothing is shared with what explains: rules are tried in the order of their force on the tables
alone.  Where several envelopes or ceilings lack room, any of them may be the one that is named.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final

from planner.choice import Quantity, Unit
from planner.texts import Message
from planner.verify._exact import Exact
from planner.verify._ground import Ground, is_none
from planner.verify._repeats import how_silent, unclear_wishes
from planner.vocab import Decision, DeliberationState, Wish

__all__ = ["judge_binding"]

_Held = tuple[str, str, int | None]
"""A rule, its place, and what it lacks."""
_LANGUAGES: Final = ("fr", "en")


def judge_binding(ground: Ground, exact: Exact) -> None:
    """Check the rule, place, amount and sentence of each decision, and of each year.

    Parameters
    ----------
    ground
        The tables; it keeps what is broken.
    exact
        What they say of the question.
    """
    if exact.rules.contiguity not in {"none", "feeder"} and exact.borders() is None:
        return  # told already: nothing says who is beside whom
    judge = _Binding(ground, exact)
    for row in ground.rows("decisions"):
        key = str(row["sector_id"])
        if key in exact.candidates:
            judge.one("decisions", row, judge.decision(key))
    for row in ground.rows("programme"):
        if str(row["sector_id"]) in exact.decider:
            judge.sentence(row)
    if exact.rules.years is not None:
        opened = exact.chosen & set(exact.opens) & exact.candidates
        there = {str(row["sector_id"]) for row in ground.rows("year_decisions")}
        for key in sorted(opened):
            ground.check("missing_row", key, broken=key not in there, table="year_decisions")
        judge.opening()
        for row in ground.rows("year_decisions"):
            key = str(row["sector_id"])
            worth = exact.opens.get(key)
            ground.cell("year_decisions", key, "year", row["year"], worth)
            if key in opened and row["year"] == worth:
                judge.one("year_decisions", row, judge.year(key))


class _Binding:
    def __init__(self, ground: Ground, exact: Exact) -> None:
        self.on, self.exact = ground, exact
        self.mine = exact.rules.contiguity == "within_epci"
        self.called = {str(row["siren"]): str(row["nom"]) for row in ground.rows("epci")}
        self.reach = self._within_reach()
        self.zones = {str(row["zone_id"]): str(row["nom"]) for row in ground.rows("zones")}
        self.unclear = unclear_wishes(ground)
        self.refusing: dict[str, list[str]] = defaultdict(list)
        for row in ground.rows("ballots"):
            if row["wish"] == Wish.REFUSED.value and str(row["epci_siren"]) in ground.voted:
                self.refusing[str(row["sector_id"])].append(str(row["epci_siren"]))

    def one(self, table: str, row: dict[str, Any], held: dict[_Held, Message]) -> None:
        """Check what is said of a sector against all that may be said of it."""
        key = str(row["sector_id"])
        lacks: int | None = None if is_none(row["missing"]) else int(row["missing"])
        said: _Held = (str(row["rule"]), str(row["place"]), lacks)
        worth = said if said in held else next(iter(held))
        for column, there, due in zip(("rule", "place", "missing"), said, worth, strict=True):
            self.on.cell(table, key, column, there, due)
        words = [held[worth].say(lang) for lang in _LANGUAGES]
        told = str(row["reason"])
        self.on.cell(table, key, "reason", told, told if told in words else words[0])

    def opening(self) -> None:
        """Check who decides on what opens, and its premises."""
        for row in self.on.rows("opening_years"):
            key = str(row["sector_id"])
            decider = self.exact.decider.get(key)
            self.on.cell("opening_years", key, "epci_siren", row["epci_siren"], decider)
            worth = self.on.sector.get(key, {}).get("premises_count")
            self.on.cell("opening_years", key, "premises_count", row["premises_count"], worth)

    def sentence(self, row: dict[str, Any]) -> None:
        """Check that the sentence of a sector's phase says its decision, and why."""
        key, told = str(row["sector_id"]), str(row["reason"])
        every = self._sentences(key, row)
        year = self.exact.opens.get(key)
        if year is not None:
            every = [_told("exact_opens", reason=one, year=str(year)) for one in every]
        words = [one.say(lang) for one in every for lang in _LANGUAGES]
        worth = told if told in words else next(iter(words), None)
        self.on.cell("programme", key, "reason", told, worth)

    def _sentences(self, key: str, row: dict[str, Any]) -> list[Message]:
        """Return what may be said of a sector, its decision being what it is."""
        decision, owner = str(row["decision"]), self.exact.decider[key]
        name, lines = self._name(owner), int(row["premises_count"])
        rank = None if is_none(row["rank"]) else int(row["rank"])
        if decision == Decision.PHASE_1.value:
            zone = self.zones.get(str(self.exact.sector[key]["zone_id"]), "—")
            return [_told("phase_1", zone=zone, tranche=row["tranche"])]
        if decision == Decision.REFUSED.value:
            return [_told("refused", actor=self._name(one)) for one in self.refusing[key]]
        if decision == Decision.NO_VOTE.value:
            state = str(self.on.state.get(owner, {}).get("state"))
            known = state in DeliberationState.codes()
            return [_told("no_vote", actor=name, state=DeliberationState(state))] if known else []
        if decision == Decision.CHOSEN.value:
            text = "exact_chosen" if rank is None else "exact_ranked"
            return [_told(text, actor=name, lines=lines, rank=rank)]
        if decision == Decision.ENVELOPE.value:
            return self._short(key, owner)
        if decision == Decision.NOT_BEST.value:
            return self._not_best(key, name)
        if decision == Decision.NO_BALLOT.value:
            spoke = any(str(one["epci_siren"]) == owner for one in self.on.rows("ballots"))
            texts = ("no_deliberation", "no_ballot") if spoke else ("no_ballot",)
            return [_told(text, actor=name) for text in texts]
        plain = {
            Decision.REQUIRED.value: "exact_required",
            Decision.UNRANKED.value: how_silent(self.on, self.unclear, owner, key),
        }
        return [_told(plain[decision], actor=name, lines=lines)] if decision in plain else []

    def _short(self, key: str, owner: str) -> list[Message]:
        """Return what may be said of a sector that lacks room in an envelope."""
        found = []
        for (other, actor), count in self.exact.lines.items():
            if other != key:
                continue
            used = self.on.need(actor, self.on.lines[actor, "2"])
            left = (self.on.room(actor) or 0) - used
            missing = self.on.need(actor, count) - left
            if actor in self.on.voted and missing <= 0:
                continue
            text = "exact_envelope_eur" if self.on.in_euros(actor) else "exact_envelope"
            if self.on.granted_room(actor) is None:
                text = "no_envelope"
            found.append(
                _told("neighbour", actor=self._name(actor))
                if actor != owner or actor not in self.on.voted
                else _told(text, actor=self._name(actor), left=left, missing=missing)
            )
        return found

    def _not_best(self, key: str, name: str) -> list[Message]:
        """Return what may be said of a sector that envelopes would hold."""
        if key not in self.reach:
            return [_told("exact_cut_off", actor=name)]
        if not self._joins(key, self.exact.chosen):
            return [_told("exact_out_of_reach")]
        full = [
            _told("exact_limit", limit=words)
            for _, worth, most, _, words in self.exact.limits(self.exact.chosen | {key})
            if worth > most
        ]
        if full:
            return full
        asked = self.exact.rules.years
        if asked is not None and all(
            self._full(key, asked.first + at) for at in range(asked.count)
        ):
            return [_told("exact_years_full")]
        return [_told("exact_not_best")]

    def decision(self, key: str) -> dict[_Held, Message]:
        """Return the rules that may be said to hold a sector where it is, each with its words."""
        exact = self.exact
        name = self._name(exact.decider[key])
        parts = {actor: count for (k, actor), count in exact.lines.items() if k == key}
        alone = self._alone(key)
        mute = alone == "unasked" and exact.decider[key] not in self.on.voted
        if alone is None or mute:
            unvoted = [actor for actor in parts if actor not in self.on.voted]
            if unvoted:
                return {
                    ("no_vote", actor, None): _words("no_vote", actor=self._name(actor))
                    for actor in unvoted
                }
            if key not in self.reach:
                alone = "cut_off"
        if alone is not None:
            return {(alone, key, None): _words(alone, actor=name)}
        short = dict(self._envelopes(parts))
        if short:
            return short
        if not self._joins(key, exact.chosen):
            return {("contiguity", key, None): _words("contiguity", actor=name)}
        full = dict(self._ceilings(key))
        if full:
            return full
        return self._nearest_year(key) or {("votes", key, None): _words("votes", actor=name)}

    def _alone(self, key: str) -> str | None:
        """Return what settles a sector by itself."""
        exact = self.exact
        if key in exact.required:
            return "required"
        if key in exact.refused:
            return "refused"
        if exact.is_out(key):
            return "unasked"
        return "chosen" if key in exact.chosen else None

    def _envelopes(self, parts: dict[str, int]) -> Iterable[tuple[_Held, Message]]:
        for actor, count in parts.items():
            used = self.on.need(actor, self.on.lines[actor, "2"])
            left = (self.on.room(actor) or 0) - used
            missing = self.on.need(actor, count) - left
            if missing > 0:
                unit: Unit = "cents" if self.on.in_euros(actor) else "lines"
                if self.on.granted_room(actor) is None:
                    yield (
                        ("envelope", actor, missing),
                        _words(
                            "no_envelope", actor=self._name(actor), missing=Quantity(missing, unit)
                        ),
                    )
                    continue
                yield ("envelope", actor, missing), _words(
                    "envelope", actor=self._name(actor), left=Quantity(left, unit),
                    missing=Quantity(missing, unit),
                )  # fmt: skip

    def _ceilings(self, key: str) -> Iterable[tuple[_Held, Message]]:
        for name, worth, most, unit, words in self.exact.limits(self.exact.chosen | {key}):
            if worth > most:
                yield (
                    ("limit", name, worth - most),
                    _words("limit", words=words, missing=Quantity(worth - most, unit)),
                )

    def _full(self, key: str, year: int) -> dict[_Held, Message]:
        """Return the ceilings of a year without room for a sector beside what opens in it."""
        exact, found = self.exact, dict[_Held, Message]()
        now = {other for other in exact.chosen if exact.opens.get(other) == year}
        before = {name: worth for name, worth, *_ in exact.year_limits(now)}
        for name, worth, most, unit, words in exact.year_limits(now | {key}):
            missing = worth - most
            if missing > 0 and worth > before[name]:
                found["limit", f"{name}@{year}", missing] = _words(
                    "year_limit", year=str(year), words=words, missing=Quantity(missing, unit),
                    left=Quantity(max(most - before[name], 0), unit),
                )  # fmt: skip
        return found

    def _nearest_year(self, key: str) -> dict[_Held, Message]:
        """Return the year's ceilings that lack least, where no year has room."""
        asked = self.exact.rules.years
        if asked is None:
            return {}
        every = [self._full(key, asked.first + at) for at in range(asked.count)]
        if not all(every):
            return {}
        return {
            held: Message.of("decision.years_full", nearest=words)
            for one in every
            for held, words in one.items()
        }

    def year(self, key: str) -> dict[_Held, Message]:
        """Return what may be said to keep a sector from opening a year sooner."""
        exact, asked = self.exact, self.exact.rules.years
        year = exact.opens[key]
        if asked is None or year == asked.first:
            return {("first", key, None): _words("year_first", year=str(year))}
        before = year - 1
        open_then = {other for other in exact.chosen if exact.opens.get(other, year) <= before}
        if not self._joins(key, open_then):
            return {("contiguity", key, None): _words("year_contiguity", year=str(before))}
        votes: dict[_Held, Message] = {("votes", key, None): _words("year_votes", year=str(before))}
        return self._full(key, before) or votes

    def _joins(self, key: str, taken: set[str]) -> bool:
        """Return whether a candidate is reached beside what is taken, which is all reached."""
        exact = self.exact
        if exact.rules.contiguity == "none":
            return True
        if exact.rules.contiguity == "feeder":
            first = exact.before().get(key)
            return first is None or first in taken
        beside = exact.near()[key] & taken & exact.candidates
        own = exact.decider[key]
        return key in exact.starts() or any(
            not self.mine or exact.decider[other] == own for other in beside
        )

    def _within_reach(self) -> set[str]:
        """Return what could be reached, were everything chosen that wishes allow."""
        exact = self.exact
        allowed = {key for key in exact.candidates if not exact.is_out(key)}
        if exact.rules.contiguity == "none":
            return allowed
        if exact.rules.contiguity == "feeder":
            before, reach = exact.before(), allowed
            while True:
                kept = {key for key in reach if before.get(key, key) in reach}
                if kept == reach:
                    return reach
                reach = kept
        return exact.spread(exact.starts() & allowed, own=self.mine, among=allowed)

    def _name(self, actor: str) -> str:
        return self.called.get(actor, f"Département {actor[1:]}")


def _told(text: str, **values: object) -> Message:
    return Message.of(f"programme.{text}", **values)


def _words(rule: str, **values: object) -> Message:
    return Message.of(f"decision.{rule}", **values)
