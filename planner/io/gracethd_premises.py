"""Premises of a GraceTHD delivery: ``t_suf`` at the addresses of ``t_adresse``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely

from planner.io.gracethd_tables import GraceTable, GraceTables
from planner.io.values import Code, parse_code, parse_count
from planner.schemas import contract
from planner.vocab import PremiseKind, Severity

__all__ = ["read_addresses"]


def read_addresses(tables: GraceTables, *, on: dt.date | None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return premises and their states, under their contracts.

    Parameters
    ----------
    tables
        The delivery; rows that can't be used are set aside in it, and findings noted.
    on
        Day of the states; without it they are left out, which is a finding.
    """
    addresses, users = tables.get("t_adresse"), tables.get("t_suf")
    if addresses is None:
        if users is not None:
            users.set_aside([True] * len(users), "unresolved_reference", "sf_ad_code")
        return contract("premises").empty(), contract("state_changes").empty()
    reading = _Reading(tables=tables, addresses=addresses)
    rows = [*reading.final_users(), *reading.bare_addresses()]
    reading.note_counts()
    if not rows:
        return contract("premises").empty(), contract("state_changes").empty()
    frame = pd.DataFrame(rows)
    for name in ("premises_min", "premises_max"):
        frame[name] = pd.array(frame[name].tolist(), dtype="Int64")
    for name in ("premise_id", "building_id", "insee", "kind", "state"):
        frame[name] = frame[name].astype("str")
    premises = contract("premises").select(frame)
    contract("premises").check(premises)
    stated = frame[frame["state"].notna()]
    if on is None:
        tables.note("io.states_undated", Severity.WARNING, "t_adresse", count=len(stated))
        return premises, contract("state_changes").empty()
    tables.note("io.states_dated", Severity.INFO, "t_adresse", count=len(stated), on=on)
    day = np.datetime64(on, "s")
    states = contract("state_changes").select(stated.assign(on=day))
    return premises, states


@dataclass(kw_only=True)
class _Reading:
    """Addresses, and how many premises each has."""

    tables: GraceTables
    addresses: GraceTable

    def __post_init__(self) -> None:
        table = self.addresses
        table.demand("Point")
        table.set_aside([t is None for t in table.texts("ad_insee")], "missing_code", "ad_insee")
        codes: list[Code | None] = [
            None if text is None else parse_code(text) for text in table.texts("ad_insee")
        ]
        for reason in ("code_as_number", "bad_code"):
            wrong = [code is not None and code.reason == reason for code in codes]
            table.set_aside(wrong, reason, "ad_insee")
        self.insee = [None if code is None else code.text for code in codes]
        self.dwellings = table.parsed("ad_nblhab", parse_count, "bad_count")
        self.businesses = table.parsed("ad_nblpro", parse_count, "bad_count")
        self.states = self.tables.terms(table, "ad_ietat", "l_adresse_etat")
        self.xy = np.full((len(table), 2), np.nan)
        if table.shapes is not None:
            kept = table.sieve.kept
            self.xy[kept] = shapely.get_coordinates(table.shapes[kept])
        self.users: dict[int, int] = {}

    def final_users(self) -> Iterator[dict[str, Any]]:
        """Yield a premise for each final user whose address is known."""
        users = self.tables.get("t_suf")
        if users is None:
            return
        places = self.tables.keys("t_adresse")
        at = users.texts("sf_ad_code")
        users.set_aside([code not in places for code in at], "unresolved_reference", "sf_ad_code")
        kinds = users.texts("sf_type")
        users.set_aside([kind in {"O", "T"} for kind in kinds], "not_a_premise", "sf_type")
        known = self.tables.terms(users, "sf_type", "l_suf_type")
        states = self.tables.terms(users, "sf_racco", "l_suf_racco")
        keys = users.texts("sf_code")
        differ = 0
        for row in users.kept:
            place = places[str(at[row])]
            self.users[place] = self.users.get(place, 0) + 1
            own, shared = states[row], self.states[place]
            differ += own is not None and shared is not None and own != shared
            yield self._premise(
                place, key=str(keys[row]), kind=known[row], least=1, most=1, state=shared or own
            )
        self.tables.note("gracethd.states_differ", Severity.WARNING, "t_suf", count=differ)

    def bare_addresses(self) -> Iterator[dict[str, Any]]:
        """Yield the premises that addresses without final users state."""
        keys = self.addresses.texts("ad_code")
        unknown = 0
        for row in self.addresses.kept:
            if row in self.users:
                continue
            stated = [
                (PremiseKind.DWELLING, self.dwellings[row], "H"),
                (PremiseKind.BUSINESS, self.businesses[row], "P"),
            ]
            filled = [entry for entry in stated if entry[1]]
            absent = sum(number is None for _, number, _ in stated)
            unknown += absent > 0
            key, state = str(keys[row]), self.states[row]
            if len(filled) == len(stated):
                for kind, number, mark in filled:
                    yield self._premise(
                        row, key=f"{key}-{mark}", kind=kind.value, least=number, most=number,
                        state=state,
                    )  # fmt: skip
                continue
            kind_of = filled[0][0].value if filled and not absent else None
            least = sum(number for _, number, _ in filled if number)
            yield self._premise(
                row, key=key, kind=kind_of, least=least, most=None if absent else least, state=state
            )
        self.tables.note("gracethd.count_unknown", Severity.WARNING, "t_adresse", count=unknown)

    def note_counts(self) -> None:
        """Note the addresses that state another number than they have final users."""
        differ = [
            row
            for row, count in self.users.items()
            if (stated := _sum(self.dwellings[row], self.businesses[row])) is not None
            and stated != count
        ]
        if differ:
            keys = self.addresses.texts("ad_code")
            first = min(str(keys[row]) for row in differ)
            self.tables.note(
                "gracethd.counts_differ", Severity.INFO, "t_adresse", count=len(differ), value=first
            )

    def _premise(
        self,
        row: int,
        *,
        key: str,
        kind: str | None,
        least: int | None,
        most: int | None,
        state: str | None,
    ) -> dict[str, Any]:
        return {
            "premise_id": key, "building_id": self.addresses.texts("ad_code")[row],
            "insee": self.insee[row], "kind": kind, "premises_min": least, "premises_max": most,
            "x_m": self.xy[row, 0], "y_m": self.xy[row, 1], "state": state,
        }  # fmt: skip


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other
