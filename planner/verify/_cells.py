"""The cells of a plan that repeat or follow from others: who decides, what it costs, when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from planner.verify._repeats import wishes_by_form
from planner.vocab import Decision, Phase, Wish

__all__ = ["judge_cells"]

Rows = Callable[[str], list[dict[str, Any]]]
_OF_PHASE_2 = frozenset({Decision.REQUIRED.value, Decision.CHOSEN.value})


def judge_cells(
    rows: Rows, shares: Mapping[str, list[tuple[str, int]]], check: Callable[..., None]
) -> None:
    """Check what the tables of a plan repeat of each other, cell by cell.

    Parameters
    ----------
    rows
        Returns the rows of a table by its name.
    shares
        Sector to the premises of each actor.
    check
        Takes a rule, a place and ``broken``, then the values that its words need.
    """
    judge = _Cells(rows, shares, check)
    judge.programme()
    judge.money()
    judge.schedule()
    judge.contributions()
    judge.balances()
    judge.scores()


def _none(value: Any) -> bool:  # noqa: ANN401 (a cell)
    return bool(pd.isna(value))


class _Cells:
    def __init__(
        self, rows: Rows, shares: Mapping[str, list[tuple[str, int]]], check: Callable[..., None]
    ) -> None:
        self.rows, self.check = rows, check
        self.shares = shares
        self.sector = {str(row["sector_id"]): row for row in rows("sectors")}
        self.decided = {str(row["sector_id"]): row for row in rows("programme")}
        self.cost = {str(row["sector_id"]): row for row in rows("costs")}
        self.decider = {
            key: min((-count, actor) for actor, count in parts)[1]
            for key, parts in shares.items()
            if parts
        }

    def same(self, table: str, place: str, column: str, said: object, worth: object) -> None:
        """Check one cell against what it should hold; absent is as good as absent only."""
        none = [_none(value) for value in (said, worth)]
        broken = none[0] != none[1] or (not none[0] and str(said) != str(worth))
        shown = ["—" if absent else str(v) for absent, v in zip(none, (said, worth), strict=True)]
        self.check(
            "cell", place, broken=broken, table=table, column=column, said=shown[0], worth=shown[1]
        )

    def programme(self) -> None:
        """Check who decides, the tranche, the rank, and that the decision goes with the phase."""
        tranche = {str(row["zone_id"]): row["tranche"] for row in self.rows("zones")}
        rank, signed = self._ranks(), {
            str(row["epci_siren"])
            for row in self.rows("ballots")
            if not _none(row.get("sectors_sha256"))
        }  # fmt: skip
        for key, row in sorted(self.decided.items()):
            if key not in self.sector:
                continue
            actor, zone = self.decider.get(key), self.sector[key]["zone_id"]
            decision, phase = str(row["decision"]), str(row["phase"])
            if actor is not None:
                self.same("programme", key, "epci_siren", row["epci_siren"], actor)
            worth = None if _none(zone) else tranche.get(str(zone))
            self.same("programme", key, "tranche", row["tranche"], worth)
            if not _none(row["rank"]) or str(row["epci_siren"]) not in signed:
                worth = rank.get((str(row["epci_siren"]), key))
                said = None if _none(row["rank"]) else int(row["rank"])
                self.same("programme", key, "rank", said, worth)
            fits = {
                Phase.PHASE_1.value: decision == Decision.PHASE_1.value,
                Phase.PHASE_2.value: decision in _OF_PHASE_2,
            }
            out = decision not in {*_OF_PHASE_2, Decision.PHASE_1.value}
            self.check(
                "decision_of_phase", key, broken=not fits.get(phase, out),
                decision=Decision(decision), phase=phase,
            )  # fmt: skip

    def _ranks(self) -> dict[tuple[str, str], int]:
        """Return the rank that each actor gave, by points and approvals too; none of two forms."""
        ranks: dict[tuple[str, str], int] = {}
        for actor, forms in wishes_by_form(self.rows, self.shares).items():
            for wish, worths in forms.items() if len(forms) == 1 else ():
                places = {w: at for at, w in enumerate(sorted(set(worths.values())), start=1)}
                for key, worth in worths.items():
                    ranks[actor, key] = worth if wish == Wish.RANKED.value else places[worth]
        return ranks

    def money(self) -> None:
        """Check that a sector costs its premises × its price."""
        for key, row in sorted(self.cost.items()):
            premises = int(self.sector[key]["premises_count"]) if key in self.sector else None
            self.same("costs", key, "premises_count", int(row["premises_count"]), premises)
            worth = int(row["premises_count"]) * int(row["unit_cost_cents"])
            self.same("costs", key, "cost_cents", int(row["cost_cents"]), worth)

    def schedule(self) -> None:
        """Check premises, cost and year of what is planned."""
        for row in self.rows("schedule"):
            key = str(row["sector_id"])
            self.same("schedule", key, "year", int(row["year"]), int(str(row["quarter"])[:4]))
            if key in self.sector:
                premises = int(self.sector[key]["premises_count"])
                self.same("schedule", key, "premises_count", int(row["premises_count"]), premises)
            if key in self.cost:
                cents = int(self.cost[key]["cost_cents"])
                self.same("schedule", key, "cost_cents", int(row["cost_cents"]), cents)

    def contributions(self) -> None:
        """Check the lines of each EPCI in each zone or sector."""
        lines: dict[tuple[str, str, str], int] = defaultdict(int)
        for key, parts in self.shares.items():
            if key not in self.decided or key not in self.sector:
                continue
            zone = self.sector[key]["zone_id"]
            place = key if _none(zone) else str(zone)
            for actor, count in parts:
                lines[actor, str(self.decided[key]["phase"]), place] += count
        for row in self.rows("contributions"):
            actor, place = str(row["epci_siren"]), str(row["place_id"])
            worth = lines.get((actor, str(row["phase"]), place), 0)
            said = int(row["lines_count"])
            self.same("contributions", f"{actor}/{place}", "lines_count", said, worth)

    def balances(self) -> None:
        """Check that balances repeat envelopes and deliberations."""
        granted = {str(row["epci_siren"]): row for row in self.rows("envelopes")}
        voted = {str(row["epci_siren"]): row for row in self.rows("deliberations")}
        for row in self.rows("balances"):
            actor = str(row["epci_siren"])
            if actor in granted and not _none(row["unit"]):
                self.same("balances", actor, "unit", row["unit"], granted[actor]["unit"])
            if actor in voted:
                said = voted[actor]
                self.same("balances", actor, "deliberation", row["deliberation"], said["state"])
                if not _none(row["voted_on"]):
                    self.same("balances", actor, "voted_on", row["voted_on"], said["on"])

    def scores(self) -> None:
        """Check that a sector's score is the sum of its criteria's, and the order of scores."""
        parts: dict[str, int] = defaultdict(int)
        for row in self.rows("criteria"):
            if not _none(row["contribution_ppm"]):
                parts[str(row["sector_id"])] += int(row["contribution_ppm"])
        scored = self.rows("criteria_scores")
        better = sorted(-int(row["score_ppm"]) for row in scored)
        first: dict[int, int] = {}
        for place, score in enumerate(better, start=1):
            first.setdefault(score, place)
        for row in scored:
            key, said = str(row["sector_id"]), int(row["score_ppm"])
            self.same("criteria_scores", key, "score_ppm", said, parts.get(key))
            self.same("criteria_scores", key, "rank", int(row["rank"]), first[-said])
        value = {
            str(row["sector_id"]): int(row["value"])
            for row in self.rows("decision_scores")
            if int(row["position"]) == 1
        }
        for row in self.rows("decisions"):
            key = str(row["sector_id"])
            if key not in self.decided:
                self.check("once", key, broken=True)
                continue
            chosen = str(self.decided[key]["phase"]) == Phase.PHASE_2.value
            self.same("decisions", key, "chosen", bool(row["chosen"]), chosen)
            self.same("decisions", key, "epci_siren", row["epci_siren"], self.decider.get(key))
            premises = int(self.sector[key]["premises_count"])
            self.same("decisions", key, "lines_count", int(row["lines_count"]), premises)
            if value:
                self.same("decisions", key, "votes", int(row["votes"]), value.get(key))
