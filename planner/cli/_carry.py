"""``planner concertation carry``: the concertation and its results on another map."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from rich.console import Console

from planner.cli._face import STAGES, Lang, progress, table
from planner.concertation import contradicts
from planner.errors import RuleError
from planner.findings import Finding, Findings
from planner.scenario import read_scenario
from planner.schemas import contract
from planner.texts import Message, number, say
from planner.vocab import Severity, Wish

if TYPE_CHECKING:
    from planner.apportion import ShareTies
    from planner.territory import Territory
    from planner.vintages import Carried, Conversion

__all__ = ["carry_concertation"]

_EPCI = "epci_"
_NAMED = 5  # places that a sentence names
_RESULTS = (
    "lines_phase_1", "lines_phase_2", "lines_phase_3", "gross_cents", "credit_cents", "net_cents",
)  # fmt: skip


@dataclass
class _Carrying:
    """What was carried so far."""

    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    splits: list[pd.DataFrame] = field(default_factory=list)
    findings: list[Findings] = field(default_factory=list)
    totals: list[dict[str, Any]] = field(default_factory=list)

    def take(self, name: str, carried: Carried) -> pd.DataFrame:
        """Keep a table that was carried, its splits and its findings."""
        self.tables[name] = carried.table
        self.splits.append(carried.splits)
        self.findings.append(carried.findings)
        return carried.table

    def add(
        self,
        name: str,
        given: pd.DataFrame,
        moved: pd.DataFrame,
        splits: pd.DataFrame,
        *,
        called: str | None = None,
    ) -> None:
        """Note the total of a column before and after; what is unknown isn't zero."""
        own = splits[splits["measure"] == name]
        unknown = int(moved[name].isna().sum())
        self.count(called or name, _sum(given[name]), _sum(moved[name]), own, unknown=unknown)

    def count(
        self, measure: str, before: int, after: int, splits: pd.DataFrame, *, unknown: int = 0
    ) -> None:
        """Note a total before and after."""
        several = splits.groupby(["owner", "code_from"])["code_to"].nunique()
        self.totals.append(
            {
                "measure": measure, "before": before, "after": after,
                "unknown_count": unknown, "split_count": int((several > 1).sum()),
            }
        )  # fmt: skip


def carry_concertation(
    console: Console,
    old: Path,
    new: Path | None,
    *,
    year: int | None,
    perimeters: Path | None,
    start: Path | None,
    communes: Path | None,
    plan: Path | None,
    ties: ShareTies,
    lang: Lang,
) -> tuple[dict[str, pd.DataFrame], Findings]:
    """Carry ballots, envelopes, deliberations and results to another map, and tell the totals."""
    from planner.ballots import ballots_of_these_sectors  # noqa: PLC0415
    from planner.vintages import (  # noqa: PLC0415
        carry_ballots,
        carry_counts,
        carry_deliberations,
        carry_envelopes,
    )

    if sum(one is not None for one in (new, year, perimeters)) != 1:
        raise RuleError(Message.of("vintages.one_map"), Message.of("vintages.one_map_remedy"))
    territory = _prepared(old, lang)
    known = None if plan is None else _read_results(plan)
    begun = _start(territory, read_scenario(old).territory.epci, start, communes)
    _check_start(territory, known, begun)
    done = _Carrying()
    sectors, epci, shares, signature, called = _conversions(
        territory, begun, new, year, perimeters, communes, lang
    )
    done.tables["conversions"] = pd.concat(
        [one.table for one in (sectors, epci) if one is not None], ignore_index=True
    )
    for one in (sectors, epci):
        if one is not None:
            console.print(one.summary(lang), markup=False)
    if len(territory.envelopes):
        carried = carry_envelopes(territory.envelopes, epci, ties=ties)
        moved = done.take("envelopes", carried)
        given = territory.envelopes
        for unit in sorted(set(given["unit"].astype(str))):  # lines and euros don't add up
            own = given[given["unit"].astype(str) == unit]
            there = moved[moved["unit"].astype(str) == unit]
            parts = carried.splits[carried.splits["code_from"].isin(own["epci_siren"])]
            done.add("amount", own, there, parts, called=f"amount_{unit}")
        done.add("med_credit_cents", given, moved, carried.splits)
    if len(territory.deliberations):
        given = territory.deliberations
        carried = carry_deliberations(given, epci)
        moved = done.take("deliberations", carried)
        done.count("deliberations", len(given), len(moved), carried.splits)
    ballots, stale = ballots_of_these_sectors(territory.ballots, territory.sectors, begun.shares)
    done.findings.append(_made_elsewhere(stale, territory))
    if len(ballots):
        carried = carry_ballots(
            ballots, sectors=sectors, epci=epci, sector_shares=shares, ties=ties
        )
        _count_ballots(done, ballots, carried, signature, cut_anew=sectors is not None)
    if known is not None:
        carried = carry_counts(known, epci, code="epci_siren", columns=_RESULTS, ties=ties)
        done.splits.append(carried.splits)
        done.findings.append(carried.findings)
        done.tables["carried_results"] = carried.table.melt(
            "epci_siren", var_name="measure", value_name="amount"
        )
        for name in _RESULTS:
            done.add(name, known, carried.table, carried.splits)
    done.tables["carried"] = pd.concat(done.splits, ignore_index=True)
    done.tables["carried_totals"] = pd.DataFrame(done.totals)
    found = Findings.collect(*done.findings).naming(called, epci=_epci_names(territory))
    done.tables["findings"] = found.table(lang)
    tables = {
        name: one if name == "findings" else contract(name).select(one)
        for name, one in done.tables.items()
    }
    _tell_totals(console, tables["carried_totals"], lang)
    return tables, found


