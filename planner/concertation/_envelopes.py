"""Envelopes by a stated key, exactly: what each EPCI is granted, and by which arithmetic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import pandas as pd

from planner.apportion import ShareTies, apportion
from planner.ballots import actor_shares
from planner.errors import RuleError
from planner.schemas import contract
from planner.texts import Message, say
from planner.vocab import EnvelopeUnit

__all__ = ["KEYS", "EnvelopeShares", "key_values", "share_envelopes"]

KEYS: Final = ("premises_left", "poor_broadband", "population", "equal")
"""Keys that :func:`key_values` knows; any other is the caller's own, with its own values."""


@dataclass(frozen=True, kw_only=True)
class EnvelopeShares:
    """Envelopes with the arithmetic behind them.

    Parameters
    ----------
    envelopes
        Contract ``envelopes``.
    details
        Contract ``envelope_shares``: the key's value of each, its exact share, what was rounded.
    key
        Name of the key.
    """

    envelopes: pd.DataFrame
    details: pd.DataFrame
    key: str

    def summary(self, lang: str = "fr") -> str:
        """Say how much is shared, among how many, by which key."""
        return say(
            "concertation.shared", lang, total=int(self.details["amount"].sum()),
            count=len(self.details), key=self.key,
        )  # fmt: skip


def key_values(
    key: str,
    *,
    sectors: pd.DataFrame,
    sector_shares: pd.DataFrame,
    communes: pd.DataFrame | None = None,
    poor_shares: Mapping[str, float] | None = None,
) -> dict[str, Fraction]:
    """Return what a key counts for each EPCI with sectors that are still to be served.

    Parameters
    ----------
    key
        ``premises_left``: premises of the sectors outside phase 1; ``poor_broadband``: the same,
        each sector's multiplied by its share under a speed; ``population``: inhabitants of the
        public communes; ``equal``: one each.
    sectors, sector_shares, communes
        Contracts of their names; ``communes`` for ``population`` only.
    poor_shares
        Sector to the share of its premises under the speed, for ``poor_broadband`` only.

    Raises
    ------
    RuleError
        When the key is unknown, or a value that it needs is missing: none is guessed.
    """
    if key not in KEYS:
        raise _refused("unknown_key", key=key, known=", ".join(KEYS))
    left = set(sectors.loc[sectors["zone_id"].isna(), "sector_id"].astype(str))
    shares = actor_shares(sectors, sector_shares)
    shares = shares[shares["sector_id"].astype(str).isin(left) & (shares["premises_count"] > 0)]
    actors = sorted(set(shares["actor"].astype(str)))
    if key == "equal":
        return dict.fromkeys(actors, Fraction(1))
    if key == "population":
        return _population(actors, communes)
    values = dict.fromkeys(actors, Fraction(0))
    poor = poor_shares if key == "poor_broadband" else None
    if key == "poor_broadband":
        known = {s for s, v in (poor_shares or {}).items() if not pd.isna(v)}
        lacking = sorted(set(shares["sector_id"].astype(str)) - known)
        if lacking:
            raise _refused("key_incomplete", key=key, count=len(lacking), first=lacking[0])
    for row in shares.to_dict("records"):
        weight = Fraction(1) if poor is None else Fraction(poor[str(row["sector_id"])])
        values[str(row["actor"])] += weight * int(row["premises_count"])
    return values


def _population(actors: list[str], communes: pd.DataFrame | None) -> dict[str, Fraction]:
    if communes is None:
        raise _refused("key_incomplete", key="population", count=len(actors), first=actors[0])
    public = communes[communes["regulatory_zone"].astype(str) == "public"]
    owner = public["epci_siren"].astype("object")
    owner = owner.where(owner.notna(), "D" + public["departement"].astype(str))
    sums = public["population"].groupby(owner.astype(str)).sum()
    lacking = [actor for actor in actors if actor not in sums.index]
    if lacking:
        raise _refused("key_incomplete", key="population", count=len(lacking), first=lacking[0])
    return {actor: Fraction(int(sums[actor])) for actor in actors}


def share_envelopes(
    total: int,
    values: Mapping[str, int | Fraction],
    *,
    key: str,
    unit: EnvelopeUnit = EnvelopeUnit.LINES,
    ties: ShareTies = "refuse",
    credits_cents: Mapping[str, int] | None = None,
    source: str,
    synthetic: bool,
) -> EnvelopeShares:
    """Share a total of lines or whole euros among the EPCI in proportion to a key, exactly.

    Largest remainder (Hamilton); see :func:`planner.apportion.apportion` for ties.

    Parameters
    ----------
    total
        Lines, or whole euros.
    values
        EPCI (or ``D29``) to what the key counts, exact.
    key
        Its name, kept beside the result.
    credits_cents
        MeD credits that are known; an EPCI that isn't named has an unknown one.
    source, synthetic
        As in the contract ``envelopes``.

    Raises
    ------
    RuleError
        When the key counts nothing, or a tie is left.
    """
    parts = apportion(total, values, ties=ties)
    whole = sum((Fraction(value) for value in values.values()), Fraction(0))
    given = credits_cents or {}
    frame = pd.DataFrame({"epci_siren": list(parts), "amount": list(parts.values())})
    frame["amount"] = frame["amount"].astype("int64")
    frame["unit"] = unit.value
    frame["med_credit_cents"] = pd.array([given.get(code) for code in parts], dtype="Int64")
    frame["source"] = source
    frame["synthetic"] = synthetic
    exact = {code: Fraction(values[code]) * total / whole for code in parts}
    frame["key"] = key
    frame["key_value"] = [float(values[code]) for code in parts]
    frame["exact_amount"] = [f"{v.numerator}/{v.denominator}" for v in exact.values()]
    frame["rounded_up"] = [parts[code] > int(value) for code, value in exact.items()]
    envelopes = contract("envelopes").select(frame)
    details = contract("envelope_shares").select(frame)
    contract("envelopes").check(envelopes)
    contract("envelope_shares").check(details)
    return EnvelopeShares(envelopes=envelopes, details=details, key=key)


def _refused(problem: str, **values: object) -> RuleError:
    return RuleError(
        Message.of(f"concertation.{problem}", **values),
        Message.of(f"concertation.{problem}_remedy", **values),
    )
