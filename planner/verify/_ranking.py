"""The départements' simple rule, replayed from what each EPCI brought: decisions, room, reasons.

Nothing is shared with what chooses: who decides, what fits and what is said are found again from
the tables, turn by turn.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from planner.texts import Message
from planner.verify._ground import Ground, is_none
from planner.verify._repeats import how_silent, unclear_wishes, wishes_by_form
from planner.vocab import Decision, DeliberationState, Wish

__all__ = ["judge_ranking"]

_LANGUAGES = ("fr", "en")


def judge_ranking(ground: Ground) -> None:
    """Check each decision of the simple rule, the room at its turn, and its sentence.

    Parameters
    ----------
    ground
        The tables; it keeps what is broken.
    """
    replay = _Replay(ground)
    if replay.unsure:
        return
    replay.run()
    for key, row in sorted(ground.decided.items()):
        turn = replay.turns.get(key)
        if turn is None:
            continue
        ground.cell("programme", key, "decision", row["decision"], turn.decision.value)
        ground.cell("programme", key, "envelope_left", row["envelope_left"], turn.left)
        words = [turn.message.say(lang) for lang in _LANGUAGES]
        told = str(row["reason"])
        ground.cell("programme", key, "reason", told, told if told in words else words[0])


@dataclass(frozen=True)
class _Turn:
    """What became of a sector at its turn."""

    decision: Decision
    left: int | None
    message: Message


class _Replay:
    def __init__(self, ground: Ground) -> None:
        self.on = ground
        self.turns: dict[str, _Turn] = {}
        sectors = ground.tables.get("sectors", pd.DataFrame())
        # a ballot made on other sectors counts for nothing: without shapes none can be told
        signed = any(not is_none(row.get("sectors_sha256")) for row in ground.rows("ballots"))
        self.unsure = signed and "geometry" not in sectors
        self.parts = {
            key: sorted(parts, key=lambda one: (-one[1], one[0]))
            for key, parts in ground.shares.items()
        }
        self.called = {str(row["siren"]): str(row["nom"]) for row in ground.rows("epci")}
        held = {(actor, key) for key, parts in self.parts.items() for actor, _ in parts}
        self.wished: dict[str, set[str]] = {Wish.REQUIRED.value: set(), Wish.REFUSED.value: set()}
        self.spoke: set[str] = set()
        self.refusing: dict[str, set[str]] = defaultdict(set)
        for row in ground.rows("ballots"):
            actor, key, wish = str(row["epci_siren"]), str(row["sector_id"]), str(row["wish"])
            if (actor, key) not in held or wish not in self.wished:
                continue
            self.spoke.add(actor)
            if actor in ground.voted and wish == Wish.REFUSED.value:
                self.refusing[key].add(actor)
            elif actor in ground.voted and self.owner(key) == actor:
                self.wished[wish].add(key)
        self.ranks = self._ranks(ground)
        self.unclear = unclear_wishes(ground)
        self.left: dict[str, int | None] = {}
        for actor in sorted({*ground.granted, *ground.state, *(a for a, _ in held)}):
            self.left[actor] = ground.granted_room(actor)

    def _ranks(self, ground: Ground) -> dict[int, dict[str, list[str]]]:
        """Return rank to actor to the sectors that it ranks so."""
        ranks: dict[int, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for actor, forms in wishes_by_form(ground).items():
            if len(forms) == 1:
                self.spoke.add(actor)
            for wish, given in forms.items() if len(forms) == 1 else ():
                places = {w: at for at, w in enumerate(sorted(set(given.values())), start=1)}
                for key, worth in sorted(given.items()):
                    rank = worth if wish == Wish.RANKED.value else places[worth]
                    ranks[rank][actor].append(key)
        return ranks

    def owner(self, key: str) -> str | None:
        """Return who decides."""
        parts = self.parts.get(key)
        return parts[0][0] if parts else None

    def name(self, actor: str | None) -> str:
        if actor is None:
            return "—"
        known = self.called.get(actor)
        return known or (f"Département {actor[1:]}" if actor.startswith("D") else actor)

    def put(self, key: str, decision: Decision, text: str, **values: object) -> None:
        """Settle a sector; the first word stands."""
        left = self.left.get(self.owner(key) or "")
        message = Message.of(f"programme.{text}", **values).naming(self.on.names)
        self.turns[key] = _Turn(decision, left, message)

    def run(self) -> None:
        """Replay the rule turn by turn."""
        self._settled()
        for key in sorted(self.wished[Wish.REQUIRED.value], key=lambda k: (str(self.owner(k)), k)):
            if key not in self.turns:
                self._take([key], None)
        for rank in sorted(self.ranks):
            for actor in sorted(self.ranks[rank]):
                if actor in self.on.voted:
                    self._rank(rank, [
                        key for key in self.ranks[rank][actor]
                        if key not in self.turns and self.owner(key) == actor
                    ])  # fmt: skip
        for key in sorted(self.on.sector):
            if key not in self.turns:
                owner = self.owner(key)
                text = how_silent(self.on, self.unclear, owner or "", key)
                self.put(key, Decision.UNRANKED, text, actor=self.name(owner))

    def _settled(self) -> None:
        """Settle what a zone, a refusal or the lack of a vote settles."""
        zones = {str(row["zone_id"]): str(row["nom"]) for row in self.on.rows("zones")}
        for key, row in sorted(self.on.sector.items()):
            owner = self.owner(key)
            state = self.on.state.get(owner or "")
            if not is_none(row["zone_id"]):
                zone = zones.get(str(row["zone_id"]), "—")
                self.put(key, Decision.PHASE_1, "phase_1", zone=zone)
            elif owner is None or state is None:
                text = "no_deliberation" if owner in self.spoke else "no_ballot"
                self.put(key, Decision.NO_BALLOT, text, actor=self.name(owner))
            elif self.refusing[key]:
                first = next(a for a, _ in self.parts[key] if a in self.refusing[key])
                self.put(key, Decision.REFUSED, "refused", actor=self.name(first))
            elif owner not in self.on.voted:
                said = DeliberationState(str(state["state"]))
                self.put(key, Decision.NO_VOTE, "no_vote", actor=self.name(owner), state=said)

    def _rank(self, rank: int, keys: list[str]) -> None:
        """Take those of one rank: together, or as the rule of ties says."""
        ties = self.on.scenario.concertation.ties
        sign = {"larger_first": -1, "smaller_first": 1}.get(ties, 0)
        ordered = sorted(
            keys, key=lambda k: (sign * int(self.on.sector[k]["premises_count"]), k)
        )  # fmt: skip
        if ties != "refuse" or self._short(keys) is None:
            for key in ordered:
                self._take([key], rank)
            return
        alone = [key for key in keys if self._short([key]) is None]
        for key in sorted(set(keys) - set(alone)):
            self._take([key], rank)
        if self._short(alone) is None:
            self._take(alone, rank)
            return
        for key in alone:
            others = tuple(one for one in alone if one != key)
            self.put(
                key, Decision.TIE, "tie", others=others, actor=self.name(self.owner(key)), rank=rank
            )

    def _short(self, keys: Iterable[str]) -> tuple[str, int] | None:
        """Return who can't take these together, and what it lacks: the first by code."""
        lines: dict[str, int] = defaultdict(int)
        for key in keys:
            for actor, count in self.parts[key]:
                lines[actor] += count
        for actor in sorted(actor for actor, count in lines.items() if count):
            if actor not in self.on.voted:
                return actor, lines[actor]
            missing = self.on.need(actor, lines[actor]) - (self.left[actor] or 0)
            if missing > 0:
                return actor, missing
        return None

    def _take(self, keys: list[str], rank: int | None) -> None:
        short = self._short(keys)
        for key in keys:
            owner = self.owner(key)
            name, count = self.name(owner), int(self.on.sector[key]["premises_count"])
            if short is None:
                text = "required" if rank is None else "chosen"
                self.put(key, Decision(text), text, lines=count, actor=name, rank=rank)
                for actor, mine in self.parts[key]:
                    if mine:
                        self.left[actor] = (self.left[actor] or 0) - self.on.need(actor, mine)
                continue
            actor, missing = short
            text = "neighbour"
            if actor == owner:
                text = "envelope_eur" if self.on.in_euros(actor) else "envelope"
                text = text if self.on.granted_room(actor) is not None else "no_envelope"
            left = self.left.get(actor) or 0
            self.put(
                key, Decision.ENVELOPE, text, actor=self.name(actor), missing=missing, left=left
            )
