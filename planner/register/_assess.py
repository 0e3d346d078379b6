"""Each request before each written rule; the most severe answer prevails, all reasons stay."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd

from planner.io.register_rules import RegisterRules
from planner.register._changes import years_later
from planner.register._distance import Supports, distance_along, distance_straight
from planner.register._duplicates import find_duplicates
from planner.schemas import contract
from planner.sector_names import sector_names
from planner.spatial import PolygonIndex
from planner.texts import Message, call_sector
from planner.vocab import (
    Eligibility,
    PlaceSource,
    RegulatoryZone,
    RequesterKind,
    Solution,
    SupplyEvidence,
)

__all__ = ["Assessment", "PlannedFibre", "assess_requests", "dated_sectors"]

NO, OPEN_QUESTION, YES = Eligibility.NOT_ELIGIBLE, Eligibility.UNDECIDED, Eligibility.ELIGIBLE
_SEVERITY: Final = {answer: position for position, answer in enumerate(Eligibility)}
_MONTHS: Final = 12


@dataclass(frozen=True, kw_only=True, eq=False)
class PlannedFibre:
    """What the plan says of fibre, as the register needs it.

    Parameters
    ----------
    name
        Name of the plan, for the journal.
    communes
        Contract ``communes``: the territory, and who may build where.
    sectors
        Contract ``sectors``.
    schedule
        Contract ``schedule``: the quarter of each sector; a sector that isn't in it has no date.
    opened
        Sectors that are open already.
    """

    name: str
    communes: gpd.GeoDataFrame
    sectors: gpd.GeoDataFrame
    schedule: pd.DataFrame
    opened: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True, eq=False)
class Assessment:
    """What the rules answer.

    Parameters
    ----------
    assessments
        Contract ``request_assessments``.
    reasons
        Contract ``request_reasons``, in the language asked for.
    """

    assessments: pd.DataFrame
    reasons: pd.DataFrame

    def summary(self) -> dict[str, int]:
        """Return how many requests have each answer."""
        counts = Counter(self.assessments["eligibility"].astype(str))
        return {code: counts[code] for code in Eligibility.codes()}


@dataclass(frozen=True)
class _Said:
    rule: str
    answer: Eligibility
    reason: Message
    ask: Message | None = None


@dataclass(frozen=True, kw_only=True)
class _Place:
    """Where a request lies: its commune, who may build there, its sector and quarter."""

    located: bool
    insee: str | None = None
    claimed: bool = False  # the commune that the request names is in the territory
    commune: str = ""
    zone: str = ""
    sector: str | None = None
    called: str = ""  # the sector, by its code and its name
    quarter: str | None = None
    opened: bool = False


def assess_requests(
    requests: pd.DataFrame,
    *,
    plan: PlannedFibre,
    rules: RegisterRules,
    on: dt.date,
    contacts: pd.DataFrame | None = None,
    supports: Supports | None = None,
    lang: str = "fr",
) -> Assessment:
    """Answer each request by the written rules.

    Every rule speaks of every request; *not eligible* prevails over *undecided*, which prevails
    over *eligible*.  An eligible request gets the cheaper of dedicated fibre and a wireless link.

    Parameters
    ----------
    requests
        Contract ``requests``; x_m, y_m in EPSG:2154.
    plan
        What the plan says of fibre; nothing of it is typed into a request.
    rules
        The written rules.
    on
        Day of the assessment, from which the term and the age of evidence count.
    contacts
        Contract ``request_contacts``, to find duplicates; nothing of it goes into the result.
    supports
        The support graph with the network designed on it; without it, or where no support leads
        to the network, the distance is estimated as the crow flies, times the detour, to the
        nearest sector that is open or dated within the term.
    lang
        Language of the reasons.

    Raises
    ------
    ContractError
        When the requests break their contract.
    """
    contract("requests").check(requests)
    known = contract("requests").select(requests)
    twice = (
        {}
        if contacts is None
        else find_duplicates(known, contacts, within_m=rules.duplicate_m)
    )  # fmt: skip
    places = _places(known, plan)
    last = years_later(on, rules.term_years)
    said = [
        (str(row["request_id"]), tuple(_speak(row, place, plan, rules, on, last, twice)))
        for row, place in zip(known.to_dict("records"), places, strict=True)
    ]
    answers = [min((one.answer for one in every), key=_SEVERITY.__getitem__) for _, every in said]
    assessed = _table(known, places, answers, twice)
    _solve(assessed, known, plan=plan, rules=rules, last=last, supports=supports)
    return Assessment(
        assessments=assessed[list(contract("request_assessments").column_names)],
        reasons=_reasons(said, lang),
    )


def _places(requests: pd.DataFrame, plan: PlannedFibre) -> list[_Place]:
    communes = plan.communes.sort_values("insee", kind="stable").reset_index(drop=True)
    sectors = plan.sectors.sort_values("sector_id", kind="stable").reset_index(drop=True)
    x = requests["x_m"].to_numpy(np.float64, na_value=np.nan)
    y = requests["y_m"].to_numpy(np.float64, na_value=np.nan)
    there = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    commune_of = np.full(len(x), -1)
    sector_of = np.full(len(x), -1)
    for target, layer in ((commune_of, communes), (sector_of, sectors)):
        if len(layer) and len(there):
            shapes = np.asarray(layer.geometry.array, dtype=object)
            target[there] = PolygonIndex(shapes).locate(x[there], y[there])
    quarters = dict(
        zip(
            plan.schedule["sector_id"].astype(str),
            plan.schedule["quarter"].astype(str),
            strict=True,
        )
    )
    codes, names = communes["insee"].astype(str).tolist(), communes["nom"].astype(str).tolist()
    zones = communes["regulatory_zone"].astype(str).tolist()
    keys, called = sectors["sector_id"].astype(str).tolist(), sector_names(sectors)
    known, claims = set(codes), requests["insee"].astype("object").tolist()
    places = [_Place(located=False)] * len(x)
    for i in there.tolist():
        c, s = int(commune_of[i]), int(sector_of[i])
        key = keys[s] if s >= 0 else None
        places[i] = _Place(
            located=True,
            claimed=claims[i] in known,
            insee=codes[c] if c >= 0 else None,
            commune=names[c] if c >= 0 else "",
            zone=zones[c] if c >= 0 else "",
            sector=key,
            called="" if key is None else call_sector(key, called),
            quarter=None if key is None else quarters.get(key),
            opened=key in plan.opened,
        )
    return places


def _speak(
    row: dict[Any, Any],
    place: _Place,
    plan: PlannedFibre,
    rules: RegisterRules,
    on: dt.date,
    last: dt.date,
    twice: dict[str, str],
) -> Iterable[_Said]:
    yield _of_kind(row["kind"], rules)
    yield _of_place(row, place)
    if place.located and place.insee is not None:
        yield _of_plan(place, plan, rules, last)
    yield _of_supply(row, rules, on)
    first = twice.get(str(row["request_id"]))
    if first is not None:
        yield _Said(
            "duplicate", OPEN_QUESTION, Message.of("register.duplicate", first=first),
            Message.of("register.duplicate_ask", first=first),
        )  # fmt: skip


def _of_kind(kind: object, rules: RegisterRules) -> _Said:
    if pd.isna(kind):  # type: ignore[call-overload]
        return _missing("kind")
    who = RequesterKind(str(kind))
    wrong = who.value not in rules.eligible_kinds
    key = "register.kind_no" if wrong else "register.kind_yes"
    return _Said("kind", NO if wrong else YES, Message.of(key, kind=who))


def _of_place(row: dict[Any, Any], place: _Place) -> _Said:
    score = None if pd.isna(row["place_score"]) else float(row["place_score"])
    source = None if pd.isna(row["place_source"]) else PlaceSource(str(row["place_source"]))
    if not place.located:
        if source in {PlaceSource.AMBIGUOUS, PlaceSource.NOT_FOUND}:
            key = f"register.address_{source.value}"
            return _Said(
                "place", OPEN_QUESTION, Message.of(key, score=score or 0.0),
                Message.of(f"{key}_ask"),
            )  # fmt: skip
        return _missing("place")
    if place.insee is None and not place.claimed:
        return _Said("place", NO, Message.of("register.outside"))
    if place.insee is None:
        return _Said(
            "place", OPEN_QUESTION, Message.of("register.outside_claimed", insee=row["insee"]),
            Message.of("register.other_commune_ask"),
        )  # fmt: skip
    if not pd.isna(row["insee"]) and str(row["insee"]) != place.insee:
        return _Said(
            "place", OPEN_QUESTION,
            Message.of("register.other_commune", commune=place.commune, insee=row["insee"]),
            Message.of("register.other_commune_ask"),
        )  # fmt: skip
    if source is PlaceSource.ADDRESS:
        told = Message.of("register.inside_address", commune=place.commune, score=score or 0.0)
        return _Said("place", YES, told)
    return _Said("place", YES, Message.of("register.inside", commune=place.commune))


def _of_plan(place: _Place, plan: PlannedFibre, rules: RegisterRules, last: dt.date) -> _Said:
    rule, years = "planned", rules.term_years
    if place.zone != RegulatoryZone.PUBLIC.value:
        return _Said(
            rule, OPEN_QUESTION, Message.of("register.private_zone", commune=place.commune),
            Message.of("register.private_zone_ask"),
        )  # fmt: skip
    if place.sector is None:
        return _Said(rule, YES, Message.of("register.no_sector", years=years))
    if place.opened:
        return _Said(rule, NO, Message.of("register.open_already", sector=place.called))
    if plan.schedule.empty:
        return _Said(
            rule, OPEN_QUESTION, Message.of("register.no_schedule"),
            Message.of("register.no_schedule_ask"),
        )  # fmt: skip
    if place.quarter is None:
        return _Said(
            rule, YES, Message.of("register.undated", sector=place.called, years=years)
        )  # fmt: skip
    soon = quarter_end(place.quarter) <= last
    key = "register.planned_soon" if soon else "register.planned_late"
    told = Message.of(key, sector=place.called, quarter=place.quarter, years=years, last=last)
    return _Said(rule, NO if soon else YES, told)


def _of_supply(row: dict[Any, Any], rules: RegisterRules, on: dt.date) -> _Said:
    rule, evidence = "supply", row["supply_evidence"]
    if pd.isna(evidence) or pd.isna(row["supply_on"]) or pd.isna(row["supply_mbps"]):
        return _missing("supply")
    day, rate = pd.Timestamp(row["supply_on"]).date(), float(row["supply_mbps"])
    told = {
        "evidence": SupplyEvidence(str(evidence)), "on": day, "rate": rate,
        "threshold": rules.supply_threshold_mbps, "months": rules.evidence_months,
    }  # fmt: skip
    if day > on:
        return _Said(
            rule, OPEN_QUESTION, Message.of("register.supply_future", **told),
            Message.of("register.supply_ask"),
        )  # fmt: skip
    if _months_between(day, on) >= rules.evidence_months:
        return _Said(
            rule, OPEN_QUESTION, Message.of("register.supply_stale", **told),
            Message.of("register.supply_ask"),
        )  # fmt: skip
    if rate >= rules.supply_threshold_mbps:
        return _Said(rule, NO, Message.of("register.supply_there", **told))
    return _Said(rule, YES, Message.of("register.supply_lacks", **told))


def _missing(what: str) -> _Said:
    return _Said(
        what, OPEN_QUESTION, Message.of(f"register.missing_{what}"),
        Message.of(f"register.missing_{what}_ask"),
    )  # fmt: skip


def _months_between(day: dt.date, on: dt.date) -> int:
    """Return the whole months from a day to another."""
    return (on.year - day.year) * _MONTHS + on.month - day.month - (on.day < day.day)


def quarter_end(quarter: str) -> dt.date:
    """Return the last day of a quarter written ``2019-T1``."""
    year, number = int(quarter[:4]), int(quarter[-1])
    following = dt.date(year + number // 4, number % 4 * 3 + 1, 1)
    return following - dt.timedelta(days=1)


def dated_sectors(schedule: pd.DataFrame, *, on: dt.date, years: int) -> frozenset[str]:
    """Return the sectors that the schedule opens within so many years of a day."""
    return _dated(schedule, years_later(on, years))


def _dated(schedule: pd.DataFrame, last: dt.date) -> frozenset[str]:
    pairs = zip(schedule["sector_id"].astype(str), schedule["quarter"].astype(str), strict=True)
    return frozenset(sector for sector, quarter in pairs if quarter_end(quarter) <= last)


def _table(
    requests: pd.DataFrame,
    places: list[_Place],
    answers: list[Eligibility],
    twice: dict[str, str],
) -> pd.DataFrame:
    ids = requests["request_id"].astype(str).tolist()
    words = {
        "request_id": ids,
        "eligibility": [answer.value for answer in answers],
        "sector_id": [place.sector for place in places],
        "planned_quarter": [place.quarter for place in places],
        "duplicate_of": [twice.get(request) for request in ids],
        "solution": [None] * len(ids),
    }
    frame = pd.DataFrame({name: pd.Series(v, dtype="str") for name, v in words.items()})
    frame["distance_m"] = pd.Series(np.nan, index=frame.index, dtype="float64")
    frame["along_network"] = pd.Series(None, index=frame.index, dtype="boolean")
    frame["cost_cents"] = pd.Series(None, index=frame.index, dtype="Int64")
    return frame


def _solve(
    assessed: pd.DataFrame,
    requests: pd.DataFrame,
    *,
    plan: PlannedFibre,
    rules: RegisterRules,
    last: dt.date,
    supports: Supports | None,
) -> None:
    """Write the solution, distance and cost of the eligible ones into the table."""
    rows = np.flatnonzero((assessed["eligibility"] == YES.value).to_numpy(bool))
    x = requests["x_m"].to_numpy(np.float64, na_value=np.nan)[rows]
    y = requests["y_m"].to_numpy(np.float64, na_value=np.nan)[rows]
    soon = _dated(plan.schedule, last)
    near = plan.sectors["sector_id"].astype(str).isin(soon | plan.opened).to_numpy(bool)
    targets = np.asarray(plan.sectors.geometry.array, dtype=object)[near]
    metres = distance_straight(targets, x, y, detour=rules.detour_factor)
    along = np.zeros(len(rows), dtype=bool)
    if supports is not None:
        measured = distance_along(supports, x, y)
        along = np.isfinite(measured)
        metres = np.where(along, measured, metres)
    known = np.isfinite(metres)
    fibre = rules.fibre_fixed_cents + np.where(known, metres * rules.fibre_cents_per_m, 0).round()
    radio = ~known | (fibre > rules.wireless_cents)
    names = np.where(radio, Solution.WIRELESS.value, Solution.DEDICATED_FIBRE.value)
    assessed.loc[rows, "solution"] = pd.Series(names, index=rows, dtype="str")
    price = np.where(radio, rules.wireless_cents, fibre).astype(np.int64)
    assessed.loc[rows, "cost_cents"] = pd.Series(price, index=rows, dtype="Int64")
    assessed.loc[rows[known], "distance_m"] = metres[known].round(2)
    assessed.loc[rows[known], "along_network"] = pd.Series(
        along[known], index=rows[known], dtype="boolean"
    )


def _reasons(said: list[tuple[str, tuple[_Said, ...]]], lang: str) -> pd.DataFrame:
    table = contract("request_reasons")
    rows = sorted(
        (
            (
                request, one.rule, one.answer.value, one.reason.say(lang),
                None if one.ask is None else one.ask.say(lang),
            )
            for request, every in said
            for one in every
        ),
        key=lambda row: row[:2],
    )  # fmt: skip
    if not rows:
        return table.empty()
    return pd.DataFrame(rows, columns=list(table.column_names)).astype("str")
