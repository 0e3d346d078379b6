"""What the follow-up says, in a page of words that a council can read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from planner.export.map.data import records
from planner.follow_up import EVERY_OPERATOR, PublicCase, later, state_public_case
from planner.follow_vocab import ClockVerdict, OpeningState, SlipReason
from planner.plan import Plan
from planner.texts import say
from planner.vocab import Level

__all__ = ["follow_up_text", "place_names", "public_case", "slippage_rows"]

_WORST: Final = 8
_AT_RISK: Final = (ClockVerdict.BREACHED.value, ClockVerdict.WILL_BREACH.value)


def place_names(plan: Plan) -> Mapping[tuple[str, str], str]:
    """Return the name of each place by level and code; the region is ``—``."""
    territory = plan.territory
    names = {
        (level.value, str(code)): str(name)
        for level in (Level.DEPARTEMENT, Level.EPCI, Level.ZONE, Level.SECTOR)
        for code, name in territory.names(level).items()
        if pd.notna(name)
    }
    return names | {(Level.REGION.value, "—"): ", ".join(territory.region["nom"])}


def slippage_rows(plan: Plan, level: Level, *, most: int | None = None) -> list[Mapping[str, Any]]:
    """Return the slippage of the places of a level, the most lines late first.

    Each has its ``nom`` and its forecast of completion (``done_quarter`` …), absent where unknown.
    """
    table, ends = plan.more["slippage"], plan.more.get("completion_forecast")
    rows = records(table[table["level"].astype(str) == level.value])
    known = {} if ends is None else {(r["level"], r["code"]): r for r in records(ends)}
    names = place_names(plan)
    placed: list[Mapping[str, Any]] = [
        dict.fromkeys(("done_quarter", "soonest_quarter", "latest_quarter"))
        | known.get((level.value, row["code"]), {})
        | row
        | {"nom": names.get((level.value, row["code"]), row["code"])}
        for row in rows
    ]
    placed.sort(key=lambda row: (-(row["late_count"] or 0), row["code"]))
    return placed[:most]


def follow_up_text(plan: Plan, *, lang: str = "fr") -> str:
    """Return the follow-up in words, as Markdown.

    Raises
    ------
    LookupError
        When the plan follows nothing.
    """
    region = slippage_rows(plan, Level.REGION)[0]
    quarter = region["quarter"]
    lines = [
        f"# {say('follow_up.text_title', lang, title=plan.scenario.title)}", "",
        say(
            "follow_up.text_stand", lang, quarter=_said(quarter, lang),
            phases=", ".join(plan.scenario.follow_up.phases),
            count=region["target_count"], sectors=len(plan.more["baseline"]),
        ), "",
    ]  # fmt: skip
    if _made_up(plan):
        lines += [f"**{say('follow_up.text_synthetic', lang, layers=_made_up(plan))}**", ""]
    parts = (
        ("late", [*_late(plan, region, lang), *_reasons(plan, lang)]),
        ("public", _public(plan, quarter, lang)),
        ("end", _end(plan, region, lang)),
        ("places", [_place(row, lang) for row in slippage_rows(plan, Level.DEPARTEMENT)]),
        ("epci", [_place(row, lang) for row in slippage_rows(plan, Level.EPCI, most=_WORST)]),
        ("sold", [*_openings(plan, lang), *_sold(plan, quarter, lang)]),
        ("clock", _clock(plan, lang)),
        ("rules", _rules(plan, lang)),
    )
    for name, said in parts:
        if said:
            lines += [f"## {say(f'follow_up.head_{name}', lang)}", ""]
            lines += [f"- {one}" for one in said]
            lines.append("")
    return "\n".join(lines)


def _made_up(plan: Plan) -> str:
    titles = [origin.title for origin in plan.territory.origins if origin.synthetic]
    return ", ".join(titles)


def _said(quarter: str | None, lang: str) -> str:
    if quarter is None:
        return "—"
    return say("follow_up.quarter", lang, year=quarter[:4], number=quarter[6])


def _level(code: str, lang: str) -> str:
    label = Level(code).label(lang)
    return label if label.isupper() else label[:1].lower() + label[1:]


def _late(plan: Plan, region: Mapping[str, Any], lang: str) -> list[str]:
    if region["actual_count"] is None:
        return [say("follow_up.text_unknown", lang, planned=region["planned_count"])]
    key = "text_region" if region["late_count"] > 0 else "text_region_ahead"
    said = [
        say(
            f"follow_up.{key}", lang, planned=region["planned_count"],
            actual=region["actual_count"], late=abs(region["late_count"]),
            quarters=abs(region["late_quarters"]),
        )
    ]  # fmt: skip
    revised = plan.more.get("revised_schedule")
    if revised is not None:
        said.append(
            say(
                "follow_up.text_revised", lang, sectors=len(revised),
                quarter=_said(str(revised["revised_quarter"].max()), lang),
                mean=float(revised["shift_quarters"].astype("float64").mean()),
            )
        )  # fmt: skip
    return said


def _reasons(plan: Plan, lang: str) -> list[str]:
    table = plan.more.get("slip_reasons")
    if table is None:
        return []
    counts = table["reason"].astype(str).value_counts()
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], str(pair[0])))
    words = ", ".join(f"{SlipReason(str(code)).label(lang).lower()} ({n})" for code, n in ordered)
    return [say("follow_up.text_reasons", lang, words=words)]


def _public(plan: Plan, quarter: str, lang: str) -> list[str]:
    case = public_case(plan, quarter)
    if case is None:
        return []
    said = [
        say(
            "follow_up.text_case", lang, quarter=_said(case.quarter, lang), promised=case.promised,
            seen=case.serviceable, late=case.late, sources=" ; ".join(case.sources),
        )
    ]  # fmt: skip
    if case.connected is not None and case.take_up_share is not None:
        said.append(
            say(
                "follow_up.text_case_sold", lang, connected=case.connected, share=case.take_up_share
            )
        )
    if case.pace is not None:
        soonest, expected, latest = case.pace.quarters_to(case.late)
        if expected is not None:
            ends = [
                None if n is None else _said(later(case.quarter, -int(-n // 1)), lang)
                for n in (expected, soonest, latest)
            ]
            said.append(
                say(
                    "follow_up.text_case_end", lang, pace=case.pace.per_quarter,
                    quarters=expected, end=ends[0], soonest=ends[1] or "—",
                    latest=ends[2] or say("follow_up.never", lang),
                )
            )  # fmt: skip
    return said


def public_case(plan: Plan, quarter: str) -> PublicCase | None:
    """Return the public totals of the phases followed, where there are any."""
    facts = plan.territory.public_progress
    return state_public_case(facts, phases=plan.scenario.follow_up.phases, quarter=quarter)


def _end(plan: Plan, region: Mapping[str, Any], lang: str) -> list[str]:
    said = []
    if region.get("per_quarter") is not None:
        key = "text_end" if region["done_quarter"] else "text_no_end"
        bounded = region["low_per_quarter"] is not None
        said.append(
            say(
                f"follow_up.{key}", lang, pace=region["per_quarter"],
                low=region["low_per_quarter"] if bounded else None,
                high=region["high_per_quarter"] if bounded else None,
                remaining=region["remaining_count"],
                promised=_said(region["promised_quarter"], lang),
                end=_said(region["done_quarter"], lang),
                soonest=_said(region["soonest_quarter"], lang),
                latest=_said(region["latest_quarter"], lang)
                if region["latest_quarter"]
                else say("follow_up.never", lang),
            )
        )  # fmt: skip
    trials = plan.more.get("forecast_trial")
    said.extend(
        say(
            "follow_up.text_trial", lang, level=_level(row["level"], lang),
            quarter=_said(row["quarter"], lang), places=row["places_count"],
            error=row["error_mean"], naive=row["same_pace_error_mean"],
            inside=row["inside_share"],
        )
        for row in ([] if trials is None else records(trials))
    )  # fmt: skip
    return said


def _place(row: Mapping[str, Any], lang: str) -> str:
    if row["actual_count"] is None:
        return say(
            "follow_up.text_place_unknown", lang, nom=row["nom"], planned=row["planned_count"]
        )
    end = _said(row["done_quarter"], lang) if row["done_quarter"] else say("follow_up.never", lang)
    return say(
        "follow_up.text_place", lang, nom=row["nom"], planned=row["planned_count"],
        actual=row["actual_count"], late=row["late_count"], quarters=row["late_quarters"], end=end,
    )  # fmt: skip


def _openings(plan: Plan, lang: str) -> list[str]:
    table = plan.more.get("openings")
    if table is None:
        return []
    counts = table["state"].astype(str).value_counts()
    words = ", ".join(
        f"{state.label(lang).lower()} : {counts[state.value]}"
        for state in OpeningState
        if state.value in counts
    )
    return [say("follow_up.text_openings", lang, count=len(table), words=words)]


def _sold(plan: Plan, quarter: str, lang: str) -> list[str]:
    table = plan.more.get("take_up")
    if table is None:
        return []
    rows = table[
        (table["level"].astype(str) == Level.REGION.value)
        & (table["operator"] == EVERY_OPERATOR)
        & (table["quarter"] <= quarter)
    ].sort_values("quarter")
    if rows.empty or pd.isna(rows["take_up_share"].iloc[-1]):
        return []
    row = records(rows)[-1]
    said = [
        say(
            "follow_up.text_sold_region", lang, connected=row["connected_count"],
            connectable=row["connectable_count"], share=row["take_up_share"],
            quarter=_said(row["quarter"], lang), rule=row["referential_rule"],
        )
    ]  # fmt: skip
    ahead = plan.more.get("take_up_forecast")
    if ahead is not None:
        mine = ahead[ahead["level"].astype(str) == Level.REGION.value].sort_values("quarter")
        said.extend(
            say(
                "follow_up.text_sold_ahead", lang, quarter=_said(last["quarter"], lang),
                share=last["take_up_share"], low=last["low_share"], high=last["high_share"],
                curve=say(f"follow_up.curve_{last['curve']}", lang),
                naive=last["same_pace_share"],
            )
            for last in records(mine)[-1:]
        )  # fmt: skip
    return said


def _clock(plan: Plan, lang: str) -> list[str]:
    table = plan.more.get("completeness")
    if table is None:
        return []
    risky = table[table["verdict"].astype(str).isin(_AT_RISK)].sort_values("rank")
    said = [
        say(
            "follow_up.text_risky", lang, count=len(table), risky=len(risky),
            epci=int(risky["epci_siren"].nunique()),
        )
    ]  # fmt: skip
    names = place_names(plan)
    said.extend(
        say(
            "follow_up.text_area", lang, rank=row["rank"], pm=row["pm_id"],
            epci=names.get((Level.EPCI.value, row["epci_siren"]), "—"),
            deadline=row["deadline"].date(), missing=row["missing_count"],
            needed=row["needed_per_quarter"], seen=row["seen_per_quarter"] or 0.0,
        )
        for row in records(risky)[:_WORST]
    )  # fmt: skip
    return said


def _rules(plan: Plan, lang: str) -> list[str]:
    asked = plan.scenario.follow_up
    rules = sorted(set(plan.more["progress_actual"]["rule"].astype(str)))
    return [
        say("follow_up.text_rule_seen", lang,
            words=" ; ".join(say(f"follow_up.rule_{rule}", lang) for rule in rules)),
        *(
            say("follow_up.text_rule_opening", lang, months=r.months, since=r.since,
                source=r.source)
            for r in asked.opening
        ),
        *(
            say("follow_up.text_rule_deadline", lang, years=r.years, since=r.since, source=r.source)
            for r in asked.completeness
        ),
        say("follow_up.text_rule_rates", lang),
    ]  # fmt: skip
