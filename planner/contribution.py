"""What each EPCI owes: lines × a dated rate, in exact cents, its MeD credit deducted.

Counted by zone × EPCI in phase 1 and by sector × EPCI in phase 2: an EPCI pays for its own share of
a zone that reaches into its neighbour.  Source of the rate and of the credit: Mégalis Bretagne, in
the press of 21 December 2017 (445 € a line; Combourg nord 843 lines = 375 135 €).
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from planner.findings import Finding, Findings
from planner.schemas import contract
from planner.vocab import Phase, Severity

__all__ = ["count_contributions"]

_PAID_PHASES = (Phase.PHASE_1.value, Phase.PHASE_2.value)


def count_contributions(
    *,
    programme: pd.DataFrame,
    sectors: pd.DataFrame,
    sector_shares: pd.DataFrame,
    zones: pd.DataFrame,
    credits_cents: Mapping[str, int],
    cents_per_line: int,
) -> tuple[pd.DataFrame, Findings]:
    """Count the contributions of phases 1 and 2.

    The credit of an EPCI is used in the order of phase, then of zone or sector, until none is left.

    Parameters
    ----------
    programme, sectors, sector_shares, zones
        Tables under the contracts of their names.
    credits_cents
        EPCI to its MeD credit in cents; an EPCI that is not in it has none.
    cents_per_line
        Contribution a line, in cents.

    Returns
    -------
    DataFrame
        Contract ``contributions``, sorted by EPCI, phase, place.
    Findings
        Lines that lie in no EPCI, for which nobody's contribution is known.

    Examples
    --------
    843 lines at 445 € are 375 135 €:

    >>> 843 * 44_500
    37513500
    """
    phases = programme.set_index("sector_id")["phase"].astype(str)
    places = sectors.set_index("sector_id")[["nom", "zone_id"]]
    rows = sector_shares[["sector_id", "epci_siren", "premises_count"]].copy()
    rows["phase"] = rows["sector_id"].map(phases)
    rows = rows[rows["phase"].isin(_PAID_PHASES) & (rows["premises_count"] > 0)]
    zone_id = rows["sector_id"].map(places["zone_id"])
    in_zone = zone_id.notna() & (rows["phase"] == Phase.PHASE_1.value)
    rows["place_id"] = rows["sector_id"].astype("object").where(~in_zone, zone_id).astype("str")
    # a given zone may be its own sector, under one identifier
    names = {**places["nom"], **zones.set_index("zone_id")["nom"]}
    orphans = rows["epci_siren"].fillna("") == ""
    findings = Findings.collect(_orphans(rows[orphans]))
    sums = (
        rows[~orphans]
        .groupby(["epci_siren", "phase", "place_id"], sort=True)["premises_count"].sum()
        .reset_index(name="lines_count")
    )  # fmt: skip
    sums["nom"] = sums["place_id"].map(names).fillna("")
    sums["gross_cents"] = sums["lines_count"].astype("int64") * cents_per_line
    sums["credit_cents"] = _credits(sums, credits_cents)
    sums["net_cents"] = sums["gross_cents"] - sums["credit_cents"]
    if sums.empty:
        return contract("contributions").empty(), findings
    contract("contributions").check(sums)
    return contract("contributions").select(sums), findings


def _credits(sums: pd.DataFrame, credits_cents: Mapping[str, int]) -> list[int]:
    left = dict(credits_cents)
    used = []
    for siren, gross in zip(sums["epci_siren"], sums["gross_cents"].tolist(), strict=True):
        share = min(gross, left.get(siren, 0))
        left[siren] = left.get(siren, 0) - share
        used.append(share)
    return used


def _orphans(rows: pd.DataFrame) -> list[Finding]:
    return [
        Finding.of(
            "contribution.no_epci", severity=Severity.INFO, table="contributions",
            place=str(place), count=int(group["premises_count"].sum()),
        )
        for place, group in rows.groupby("place_id", sort=True)
    ]  # fmt: skip
