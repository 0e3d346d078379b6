"""The cells of a plan that repeat or follow from others: who decides, what it costs, when."""

from __future__ import annotations

from collections import defaultdict

from planner.verify._ground import Ground, is_none
from planner.verify._repeats import wishes_by_form
from planner.vocab import Decision, Phase, Wish

__all__ = ["judge_cells"]

_OF_PHASE_2 = frozenset({Decision.REQUIRED.value, Decision.CHOSEN.value})


def judge_cells(ground: Ground) -> None:
    """Check what the tables of a plan repeat of each other, cell by cell.

    Parameters
    ----------
    ground
        The tables; it keeps what is broken.
    """
    judge = _Cells(ground)
    judge.programme()
    judge.money()
    judge.schedule()
    judge.contributions()
    judge.scores()


class _Cells:
    def __init__(self, ground: Ground) -> None:
        self.on = ground
        self.cost = {str(row["sector_id"]): row for row in ground.rows("costs")}
        self.decider = {
            key: min((-count, actor) for actor, count in parts)[1]
            for key, parts in ground.shares.items()
            if parts
        }

    def programme(self) -> None:
        """Check who decides, the tranche, the rank, and that the decision goes with the phase."""
        tranche = {str(row["zone_id"]): row["tranche"] for row in self.on.rows("zones")}
        rank, signed = self._ranks(), {
            str(row["epci_siren"])
            for row in self.on.rows("ballots")
            if not is_none(row.get("sectors_sha256"))
        }  # fmt: skip
        for key, row in sorted(self.on.decided.items()):
            if key not in self.on.sector:
                continue
            actor, zone = self.decider.get(key), self.on.sector[key]["zone_id"]
            decision, phase = str(row["decision"]), str(row["phase"])
            if actor is not None:
                self.on.cell("programme", key, "epci_siren", row["epci_siren"], actor)
            worth = None if is_none(zone) else tranche.get(str(zone))
            self.on.cell("programme", key, "tranche", row["tranche"], worth)
            if not is_none(row["rank"]) or str(row["epci_siren"]) not in signed:
                worth = rank.get((str(row["epci_siren"]), key))
                said = None if is_none(row["rank"]) else int(row["rank"])
                self.on.cell("programme", key, "rank", said, worth)
            fits = {
                Phase.PHASE_1.value: decision == Decision.PHASE_1.value,
                Phase.PHASE_2.value: decision in _OF_PHASE_2,
            }
            out = decision not in {*_OF_PHASE_2, Decision.PHASE_1.value}
            self.on.check(
                "decision_of_phase", key, broken=not fits.get(phase, out),
                decision=Decision(decision), phase=phase,
            )  # fmt: skip

    def _ranks(self) -> dict[tuple[str, str], int]:
        """Return the rank that each actor gave, by points and approvals too; none of two forms."""
        ranks: dict[tuple[str, str], int] = {}
        for actor, forms in wishes_by_form(self.on).items():
            for wish, worths in forms.items() if len(forms) == 1 else ():
                places = {w: at for at, w in enumerate(sorted(set(worths.values())), start=1)}
                for key, worth in worths.items():
                    ranks[actor, key] = worth if wish == Wish.RANKED.value else places[worth]
        return ranks

    def money(self) -> None:
        """Check that a sector costs its premises × its price."""
        for key, row in sorted(self.cost.items()):
            premises = int(self.on.sector[key]["premises_count"]) if key in self.on.sector else None
            self.on.cell("costs", key, "premises_count", int(row["premises_count"]), premises)
            worth = int(row["premises_count"]) * int(row["unit_cost_cents"])
            self.on.cell("costs", key, "cost_cents", int(row["cost_cents"]), worth)

    def schedule(self) -> None:
        """Check premises, cost and year of what is planned."""
        for row in self.on.rows("schedule"):
            key = str(row["sector_id"])
            self.on.cell("schedule", key, "year", int(row["year"]), int(str(row["quarter"])[:4]))
            if key in self.on.sector:
                premises = int(self.on.sector[key]["premises_count"])
                said = int(row["premises_count"])
                self.on.cell("schedule", key, "premises_count", said, premises)
            if key in self.cost:
                cents = int(self.cost[key]["cost_cents"])
                self.on.cell("schedule", key, "cost_cents", int(row["cost_cents"]), cents)

    def contributions(self) -> None:
        """Check the lines of each EPCI in each zone or sector."""
        lines: dict[tuple[str, str, str], int] = defaultdict(int)
        for key, parts in self.on.shares.items():
            if key not in self.on.decided or key not in self.on.sector:
                continue
            zone = self.on.sector[key]["zone_id"]
            place = key if is_none(zone) else str(zone)
            for actor, count in parts:
                lines[actor, str(self.on.decided[key]["phase"]), place] += count
        for row in self.on.rows("contributions"):
            actor, place = str(row["epci_siren"]), str(row["place_id"])
            worth = lines.get((actor, str(row["phase"]), place), 0)
            said = int(row["lines_count"])
            self.on.cell("contributions", f"{actor}/{place}", "lines_count", said, worth)

    def scores(self) -> None:
        """Check that a sector's score is the sum of its criteria's, and the order of scores."""
        parts: dict[str, int] = defaultdict(int)
        for row in self.on.rows("criteria"):
            if not is_none(row["contribution_ppm"]):
                parts[str(row["sector_id"])] += int(row["contribution_ppm"])
        scored = self.on.rows("criteria_scores")
        better = sorted(-int(row["score_ppm"]) for row in scored)
        first: dict[int, int] = {}
        for place, score in enumerate(better, start=1):
            first.setdefault(score, place)
        for row in scored:
            key, said = str(row["sector_id"]), int(row["score_ppm"])
            self.on.cell("criteria_scores", key, "score_ppm", said, parts.get(key))
            self.on.cell("criteria_scores", key, "rank", int(row["rank"]), first[-said])
        value = {
            str(row["sector_id"]): int(row["value"])
            for row in self.on.rows("decision_scores")
            if int(row["position"]) == 1
        }
        proof = self.on.rows("programme_proof")
        unit = next((row.get("unit") for row in proof if int(row["position"]) == 1), None)
        for row in self.on.rows("decisions"):
            key = str(row["sector_id"])
            if key not in self.on.decided:
                self.on.check("once", key, broken=True)
                continue
            chosen = str(self.on.decided[key]["phase"]) == Phase.PHASE_2.value
            self.on.cell("decisions", key, "chosen", bool(row["chosen"]), chosen)
            self.on.cell("decisions", key, "epci_siren", row["epci_siren"], self.decider.get(key))
            premises = int(self.on.sector[key]["premises_count"])
            self.on.cell("decisions", key, "lines_count", int(row["lines_count"]), premises)
            if value:
                self.on.cell("decisions", key, "votes", int(row["votes"]), value.get(key))
                self.on.cell("decisions", key, "votes_unit", row.get("votes_unit"), unit)