def _read_results(place: Path) -> pd.DataFrame:
    """Read the results of a plan, or those that were carried to this map already."""
    from planner.io import read_table  # noqa: PLC0415

    carried = "carried_results"
    file = place
    if place.is_dir():
        names = ("balances", carried)
        file = next(
            (f for name in names if (f := place / f"{name}.csv").is_file()), place / "balances.csv"
        )
    if file.stem != carried:
        return read_table(file, "balances").table
    known = read_table(file, carried).table
    by_epci = known.astype({"amount": "Int64"}).set_index("epci_siren")
    # a measure that isn't there is unknown, not zero
    wide = pd.DataFrame(
        {name: by_epci.loc[by_epci["measure"] == name, "amount"] for name in _RESULTS}
    )
    return wide.rename_axis("epci_siren").sort_index().reset_index()


def _prepared(scenario: Path, lang: Lang) -> Territory:
    from planner.prepare import prepare_territory  # noqa: PLC0415

    with progress(lang, STAGES["prepare"]) as notify:
        return prepare_territory(read_scenario(scenario), notify=notify)


@dataclass(frozen=True, kw_only=True)
class _Start:
    """The EPCI that a concertation was held by: their map, its communes, and what sectors hold."""

    called: str
    communes: pd.DataFrame
    shares: pd.DataFrame


def _start(
    territory: Territory, layer: str, perimeters: Path | None, communes: Path | None
) -> _Start:
    """Return the EPCI of the scenario, or those of a list."""
    from planner.io import read_perimeters  # noqa: PLC0415

    if perimeters is None:
        called = layer.removeprefix(_EPCI)
        return _Start(called=called, communes=territory.communes, shares=territory.sector_shares)
    listed = read_perimeters(perimeters, communes=communes).set_index("insee")["epci_siren"]
    codes, had = territory.communes["insee"].astype(str), territory.communes["epci_siren"].notna()
    lost = sorted(codes[had & ~codes.isin(listed.index)])
    if lost:
        raise RuleError(
            Message.of("vintages.commune_lost", count=len(lost), codes=", ".join(lost[:_NAMED]),
                       map_to=perimeters.stem),
            Message.of("vintages.commune_lost_remedy"),
        )  # fmt: skip
    return _Start(
        called=perimeters.stem,
        communes=territory.communes.assign(epci_siren=codes.map(listed)),
        shares=_shares_on(territory, listed),
    )


