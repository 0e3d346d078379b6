"""The exact programme, judged from the tables of a plan: each of its rules and each objective.

Nothing is shared with what states or solves the question: neighbours are found again from the
shapes of the sectors, chains walked, lines, thousands of euros and votes added up from the tables
and the scenario alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Any, Final

import pandas as pd
import shapely

from planner.choice import Quantity, Unit
from planner.scenario import Scenario
from planner.texts import Message
from planner.vocab import AreaKind, Decision, DeliberationState, Phase, Wish

__all__ = ["Exact", "judge_exact"]

Rows = Callable[[str], list[dict[str, Any]]]
Pair = tuple[str, str]
Limit = tuple[str, int, int, Unit, Message]
_CENTS_PER_KEUR: Final = 100_000
_PER_MILLE: Final = 1000
_NEAR_M: Final = 0.5
"""Length of a common border from which two sectors are neighbours, in metres."""
_ROUNDING_M: Final = 1e-3
"""How far two measures of one border may be from each other, in metres."""
_LOOSEST_GAP: Final = Fraction(1, 1000)
"""What an answer across EPCI, or with years, may miss at most when it says that it is near."""
_MIN: Final = "cost"
_UNITS: Final = {"votes": "votes", "criteria": "score", "cost": "keur", "compactness": "m"}
_YEARLY: Final = frozenset({"votes", "criteria"})


def judge_exact(
    tables: Mapping[str, pd.DataFrame], rows: Rows, scenario: Scenario, check: Callable[..., None]
) -> Exact | None:
    """Check wishes, contiguity, ceilings, parity, years, and the value and proof of objectives.

    Parameters
    ----------
    tables
        Tables of a plan; ``sectors`` with their shapes.
    rows
        Returns the rows of a table by its name.
    scenario
        What was asked; nothing is checked under another rule than the exact one.
    check
        Takes a rule, a place and ``broken``, then the values that its words need.

    Returns
    -------
    Exact or None
        What the tables say of the question, for those who judge what follows from it.
    """
    if scenario.programme.rule != "exact":
        return None
    judge = Exact(tables, rows, scenario, check)
    judge.wishes()
    judge.ceilings()
    judge.contiguity()
    judge.years()
    judge.objectives()
    return judge


class Exact:
    """What the tables say of the question and of its answer."""

    def __init__(
        self,
        tables: Mapping[str, pd.DataFrame],
        rows: Rows,
        scenario: Scenario,
        check: Callable[..., None],
    ) -> None:
        self.rows, self.rules, self.check = rows, scenario.programme, check
        self.sector = {str(row["sector_id"]): row for row in rows("sectors")}
        self.lines: dict[Pair, int] = {}
        for row in rows("sector_shares"):
            key, count = str(row["sector_id"]), int(row["premises_count"])
            siren: Any = row["epci_siren"]
            none = siren == "" or bool(pd.isna(siren))
            if count > 0:
                actor = f"D{self.sector[key]['departement']}" if none else str(siren)
                self.lines[key, actor] = count
        self.decider: dict[str, str] = {}
        for (key, actor), _ in sorted(self.lines.items(), key=lambda one: (-one[1], one[0])):
            self.decider.setdefault(key, actor)
        self.candidates = {k for k in self.decider if pd.isna(self.sector[k]["zone_id"])}
        self.chosen = {
            str(row["sector_id"])
            for row in rows("programme")
            if str(row["phase"]) == Phase.PHASE_2.value
        }
        self.points: dict[str, int] = defaultdict(int)
        for row in rows("sector_points"):
            key, actor = str(row["sector_id"]), str(row["epci_siren"])
            self.points[key] += int(row["points"]) * self.lines.get((key, actor), 0)
        self.units = dict(_UNITS)
        self._halve({int(row["scale"]) for row in rows("sector_points")})
        self.keur = {
            str(row["sector_id"]): -(-int(row["cost_cents"]) // _CENTS_PER_KEUR)
            for row in rows("costs")
        }
        self.required, self.refused = self._wanted()
        self.opens = {str(row["sector_id"]): int(row["year"]) for row in rows("opening_years")}
        self.shapes = tables.get("sectors", pd.DataFrame()).get("geometry")
        self.keys = [str(row["sector_id"]) for row in rows("sectors")]
        self._borders: dict[Pair, float] | None = None
        self._near: dict[str, set[str]] | None = None
        self._starts: set[str] | None = None

    def _halve(self, scales: set[int]) -> None:
        """Count whole votes, or halves where ties make some: points are written in halves."""
        for scale in scales if len(scales) == 1 else ():
            if all(self.points[key] % scale == 0 for key in self.candidates):
                for key in self.points:
                    self.points[key] //= scale
            elif scale == 2:  # noqa: PLR2004 (halves)
                self.units["votes"] = "half_votes"

    def _wanted(self) -> tuple[set[str], set[str]]:
        """Return what deciders require and what anyone concerned refuses, by votes that count."""
        voted = {
            str(row["epci_siren"])
            for row in self.rows("deliberations")
            if row["state"] == DeliberationState.VOTED.value
        }
        required, refused = set(), set()
        for row in self.rows("ballots"):
            actor, key = str(row["epci_siren"]), str(row["sector_id"])
            if actor not in voted or key not in self.candidates:
                continue
            if row["wish"] == Wish.REFUSED.value and (key, actor) in self.lines:
                refused.add(key)
            elif row["wish"] == Wish.REQUIRED.value and self.decider[key] == actor:
                required.add(key)
        return required - refused, refused

    def borders(self) -> dict[Pair, float] | None:
        """Return the common border of each pair of neighbours, in metres; None without shapes."""
        if self._borders is None and self.shapes is not None and not self.shapes.isna().any():
            shapes = self.shapes.to_numpy()
            tree = shapely.STRtree(shapes)
            one, other = tree.query(shapes, predicate="intersects")
            ordered = one < other
            one, other = one[ordered], other[ordered]
            edges = shapely.boundary(shapes)
            metres = shapely.length(shapely.intersection(edges[one], edges[other]))
            self._borders = {
                (self.keys[i], self.keys[j]): length
                for i, j, length in zip(one.tolist(), other.tolist(), metres.tolist(), strict=True)
                if length >= _NEAR_M
            }
        return self._borders

    def wishes(self) -> None:
        """Check that what is required is in, and that what nobody asked for is out."""
        for key in sorted(self.required):
            self.check("required", key, broken=key not in self.chosen)
        for row in sorted(self.rows("programme"), key=lambda one: str(one["sector_id"])):
            key, said = str(row["sector_id"]), str(row["decision"])
            if key in self.chosen:
                due = Decision.REQUIRED if key in self.required else Decision.CHOSEN
                self.check("decision", key, broken=said != due.value, said=Decision(said), due=due)
        for key in sorted(self.chosen):
            self.check("unknown_sector", key, broken=key not in self.candidates)
            if self.rules.unranked == "out":
                asked = self.points[key] > 0 or key in self.required
                self.check("unasked", key, broken=not asked)

    def _limit(self, name: str, worth: int, most: int, unit: Unit, words: Message) -> None:
        over = max(worth - most, 0)
        self.check(
            "limit", name, broken=over > 0, excess=over, amount=Quantity(over, unit), words=words
        )

    def _count(self, keys: Iterable[str], code: str = "region") -> int:
        """Return the lines of some sectors, of one département where it is named."""
        inside = (self.sector[key] for key in keys if key in self.sector)
        return sum(
            int(row["premises_count"])
            for row in inside
            if code in {"region", str(row["departement"])}
        )

    def ceilings(self) -> None:
        """Lines, euros, and parity of the phase."""
        for name, worth, most, unit, words in self.limits(self.chosen):
            self._limit(name, worth, most, unit, words)

    def limits(self, taken: set[str]) -> list[Limit]:
        """Return each ceiling of the phase: its name, what is used, the most, unit and words."""
        rules, found = self.rules, list[Limit]()
        for code, most in sorted(rules.capacity_lines.items()):
            place = Message.of("programme.whole_region") if code == "region" else code
            words = Message.of("programme.limit_capacity", lines=most, code=place)
            found.append((f"capacity.{code}", self._count(taken, code), most, "lines", words))
        if rules.budget_eur is not None:
            spent = sum(self.keur.get(key, 0) for key in taken)
            words = Message.of("programme.limit_budget", amount=rules.budget_eur * 100)
            found.append(("budget.region", spent, rules.budget_eur // 1000, "keur", words))
        if rules.parity_tolerance_share is not None:
            share = rules.parity_tolerance_share
            country = {
                key
                for key in taken & set(self.sector)
                if str(self.sector[key]["area_kind"]) == AreaKind.RURAL.value
            }
            rural, urban = self._count(country), self._count(taken - country)
            room = round(share * _PER_MILLE) * (rural + urban)
            for name, apart in (("rural", rural - urban), ("urban", urban - rural)):
                words = Message.of(f"programme.limit_parity_{name}", share=share)
                worth = apart * _PER_MILLE - room
                found.append((f"parity.{name}", worth, 0, "part_lines", words))
        return found

    def year_limits(self, taken: set[str]) -> list[Limit]:
        """Return each ceiling of a year, ``taken`` being what opens in it."""
        asked, found = self.rules.years, list[Limit]()
        if asked is None:
            return found
        for code, most in sorted(asked.lines_per_year.items()):
            place = Message.of("programme.whole_region") if code == "region" else code
            words = Message.of("programme.limit_capacity", lines=most, code=place)
            found.append((f"capacity.{code}", self._count(taken, code), most, "lines", words))
        if asked.budget_eur_per_year is not None:
            most = asked.budget_eur_per_year
            words = Message.of("programme.limit_budget", amount=most * 100)
            spent = sum(self.keur.get(key, 0) for key in taken)
            found.append(("budget.region", spent, most // 1000, "keur", words))
        return found

    def contiguity(self) -> None:
        """Whatever is open at the end, and at the end of each year, is reached."""
        if self.rules.contiguity == "none":
            return
        reach = self._lost_on_feeders if self.rules.contiguity == "feeder" else self._lost_in_chains
        if self.rules.contiguity != "feeder" and self.borders() is None:
            self.check("shapes", "—", broken=True)
            return
        lost = reach(self.chosen)
        for key in sorted(self.chosen):
            self.check("contiguity", key, broken=key in lost)
        for year in sorted(set(self.opens.values())):
            now = {key for key in self.chosen if self.opens.get(key, year) <= year}
            lost = reach(now)
            for key in sorted(now):
                self.check("year.contiguity", key, broken=key in lost, year=year)

    def before(self) -> dict[str, str]:
        """Return the candidate on whose feeder each candidate waits, where there is one."""
        before = {
            str(row["sector_id"]): str(row["feeder_id"])
            for row in self.rows("feeders")
            if not pd.isna(row["feeder_id"])
        }
        return {key: first for key, first in before.items() if first in self.candidates}

    def _lost_on_feeders(self, taken: set[str]) -> set[str]:
        before = self.before()
        return {key for key in taken if key in before and before[key] not in taken}

    def near(self) -> dict[str, set[str]]:
        """Return the neighbours of each sector."""
        if self._near is None:
            self._near = defaultdict(set)
            for one, other in self.borders() or {}:
                self._near[one].add(other)
                self._near[other].add(one)
        return self._near

    def spread(self, start: Iterable[str], *, own: bool, among: set[str]) -> set[str]:
        """Return what follows from ``start`` among some sectors, by one decider where asked."""
        near, seen = self.near(), set(start)
        waiting = list(seen)
        while waiting:
            key = waiting.pop()
            for other in near[key] & among:
                if other in seen or (own and self.decider[other] != self.decider[key]):
                    continue
                seen.add(other)
                waiting.append(other)
        return seen

    def starts(self) -> set[str]:
        """Return the candidates reached by themselves: beside phase 1, or where an island lands."""
        if self._starts is not None:
            return self._starts
        near = self.near()
        built = {key for key, row in self.sector.items() if not pd.isna(row["zone_id"])}
        touching = {key for key in self.candidates if near[key] & built}
        mine = self.rules.contiguity == "within_epci"
        landing, left = set(), self.candidates - self.spread(
            touching, own=mine, among=self.candidates
        )  # fmt: skip
        while left:
            group = self.spread([min(left)], own=True, among=self.candidates)
            allowed = {key for key in group if not self.is_out(key)} or group
            landing.add(min(allowed, key=lambda k: (-int(self.sector[k]["premises_count"]), k)))
            left -= group
        self._starts = touching | landing
        return self._starts

    def _lost_in_chains(self, taken: set[str]) -> set[str]:
        """Return what neither touches phase 1, nor lands on an island, nor follows what does."""
        known = taken & self.candidates
        mine = self.rules.contiguity == "within_epci"
        return taken - self.spread(self.starts() & known, own=mine, among=known)

    def is_out(self, key: str) -> bool:
        """Return whether a wish, or that nobody asked, keeps a candidate out of any programme."""
        unasked = self.points[key] == 0 and key not in self.required
        return key in self.refused or (self.rules.unranked == "out" and unasked)

    def years(self) -> None:
        """Each chosen sector opens in one of the years asked, under the ceilings of that year."""
        asked = self.rules.years
        first, count = (asked.first, asked.count) if asked is not None else (0, 0)
        for key in sorted(set(self.opens) | (self.chosen if asked is not None else set())):
            year = self.opens.get(key)
            known = year is not None and first <= year < first + count and key in self.chosen
            self.check("year.unknown", key, broken=not known, year=year if year is not None else 0)
        if asked is None:
            return
        for year in range(first, first + count):
            now = {key for key in self.chosen if self.opens.get(key) == year}
            for name, worth, most, unit, words in self.year_limits(now):
                over = max(worth - most, 0)
                self.check(
                    "year.limit", f"{name}@{year}", broken=over > 0, excess=over, year=year,
                    words=words, amount=Quantity(over, unit),
                )  # fmt: skip

    def objectives(self) -> None:
        """Each objective is worth what the proof says, and its bound and status don't deny it."""
        score = {
            str(row["sector_id"]): round(Fraction(int(row["score_ppm"]), 1000))
            for row in self.rows("criteria_scores")
        }
        asked = [name for name in self.rules.objectives if score or name != "criteria"]
        self._scores(asked, score)
        proof = sorted(self.rows("programme_proof"), key=lambda row: int(row["position"]))
        if not proof and not self.chosen:
            return  # nothing was found in the time allowed, and nothing is claimed
        said = [(int(row["position"]), str(row["objective"])) for row in proof]
        self.check("stages", "—", broken=said != list(enumerate(asked, start=1)))
        for row in proof:
            name = str(row["objective"])
            if name in asked:
                unit = self.units.get(name, "")
                there = str(row.get("unit", unit))
                self.check(
                    "cell", name, broken=there != unit, table="programme_proof", column="unit",
                    said=there, worth=unit,
                )  # fmt: skip
                self._value(name, row, score)
                self._claims(name, row)

    def _value(self, name: str, row: dict[str, Any], score: Mapping[str, int]) -> None:
        said = int(row["value"])
        if name == "compactness":
            if self.borders() is None:
                self.check("shapes", "—", broken=True)
                return
            least, most = self._compactness()
        else:
            own = self._own(score)
            least = most = sum(
                own[name](key) * self._times(name, key) for key in self.chosen & set(self.sector)
            )
        worth = min(max(said, least), most)
        self.check(
            "stage.value", name, broken=said != worth, excess=said - worth, said=said, worth=worth
        )

    def _own(self, score: Mapping[str, int]) -> dict[str, Callable[[str], int]]:
        """Return what one chosen sector is worth by itself under each objective."""
        return {
            "votes": lambda key: self.points[key],
            "criteria": lambda key: score.get(key, 0) * int(self.sector[key]["premises_count"]),
            "cost": lambda key: self.keur.get(key, 0),
            "compactness": lambda _: 0,
        }

    def _scores(self, asked: Iterable[str], score: Mapping[str, int]) -> None:
        """Check what is said of the worth of each candidate, under each objective."""
        own = self._own(score)
        said = {
            (str(row["objective"]), str(row["sector_id"])): int(row["value"])
            for row in self.rows("decision_scores")
        }
        for name in asked:
            for key in sorted(self.candidates):
                place = f"{key}/{name}"
                if (name, key) not in said:
                    self.check("missing_row", place, broken=True, table="decision_scores")
                    continue
                there, worth = said[name, key], own[name](key)
                self.check(
                    "cell", place, broken=there != worth, table="decision_scores",
                    column="value", said=there, worth=worth,
                )  # fmt: skip

    def _times(self, name: str, key: str) -> int:
        """Return at the end of how many years a sector is open, where the objective counts them."""
        asked = self.rules.years
        if asked is None or name not in _YEARLY or key not in self.opens:
            return 1
        return max(asked.first + asked.count - self.opens[key], 0)

    def _compactness(self) -> tuple[int, int]:
        """Return the least and most whole metres of borders inside what is chosen, by decider.

        Each border is rounded, and two measures of one may fall on either side of a half.
        """
        least = most = 0
        for (one, other), metres in (self.borders() or {}).items():
            if {one, other} <= self.chosen and self.decider.get(one) == self.decider.get(other):
                least += max(1, round(metres - _ROUNDING_M))
                most += max(1, round(metres + _ROUNDING_M))
        return least, most

    def _claims(self, name: str, row: dict[str, Any]) -> None:
        status, value = str(row["status"]), int(row["value"])
        if pd.isna(row["bound"]):
            claims = status != "time_limit" or not pd.isna(row["gap_share"])
            self.check("stage.bound_missing", name, broken=claims)
            return
        bound = int(row["bound"])
        room = value - bound if name == _MIN else bound - value
        self.check("stage.bound", name, broken=room < 0, excess=-room, bound=bound, said=value)
        optimal = status == "optimal"
        self.check(
            "stage.optimal", name, broken=room >= 0 and optimal != (room == 0),
            excess=room, bound=bound, said=value,
        )  # fmt: skip
        most = max(Fraction(self.rules.gap_share), _LOOSEST_GAP) * abs(bound)
        far = status == "within_gap" and room > most
        self.check("stage.gap", name, broken=far, gap=room / max(abs(bound), 1))
        gap = row["gap_share"]
        differs = pd.isna(gap) or abs(float(gap) - abs(room) / max(abs(bound), 1)) > 1e-9  # noqa: PLR2004
        self.check("stage.gap_said", name, broken=bool(differs))
