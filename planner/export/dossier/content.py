"""What the dossier of one EPCI says: plain words and numbers, ready to be set in type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import pandas as pd

from planner.errors import UnknownNameError
from planner.export.dossier.requests import axe3_content, axe3_source
from planner.export.dossier.source import Source
from planner.export.figures import showable
from planner.export.map.data import records
from planner.export.style import PHASE_THEME
from planner.texts import Message, number, say
from planner.vocab import DeliberationState, EnvelopeUnit, Level, Phase

__all__ = ["Dossier", "dossier_of"]

_PHASES: Final = (Phase.PHASE_1, Phase.PHASE_2, Phase.PHASE_3)
_PAID: Final = (Phase.PHASE_1.value, Phase.PHASE_2.value)
_DEFINITIONS: Final = (
    "premise", "serviceable", "rate", "sector", "zone", "phases", "private", "ville_moyenne",
    "envelope", "due",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Dossier:
    """The dossier of one EPCI.

    Parameters
    ----------
    source
        Where it is taken from.
    siren, nom
        The EPCI.
    """

    source: Source
    siren: str
    nom: str

    @cached_property
    def sectors(self) -> pd.DataFrame:
        """Its rows of :attr:`Source.sectors`."""
        rows = self.source.sectors
        return rows[rows["epci_siren"] == self.siren].reset_index(drop=True)

    @cached_property
    def contributions(self) -> pd.DataFrame:
        """Its contributions with the first quarter of works of each zone or sector.

        ``when`` is a year as text, ``open`` when all is open already, ``none`` without a date.
        """
        rows = self.source.plan.contributions
        rows = rows[rows["epci_siren"] == self.siren].reset_index(drop=True)
        mine = self.sectors
        quarters, whens = [], []
        for row in records(rows):
            within = mine[
                (mine["phase"] == row["phase"])
                & ((mine["zone_id"] == row["place_id"]) | (mine["sector_id"] == row["place_id"]))
            ]
            known = sorted(within["quarter"].dropna().astype(str))
            quarters.append(known[0] if known else None)
            opened = len(within) and bool(within["open"].all())
            whens.append(known[0][:4] if known else "open" if opened else "none")
        return rows.assign(
            quarter=pd.Series(quarters, dtype="object"), when=pd.Series(whens, dtype="object")
        )

    def content(self) -> dict[str, Any]:
        """Return everything that the template sets, as JSON can hold it."""
        source, scenario = self.source, self.source.plan.scenario
        say_ = self._say
        status = self._text(f"map.status_{scenario.status}")
        region = ", ".join(source.plan.territory.region["nom"])
        content = {
            "lang": source.lang,
            "title": say_("title", nom=self.nom),
            "nom": self.nom,
            "eyebrow": say_("eyebrow", region=region),
            "subtitle": say_("subtitle"),
            "programme": scenario.title,
            "siren": say_("siren", siren=self.siren),
            "situation": say_(
                "situation", status=status, version=scenario.version, on=scenario.reference_date
            ),
            "date": [
                scenario.reference_date.year,
                scenario.reference_date.month,
                scenario.reference_date.day,
            ],
            "page": say_("page"),
            "of": say_("of"),
            "synthetic": self._synthetic(),
            "essential": self._essential(),
            "map": {
                "title": say_("map"),
                "alt": say_("map_alt", nom=self.nom),
                "caption": say_("map_caption"),
            },
            "balance": self._balance_sheet(),
            "contributions": self._contributions(),
            "works": self._works(),
            "late": source.followed.content(self.siren, self.nom),
            "axe3": axe3_content(source.plan, self.siren, lang=source.lang),
            "sectors": self._sectors(),
            "definitions": {
                "title": say_("definitions"),
                "heads": [say_("col_word"), say_("col_meaning")],
                "rows": [
                    [self._text(f"map.def_{name}"), self._text(f"map.def_{name}_is")]
                    for name in _DEFINITIONS
                ]
                + [
                    [say_(f"def_{name}"), say_(f"def_{name}_is")]
                    for name in self._further_definitions()
                ],
            },
            "sources": self._sources(),
            "swatches": {c.key: [c.swatch.fill, c.swatch.ink] for c in PHASE_THEME.classes},
        }
        shown: dict[str, Any] = _showable(content)
        return shown

    def _further_definitions(self) -> tuple[str, ...]:
        late = ("late", "take_up", "completeness") if self.source.followed.there else ()
        return (*late, "axe3")

    def _text(self, key: str, **values: object) -> str:
        return say(key, self.source.lang, **values)

    def _say(self, key: str, /, **values: object) -> str:
        return self._text(f"dossier.{key}", **values)

    def _n(self, value: float) -> str:
        return number(value, self.source.lang)

    def _eur(self, cents: int) -> str:
        return self._say("eur", cents=cents)

    @cached_property
    def _balance(self) -> dict[str, Any]:
        table = self.source.plan.balances
        rows = records(table[table["epci_siren"] == self.siren])
        return rows[0] if rows else {}

    @cached_property
    def _coverage(self) -> Mapping[str, Any]:
        return self.source.data.coverage_of(Level.EPCI).get(self.siren, {})

    def _lines(self, phase: Phase) -> int:
        rows = self.sectors
        return int(rows.loc[rows["phase"] == phase.value, "premises_count"].sum())

    def _synthetic(self) -> dict[str, str] | None:
        if not self.source.synthetic:
            return None
        return {
            "title": self._say("synthetic_title"),
            "text": self._say("synthetic", layers=self.source.synthetic),
            "short": self._say("synthetic_short"),
        }

    def _vote(self) -> str:
        balance = self._balance
        state = balance.get("deliberation")
        if state is None:
            due = balance.get("ballot_due")
            return self._say("says_no_vote" if due else "says_vote_not_due")
        known = DeliberationState(state)
        if balance.get("voted_on") is None:
            return self._say("says_vote_undated", state=known)
        return self._say("says_vote", state=known, on=balance["voted_on"].date())

    def _vote_cell(self) -> str:
        state, on = self._balance.get("deliberation"), self._balance.get("voted_on")
        if state is None:
            return self._say("vote_none" if self._balance.get("ballot_due") else "vote_not_due")
        known = DeliberationState(state)
        if on is None:
            return known.label(self.source.lang)
        return self._say("vote_on", state=known, on=on.date())

    def _owed(self) -> tuple[int, int, int, int]:
        rows = self.contributions
        names = ("lines_count", "gross_cents", "credit_cents", "net_cents")
        lines, gross, credit, net = (int(rows[name].sum()) for name in names)
        return lines, gross, credit, net

    def _essential(self) -> dict[str, Any]:
        first, second, third = (self._lines(phase) for phase in _PHASES)
        total = first + second + third
        lines, gross, credit, net = self._owed()
        rows = self.sectors
        years = sorted(rows.loc[rows["phase"].isin(_PAID), "year"].dropna().astype(int))
        rate = self.source.plan.scenario.contribution.cents_per_line
        says = []
        if total:
            says.append(
                self._say("says_lines", total=total, first=first, second=second, third=third)
            )
            if lines:
                says.append(
                    self._say(
                        "says_due", net=net, gross=gross, credit=credit, lines=lines, rate=rate
                    )
                )
        else:
            says.append(self._say("says_no_lines"))
        covered = self._coverage
        if (
            covered.get("coverage_rate") is not None
            and covered.get("serviceable_count") is not None
        ):
            says.append(
                self._say(
                    "says_coverage",
                    on=self.source.plan.scenario.reference_date,
                    done=covered["serviceable_count"],
                    total=covered["denominator_count"],
                    rate=covered["coverage_rate"],
                )
            )
        says.append(self._vote())
        epci = self.source.plan.territory.epci
        beyond = epci.loc[epci["siren"] == self.siren, "beyond_region"]
        if beyond.any():
            says.append(self._say("beyond"))
        share = (first + second) / total if total else None
        span = [str(years[0]), str(years[-1])] if years else []
        return {
            "title": self._say("essential"),
            "figures": [
                [self._n(first + second), self._say("key_lines")],
                [self._eur(net), self._say("key_due")],
                [
                    self._say("absent") if share is None else f"{self._percent(share)}",
                    self._say("key_share"),
                ],
                [
                    self._say("none")
                    if not span
                    else span[0]
                    if span[0] == span[1]
                    else self._say("years", first=span[0], last=span[1]),
                    self._say("key_years"),
                ],
            ],
            "says": says,
        }

    def _percent(self, share: float) -> str:
        return self._text("map.share", share=share)

    def _balance_sheet(self) -> dict[str, Any]:
        balance, covered = self._balance, self._coverage
        _, gross, credit, net = self._owed()
        rows: list[list[str]] = []

        def add(key: str, value: int | None, words: str = "", **values: object) -> None:
            shown = self._say("absent") if value is None else words or self._n(value)
            rows.append([self._say(key, **values), shown])

        if covered:
            add("row_premises", covered.get("premises_count"))
            add("row_private", covered.get("private_count"))
            add("row_serviceable", covered.get("serviceable_count"))
        for phase in _PHASES:
            add("row_phase", self._lines(phase), phase=phase.label(self.source.lang).lower())
        rows.append([self._say("row_vote"), self._vote_cell()])
        granted, used = balance.get("granted"), balance.get("used")
        if granted is not None and used is not None:
            euros = balance.get("unit") == EnvelopeUnit.EUR.value
            for key, value in (("granted", granted), ("used", used), ("left", granted - used)):
                shown = self._eur(value) if euros else self._say("lines", lines=value)
                add("row_envelope" if key == "granted" else f"row_{key}", value, shown)
        paid = self.sectors[self.sectors["phase"].isin(_PAID)]
        cost = self._cost(paid)
        if cost is not None:
            add("row_cost", cost, self._eur(cost))
        for key, value in (("gross", gross), ("credit", credit), ("net", net)):
            add(f"row_{key}", value, self._eur(value))
        words = covered.get("referential") if covered else None
        return {
            "title": self._say("balance"),
            "heads": [self._say("item"), self._say("value")],
            "rows": rows,
            "note": self._say("referential", words=words) if words else "",
        }

    def _cost(self, rows: pd.DataFrame) -> int | None:
        if rows["unit_cost_cents"].isna().any():
            return None
        return int((rows["premises_count"] * rows["unit_cost_cents"].astype("int64")).sum())

    def _when(self, code: str) -> str:
        words = {"open": "underway", "none": "unscheduled"}
        return self._say(words[code]) if code in words else code

    def _quarter(self, code: Any) -> str:  # noqa: ANN401 (text or absent)
        if not isinstance(code, str):
            return self._say("absent")
        return self._say("quarter", year=code[:4], number=code[6])

    def _contributions(self) -> dict[str, Any]:
        rows, scenario = self.contributions, self.source.plan.scenario
        names = ["lines_count", "gross_cents", "credit_cents", "net_cents"]
        years = rows.groupby("when", sort=True)[names].sum().reset_index()
        years["order"] = years["when"].map(
            lambda when: {"open": "0", "none": "9999"}.get(when, when)
        )
        years = years.sort_values("order")

        def amounts(row: Mapping[str, Any]) -> list[str]:
            return [self._n(row["lines_count"]), *(self._eur(int(row[name])) for name in names[1:])]

        heads = [self._say(f"col_{key}") for key in ("lines", "gross", "credit", "net")]
        total = dict(zip(names, self._owed(), strict=True))
        return {
            "title": self._say("contributions"),
            "rule": self._say("contributions_rule"),
            "rate": self._say(
                "rate_source",
                rate=scenario.contribution.cents_per_line,
                on=scenario.contribution.valid_from,
                source=scenario.contribution.source,
            ),
            "none": self._say("no_contribution"),
            "by_year": self._say("by_year"),
            "by_place": self._say("by_place"),
            "year_heads": [self._say("col_year"), *heads],
            "years": [[self._when(row["when"]), *amounts(row)] for row in records(years)],
            "place_heads": [
                self._say("col_place"), self._say("col_phase"), self._say("col_quarter"), *heads,
            ],
            "places": [
                [
                    row["nom"] or row["place_id"],
                    row["phase"],
                    self._quarter(row["quarter"]) if row["quarter"] else self._when(row["when"]),
                    *amounts(row),
                ]
                for row in records(rows)
            ],
            "total": [self._say("total"), *amounts(total)],
        }  # fmt: skip

    def _works(self) -> dict[str, Any]:
        rows = self.sectors
        dated = rows[rows["year"].notna()]
        most = max(dated.groupby("year")["premises_count"].sum().tolist(), default=0)
        years = []
        for year in sorted({int(year) for year in dated["year"]}):
            held = dated[dated["year"] == year]
            lines = held.groupby("phase")["premises_count"].sum()
            counts = [int(lines.get(phase.value, 0)) for phase in _PHASES]
            cost = self._cost(held)
            years.append(
                {
                    "cells": [
                        str(year),
                        self._n(len(held)),
                        *(self._n(count) for count in counts),
                        self._say("absent") if cost is None else self._eur(cost),
                    ],
                    "bar": [round(count / most, 4) for count in counts],
                }
            )
        notes = []
        undated = rows[rows["year"].isna()]
        for key, held in (
            ("works_open", undated[undated["open"]]),
            ("works_unscheduled", undated[~undated["open"]]),
        ):
            if len(held):
                notes.append(
                    self._say(key, count=len(held), lines=int(held["premises_count"].sum()))
                )
        return {
            "title": self._say("works"),
            "about": self._say("works_about"),
            "none": self._say("no_works"),
            "heads": [
                self._say("col_year"),
                self._say("col_sectors"),
                *(phase.label(self.source.lang) for phase in _PHASES),
                self._say("col_cost"),
            ],
            "phases": [phase.value for phase in _PHASES],
            "years": years,
            "notes": notes,
        }

    def _sectors(self) -> dict[str, Any]:
        rows = self.sectors.sort_values(["phase", "nom", "sector_id"])
        return {
            "title": self._say("sectors"),
            "about": self._say("sectors_about"),
            "none": self._say("no_sectors"),
            "heads": [
                self._say(f"col_{key}") for key in ("sector", "phase", "lines", "quarter", "reason")
            ],
            "rows": [
                {
                    "nom": row["nom"] or row["sector_id"],
                    "id": row["sector_id"],
                    "phase": row["phase"],
                    "lines": self._n(row["premises_count"]),
                    "quarter": self._say("underway")
                    if row["open"]
                    else self._quarter(row["quarter"]),
                    "reason": row["reason"][:1].upper() + row["reason"][1:],
                }
                for row in records(rows)
            ],
        }

    def _sources(self) -> dict[str, Any]:
        plan = self.source.plan
        return {
            "title": self._say("sources"),
            "heads": [self._say(f"col_{key}") for key in ("layer", "source", "vintage", "kind")],
            "rows": [
                [
                    origin.title,
                    f"{origin.source} ({origin.licence})" if origin.licence else origin.source,
                    origin.vintage or self._say("absent"),
                    self._say("kind_synthetic" if origin.synthetic else "kind_real"),
                ]
                for origin in plan.territory.origins
            ]
            + axe3_source(plan, lang=self.source.lang),
            "note": self._say("made_by", name=plan.scenario.name, version=plan.scenario.version),
        }


def _showable(value: Any) -> Any:  # noqa: ANN401 (what JSON can hold)
    """Return nested values with every text as the font can show it."""
    if isinstance(value, str):
        return showable(value)
    if isinstance(value, list):
        return [_showable(item) for item in value]
    if isinstance(value, dict):
        return {key: _showable(item) for key, item in value.items()}
    return value


def dossier_of(source: Source, siren: str) -> Dossier:
    """Return the dossier of one EPCI.

    Raises
    ------
    UnknownNameError
        When the territory has no such EPCI.
    """
    if siren not in source.names:
        raise UnknownNameError(
            Message.of("dossier.unknown", siren=siren), Message.of("dossier.unknown_remedy")
        )
    return Dossier(source=source, siren=siren, nom=source.names[siren])
