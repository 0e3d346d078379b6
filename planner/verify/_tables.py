"""The tables of a plan, judged from themselves: what was brought against what was decided."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import pandas as pd

from planner.ballots import ballots_of_these_sectors
from planner.choice import Quantity, Unit
from planner.contracts import Column
from planner.scenario import Scenario
from planner.schemas import CONTRACTS, contract
from planner.texts import Message
from planner.verify._binding import judge_binding
from planner.verify._cells import judge_cells
from planner.verify._deadlines import judge_deadlines
from planner.verify._exact import judge_exact
from planner.verify._follows import judge_follows
from planner.verify._ground import Ground
from planner.verify._network import judge_network
from planner.verify._ranking import judge_ranking
from planner.verify._repeats import judge_repeats
from planner.verify._verdict import Breach, Verdict
from planner.verify._whole import judge_whole
from planner.verify._works import judge_evenness, judge_stated, judge_works
from planner.vocab import Decision, Phase, Wish

__all__ = ["verify_programme"]

_LINES = {
    "lines_phase_1": Phase.PHASE_1.value,
    "lines_phase_2": Phase.PHASE_2.value,
    "lines_phase_3": Phase.PHASE_3.value,
}
_CENTS = ("gross_cents", "credit_cents", "net_cents")
_LARGE: Final = frozenset({"premises", "state_changes"})  # nothing is judged from these


def verify_programme(tables: Mapping[str, pd.DataFrame], scenario: Scenario) -> Verdict:
    """Check the tables of a plan against each other and the scenario.

    One decision a sector; premises and shares that add up; required and refused sectors; envelopes,
    votes and credits, counted again from the shares; balances and contributions to the cent; the
    yearly capacity of the schedule; of an exact programme every rule and each objective; a designed
    network, walked and added up again.  A table that isn't there is empty.

    Parameters
    ----------
    tables
        Tables of a plan (:meth:`planner.plan.Plan.tables`) or read back from its outputs; the
        contiguity of an exact programme needs the shapes of ``sectors``.
    scenario
        What was asked.

    Returns
    -------
    Verdict
        Its breaches name sectors and EPCI.
    """
    unread = _unread(tables)
    if unread:  # nothing can be counted on such tables
        return Verdict.of({"contract": len(unread)}, unread)
    tables, elsewhere = _standing(tables)
    judge = _TablesJudge(tables, scenario, elsewhere=elsewhere)
    judge.sectors()
    judge.wishes()
    judge.envelopes()
    judge.contributions()
    judge.balances()
    judge.schedule()
    judge_whole(judge)
    judge_cells(judge)
    judge_repeats(judge)
    judge_follows(judge)
    if scenario.programme.rule == "ranking_within_envelope":
        judge_ranking(judge)
    exact = judge_exact(tables, judge.rows, scenario, judge.check)
    if exact is not None:
        judge_binding(judge, exact)
    judge_deadlines(judge)
    if scenario.schedule.rule == "works":
        judge_works(judge.rows("works"), judge.rows("schedule"), scenario, judge.check)
        judge_stated(judge)
        judge_evenness(judge.rows("works_limits"), judge.rows("schedule"), judge.check)
    judge_network(tables, scenario, judge.check)
    return Verdict.of(judge.checks, judge.breaches)


def _standing(
    tables: Mapping[str, pd.DataFrame],
) -> tuple[Mapping[str, pd.DataFrame], frozenset[str]]:
    """Leave out the ballots made on other sectors, and say whose: without shapes none is told."""
    ballots, sectors, shares = (tables.get(n) for n in ("ballots", "sectors", "sector_shares"))
    if ballots is None or sectors is None or shares is None:
        return tables, frozenset()
    stand, others = ballots_of_these_sectors(ballots, sectors, shares)
    return {**tables, "ballots": stand}, frozenset(others)


def _unread(tables: Mapping[str, pd.DataFrame]) -> list[Breach]:
    """Return the cells that can't be what they are said to be, rows met twice, unknown sectors."""
    found: list[tuple[str, str, object, Message]] = []
    for name in sorted(set(tables) & set(CONTRACTS) - _LARGE):
        asked = contract(name)  # a file writes an empty text as nothing
        columns = tuple(replace(c, nullable=c.nullable or c.blank) for c in asked.columns)
        frame = _spelled(tables[name], columns)
        wrong = replace(asked, geometry=None, columns=columns).violations(frame)
        for cell in wrong[wrong["row"] >= 0].to_dict("records"):
            place = f"{name}/{cell['key']}"
            found.append((place, str(cell["column"]), cell["value"], cell["rule"]))
    known = set(tables["sectors"]["sector_id"].astype(str)) if "sectors" in tables else set()
    words = Message.of("verify.sector_unknown")
    for name in ("sector_shares", "programme"):
        keys = tables[name]["sector_id"].dropna().astype(str) if name in tables else ()
        found += [(f"{name}/{key}", "sector_id", key, words) for key in sorted(set(keys) - known)]
    return [
        Breach(
            rule="contract", place=place,
            message=Message.of(
                "verify.contract", place=place, column=column, value=value, words=rule
            ),
        )
        for place, column, value, rule in found
    ]  # fmt: skip


