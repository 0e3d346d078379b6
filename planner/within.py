"""Keep a part of a territory: some communes, EPCI or départements, and all that stands there.

Sectors stay whole, so that the parts of a territory share its sectors out: each goes where its main
commune is, and its premises with it.  What lies across the border is told, never guessed: an EPCI
counts its sectors inside only, and its envelope by the lines that are left to choose in them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.apportion import apportion
from planner.ballots import actor_shares, sectors_sha256
from planner.errors import UnknownNameError
from planner.findings import Finding, Findings
from planner.territory import Territory
from planner.texts import Message, say
from planner.vocab import Level, Severity
from planner.zoning import join_zones

__all__ = ["check_codes", "keep_within"]

_NAMED = 3  # places that a title names
_WHOLE = ("programme_figures", "public_progress", "reconciliation")
"""What is published of the whole says nothing of a part."""
_ASIDE = frozenset(
    {
        *_WHOLE, "region", "departements", "epci", "communes", "communes_history", "premises",
        "sectors", "sector_shares", "zones", "rejected_rows", "premises_figures",
    }
)  # fmt: skip
"""Tables that are not kept row by row, by the codes that they name."""
_LEVELS = ("level", "code")


def keep_within(
    territory: Territory, codes: Sequence[str], *, share_envelopes: bool = True
) -> Territory:
    """Keep the communes of some codes, and what belongs to them.

    A sector is kept, whole, where its main commune is; the premises follow their sector, and those
    of no sector their commune.  A commune outside that has premises in a kept sector is kept too,
    for these only.

    Parameters
    ----------
    territory
        With its sectors and zones, or before it has any.
    codes
        INSEE codes of communes, SIREN of EPCI, codes of départements.
    share_envelopes
        Whether the envelope and the MeD credit of an EPCI across the border are shared between its
        sectors, by the lines left to choose; if not, they are kept as they are given.

    Returns
    -------
    Territory
        Its findings name each EPCI and zone across the border, with what of it is inside.

    Raises
    ------
    UnknownNameError
        When a code names no commune, EPCI or département of the territory.
    """
    part = _Part.of(territory, codes)
    kept = part.territory()
    if len(territory.sectors):
        kept, found = part.sector_tables(kept, share_envelopes=share_envelopes)
        kept = kept.with_findings(Findings.collect(found))
    lengths = {f.name: getattr(kept, f.name) for f in fields(kept)}
    origins = (
        replace(origin, rows=len(lengths[origin.layer]))
        if isinstance(lengths.get(origin.layer), pd.DataFrame)
        and len(lengths[origin.layer]) != len(getattr(territory, origin.layer))
        else origin
        for origin in kept.origins
    )
    return kept.with_tables(origins=tuple(origins))


def check_codes(communes: pd.DataFrame, codes: Sequence[str]) -> None:
    """Refuse codes that name nothing, before anything is made up for the whole.

    Parameters
    ----------
    communes
        Of the territory.
    codes
        INSEE codes of communes, SIREN of EPCI, codes of départements.

    Raises
    ------
    UnknownNameError
        When a code names no commune, EPCI or département of the territory.
    """
    known = {code for column in _code_columns(communes) for code in column.dropna()}
    strange = sorted(set(codes) - known)
    if strange:
        raise UnknownNameError(
            Message.of("prepare.within_unknown", codes=", ".join(strange)),
            Message.of("prepare.within_unknown_remedy"),
        )


def _code_columns(communes: pd.DataFrame) -> list[pd.Series]:
    """Return the columns of codes that a part may be asked by."""
    return [communes[name].astype("object") for name in ("insee", "epci_siren", "departement")]


@dataclass(frozen=True, kw_only=True)
class _Part:
    """What of a territory is kept.

    Parameters
    ----------
    whole
        The territory.
    asked
        Codes asked for.
    inside
        INSEE codes of the communes asked for.
    communes
        Those, and the ones that have premises in a kept sector.
    premises, sectors
        Rows of these tables that are kept.
    """

    whole: Territory
    asked: tuple[str, ...]
    inside: frozenset[str]
    communes: gpd.GeoDataFrame
    premises: np.ndarray[tuple[int], np.dtype[np.bool_]]
    sectors: np.ndarray[tuple[int], np.dtype[np.bool_]]

    @classmethod
    def of(cls, whole: Territory, codes: Sequence[str]) -> _Part:
        """Find what belongs to some codes."""
        communes = whole.communes
        check_codes(communes, codes)
        columns = _code_columns(communes)
        mine = np.logical_or.reduce([column.isin(list(codes)).to_numpy() for column in columns])
        inside = frozenset(communes.loc[mine, "insee"].astype(str))
        sectors = whole.sectors["insee"].astype("object").isin(inside).to_numpy()
        premises = whole.premises["insee"].astype("object").isin(inside).to_numpy()
        if "sector_id" in whole.premises:
            sector = whole.premises["sector_id"].astype("object")
            own = set(whole.sectors.loc[sectors, "sector_id"])
            premises = np.where(sector.notna(), sector.isin(own), premises)
        reached = set(whole.premises.loc[premises, "insee"].dropna().astype(str))
        kept = communes["insee"].astype("object").isin(inside | reached)
        return cls(
            whole=whole, asked=tuple(codes), inside=inside, premises=premises, sectors=sectors,
            communes=communes[kept].reset_index(drop=True),
        )  # fmt: skip

    def territory(self) -> Territory:
        """Return the places and premises that are kept, and every table of them alone."""
        whole, gone = self.whole, self.gone()
        premises = whole.premises[self.premises].reset_index(drop=True)
        title = self.title()
        tables: dict[str, pd.DataFrame] = {
            name: getattr(whole, name).iloc[:0].reset_index(drop=True) for name in _WHOLE
        }
        for field in fields(whole):
            table = getattr(whole, field.name)
            if isinstance(table, pd.DataFrame) and field.name not in _ASIDE:
                tables[field.name] = _without(table, gone)
        outline = shapely.union_all(self.communes.geometry.to_numpy())
        tables |= {
            "region": whole.region.assign(nom=title).set_geometry([outline], crs=whole.region.crs),
            "departements": self.outlined(whole.departements, "code", "departement"),
            "epci": self.outlined(whole.epci, "siren", "epci_siren"),
            "communes": self.communes,
            "premises": premises,
            "premises_figures": self.figures(),
        }
        counts = premises["premises_min"].sum(), whole.premises["premises_min"].sum()
        found = [
            Finding.of(
                "prepare.within", severity=Severity.INFO, table="premises", place=whole.name,
                count=int(counts[1] - counts[0]), communes=len(self.communes),
            )
        ]  # fmt: skip
        elsewhere = set().union(*gone.values())
        kept = [f for f in whole.findings if f.place not in elsewhere]
        return whole.with_tables(**tables, title=title, findings=Findings.collect(kept, found))

    def title(self) -> str:
        """Return the whole's title, with the places kept, where they are few."""
        names = {
            str(code): str(name)
            for level in (Level.COMMUNE, Level.EPCI, Level.DEPARTEMENT)
            for code, name in self.whole.names(level).items()
        }
        if len(self.asked) > _NAMED:
            return say("prepare.part_title", "fr", whole=self.whole.title, count=len(self.asked))
        return ", ".join(names[code] for code in self.asked)

    def gone(self) -> dict[str, set[str]]:
        """Return the codes left out, by the column that names them."""
        whole = self.whole
        here = self.communes

        def left(table: pd.DataFrame, column: str, kept: pd.Series) -> set[str]:
            return set(table[column].dropna().astype(str)) - set(kept.dropna().astype(str))

        premises = whole.premises["premise_id"]
        sectors = whole.sectors.loc[~self.sectors, "sector_id"]
        zones = whole.sectors.loc[self.sectors, "zone_id"]
        departements = left(whole.departements, "code", here["departement"])
        return {
            "insee": left(whole.communes, "insee", here["insee"]),
            "epci_siren": self.silent() | left(whole.epci, "siren", here["epci_siren"]),
            "departement": departements,
            "sector_id": set(sectors.astype(str)),
            "feeder_id": set(sectors.astype(str)),
            "zone_id": left(whole.zones, "zone_id", zones.astype("object")),
            "premise_id": set(premises[~self.premises]) if len(whole.state_changes) else set(),
        }

    def silent(self) -> set[str]:
        """Return who has lines to decide on, all of them elsewhere: EPCI, and départements."""
        shares = actor_shares(self.whole.sectors, self.whole.sector_shares)
        shares = shares[shares["premises_count"] > 0]
        ids = set(self.whole.sectors.loc[self.sectors, "sector_id"])
        inside = shares["sector_id"].isin(ids)
        return set(shares["actor"]) - set(shares.loc[inside, "actor"])

    def outlined(self, table: gpd.GeoDataFrame, key: str, column: str) -> gpd.GeoDataFrame:
        """Return the places that have communes here, drawn by them where some are elsewhere."""
        owner = self.communes[column].astype("object")
        lost = set(self.whole.communes["insee"].astype(str)) - set(self.communes["insee"])
        cut = self.whole.communes["insee"].astype(str).isin(lost)
        across = set(self.whole.communes.loc[cut, column].dropna())
        kept = table[table[key].isin(set(owner.dropna()))].reset_index(drop=True)
        shapes = [
            shapely.union_all(self.communes.geometry[(owner == code).to_numpy()].to_numpy())
            if code in across
            else shape
            for code, shape in zip(kept[key], kept.geometry, strict=True)
        ]
        return kept.set_geometry(gpd.GeoSeries(shapes, crs=table.crs, index=kept.index))

    def figures(self) -> pd.DataFrame:
        """Return the published counts of the places that are here as a whole."""
        table = self.whole.premises_figures
        communes = self.whole.communes
        away = ~communes["insee"].astype("object").isin(self.inside)
        whole = {
            Level.COMMUNE.value: set(self.inside),
            Level.DEPARTEMENT.value: set(communes["departement"])
            - set(communes.loc[away, "departement"]),
        }
        kept = [
            code in whole.get(str(level), ())
            for level, code in zip(table["level"], table["code"], strict=True)
        ]
        return table[np.array(kept, dtype=bool)].reset_index(drop=True)

    def sector_tables(
        self, kept: Territory, *, share_envelopes: bool
    ) -> tuple[Territory, list[Finding]]:
        """Return the territory with its sectors, zones and concertation, and what is cut."""
        whole = self.whole
        sectors = whole.sectors[self.sectors].reset_index(drop=True)
        ids = set(sectors["sector_id"])
        shares = whole.sector_shares
        shares = shares[shares["sector_id"].isin(ids)].reset_index(drop=True)
        zoning = join_zones(
            sectors,
            zones=whole.zones[whole.zones["zone_id"].isin(set(sectors["zone_id"].dropna()))],
        )
        premises = kept.premises.assign(
            sector_id=kept.premises["sector_id"].cat.set_categories(sorted(ids))
        )
        held = shares.loc[shares["premises_count"] > 0, "epci_siren"]
        public = kept.epci["public_premises"] & kept.epci["siren"].isin(set(held))
        kept = kept.with_tables(
            sectors=zoning.sectors, sector_shares=shares, zones=zoning.zones, premises=premises,
            epci=kept.epci.assign(public_premises=public),
            ballots=self.signed_anew(kept.ballots, sectors, shares),
        )  # fmt: skip
        cuts = tuple(_cuts(whole, ids))
        names = {
            **dict(zip(whole.epci["siren"], whole.epci["nom"], strict=True)),
            **{c.actor: f"Département {c.actor[1:]}" for c in cuts if c.actor.startswith("D")},
        }
        found = [*self.zone_findings(zoning.zones), *(c.finding(names[c.actor]) for c in cuts)]
        envelopes, told = _shared(kept.envelopes, cuts, names, share=share_envelopes)
        found += told
        return kept.with_tables(envelopes=envelopes), found

    def signed_anew(
        self, ballots: pd.DataFrame, sectors: gpd.GeoDataFrame, shares: pd.DataFrame
    ) -> pd.DataFrame:
        """Return the wishes made on the sectors of the whole as made on those kept of them."""
        if "sectors_sha256" not in ballots or ballots["sectors_sha256"].isna().all():
            return ballots
        before = sectors_sha256(self.whole.sectors, self.whole.sector_shares)
        signed = ballots["sectors_sha256"].astype("object")
        anew = sectors_sha256(sectors, shares)
        return ballots.assign(sectors_sha256=signed.where(signed != before, anew).astype("str"))

    def zone_findings(self, kept: gpd.GeoDataFrame) -> list[Finding]:
        """Name the zones that lie across the border."""
        before = self.whole.zones.set_index("zone_id")["premises_count"]
        return [
            Finding.of(
                "prepare.part_zone", severity=Severity.INFO, table="zones", place=str(key),
                count=int(count), whole=int(before[key]), name=str(name),
            )
            for key, name, count in zip(
                kept["zone_id"], kept["nom"], kept["premises_count"], strict=True
            )
            if count != before[key]
        ]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class _Cut:
    """An EPCI across the border: its lines by sector, left to choose and in all, inside or not."""

    actor: str
    lines: Mapping[str, int]
    left: Mapping[str, int]
    inside: frozenset[str]

    def finding(self, name: str) -> Finding:
        """Say what of it counts."""
        here = [key for key in self.lines if key in self.inside]
        return Finding.of(
            "prepare.part_epci", severity=Severity.WARNING, table="sector_shares",
            place=self.actor, name=name, count=sum(self.lines[key] for key in here),
            whole=sum(self.lines.values()), sectors=len(here), sectors_whole=len(self.lines),
        )  # fmt: skip

    def share(self, amount: int) -> int:
        """Return what of an amount falls on the sectors inside, by the lines left to choose."""
        weights = self.left if any(self.left.values()) else self.lines
        parts = apportion(amount, weights, ties="code")
        return sum(part for key, part in parts.items() if key in self.inside)


