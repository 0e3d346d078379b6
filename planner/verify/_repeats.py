"""What the tables of a plan say again: balances, fairness, points, what is left, counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any, Final

import pandas as pd
import shapely

from planner.verify._ground import Ground, is_approved, is_none
from planner.vocab import AreaKind, Phase, Wish, ZoneKind

__all__ = ["how_silent", "judge_repeats", "unclear_wishes", "wishes_by_form"]

Pair = tuple[str, str]
_PHASES: Final = tuple(phase.value for phase in (Phase.PHASE_1, Phase.PHASE_2, Phase.PHASE_3))
_CENTS: Final = ("gross_cents", "credit_cents", "net_cents")
_OPEN: Final = frozenset({"chosen", "required", "envelope", "not_best", "unranked"})
"""Decisions that an exact programme makes once all of it is known."""
_FILLED: Final = {
    Wish.RANKED.value: (True, False),
    Wish.SCORED.value: (False, True),
    Wish.APPROVED.value: (False, False),
}
"""Whether a wish that says one thing has a rank, and whether it has points."""
_HALVES: Final = 2  # points of a ranking are counted in halves
_PPM: Final = 1_000_000
_M2_PER_KM2: Final = 1_000_000
_TENTH: Final = 0.1
"""Densities are written to a tenth of a premise a km²."""
_CLOSE: Final = 1e-6
"""How far two measures of one area may be from each other, as a share."""


def wishes_by_form(ground: Ground) -> dict[str, dict[str, dict[str, int]]]:
    """Return actor to form to sector to rank, less its points, or 1: the wishes that say one thing.

    Parameters
    ----------
    ground
        The tables; wishes on sectors that an actor has no part of are left out.
    """
    held = {(actor, key) for key, parts in ground.shares.items() for actor, _ in parts}
    given: dict[str, dict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    for row in ground.rows("ballots"):
        actor, key, wish = str(row["epci_siren"]), str(row["sector_id"]), str(row["wish"])
        rank: Any = row.get("rank")
        points: Any = row.get("points")
        filled = (not is_none(rank), not is_none(points))
        apart = wish != Wish.APPROVED and is_approved(row)
        if (actor, key) in held and filled == _FILLED.get(wish) and not apart:
            given[actor][wish][key] = int(rank) if filled[0] else -int(points) if filled[1] else 1
    return given


def unclear_wishes(ground: Ground) -> set[tuple[str, str]]:
    """Return actor and sector of the wishes that don't count: two things, or half of one.

    Parameters
    ----------
    ground
        The tables.
    """
    table = ground.tables.get("ballots")
    if table is None:
        return set()
    spoken = set(zip(table["epci_siren"].astype(str), table["sector_id"].astype(str), strict=True))
    for row in ground.rows("ballots"):
        if row["wish"] in {Wish.REQUIRED.value, Wish.REFUSED.value}:
            spoken.discard((str(row["epci_siren"]), str(row["sector_id"])))
    for actor, forms in wishes_by_form(ground).items():
        for keys in forms.values() if len(forms) == 1 else ():
            spoken -= {(actor, key) for key in keys}
    return spoken


def how_silent(ground: Ground, unclear: set[tuple[str, str]], actor: str, key: str) -> str:
    """Return how it is told that an actor says nothing of a sector that counts.

    Parameters
    ----------
    ground
        The tables.
    unclear
        What :func:`unclear_wishes` returned.
    actor, key
        Who decides, and the sector.
    """
    if (actor, key) in unclear:
        return "unclear"
    forms = wishes_by_form(ground).get(actor, {})
    if list(forms) == [Wish.SCORED.value] and forms[Wish.SCORED.value].get(key) == 0:
        return "no_points"
    spoken = ((str(row["epci_siren"]), str(row["sector_id"])) for row in ground.rows("ballots"))
    return (
        "other_sectors" if actor in ground.elsewhere and (actor, key) not in spoken else "unranked"
    )


def judge_repeats(ground: Ground) -> None:
    """Check what follows from other tables of a plan, and that no row of it lacks.

    Parameters
    ----------
    ground
        The tables; it keeps what is broken.
    """
    judge = _Repeats(ground)
    judge.whole()
    judge.balances()
    judge.service()
    judge.fairness()
    judge.coverage()
    judge.prices()
    judge.zones()
    judge.criteria()
    judge.points()
    if ground.scenario.programme.rule == "exact":
        judge.left()
        judge.scores()
        judge.equals()


class _Repeats:
    def __init__(self, ground: Ground) -> None:
        self.on = ground
        self.candidates = {
            key
            for key, parts in ground.shares.items()
            if key in ground.sector
            and is_none(ground.sector[key]["zone_id"])
            and any(count > 0 for _, count in parts)
        }

    def near(self, table: str, place: str, column: str, said: Any, worth: float | None) -> None:  # noqa: ANN401
        """Check a share: what is divided by others is as near as floats are."""
        if not is_none(said) and worth is not None and abs(float(said) - worth) <= 1e-9:  # noqa: PLR2004
            said = worth
        self.on.cell(table, place, column, said, worth)

    def every(self, table: str, column: str, expected: Iterable[str]) -> None:
        """Check that a table has a row for each of some keys."""
        there = {str(row[column]) for row in self.on.rows(table)}
        for key in sorted(expected):
            self.on.check("missing_row", key, broken=key not in there, table=table)

    def whole(self) -> None:
        """Check that nobody and nothing was left out of a table."""
        actors = {actor for parts in self.on.shares.values() for actor, count in parts if count}
        for table in ("balances", "epci_service"):
            self.every(table, "epci_siren", actors)
        self.every("costs", "sector_id", self.on.sector)
        if self.on.scenario.programme.rule == "exact" and self.on.decided:
            self.every("decisions", "sector_id", self.candidates)

    def balances(self) -> None:
        """Check envelopes, deliberations, and that a credit is used as far as it goes."""
        for row in self.on.rows("balances"):
            actor, room = str(row["epci_siren"]), self.on.granted_room(str(row["epci_siren"]))
            self.on.cell("balances", actor, "granted", row["granted"], room)
            unit = None if room is None else self.on.granted[actor]["unit"]
            self.on.cell("balances", actor, "unit", row["unit"], unit)
            said = self.on.state.get(actor)
            worth = None if said is None else said["state"]
            self.on.cell("balances", actor, "deliberation", row["deliberation"], worth)
            on = None if said is None else said["on"]
            self.on.cell("balances", actor, "voted_on", row["voted_on"], on)
            credit: Any = None if room is None else self.on.granted[actor]["med_credit_cents"]
            most = min(int(row["gross_cents"]), 0 if is_none(credit) else int(credit))
            self.on.cell("balances", actor, "credit_cents", int(row["credit_cents"]), most)

    def service(self) -> None:
        """Check what each EPCI is served and owes."""
        balance = {str(row["epci_siren"]): row for row in self.on.rows("balances")}
        for row in self.on.rows("epci_service"):
            actor = str(row["epci_siren"])
            one, two, three = (self.on.lines[actor, phase] for phase in _PHASES)
            total = one + two + three
            counts = {
                "lines_count": total, "served_before_count": one, "served_after_count": one + two,
            }  # fmt: skip
            for column, worth in counts.items():
                self.on.cell("epci_service", actor, column, int(row[column]), worth)
            for when, served in (("before", one), ("after", one + two)):
                column = f"served_{when}_share"
                self.near(
                    "epci_service", actor, column, row[column], served / total if total else None
                )
            for column in ("nom", *_CENTS):
                there = balance.get(actor, {}).get(column)
                self.on.cell("epci_service", actor, column, row[column], there)

    def fairness(self) -> None:
        """Check each indicator between EPCI, counted again from lines."""
        said = {(str(row["state"]), str(row["indicator"])): row for row in self.on.rows("fairness")}
        if not said:
            return
        served: dict[str, dict[str, int]] = {"before": {}, "after": {}}
        total: dict[str, int] = {}
        for actor in sorted({actor for actor, _ in self.on.lines}):
            one, two, three = (self.on.lines[actor, phase] for phase in _PHASES)
            if one + two + three:
                total[actor] = one + two + three
                served["before"][actor], served["after"][actor] = one, one + two
        for when, counts in served.items():
            share = {actor: Fraction(counts[actor], total[actor]) for actor in total}
            everyone = sum(total.values())
            mean = Fraction(sum(counts.values()), everyone) if everyone else None
            worth: dict[str, tuple[Fraction | int | None, str | None]] = {
                "mean_share": (mean, None),
                "unserved_count": (sum(count == 0 for count in counts.values()), None),
            }
            if share:
                worst = min(share, key=lambda one: (share[one], one))
                best = min(share, key=lambda one: (-share[one], one))
                worth["worst_share"] = (share[worst], worst)
                worth["best_share"] = (share[best], best)
            if mean:
                apart = _apart(share, total)
                worth["gini"] = (apart / (2 * everyone * everyone * mean), None)
            for indicator, (value, place) in sorted(worth.items()):
                row = said.get((when, indicator))
                where = f"{when}/{indicator}"
                self.on.check("missing_row", where, broken=row is None, table="fairness")
                if row is not None:
                    exact = None if value is None else float(value)
                    self.near("fairness", where, "value", row["value"], exact)
                    self.on.cell("fairness", where, "place", row["place"], place)

    def coverage(self) -> None:
        """Check the lines of each phase by sector, and that levels add up to the region."""
        levels: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
        for row in self.on.rows("coverage"):
            levels[str(row["level"])][str(row["code"])] = row
        for key, row in sorted(levels["sector"].items()):
            phase = str(self.on.decided[key]["phase"]) if key in self.on.decided else ""
            for one in _PHASES:
                worth = int(row["premises_count"]) if one == phase else 0
                if not is_none(row[f"phase_{one}_count"]):
                    said = int(row[f"phase_{one}_count"])
                    self.on.cell("coverage", f"sector/{key}", f"phase_{one}_count", said, worth)
        columns = [c for rows in self.on.rows("coverage")[:1] for c in rows if c.endswith("_count")]
        for level in ("departement", "commune"):
            for code, row in sorted(levels["region"].items()):
                for column in columns:
                    parts = [one[column] for one in levels[level].values()]
                    if parts and not is_none(row[column]) and not any(map(is_none, parts)):
                        worth = sum(int(part) for part in parts)
                        self.on.cell("coverage", f"{level}/{code}", column, int(row[column]), worth)

    def prices(self) -> None:
        """Check that a sector is in the class of its density, at its price."""
        self._densities()
        book = {str(row["density_class"]): row for row in self.on.rows("prices")}
        for row in self.on.rows("costs"):
            key, price = str(row["sector_id"]), book.get(str(row["density_class"]))
            if price is None:
                if book:
                    self.on.cell("costs", key, "density_class", row["density_class"], None)
                continue
            worth = int(price["cost_cents_per_premise"])
            self.on.cell("costs", key, "unit_cost_cents", int(row["unit_cost_cents"]), worth)
            density, most = float(row["density_per_km2"]), price["density_max_per_km2"]
            inside = float(price["density_min_per_km2"]) <= density
            inside &= is_none(most) or density < float(most)
            said = str(row["density_class"])
            self.on.cell(
                "costs", key, "density_class", said, said if inside else f"{density:g} / km²"
            )

    def _densities(self) -> None:
        """Check that a density is the premises of a sector on its area, where shapes are known."""
        sectors = self.on.tables.get("sectors", pd.DataFrame())
        if "geometry" not in sectors or sectors["geometry"].isna().any():
            return
        areas = shapely.area(sectors["geometry"].to_numpy())
        area = dict(zip(sectors["sector_id"].astype(str), areas.tolist(), strict=True))
        for row in self.on.rows("costs"):
            key, said = str(row["sector_id"]), float(row["density_per_km2"])
            if not area.get(key):
                continue
            worth = int(self.on.sector[key]["premises_count"]) * _M2_PER_KM2 / area[key]
            near = abs(said - worth) <= _TENTH / 2 + _CLOSE * worth
            self.on.cell("costs", key, "density_per_km2", said, said if near else round(worth, 1))

    def zones(self) -> None:
        """Check how many sectors and premises a zone has, and that a town's are urban."""
        counts: dict[str, list[int]] = defaultdict(list)
        kinds: dict[str, set[str]] = defaultdict(set)
        for row in self.on.sector.values():
            if not is_none(row["zone_id"]):
                counts[str(row["zone_id"])].append(int(row["premises_count"]))
                kinds[str(row["zone_id"])].add(str(row["area_kind"]))
        for row in self.on.rows("zones"):
            key = str(row["zone_id"])
            self.on.cell("zones", key, "sectors_count", int(row["sectors_count"]), len(counts[key]))
            self.on.cell(
                "zones", key, "premises_count", int(row["premises_count"]), sum(counts[key])
            )
            if row["kind"] == ZoneKind.VILLE_MOYENNE.value:
                town = kinds[key] <= {AreaKind.URBAN.value}
                worth = ZoneKind.VILLE_MOYENNE if town else ZoneKind.RURAL
                self.on.cell("zones", key, "kind", row["kind"], worth.value)

    def criteria(self) -> None:
        """Check that a criterion weighs the same everywhere, and all of them the whole."""
        weights: dict[str, set[int]] = defaultdict(set)
        for row in self.on.rows("criteria"):
            name, weight = str(row["criterion"]), int(row["weight_ppm"])
            weights[name].add(weight)
            if not is_none(row["normalised_ppm"]) and not is_none(row["contribution_ppm"]):
                exact = Fraction(int(row["normalised_ppm"]) * weight, _PPM)
                said = int(row["contribution_ppm"])
                place = f"{row['sector_id']}/{name}"
                worth = said if abs(exact - said) <= 1 else round(exact)
                self.on.cell("criteria", place, "contribution_ppm", said, worth)
        total = sum(max(one) for one in weights.values())
        for name, found in sorted(weights.items()):
            self.on.cell("criteria", name, "weight_ppm", len(found), 1)
        if weights:
            self.on.cell("criteria", "—", "weight_ppm", total, _PPM)

    def points(self) -> None:
        """Check the points that each ballot gives, counted again from its wishes."""
        signed = {
            str(row["epci_siren"])
            for row in self.on.rows("ballots")
            if not is_none(row.get("sectors_sha256"))
        }
        said = {
            (str(row["epci_siren"]), str(row["sector_id"])): row
            for row in self.on.rows("sector_points")
        }
        lines = {(actor, key): n for key, parts in self.on.shares.items() for actor, n in parts}
        worth: dict[Pair, int] = {}
        for actor, forms in wishes_by_form(self.on).items():
            if actor not in self.on.voted or len(forms) > 1:
                continue
            weight = self.on.scenario.concertation.weights.get(actor, 1)
            for wish, given in forms.items():
                halves = _halves(given) if wish == Wish.RANKED.value else {
                    key: _HALVES * abs(value) for key, value in given.items()
                }  # fmt: skip
                for key, value in halves.items():
                    if key in self.candidates and lines.get((actor, key), 0) > 0:
                        worth[actor, key] = value * weight
        for actor, key in sorted({*said, *worth}):
            row = said.get((actor, key))
            if row is None and actor in signed:
                continue  # a ballot made on other sectors counts for nothing
            points = (
                None if row is None else Fraction(int(row["points"]) * _HALVES, int(row["scale"]))
            )
            if row is not None:
                self.on.cell("sector_points", f"{actor}/{key}", "rule", row["rule"], "borda")
            self.on.cell(
                "sector_points", f"{actor}/{key}", "points", points, worth.get((actor, key))
            )

    def left(self) -> None:
        """Check what is left of the envelope of whoever decides, the programme being known."""
        left: dict[str, int | None] = {}
        for actor in {actor for actor, _ in self.on.lines}:
            room = self.on.granted_room(actor) if actor in self.on.voted else None
            used = self.on.need(actor, self.on.lines[actor, Phase.PHASE_2.value])
            left[actor] = None if room is None else room - used
        for key, row in sorted(self.on.decided.items()):
            actor = str(row["epci_siren"])
            if key in self.candidates and str(row["decision"]) in _OPEN and actor in left:
                self.on.cell("programme", key, "envelope_left", row["envelope_left"], left[actor])
            elif str(row["decision"]) not in _OPEN:  # settled before anything was used
                granted = self.on.granted_room(actor)
                self.on.cell("programme", key, "envelope_left", row["envelope_left"], granted)
        for row in self.on.rows("decisions"):
            key, actor = str(row["sector_id"]), str(row["epci_siren"])
            worth = left.get(actor)
            if actor in self.on.voted and worth is None:
                worth = 0
            self.on.cell("decisions", key, "envelope_left", row["envelope_left"], worth)

    def scores(self) -> None:
        """Check the rank of each sector under each objective, and among those of its decider."""
        value: dict[str, dict[str, int]] = defaultdict(dict)
        for row in self.on.rows("decision_scores"):
            value[str(row["objective"])][str(row["sector_id"])] = int(row["value"])
        best = {name: _places(name, given) for name, given in value.items()}
        asked = [o for o in self.on.scenario.programme.objectives if o in value]
        place = {str(name): at for at, name in enumerate(asked, start=1)}
        for row in self.on.rows("decision_scores"):
            name, key = str(row["objective"]), str(row["sector_id"])
            worth = best[name][key]
            self.on.cell("decision_scores", f"{key}/{name}", "rank", int(row["rank"]), worth)
            said, due = int(row["position"]), place.get(name)
            self.on.cell("decision_scores", f"{key}/{name}", "position", said, due)
        first = next(iter(self.on.scenario.programme.objectives), None)
        groups: dict[str, dict[str, int]] = defaultdict(dict)
        for row in self.on.rows("decisions"):
            groups[str(row["epci_siren"])][str(row["sector_id"])] = int(row["votes"])
        own = {actor: _places(str(first), given) for actor, given in groups.items()}
        for row in self.on.rows("decisions"):
            key, actor = str(row["sector_id"]), str(row["epci_siren"])
            self.on.cell("decisions", key, "rank", int(row["rank"]), own[actor][key])

    def equals(self) -> None:
        """Check that the count of equal programmes is the product of the choices of their parts."""
        parts = {
            int(row["part"]): (int(row["choices_count"]), bool(row["complete"]))
            for row in self.on.rows("equal_programmes")
        }
        product = 1
        for count, _ in parts.values():
            product *= count
        for row in self.on.rows("programme_proof"):
            name = str(row["objective"])
            if is_none(row.get("equal_count")):
                said = row.get("equal_complete")
                self.on.cell("programme_proof", name, "equal_complete", said, None)
            else:
                self.on.cell(
                    "programme_proof", name, "equal_count", int(row["equal_count"]), product
                )
                whole = all(complete for _, complete in parts.values())
                said = bool(row.get("equal_complete", whole))
                self.on.cell("programme_proof", name, "equal_complete", said, whole)


