"""What a dossier says of the programme that is followed: promised, observed, forecast, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import pandas as pd

from planner.export.follow_up import place_names
from planner.export.map.data import records
from planner.follow_up import EVERY_OPERATOR, quarters_between
from planner.follow_vocab import ClockVerdict, OpeningState, SlipReason
from planner.plan import Plan
from planner.texts import number, say
from planner.vocab import Level

__all__ = ["Followed"]

_FAR: Final = 80
"""An end that lies more than twenty years (in quarters) ahead is said to be beyond them."""
_REGION: Final = "—"
_COUNTS: Final[Mapping[str, str]] = {
    "target": "target_count",
    "promised": "planned_count",
    "seen": "actual_count",
    "lines": "late_count",
    "quarters": "late_quarters",
    "breaches": "breaches",
}


@dataclass(frozen=True, kw_only=True)
class Followed:
    """A programme followed, as the dossiers need it; empty where the plan follows nothing.

    Parameters
    ----------
    plan
        The plan, with the tables of the follow-up in ``more`` when it follows a programme.
    lang
        Language.
    """

    plan: Plan
    lang: str = "fr"

    @property
    def there(self) -> bool:
        """Whether the plan follows a programme."""
        return "slippage" in self.plan.more

    def curves(self, siren: str) -> pd.DataFrame | None:
        """Return the curves of an EPCI; None where nothing is promised there."""
        table = self.plan.more.get("progress_curve")
        if table is None:
            return None
        mine = (table["level"].astype(str) == Level.EPCI.value) & (table["code"] == siren)
        return table[mine].sort_values("quarter", ignore_index=True) if mine.any() else None

    def content(self, siren: str, nom: str) -> dict[str, Any]:
        """Return what the template sets of one EPCI, as JSON can hold it."""
        title = self._say("late")
        if not self.there:
            return {"title": title, "none": self._say("late_not_given")}
        mine = self._places.get((Level.EPCI.value, siren))
        followed = self.plan.scenario.follow_up.phases
        which = "late_phase" if len(followed) == 1 else "late_phases"
        phases = self._say(which, phases=", ".join(followed))
        if mine is None:
            return {"title": title, "none": self._say("late_nothing_here", phases=phases)}
        region = self._places[(Level.REGION.value, _REGION)]
        return {
            "title": title,
            "none": "",
            "says": self._sentences(mine, phases),
            "heads": [self._say("item"), self._say("late_here"), self._say("late_region")],
            "rows": [
                [self._say(f"late_{key}"), *(self._cell(key, row) for row in (mine, region))]
                for key in (
                    "target", "promised", "seen", "lines", "quarters", "end_promised", "end",
                    "end_again", "take_up", "openings", "breaches",
                )
            ],
            "note": self._say("late_note"),
            "figure": self._say("late_figure", nom=nom),
            "alt": self._say("late_alt", nom=nom),
            "by_quarter": self._say("late_by_quarter"),
            "quarter_heads": self._heads("quarter", "promised", "seen", "forecast", "interval"),
            "quarters": self._quarters(siren),
            "by_sector": self._say("late_by_sector"),
            "sector_heads": self._heads(
                "sector", "lines", "promised_for", "seen", "late", "again", "why"
            ),
            "sectors": self._sectors(siren),
            "rules": self._rules(),
        }  # fmt: skip

    # ------------------------------------------------------------------------------ the figures

    @cached_property
    def _places(self) -> Mapping[tuple[str, str], Mapping[str, Any]]:
        """Slippage, forecast and rates of the EPCI and the region, by level and code."""
        more = self.plan.more
        ends = self._by_place("completion_forecast")
        rates = more.get("take_up")
        if rates is not None:
            rates = rates[rates["operator"] == EVERY_OPERATOR].sort_values("quarter")
        sold = {} if rates is None else {(r["level"], r["code"]): r for r in records(rates)}
        places = {}
        for row in records(more["slippage"]):
            key = (row["level"], row["code"])
            if key[0] not in {Level.EPCI.value, Level.REGION.value}:
                continue
            places[key] = {
                **row,
                **{n: ends.get(key, {}).get(n) for n in ("per_quarter", "done_quarter")},
                "remaining": row["target_count"] - row["actual_count"]
                if row["actual_count"] is not None
                else None,
                "promised_quarter": self._last(self.plan.more["baseline"], "quarter", key),
                "revised_quarter": self._last(self._revised, "revised_quarter", key),
                "take_up_share": sold.get(key, {}).get("take_up_share"),
                "openings": self._states("openings", "state", OpeningState.OPEN.value, key),
                "made": self._states("openings", "state", None, key),
                "breaches": self._states("completeness", "verdict", None, key, risky=True),
            }
        return places

    @cached_property
    def _revised(self) -> pd.DataFrame | None:
        table = self.plan.more.get("revised_schedule")
        if table is None:
            return None
        of = self.plan.more["baseline"].set_index("sector_id")["epci_siren"]
        return table.assign(epci_siren=table["sector_id"].map(of))

    def _by_place(self, name: str) -> Mapping[tuple[str, str], Mapping[str, Any]]:
        table = self.plan.more.get(name)
        rows = [] if table is None else records(table)
        return {(row["level"], row["code"]): row for row in rows}

    def _last(self, table: pd.DataFrame | None, column: str, key: tuple[str, str]) -> str | None:
        rows = self._of(table, key)
        return None if rows is None or rows.empty else str(rows[column].astype(str).max())

    def _states(
        self,
        name: str,
        column: str,
        state: str | None,
        key: tuple[str, str],
        *,
        risky: bool = False,
    ) -> int | None:
        rows = self._of(self.plan.more.get(name), key)
        if rows is None:
            return None
        codes = rows[column].astype(str)
        if risky:
            wanted = {ClockVerdict.BREACHED.value, ClockVerdict.WILL_BREACH.value}
            return int(codes.isin(wanted).sum())
        return len(codes) if state is None else int((codes == state).sum())

    def _of(self, table: pd.DataFrame | None, key: tuple[str, str]) -> pd.DataFrame | None:
        """Return the rows of an EPCI, or all of them for the region."""
        if table is None or key[0] == Level.REGION.value:
            return table
        return table[table["epci_siren"].astype(str) == key[1]]

    # ---------------------------------------------------------------------------------- in words

    def _sentences(self, row: Mapping[str, Any], phases: str) -> list[str]:
        quarter = self._said(row["quarter"])
        said = [self._say("late_about", phases=phases, quarter=quarter)]
        if row["actual_count"] is None:
            return [*said, self._say("late_unknown", planned=row["planned_count"])]
        state = "is" if row["late_count"] > 0 else "none" if row["late_count"] == 0 else "ahead"
        said.append(
            self._say(
                f"late_{state}", quarter=quarter, planned=row["planned_count"],
                seen=row["actual_count"], late=abs(row["late_count"]),
                quarters=abs(row["late_quarters"]),
            )
        )  # fmt: skip
        if row["remaining"] and row["per_quarter"] is not None:
            key = "late_pace_far" if self._far(row) else "late_pace"
            said.append(
                self._say(key, pace=row["per_quarter"], remaining=row["remaining"],
                          end=self._said(row["done_quarter"]))
            )  # fmt: skip
        if row["revised_quarter"] is not None:
            again = self._said(row["revised_quarter"])
            said.append(self._say("late_again", quarter=again))
        return said

    def _cell(self, key: str, row: Mapping[str, Any]) -> str:
        if key in _COUNTS:
            return self._n(row[_COUNTS[key]])
        if key == "end_promised":
            return self._quarter(row["promised_quarter"])
        if key == "end":
            return self._end(row)
        if key == "end_again":
            return self._quarter(row["revised_quarter"])
        if key == "openings":
            opened, made = row["openings"], row["made"]
            if made is None or opened is None:
                return self._absent
            return (
                self._say("late_of", part=opened, whole=made) if made else self._say("late_no_pm")
            )
        share = row["take_up_share"]
        return self._absent if share is None else say("map.share", self.lang, share=share)

    def _end(self, row: Mapping[str, Any]) -> str:
        if row["remaining"] == 0:
            return self._say("late_done")
        if row["per_quarter"] is None:
            return self._absent
        return self._say("late_far") if self._far(row) else self._quarter(row["done_quarter"])

    @staticmethod
    def _far(row: Mapping[str, Any]) -> bool:
        done = row["done_quarter"]
        return done is None or quarters_between(row["quarter"], done) > _FAR

    def _quarters(self, siren: str) -> list[list[str]]:
        table = self.curves(siren)
        rows = [] if table is None else records(table)
        begun = [
            place for place, row in enumerate(rows) if row["planned_count"] or row["actual_count"]
        ]
        return [
            [
                self._quarter(row["quarter"]),
                self._n(row["planned_count"]),
                self._n(row["actual_count"]),
                self._n(row["forecast_count"]),
                self._absent
                if row["low_count"] is None or row["high_count"] is None
                else self._say("late_span", low=row["low_count"], high=row["high_count"]),
            ]
            for row in rows[begun[0] if begun else 0 :]
        ]

    def _sectors(self, siren: str) -> list[dict[str, Any]]:
        more, names = self.plan.more, place_names(self.plan)
        table = more.get("sector_follow_up")
        if table is None:
            return []
        mine = table[table["epci_siren"].astype(str) == siren].drop(columns="geometry")
        again = self._revised
        new = {} if again is None else dict(
            zip(again["sector_id"], again["revised_quarter"].astype(str), strict=True)
        )  # fmt: skip
        rows = records(mine.sort_values(["promised_quarter", "sector_id"]))
        rows.sort(key=lambda row: -(row["late_count"] or 0))
        return [
            {
                "nom": names.get((Level.SECTOR.value, row["sector_id"]), row["sector_id"]),
                "id": row["sector_id"],
                "cells": [
                    self._n(row["premises_count"]),
                    self._quarter(row["promised_quarter"]),
                    self._n(row["actual_count"]),
                    self._n(row["late_count"]),
                    self._quarter(new.get(row["sector_id"])),
                    ", ".join(
                        SlipReason(code).label(self.lang) for code in (row["reasons"] or "").split()
                    )
                    or self._say("late_no_reason" if row["late_count"] else "absent"),
                ],
            }
            for row in rows
        ]

    def _rules(self) -> list[str]:
        asked = self.plan.scenario.follow_up
        seen = sorted(set(self.plan.more["progress_actual"]["rule"].astype(str)))
        words = " ; ".join(say(f"follow_up.rule_{rule}", self.lang) for rule in seen)
        return [
            say("follow_up.text_rule_seen", self.lang, words=words),
            *(
                say(f"follow_up.text_rule_{name}", self.lang, since=rule.since, source=rule.source,
                    **{unit: getattr(rule, unit)})
                for name, unit, rules in (
                    ("opening", "months", asked.opening), ("deadline", "years", asked.completeness),
                )
                for rule in rules
            ),
        ]  # fmt: skip

    def _said(self, code: str | None) -> str:
        """Return a quarter as a sentence holds it."""
        if code is None:
            return self._absent
        return say("follow_up.quarter", self.lang, year=code[:4], number=code[6])

    def _heads(self, *keys: str) -> list[str]:
        return [self._say(f"late_col_{key}") for key in keys]

    def _say(self, key: str, /, **values: object) -> str:
        return say(f"dossier.{key}", self.lang, **values)

    @property
    def _absent(self) -> str:
        return self._say("absent")

    def _n(self, value: float | None) -> str:
        return self._absent if value is None else number(value, self.lang)

    def _quarter(self, code: str | None) -> str:
        if code is None:
            return self._absent
        return self._say("quarter", year=code[:4], number=code[6])
