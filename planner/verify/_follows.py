"""What tables let count again beside the rules: criteria, coverage, calendar, names."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Any, Final

import pandas as pd
import shapely

from planner.scenario import CriterionRule
from planner.verify._ground import Ground, is_none
from planner.vocab import Level, Phase, RegulatoryZone, SectorStage

__all__ = ["judge_follows"]

_PPM: Final = 1_000_000
_NEAR: Final = 1e-9
_LEAST_BORDER_M: Final = 0.11
"""Two measures of a border, each rounded to the decimetre, may be this far apart, in metres."""
_HALF: Final = Fraction(1, 2) + Fraction(1, 1000)
"""How far a mark that is rounded is from what it rounds, a float beneath it."""
_UNITS: Final[Mapping[str, str]] = {
    "under_3_mbps": "", "under_8_mbps": "", "under_30_mbps": "", "businesses": "premises",
    "public_sites": "sites", "town_country_balance": "", "contiguity": "m", "cost_per_line": "EUR",
}  # fmt: skip
_LOWER_FIRST: Final = frozenset({"cost_per_line"})
_PARTS: Final = (
    "private_count", "phase_1_count", "phase_2_count", "phase_3_count", "unassigned_count",
)  # fmt: skip
_STATES: Final = (
    "targeted_count", "agreement_signed_count", "in_progress_count",
    "serviceable_on_demand_count", "serviceable_count", "abandoned_count", "stateless_count",
)  # fmt: skip
_BUILT: Final = frozenset({Phase.PHASE_1.value, Phase.PHASE_2.value, Phase.PHASE_3.value})


def judge_follows(ground: Ground) -> None:
    """Check criteria, coverage, what is planned and when, names, lines for an inhabitant.

    Parameters
    ----------
    ground
        The tables; it keeps what is broken.
    """
    judge = _Follows(ground)
    judge.values()
    judge.marks()
    judge.coverage()
    judge.stages()
    judge.made_up()
    judge.names()
    judge.people()
    if ground.scenario.schedule.rule != "works":
        judge.planned()
        judge.quarters()


class _Follows:
    def __init__(self, ground: Ground) -> None:
        self.on = ground
        self.criteria: dict[str, dict[str, float]] = defaultdict(dict)
        for row in ground.rows("criteria"):
            self.criteria[str(row["criterion"])][str(row["sector_id"])] = float(row["value"])
        self.left = sorted(key for key, row in ground.sector.items() if is_none(row["zone_id"]))

    def near(
        self, table: str, place: str, column: str, said: Any, worth: Fraction | float | None,  # noqa: ANN401
        room: float = _NEAR,
    ) -> None:  # fmt: skip
        """Check a number that a float holds."""
        exact = None if worth is None else float(worth)
        if not is_none(said) and exact is not None:
            said = exact if abs(float(said) - exact) <= room * max(1.0, abs(exact)) else float(said)
        self.on.cell(table, place, column, said, exact)

    def values(self) -> None:
        """Check the values of the criteria whose source is among the tables."""
        known: dict[str, Callable[[], Mapping[str, Fraction | float]]] = {
            "town_country_balance": self._balance,
            "cost_per_line": self._cost_per_line,
            "contiguity": self._contiguity,
        }
        for name, said in sorted(self.criteria.items()):
            if name not in known:
                continue
            worth = known[name]()
            room = _LEAST_BORDER_M if name == "contiguity" else 0.0
            for key, value in sorted(said.items()):
                if key in worth:
                    near = value if abs(value - float(worth[key])) <= room else worth[key]
                    self.near("criteria", f"{key}/{name}", "value", value, near)

    def _balance(self) -> dict[str, Fraction]:
        every: dict[tuple[str, str], int] = defaultdict(int)
        later: dict[tuple[str, str], int] = defaultdict(int)
        kind = {
            key: (str(row["departement"]), str(row["area_kind"]))
            for key, row in self.on.sector.items()
        }
        for key, row in self.on.sector.items():
            every[kind[key]] += int(row["premises_count"])
            if is_none(row["zone_id"]):
                later[kind[key]] += int(row["premises_count"])
        return {k: Fraction(later[kind[k]], every[kind[k]]) for k in self.left if every[kind[k]]}

    def _cost_per_line(self) -> dict[str, Fraction]:
        return {
            str(row["sector_id"]): Fraction(int(row["cost_cents"]), 100 * lines)
            for row in self.on.rows("costs")
            if (lines := int(row["premises_count"])) > 0
        }

    def _contiguity(self) -> dict[str, float]:
        frame = self.on.tables.get("sectors", pd.DataFrame())
        shapes = frame.get("geometry")
        if shapes is None or shapes.isna().any():
            return {}
        edges = dict(zip(frame["sector_id"].astype(str), shapely.boundary(shapes.to_numpy()),
                         strict=True))  # fmt: skip
        built = [key for key in edges if not is_none(self.on.sector[key]["zone_id"])]
        tree = shapely.STRtree([edges[key] for key in built])
        metres = {}
        for key in self.left:
            beside = tree.query(edges[key], predicate="intersects")
            shared = [shapely.intersection(edges[key], edges[built[at]]) for at in beside.tolist()]
            metres[key] = float(sum(shapely.length(one) for one in shared))
        return metres

    def marks(self) -> None:
        """Check what values are worth, and the weight of each criterion."""
        each = self.on.scenario.criteria.each
        weights = _shared_out({name: each[name].weight for name in self.criteria if name in each})
        worth = {
            name: _marks(values, each[name], lower=name in _LOWER_FIRST)
            for name, values in self.criteria.items()
            if name in each
        }
        rows = self.on.rows("criteria")
        for row in rows:
            name, key = str(row["criterion"]), str(row["sector_id"])
            place, mark = f"{key}/{name}", worth.get(name, {}).get(key)
            if mark is None:
                self.on.cell("criteria", place, "criterion", name, None)
                continue
            said = int(row["normalised_ppm"])
            near = said if abs(said - mark) <= _HALF else round(mark)
            self.on.cell("criteria", place, "normalised_ppm", said, near)
            unit = _UNITS.get(name, each[name].unit)
            there = "" if is_none(row["unit"]) else str(row["unit"])
            self.on.cell("criteria", place, "unit", there, unit)
            self.on.cell("criteria", place, "weight_ppm", int(row["weight_ppm"]), weights[name])
        for name, values in sorted(self.criteria.items()):
            for key in self.left:
                if int(self.on.sector[key]["premises_count"]) > 0:
                    place = f"{key}/{name}"
                    self.on.check("missing_row", place, broken=key not in values, table="criteria")

    def coverage(self) -> None:
        """Check that parts and states make the whole, the rate, and the sums of territories."""
        levels: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
        every = Counter(str(row["referential"]) for row in self.on.rows("coverage"))
        said_by = every.most_common(1)[0][0] if every else None
        for row in self.on.rows("coverage"):
            place = f"{row['level']}/{row['code']}"
            day = str(pd.Timestamp(row["on"]).date())
            due = str(self.on.scenario.reference_date)
            self.on.cell("coverage", place, "on", day, due)
            self.on.cell("coverage", place, "referential", row["referential"], said_by)
            levels[str(row["level"])][str(row["code"])] = row
            whole = int(row["premises_count"])
            for columns in (_PARTS, _STATES):
                if not any(is_none(row[column]) for column in columns):
                    total = sum(int(row[column]) for column in columns)
                    self.on.cell("coverage", place, "premises_count", whole, total)
            if is_none(row["denominator_count"]):
                continue
            base = int(row["denominator_count"])
            public = whole if is_none(row["private_count"]) else whole - int(row["private_count"])
            worth = base if base in {whole, public} else whole
            self.on.cell("coverage", place, "denominator_count", base, worth)
            if not is_none(row["serviceable_count"]):
                rate = Fraction(int(row["serviceable_count"]), base) if base else None
                self.near("coverage", place, "coverage_rate", row["coverage_rate"], rate)
        self._tranches(levels[Level.SECTOR.value])
        zone = {key: row["zone_id"] for key, row in self.on.sector.items()}
        home = {str(row["insee"]): row["epci_siren"] for row in self.on.rows("communes")}
        for level, below, of in (
            (Level.ZONE.value, Level.SECTOR.value, zone),
            (Level.EPCI.value, Level.COMMUNE.value, home),
        ):
            self._sums(levels[level], levels[below], of, level)

    def _tranches(self, sectors: Mapping[str, dict[str, Any]]) -> None:
        """Check in which tranche each sector's premises are counted, and that none is left out."""
        for key in sorted(self.on.sector) if sectors else ():
            self.on.check("missing_row", key, broken=key not in sectors, table="coverage")
        for key, row in sorted(sectors.items()):
            decided = self.on.decided.get(key)
            tranche = None if decided is None or is_none(decided["tranche"]) else int(
                decided["tranche"]
            )  # fmt: skip
            for one in (1, 2):
                column = f"phase_1_tranche_{one}_count"
                if not is_none(row[column]):
                    worth = int(row["phase_1_count"]) if tranche == one else 0
                    self.on.cell("coverage", f"sector/{key}", column, int(row[column]), worth)

    def _sums(
        self,
        above: Mapping[str, dict[str, Any]],
        below: Mapping[str, dict[str, Any]],
        of: Mapping[str, Any],
        level: str,
    ) -> None:
        """Check that each territory counts what its parts do."""
        parts: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for code, row in below.items():
            if not is_none(of.get(code)):
                parts[str(of[code])].append(row)
        for code, row in sorted(above.items()) if below else ():
            for column in (name for name in row if name.endswith("_count")):
                there = [one[column] for one in parts[code]]
                if not is_none(row[column]) and not any(map(is_none, there)):
                    worth = sum(int(value) for value in there)
                    self.on.cell("coverage", f"{level}/{code}", column, int(row[column]), worth)

    def _stage_now(self) -> dict[str, str]:
        """Return the stage of the works of each sector on the day, where it is known."""
        day = pd.Timestamp(self.on.scenario.reference_date)
        last: dict[str, tuple[Any, str]] = {}
        for row in self.on.rows("stage_changes"):
            key, on = str(row["sector_id"]), pd.Timestamp(row["on"])
            if on <= day and (key not in last or on >= last[key][0]):
                last[key] = (on, str(row["stage"]))
        return {key: stage for key, (_, stage) in last.items()}

    def stages(self) -> None:
        """Check the premises of each sector at each stage of the works, and those of the region."""
        now, total = self._stage_now(), defaultdict[str, int](int)
        rows = self.on.rows("coverage")
        columns = {f"stage_{stage}_count": stage for stage in SectorStage.codes()}
        sectors = [row for row in rows if str(row["level"]) == Level.SECTOR.value]
        for row in sectors if self.on.rows("stage_changes") else ():
            key = str(row["code"])
            for column, stage in columns.items():
                worth = int(row["premises_count"]) if now.get(key) == stage else 0
                total[column] += worth
                self.on.cell("coverage", f"sector/{key}", column, row[column], worth)
        for row in rows if total else ():
            if str(row["level"]) == Level.REGION.value:
                for column in columns:
                    place = f"region/{row['code']}"
                    self.on.cell("coverage", place, column, row[column], total[column])

    def made_up(self) -> None:
        """Check that what is drawn from made-up sectors or zones says so."""
        sectors, zones = (
            any(bool(row["synthetic"]) for row in self.on.rows(name))
            for name in ("sectors", "zones")
        )
        for table, column, due in (
            ("coverage", "code", sectors or zones),
            ("criteria", "sector_id", sectors),
            ("criteria_scores", "sector_id", sectors),
        ):
            for row in self.on.rows(table) if due else ():
                said = bool(row["synthetic"])
                self.on.cell(table, str(row[column]), "synthetic", said, due)

    def planned(self) -> None:
        """Check that what isn't built yet has its quarter, or a finding says that none holds it."""
        now = self._stage_now()
        done = {key for key, stage in now.items() if stage == SectorStage.OPEN.value}
        told = {
            str(row["place"])
            for row in self.on.rows("findings")
            if str(row["rule"]) == "schedule.unscheduled"
        }
        there = {str(row["sector_id"]) for row in self.on.rows("schedule")}
        if not self.on.rows("schedule") and not self.on.scenario.schedule.capacity:
            return
        for key, row in sorted(self.on.decided.items()):
            if str(row["phase"]) in _BUILT:
                due = key not in done | told
                self.on.check("missing_row", key, broken=due > (key in there), table="schedule")
                self.on.check("works_done", key, broken=key in done & there)

    def quarters(self) -> None:
        """Check that a quarter takes no more than what its year has released, nor too soon."""
        opens = {str(row["sector_id"]): int(row["year"]) for row in self.on.rows("opening_years")}
        used: dict[tuple[str, str], int] = defaultdict(int)
        for row in self.on.rows("schedule"):
            key, phase, quarter = str(row["sector_id"]), str(row["phase"]), str(row["quarter"])
            used[phase, quarter] += int(row["premises_count"])
            soon = key in opens and int(quarter[:4]) < opens[key]
            self.on.check("too_soon", key, broken=soon, said=quarter, worth=str(opens.get(key, 0)))
        for phase, quarter in sorted(used):
            rows = [
                row
                for row in self.on.scenario.schedule.capacity
                if row.phase == phase
                and row.first_quarter <= quarter
                and (row.last_quarter is None or quarter <= row.last_quarter)
            ]
            place = f"phase {phase}, {quarter}"
            if not rows:
                self.on.check("capacity", place, broken=True, excess=used[phase, quarter],
                              said=used[phase, quarter], worth=0)  # fmt: skip
                continue
            most = max(row.lines_per_year for row in rows) * int(quarter[6]) // 4
            said = sum(
                count
                for (other, then), count in used.items()
                if other == phase and then[:4] == quarter[:4] and then <= quarter
            )
            self.on.check(
                "capacity", place, broken=said > most, excess=said - most, said=said, worth=most
            )

    def names(self) -> None:
        """Check what an EPCI, a commune or a zone is called, and who owes a ballot."""
        epci = {str(row["siren"]): row for row in self.on.rows("epci")}
        if not epci:
            return
        held = {actor for (actor, _), count in self.on.lines.items() if count}
        for row in self.on.rows("balances"):
            actor = str(row["epci_siren"])
            other = f"Département {actor[1:]}" if actor.startswith("D") else actor
            name = epci[actor]["nom"] if actor in epci else other
            self.on.cell("balances", actor, "nom", row["nom"], name)
            public = actor not in epci or bool(epci[actor]["public_premises"])
            due = actor in held and public
            self.on.cell("balances", actor, "ballot_due", bool(row["ballot_due"]), due)
        called = {
            level: {str(row[key]): row["nom"] for row in self.on.rows(table)}
            for level, table, key in (
                (Level.REGION.value, "region", "code"),
                (Level.DEPARTEMENT.value, "departements", "code"),
                (Level.EPCI.value, "epci", "siren"),
                (Level.COMMUNE.value, "communes", "insee"),
                (Level.ZONE.value, "zones", "zone_id"),
                (Level.SECTOR.value, "sectors", "sector_id"),
            )
        }  # fmt: skip
        for row in self.on.rows("coverage"):
            level, code = str(row["level"]), str(row["code"])
            if called.get(level):
                name = called[level].get(code)
                self.on.cell("coverage", f"{level}/{code}", "nom", row["nom"], name)
        places = called[Level.ZONE.value] | called[Level.SECTOR.value]
        for row in self.on.rows("contributions"):
            place = str(row["place_id"])
            self.on.cell("contributions", place, "nom", row["nom"], places.get(place))

    def people(self) -> None:
        """Check the least lines served for an inhabitant, before and after."""
        people: dict[str, int] = defaultdict(int)
        for row in self.on.rows("communes"):
            public = str(row["regulatory_zone"]) == RegulatoryZone.PUBLIC.value
            if public and not is_none(row["epci_siren"]) and not is_none(row["population"]):
                people[str(row["epci_siren"])] += int(row["population"])
        said = {
            str(row["state"]): row
            for row in self.on.rows("fairness")
            if str(row["indicator"]) == "lines_per_inhabitant"
        }
        for when in ("before", "after") if people and self.on.rows("fairness") else ():
            row = said.get(when, {})
            place = f"{when}/lines_per_inhabitant"
            self.on.check("missing_row", place, broken=not row, table="fairness")
            if not row:
                continue
            phases = (Phase.PHASE_1.value,) if when == "before" else tuple(sorted(_BUILT))[:2]
            ratios = {
                actor: Fraction(sum(self.on.lines[actor, phase] for phase in phases), people[actor])
                for actor in {actor for (actor, _), count in self.on.lines.items() if count}
                if people.get(actor)
            }
            least = min(ratios, key=lambda one: (ratios[one], one), default=None)
            worth = None if least is None else ratios[least]
            self.near("fairness", place, "value", row["value"], worth)
            self.on.cell("fairness", place, "place", row["place"], least)