def _check_start(territory: Territory, results: pd.DataFrame | None, begun: _Start) -> None:
    """Refuse a concertation, or results, of EPCI that aren't those of the map from."""
    tables = (territory.envelopes, territory.deliberations, territory.ballots, results)
    told = {str(code) for one in tables if one is not None for code in one["epci_siren"].dropna()}
    told -= set(begun.communes["epci_siren"].dropna())
    lost = sorted(code for code in told if not code.startswith("D"))
    if lost:
        raise RuleError(
            Message.of(
                "vintages.other_perimeters", count=len(lost), codes=", ".join(lost[:_NAMED]),
                map_from=begun.called,
            ),
            Message.of(
                "vintages.other_perimeters_remedy",
                layers=", ".join(f"{_EPCI}{year}" for year in _embedded()),
            ),
        )  # fmt: skip


def _embedded() -> list[str]:
    """Return the years whose EPCI are embedded."""
    from planner.io import geodata_folder, read_geodata  # noqa: PLC0415

    tables = read_geodata(geodata_folder("bretagne")).tables
    return sorted(name.removeprefix(_EPCI) for name in tables if name.startswith(_EPCI))


def _conversions(
    territory: Territory,
    begun: _Start,
    new: Path | None,
    year: int | None,
    perimeters: Path | None,
    communes: Path | None,
    lang: Lang,
) -> tuple[Conversion | None, Conversion, pd.DataFrame, str, Mapping[str, str]]:
    """Return how sectors (None: the same) and EPCI change, the new shares, their signature, names.

    A code that means another sector on each map has no name.
    """
    from planner.ballots import sectors_sha256  # noqa: PLC0415
    from planner.io import geodata_folder, read_geodata, read_perimeters  # noqa: PLC0415
    from planner.sector_names import sector_names  # noqa: PLC0415
    from planner.vintages import convert_epci, convert_sectors  # noqa: PLC0415

    here = sector_names(territory.sectors)

    if new is not None:
        other = _prepared(new, lang)
        names = {"map_from": territory.title, "map_to": other.title}
        if territory.title == other.title:
            names = {"map_from": f"{territory.title} (1)", "map_to": f"{other.title} (2)"}
        after = other.communes.dropna(subset=["epci_siren"])
        epci = convert_epci(
            begun.communes, after.set_index(after["insee"].astype(str))["epci_siren"],
            territory.premises, **names,
        )  # fmt: skip
        sectors = convert_sectors(territory.premises, other.premises, **names)
        signature = sectors_sha256(other.sectors, other.sector_shares)
        there = sector_names(other.sectors)
        both = {k: n for k, n in {**here, **there}.items() if here.get(k, n) == there.get(k, n)}
        return sectors, epci, other.sector_shares, signature, both
    if perimeters is not None:
        listed = read_perimeters(perimeters, communes=communes)
        to, map_to = listed.set_index("insee")["epci_siren"], perimeters.stem
    else:
        geodata = read_geodata(geodata_folder("bretagne"))
        if f"{_EPCI}{year}" not in geodata.tables:
            raise RuleError(
                Message.of("vintages.no_year", year=str(year)),
                Message.of("vintages.no_year_remedy", years=", ".join(_embedded())),
            )
        listed = geodata.communes_of(f"{_EPCI}{year}").dropna(subset=["epci_siren"])
        to, map_to = listed.set_index(listed["insee"].astype(str))["epci_siren"], str(year)
    epci = convert_epci(
        begun.communes, to.astype(str), territory.premises, map_from=begun.called, map_to=map_to
    )
    # the sectors stand; what each holds in each EPCI follows its premises
    shares = _shares_on(territory, to.astype(str))
    return None, epci, shares, sectors_sha256(territory.sectors, shares), here


