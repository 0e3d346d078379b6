"""What a dossier says of the requests of Axe 3: figures, and nothing of who asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from planner.export.map.data import records
from planner.plan import Plan
from planner.texts import number, say
from planner.vocab import Level

__all__ = ["axe3_content", "axe3_source"]

_COUNTS: Final = (
    "requests", "eligible", "not_eligible", "undecided", "unassessed", "accepted", "refused",
    "in_service", "fibre", "wireless",
)  # fmt: skip
_AMOUNTS: Final = ("cost", "funded")


def axe3_content(plan: Plan, siren: str, *, lang: str = "fr") -> dict[str, Any]:
    """Return the requests of one EPCI in figures, as JSON can hold them.

    Parameters
    ----------
    plan
        The plan, with ``axe3_figures`` in ``more`` where a register was given.
    siren
        The EPCI.
    lang
        Language.
    """
    title = say("dossier.axe3", lang)
    table = plan.more.get("axe3_figures")
    if table is None:
        return {"title": title, "none": say("dossier.axe3_not_given", lang)}
    rows = {(row["level"], row["code"]): row for row in records(table)}
    mine = rows.get((Level.EPCI.value, siren))
    if mine is None:
        return {"title": title, "none": say("dossier.axe3_not_counted", lang)}
    region = next(row for (level, _), row in sorted(rows.items()) if level == Level.REGION.value)
    count = mine["requests_count"]
    key = "axe3_no_request" if not count else "axe3_one" if count == 1 else "axe3_some"
    says = [say(f"dossier.{key}", lang, count=count, eligible=mine["eligible_count"])]
    if region["synthetic"]:
        says.append(say("dossier.axe3_synthetic", lang))
    return {
        "title": title,
        "none": "",
        "says": says,
        "heads": [say(f"dossier.{key}", lang) for key in ("item", "late_here", "late_region")],
        "rows": [
            [
                say(f"dossier.axe3_{name}", lang),
                *(_count(row, name, lang) for row in (mine, region)),
            ]
            for name in _COUNTS
        ]
        + [
            [
                say(f"dossier.axe3_{name}", lang),
                *(_amount(row, name, lang) for row in (mine, region)),
            ]
            for name in _AMOUNTS
        ],
        "note": say("dossier.axe3_note", lang),
    }


def axe3_source(plan: Plan, *, lang: str = "fr") -> list[list[str]]:
    """Return the row of the register for the table of sources; none where none was given."""
    table = plan.more.get("axe3_figures")
    if table is None:
        return []
    kind = "kind_synthetic" if bool(table["synthetic"].any()) else "kind_real"
    return [
        [
            say("dossier.axe3", lang), say("dossier.axe3_source", lang),
            str(plan.scenario.reference_date.year), say(f"dossier.{kind}", lang),
        ]
    ]  # fmt: skip


def _count(row: Mapping[str, Any], name: str, lang: str) -> str:
    return number(row[f"{name}_count"], lang)


def _amount(row: Mapping[str, Any], name: str, lang: str) -> str:
    return say("dossier.eur", lang, cents=int(row[f"{name}_cents"]))