def _shared_out(weights: Mapping[str, int]) -> dict[str, int]:
    """Return whole weights brought to one million, the largest remainders first."""
    total = sum(weights.values())
    if not total:
        return dict.fromkeys(weights, 0)
    exact = {name: Fraction(weight * _PPM, total) for name, weight in weights.items()}
    whole = {name: int(value) for name, value in exact.items()}
    order = sorted(exact, key=lambda name: (whole[name] - exact[name], name))
    for name in order[: _PPM - sum(whole.values())]:
        whole[name] += 1
    return whole


def _marks(values: Mapping[str, float], rule: CriterionRule, *, lower: bool) -> dict[str, Fraction]:
    """Return what each value is worth, in millionths before rounding, as normalised."""
    exact = {key: Fraction(value) for key, value in values.items()}
    falls = lower if rule.higher_first is None else not rule.higher_first
    if rule.normalise == "thresholds":
        low, high = Fraction(str(rule.low)), Fraction(str(rule.high))
        shares = {
            k: min(max((v - low) / (high - low), Fraction(0)), Fraction(1))
            for k, v in exact.items()
        }
    elif rule.normalise == "rank":
        shares = _ranks(exact, falls=falls)
    else:
        least, most = min(exact.values()), max(exact.values())
        if least == most:
            return dict.fromkeys(exact, Fraction(0))
        shares = {k: (v - least) / (most - least) for k, v in exact.items()}
        shares = {k: 1 - v if falls else v for k, v in shares.items()}
    return {key: Fraction(share * _PPM) for key, share in shares.items()}


def _ranks(values: Mapping[str, Fraction], *, falls: bool) -> dict[str, Fraction]:
    """Return the share of the others that each one beats, half of those that it equals."""
    others = len(values) - 1
    if not others:
        return dict.fromkeys(values, Fraction(0))
    counts: dict[Fraction, int] = defaultdict(int)
    for value in values.values():
        counts[value] += 1
    worth, beaten = {}, 0
    for value in _ordered(counts, falls=falls):
        worth[value] = Fraction(2 * beaten + counts[value] - 1, 2 * others)
        beaten += counts[value]
    return {key: worth[value] for key, value in values.items()}


def _ordered(values: Iterable[Fraction], *, falls: bool) -> list[Fraction]:
    return sorted(values, reverse=falls)
