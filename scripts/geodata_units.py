"""Communes and EPCI through the years: the units of 2018 on the map of 2025."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from geodata_figures import Row
from geodata_sources import DEPARTEMENTS, Sources

__all__ = [
    "carry_members",
    "carry_zones",
    "describe_epci",
    "merged_with_public",
    "successors",
    "trace_communes",
]


def successors(communes: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return the commune that each code, present or past, leads to.

    Raises
    ------
    ValueError
        When a past code leads to two communes: its figures could not be carried whole.
    """
    leads_to = {insee: insee for insee in communes}
    for insee, row in communes.items():
        for past in row.get("anciensCodes", ()):
            if leads_to.setdefault(past, insee) != insee:
                raise ValueError(
                    f"{past} leads to {leads_to[past]} and {insee} -> split its figures"
                )
    return leads_to


def carry_members(
    epci: Iterable[Mapping[str, Any]], leads_to: Mapping[str, str]
) -> dict[str, tuple[str, ...]]:
    """Return the members of each EPCI, on today's communes; members elsewhere keep their codes.

    Raises
    ------
    ValueError
        When two EPCI would share a commune.
    """
    members = {
        row["code"]: tuple(sorted({leads_to.get(m["code"], m["code"]) for m in row["membres"]}))
        for row in epci
    }
    times = Counter(insee for communes in members.values() for insee in communes)
    if shared := sorted(insee for insee, count in times.items() if count > 1):
        raise ValueError(f"several EPCI share {', '.join(shared)} -> say which one keeps it")
    return members


def trace_communes(
    sources: Sources,
    leads_to: Mapping[str, str],
    *,
    merged: Iterable[str],
    names_before: Mapping[str, str],
    epci_before: Mapping[str, str],
) -> list[Row]:
    """Lead each commune of 2018 to one of 2025, with its name and its EPCI of 2018.

    The communes of 2018 are those of 2019 and those that merged between the two.

    Parameters
    ----------
    sources
        Both lists of communes.
    leads_to
        As from :func:`successors`.
    merged
        Codes of 2018 that were gone in 2019.
    names_before
        Names in 2018 of the communes that took another one when they absorbed these.
    epci_before
        EPCI of those among ``merged`` that had not the one of the commune that absorbed them.
    """
    epci_2019 = {m["code"]: row["code"] for row in sources.epci_2019 for m in row["membres"]}
    rows: list[Row] = []
    for insee_2018 in sorted({*sources.communes_2019, *merged}):
        insee = leads_to[insee_2018]
        in_2019 = sources.communes_2019.get(insee_2018, {})
        rows.append(
            {
                "insee_2018": insee_2018,
                "nom_2018": names_before.get(insee_2018)
                or in_2019.get("nom")
                or sources.delegated_2019[insee_2018],
                "insee": insee,
                "epci_siren_2018": epci_before.get(insee_2018)
                or epci_2019.get(insee_2018)
                or epci_2019.get(insee),
            }
        )
    return rows


def carry_zones(
    history: Sequence[Row], *, very_dense: Iterable[str], private: Iterable[str]
) -> dict[str, str]:
    """Return the regulatory zone of each commune of 2025: private as soon as one of its parts is.

    Raises
    ------
    ValueError
        When a code of 2018 is unknown.
    """
    zones = {str(row["insee"]): "public" for row in history}
    leads_to = {str(row["insee_2018"]): str(row["insee"]) for row in history}
    dense = set(very_dense)
    if unknown := sorted({*private, *dense} - set(leads_to)):
        raise ValueError(f"no commune of 2018: {', '.join(unknown)} -> check the codes")
    for insee_2018 in sorted(private):
        zones[leads_to[insee_2018]] = "ztd" if insee_2018 in dense else "l33_13"
    # The very dense zone comes last: it would win over the other kind in a merged commune.
    zones |= {leads_to[insee_2018]: "ztd" for insee_2018 in dense}
    return zones


def merged_with_public(history: Sequence[Row], private: Iterable[str]) -> list[str]:
    """Return the communes of 2025 that a private commune of 2018 shares with a public one."""
    known = set(private)
    kinds: dict[str, set[bool]] = {}
    for row in history:
        kinds.setdefault(str(row["insee"]), set()).add(row["insee_2018"] in known)
    return sorted(insee for insee, found in kinds.items() if len(found) > 1)


def describe_epci(
    epci: Iterable[Mapping[str, Any]],
    members: Mapping[str, tuple[str, ...]],
    communes: Mapping[str, Row],
    *,
    vintage: int,
) -> list[Row]:
    """Return what is known of each EPCI but its shape, sorted by SIREN.

    ``population`` and ``public_premises`` are those of its Breton communes only.
    """
    rows: list[Row] = []
    for record in sorted(epci, key=lambda row: str(row["code"])):
        every = members[record["code"]]
        inside = [communes[insee] for insee in every if insee.startswith(DEPARTEMENTS)]
        rows.append(
            {
                "siren": record["code"],
                "nom": record["nom"],
                "nature": record["type"],
                "vintage": vintage,
                "communes_count": len(every),
                "communes_in_region_count": len(inside),
                "beyond_region": len(inside) < len(every),
                "public_premises": any(row["regulatory_zone"] == "public" for row in inside),
                "population": sum(int(row["population"] or 0) for row in inside),
            }
        )
    return rows