def _cuts(whole: Territory, kept: set[str]) -> Iterator[_Cut]:
    shares = actor_shares(whole.sectors, whole.sector_shares)
    shares = shares[shares["premises_count"] > 0]
    left = set(whole.sectors.loc[whole.sectors["zone_id"].isna(), "sector_id"])
    for actor, group in shares.groupby("actor", sort=True):
        lines = dict(
            zip(group["sector_id"].astype(str), group["premises_count"].astype(int), strict=True)
        )
        if 0 < len(kept & lines.keys()) < len(lines):
            yield _Cut(
                actor=str(actor), lines=lines, inside=frozenset(kept),
                left={key: count for key, count in lines.items() if key in left},
            )  # fmt: skip


def _shared(
    envelopes: pd.DataFrame, cuts: Sequence[_Cut], names: Mapping[str, str], *, share: bool
) -> tuple[pd.DataFrame, list[Finding]]:
    """Share the envelopes of EPCI across the border, and say how, or that they count whole."""
    of = {cut.actor: cut for cut in cuts}
    table, found = envelopes.copy(), []
    for row, actor in zip(table.index, table["epci_siren"].astype(str), strict=True):
        given = table.loc[row, "amount"]
        if actor not in of:
            continue
        rule, values = "given", {}
        if share:
            for column in ("amount", "med_credit_cents"):
                if not pd.isna(table.loc[row, column]):
                    table.loc[row, column] = of[actor].share(int(table.loc[row, column]))
            rule = str(table.loc[row, "unit"])
            values = {} if pd.isna(given) else {"count": table.loc[row, "amount"], "whole": given}
        if not pd.isna(given):
            found.append(
                Finding.of(
                    f"prepare.part_envelope_{rule}", severity=Severity.WARNING, table="envelopes",
                    place=actor, name=names[actor],
                    **{key: int(value) for key, value in values.items()},
                )
            )  # fmt: skip
    return table, found


def _without(table: pd.DataFrame, gone: Mapping[str, set[str]]) -> pd.DataFrame:
    """Return the rows that name none of the codes left out."""
    kept = np.ones(len(table), dtype=bool)
    for column, codes in gone.items():
        if column in table and codes:
            kept &= ~table[column].astype("object").isin(codes).to_numpy()
    if set(_LEVELS) <= set(table.columns):
        for level, column in (
            (Level.COMMUNE, "insee"), (Level.EPCI, "epci_siren"),
            (Level.DEPARTEMENT, "departement"), (Level.SECTOR, "sector_id"),
            (Level.ZONE, "zone_id"),
        ):  # fmt: skip
            mine = (table["level"].astype(str) == level.value).to_numpy()
            kept &= ~(
                mine & table["code"].astype("object").isin(gone.get(column, set())).to_numpy()
            )
        kept &= (table["level"].astype(str) != Level.REGION.value).to_numpy()
    return table[kept].reset_index(drop=True)
