"""Which places count a sector, and by how much: the region, EPCI by their share, one commune."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from planner.apportion import apportion
from planner.compare._perimeters import Tables, shared_names
from planner.schemas import contract
from planner.texts import Message
from planner.vocab import Level

__all__ = ["REGION", "name_places", "newest_tables", "share_cents", "weigh_sectors"]

REGION = "—"


def weigh_sectors(tables: Tables) -> pd.DataFrame:
    """Return how many premises of each sector each place counts, at three levels."""
    shares, main = tables["sector_shares"], tables["sectors"]
    siren = shares["epci_siren"].astype("object").where(shares["epci_siren"].notna(), "")
    departement = shares["sector_id"].map(main.set_index("sector_id")["departement"].astype(str))
    actor = siren.where(siren != "", "D" + departement.astype("object"))
    parts = [
        pd.DataFrame({"sector_id": shares["sector_id"], "level": Level.EPCI.value,
                      "code": actor, "weight": shares["premises_count"]}),
        pd.DataFrame({"sector_id": main["sector_id"], "level": Level.COMMUNE.value,
                      "code": main["insee"], "weight": main["premises_count"]}),
        pd.DataFrame({"sector_id": main["sector_id"], "level": Level.REGION.value,
                      "code": REGION, "weight": main["premises_count"]}),
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True).astype({"sector_id": "str", "code": "str"})


def newest_tables(before: Tables, after: Tables) -> dict[str, pd.DataFrame]:
    """Return the sectors of the second plan and their shares, with those only the first one has."""
    return {name: _newest(before, after, name) for name in ("sector_shares", "sectors")}


def _newest(before: Tables, after: Tables, name: str) -> pd.DataFrame:
    columns = list(contract(name).column_names)
    new, old = pd.DataFrame(after[name])[columns], pd.DataFrame(before[name])[columns]
    gone = old[~old["sector_id"].isin(set(new["sector_id"]))]
    return pd.concat([new, gone], ignore_index=True) if len(gone) else new.reset_index(drop=True)


def share_cents(weights: pd.DataFrame, cents: Mapping[str, int | None]) -> pd.Series[Any]:
    """Share the cents of each sector among the places of each level, to the cent.

    Parameters
    ----------
    weights
        What :func:`weigh_sectors` returned.
    cents
        Sector to its cents; None, or no sector, where they aren't known.

    Returns
    -------
    Series
        Whole cents, absent where unknown, in the order of ``weights``.  Where several EPCI have
        premises of a sector each gets its exact share, and what is left of a cent goes to the
        largest remainder, then to the first code.
    """
    keys, codes = weights["sector_id"].astype("str"), weights["code"].tolist()
    whole = keys.map(pd.Series(dict(cents), dtype="Int64"))
    several = weights.duplicated(["sector_id", "level"], keep=False) & (whole.fillna(0) != 0)
    places = list(zip(keys.tolist(), weights["level"].astype("str").tolist(), strict=True))
    shared: dict[tuple[str, str], list[int]] = {}
    for row in several.to_numpy().nonzero()[0].tolist():
        shared.setdefault(places[row], []).append(row)
    counts, parts = weights["weight"].astype(int).tolist(), whole.tolist()
    for (key, _), rows in shared.items():
        found = apportion(int(cents[key] or 0), {codes[r]: counts[r] for r in rows}, ties="code")
        for row in rows:
            parts[row] = found[codes[row]]
    return pd.Series(parts, index=weights.index, dtype="Int64")


def name_places(sides: tuple[Tables, Tables], places: pd.DataFrame) -> list[str]:
    """Return the names of places, each in the first of the tables that know it.

    With its code where EPCI of two codes, of one year and of another, have the same name; the
    département that stands for islands without EPCI is called as on its ballot.

    Parameters
    ----------
    sides
        The tables of both plans, those that are looked into first before the others.
    places
        Their ``level`` and ``code``.
    """
    twice = shared_names(*sides)
    names: dict[tuple[str, str], str] = {}
    for tables in reversed(sides):
        for level, name, key in (("epci", "epci", "siren"), ("commune", "communes", "insee")):
            if name in tables:
                codes, noms = (tables[name][column].astype("str") for column in (key, "nom"))
                for code, nom in zip(codes, noms, strict=True):
                    told = f"{nom} ({code})" if level == Level.EPCI.value and nom in twice else nom
                    names[level, code] = told
    region = Message.of("compare.the_region").say()

    def called(level: str, code: str) -> str:
        if level == Level.EPCI.value and code.startswith("D"):  # no EPCI: islands it proposes for
            return f"{Level.DEPARTEMENT.label()} {code[1:]}"
        return names.get((level, code), code)

    return [
        region if level == Level.REGION.value else called(level, code)
        for level, code in zip(places["level"].astype("str"), places["code"], strict=True)
    ]