def _shares_on(territory: Territory, to: pd.Series[str]) -> pd.DataFrame:
    """Return what each sector holds in each EPCI of another year."""
    codes = territory.communes["insee"].astype(str)
    before = territory.communes["epci_siren"].astype("object").fillna("").to_numpy()
    after = codes.map(to).astype("object").fillna("")
    elsewhere = dict(zip(codes[before != after], after[before != after], strict=True))
    premises = territory.premises
    rows = premises.loc[premises["sector_id"].notna() & (premises["premises_min"] > 0)]
    key, insee = rows["sector_id"].astype(str), rows["insee"].astype(str)
    moved = set(key[insee.isin(elsewhere)])
    here = key.isin(moved)
    now = dict(zip(codes, after, strict=True))
    counts = (
        pd.DataFrame(
            {
                "sector_id": key[here], "epci_siren": insee[here].map(now).fillna(""),
                "premises_count": rows.loc[here, "premises_min"].astype("int64"),
            }
        )
        .groupby(["sector_id", "epci_siren"])["premises_count"].sum().reset_index()
    )  # fmt: skip
    shares = territory.sector_shares
    kept = shares[~shares["sector_id"].astype(str).isin(moved)]
    return pd.concat([kept, counts], ignore_index=True)


def _made_elsewhere(stale: Mapping[str, int], territory: Territory) -> Findings:
    """Name who voted on other sectors: such wishes can't be carried from these."""
    names = dict(zip(territory.epci["siren"], territory.epci["nom"], strict=True))
    return Findings.collect(
        Finding.of(
            "vintages.other_sectors", severity=Severity.SERIOUS, table="ballots", place=actor,
            count=count, name=names.get(actor, actor),
        )
        for actor, count in stale.items()
    )  # fmt: skip


def _count_ballots(
    done: _Carrying, given: pd.DataFrame, carried: Carried, signature: str, *, cut_anew: bool
) -> None:
    """Note how many wishes of each kind, and how many points, are found again."""
    moved = done.take("ballots", carried)
    # what is carried to a cut counts on that cut; what was signed is signed on the new shares
    signed = moved["sectors_sha256"].notna() if "sectors_sha256" in moved else False
    if cut_anew:
        done.tables["ballots"] = moved.assign(sectors_sha256=signature)
    elif isinstance(signed, pd.Series) and signed.any():
        done.tables["ballots"] = moved.assign(
            sectors_sha256=moved["sectors_sha256"].mask(signed, signature)
        )
    splits = carried.splits
    for wish in sorted(set(given["wish"].astype(str))):
        own = splits[splits["measure"].str.split(":").str[0] == wish]
        before, after = (int((one["wish"].astype(str) == wish).sum()) for one in (given, moved))
        done.count(wish, before, after, own)
    if "points" in given and given["points"].notna().any():
        kind = splits["measure"].str.split(":").str[0]
        own = splits[kind.isin(["points", "scored"])]
        done.count("points", _points(given), _points(moved), own)


def _points(ballots: pd.DataFrame) -> int:
    """Return the points that count: of what says two things, none do."""
    scored = (ballots["wish"].astype(str) == Wish.SCORED.value) & ~contradicts(ballots)
    return _sum(ballots.loc[scored, "points"])


def _sum(column: pd.Series[Any]) -> int:
    return int(column.dropna().sum())


def _amount(measure: str, value: int, lang: Lang) -> str:
    """Write a total: what is counted in cents, in euros."""
    if measure.endswith("_cents"):
        return number(value / 100, lang, 0 if value % 100 == 0 else 2)
    return number(value, lang)


def _epci_names(territory: Territory) -> dict[str, str]:
    """Return what EPCI are called, on the map from and in every year that is embedded."""
    from planner.io import geodata_folder, read_geodata  # noqa: PLC0415

    embedded = read_geodata(geodata_folder("bretagne"))
    layers = [embedded.table(name) for name in ("epci_2025", "epci_2018")]
    return {
        str(siren): str(nom)
        for layer in (*layers, territory.epci)
        for siren, nom in zip(layer["siren"], layer["nom"], strict=True)
    }


def _tell_totals(console: Console, totals: pd.DataFrame, lang: Lang) -> None:
    rows = [
        [
            say(f"vintages.measure_{row['measure']}", lang),
            *(_amount(row["measure"], row[side], lang) for side in ("before", "after")),
            number(row["unknown_count"], lang), number(row["split_count"], lang),
        ]
        for row in totals.to_dict("records")
    ]  # fmt: skip
    columns = ("what", "before", "after", "unknown", "split")
    titles = [say(f"vintages.column_{name}", lang) for name in columns]
    console.print(table(say("vintages.totals", lang), titles, rows, numbers=1))