def _apart(share: Mapping[str, Fraction], weight: Mapping[str, int]) -> Fraction:
    """Return Σ weight × weight × difference of shares, over all pairs, by one pass in order."""
    apart, before, sums = Fraction(0), 0, Fraction(0)
    for actor in sorted(share, key=lambda one: share[one]):
        apart += weight[actor] * (before * share[actor] - sums)
        before, sums = before + weight[actor], sums + weight[actor] * share[actor]
    return 2 * apart


def _halves(ranks: Mapping[str, int]) -> dict[str, int]:
    """Return the Borda-like points of a ranking, in halves; those of one rank share theirs."""
    groups: dict[int, list[str]] = defaultdict(list)
    for key, rank in ranks.items():
        groups[rank].append(key)
    left, points = len(ranks), {}
    for rank in sorted(groups):
        tied = groups[rank]
        for key in tied:
            points[key] = 2 * left - len(tied) + 1
        left -= len(tied)
    return points


def _places(objective: str, values: Mapping[str, int]) -> dict[str, int]:
    """Return the rank of each value, the best first; equal ones share the first of theirs."""
    sign = 1 if objective == "cost" else -1
    first: dict[int, int] = {}
    for place, value in enumerate(sorted(sign * one for one in values.values()), start=1):
        first.setdefault(value, place)
    return {key: first[sign * value] for key, value in values.items()}