def _spelled(frame: pd.DataFrame, columns: tuple[Column, ...]) -> pd.DataFrame:
    """Return a table whose words of a pattern are all words: a bare 7 is no quarter."""
    said = {
        column.name: frame[column.name].astype("object").map(str, na_action="ignore")
        for column in columns
        if column.pattern is not None and column.name in frame
    }
    return pd.DataFrame(frame).assign(**said)


class _TablesJudge(Ground):
    """Keeps what is broken between the tables."""

    def same(self, rule: str, place: str, said: int, worth: int, **values: object) -> None:
        """Check that what is said is what is counted."""
        self.check(
            rule, place, broken=said != worth, excess=said - worth, said=said, worth=worth, **values
        )

    def sectors(self) -> None:
        """One decision each, premises and shares that add up, the phase of the zone."""
        twice = {key for key, count in self._decisions().items() if count != 1}
        for key in sorted({*self.sector, *self.decided}):
            lost = key not in self.sector or key not in self.decided or key in twice
            self.check("once", key, broken=lost)
        zones = {str(row["zone_id"]): str(row["phase"]) for row in self.rows("zones")}
        for key, row in sorted(self.sector.items()):
            premises = int(row["premises_count"])
            self.same("shares", key, premises, sum(count for _, count in self.shares[key]))
            decided = self.decided.get(key)
            if decided is None:
                continue
            self.same("premises", key, int(decided["premises_count"]), premises)
            if not pd.isna(row["zone_id"]):
                phase = zones.get(str(row["zone_id"]), "—")
                said = str(decided["phase"])
                self.check("phase_of_zone", key, broken=said != phase, said=said, worth=phase)

    def _decisions(self) -> dict[str, int]:
        counts: dict[str, int] = defaultdict(int)
        for row in self.rows("programme"):
            counts[str(row["sector_id"])] += 1
        return counts

    def wishes(self) -> None:
        """Check that counted wishes are respected, unless the envelope lacks."""
        refused = set()
        rows = [row for row in self.rows("ballots") if str(row["epci_siren"]) in self.voted]
        for row in rows:
            actor, key = str(row["epci_siren"]), str(row["sector_id"])
            touches = any(other == actor for other, _ in self.shares.get(key, ()))
            if row["wish"] != Wish.REFUSED.value or not touches:
                continue
            refused.add(key)
            in_phase_2 = key in self.decided and self._phase(key) == Phase.PHASE_2.value
            self.check("refused_in", key, broken=in_phase_2, actor=actor)
        for row in rows:
            actor, key = str(row["epci_siren"]), str(row["sector_id"])
            if row["wish"] != Wish.REQUIRED.value or key in refused or key not in self.decided:
                continue
            decided = self.decided[key]
            if str(decided["epci_siren"]) != actor or self._phase(key) == Phase.PHASE_1.value:
                continue
            decision = Decision(str(decided["decision"]))
            kept = self._phase(key) == Phase.PHASE_2.value or decision is Decision.ENVELOPE
            self.check("required_out", key, broken=not kept, actor=actor, decision=decision)

    def _phase(self, key: str) -> str:
        return str(self.decided[key]["phase"])

    def envelopes(self) -> None:
        """No EPCI uses more than it may; what was left out for want of room has none."""
        left: dict[str, int] = {}
        for actor in sorted({actor for parts in self.shares.values() for actor, _ in parts}):
            lines = self.lines[actor, Phase.PHASE_2.value]
            room = self.room(actor)
            if room is None:
                self.check("unvoted", actor, broken=lines > 0, excess=lines)
                continue
            use = self.need(actor, lines)
            left[actor] = room - use
            unit: Unit = "cents" if self.in_euros(actor) else "lines"
            self.check(
                "envelope", actor, broken=use > room, excess=use - room,
                amount=Quantity(use - room, unit), used=Quantity(use, unit),
                granted=Quantity(room, unit),
            )  # fmt: skip
        for key, row in sorted(self.decided.items()):
            if row["decision"] == Decision.ENVELOPE.value:
                fits = all(
                    actor in left and self.need(actor, count) <= left[actor]
                    for actor, count in self.shares[key]
                    if count
                )
                self.check("fits", key, broken=fits)

    def contributions(self) -> None:
        """Lines × rate, less a credit that nobody uses twice."""
        lines: dict[tuple[str, str], int] = defaultdict(int)
        credit: dict[str, int] = defaultdict(int)
        for row in self.rows("contributions"):
            actor, count = str(row["epci_siren"]), int(row["lines_count"])
            place = f"{actor}/{row['place_id']}"
            gross, net = int(row["gross_cents"]), int(row["net_cents"])
            self._owed(place, "gross_cents", gross, count * self.cents_per_line)
            self._owed(place, "net_cents", net, gross - int(row["credit_cents"]))
            lines[actor, str(row["phase"])] += count
            credit[actor] += int(row["credit_cents"])
        for actor, used in sorted(credit.items()):
            worth = self.credit(actor)
            self.check(
                "credit", actor, broken=used > worth, excess=used - worth, said=used, worth=worth
            )
        for actor, phase in sorted(self.lines):
            if phase in {Phase.PHASE_1.value, Phase.PHASE_2.value} and not actor.startswith("D"):
                said = lines[actor, phase]
                self._owed(actor, f"lines_phase_{phase}", said, self.lines[actor, phase])

    def _owed(self, place: str, column: str, said: int, worth: int) -> None:
        self.same("contribution", place, said, worth, column=column)

    def balances(self) -> None:
        """Check that the balance sheet repeats what the other tables say."""
        owed: dict[tuple[str, str], int] = defaultdict(int)
        for row in self.rows("contributions"):
            for column in _CENTS:
                owed[str(row["epci_siren"]), column] += int(row[column])
        for row in self.rows("balances"):
            actor = str(row["epci_siren"])
            for column, phase in _LINES.items():
                self.same(
                    "balance", actor, int(row[column]), self.lines[actor, phase], column=column
                )
            for column in _CENTS:
                self.same("balance", actor, int(row[column]), owed[actor, column], column=column)
            if not pd.isna(row["used"]):
                use = self.need(actor, self.lines[actor, Phase.PHASE_2.value])
                self.same("balance", actor, int(row["used"]), use, column="used")

    def schedule(self) -> None:
        """Check phases, and that no year builds more than it can."""
        lines: dict[tuple[str, int], int] = defaultdict(int)
        cents: dict[tuple[str, int], int] = defaultdict(int)
        for row in self.rows("schedule"):
            key, phase, year = str(row["sector_id"]), str(row["phase"]), int(row["year"])
            worth = self._phase(key) if key in self.decided else "—"
            self.check("schedule_phase", key, broken=phase != worth, said=phase, worth=worth)
            lines[phase, year] += int(row["premises_count"])
            cents[phase, year] += int(row["cost_cents"])
        for (phase, year), said in sorted(lines.items()):
            rows = [
                row
                for row in self.scenario.schedule.capacity
                if row.phase == phase
                and int(row.first_quarter[:4]) <= year
                and (row.last_quarter is None or year <= int(row.last_quarter[:4]))
            ]
            place = f"phase {phase}, {year}"
            most = max((row.lines_per_year for row in rows), default=0)
            self.check(
                "capacity", place, broken=said > most, excess=said - most, said=said, worth=most
            )
            budgets = [row.budget_eur_per_year for row in rows]
            if budgets and None not in budgets:
                richest = 100 * max(budget for budget in budgets if budget is not None)
                spent = cents[phase, year]
                self.check(
                    "budget", place, broken=spent > richest, excess=spent - richest,
                    said=spent, worth=richest,
                )  # fmt: skip
