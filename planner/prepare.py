"""Assemble a territory for a scenario: boundaries, premises, sectors, zones, concertation."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd

from planner.coverage import Coverage, measure_coverage_from_counts
from planner.errors import UnknownNameError
from planner.findings import Finding, Findings
from planner.follow_up import freeze_baseline
from planner.io import (
    geodata_folder,
    read_geodata,
    read_observatory,
    read_premises,
    read_public_sites,
    read_sectors,
    read_table,
    read_zones,
)
from planner.io.finished import read_finished_plan
from planner.io.geodata import read_ballot_sectors
from planner.network import Ways
from planner.network.stand_in import make_stand_in
from planner.premises import GeneratorRules, check_state_changes, generate_premises
from planner.prepare_delivery import Delivered, read_delivered
from planner.progress import Notify, stage, unheard
from planner.provenance import Origin
from planner.scenario import Scenario
from planner.schemas import contract
from planner.supports import add_supports, given_ways
from planner.territory import Territory
from planner.texts import Message
from planner.vocab import Level, Phase, RegulatoryZone, Severity
from planner.within import check_codes, keep_within
from planner.zoning import (
    CutRules,
    HistoryRules,
    SectorCut,
    Zoning,
    cut_sectors,
    grow_zones,
    join_zones,
    make_example_history,
    place_sectors,
    use_sectors,
)

__all__ = ["measure_counts", "prepare_territory"]

_BOUNDARIES = ("region", "departements", "epci", "communes")
_FIGURES = (
    "communes_history",
    "villes_moyennes",
    "programme_figures",
    "premises_figures",
    "prices",
)
_TABLES = {"programme": "programme_figures"}  # what a catalogue calls by its file's name
_BESIDE = {
    "concertation": ("envelopes", "ballots", "deliberations"), "follow_up": ("public_progress",),
}  # fmt: skip
"""Folders beside a territory's layers, which it may lack, and what they hold."""


def prepare_territory(scenario: Scenario, *, notify: Notify = unheard) -> Territory:
    """Read, generate and cut whatever the scenario names, and join it once.

    Parameters
    ----------
    scenario
        What is asked; its paths are relative to its own file.
    notify
        Told the name of each stage as it begins.

    Raises
    ------
    PlannerError
        When a file is missing or broken, or a table breaks its contract.
    """
    with stage(notify, "stage.territory"):
        territory = _given(_read_boundaries(scenario), scenario, _own_tables(scenario))
    kept = scenario.territory.within
    check_codes(territory.communes, kept)
    delivered = read_delivered(territory, scenario, notify)
    territory = delivered.territory
    if not delivered.premises:
        territory = _add_premises(territory, scenario, notify)
    first = bool(kept) and _cut_first(scenario, delivered)
    if first:
        territory = keep_within(territory, kept)
    territory = _add_public_sites(territory, scenario)
    territory = add_supports(territory, scenario, notify=notify)
    if delivered.sectors is None or delivered.origin is None:
        zoned = _add_sectors(territory, scenario, notify)
    else:
        cut = use_sectors(delivered.sectors, territory.premises, territory.communes)
        zoned = _with_cut(territory.with_origin(delivered.origin), cut)
        zoned = _add_zones(zoned, scenario, notify)
    whole = _add_baseline(_match_ballots(zoned, scenario), scenario)
    if not kept or first:
        return whole
    # an envelope that the scenario gives is the part's, until it says otherwise
    return keep_within(whole, kept, share_envelopes=scenario.concertation.envelopes is None)


def _cut_first(scenario: Scenario, delivered: Delivered) -> bool:
    """Tell whether the part is kept before it has sectors: a partner's data cover it alone.

    Zones are grown on the whole, whose figures are published; the ballots of the territory were
    cast on the sectors of its own premises.
    """
    given = delivered.premises or scenario.premises.source == "file"
    return scenario.zones.source != "grow" and (given or scenario.roads.path is not None)


def _add_baseline(territory: Territory, scenario: Scenario) -> Territory:
    asked = scenario.follow_up
    if asked.source == "none" or asked.baseline is None:
        return territory
    place = scenario.resolve(asked.baseline)
    if not place.is_dir():
        intake = read_table(place, "baseline")
        return territory.with_tables(baseline=intake.table).with_origin(intake.origin)
    adopted = read_finished_plan(place)
    table = adopted.tables.get("baseline")
    if table is None:  # outputs that follow nothing yet: what they promise is frozen now
        programme = adopted.tables["programme"]
        kept = set(programme.loc[programme["phase"].isin(asked.phases), "sector_id"])
        empty = contract("schedule").empty()
        table = freeze_baseline(
            adopted.tables.get("schedule", empty), adopted.tables["sectors"],
            stages=adopted.tables.get("stage_changes"),
        )  # fmt: skip
        table = table[table["sector_id"].isin(kept)].reset_index(drop=True)
    sums = [adopted.sums[n] for n in ("baseline", "schedule", "sectors") if n in adopted.sums]
    return territory.with_tables(baseline=table).with_origin(
        Origin(
            layer="baseline", title=contract("baseline").titled(), source=adopted.name,
            licence="", rows=len(table), sha256=sums[0], synthetic=bool(table["synthetic"].any()),
        )
    )  # fmt: skip


def _add_public_sites(territory: Territory, scenario: Scenario) -> Territory:
    if scenario.criteria.public_sites is None:
        return territory
    intake = read_public_sites(scenario.resolve(scenario.criteria.public_sites))
    aside = [part for part in (territory.rejected_rows, intake.rejected_rows) if len(part)]
    return (
        territory.with_tables(
            public_sites=intake.table,
            rejected_rows=pd.concat(aside, ignore_index=True) if aside else intake.rejected_rows,
        )
        .with_origin(intake.origin)
        .with_findings(intake.findings)
    )


def _match_ballots(territory: Territory, scenario: Scenario) -> Territory:
    """Set the territory's own concertation aside when it was held on other sectors.

    Ballots name sectors; cut anew, the same name may mean another place: one that has other
    premises than it had in the ballots is another.  A concertation that the scenario itself gives
    is kept, and its strange sectors are findings.
    """
    if scenario.concertation.ballots is not None or territory.ballots.empty:
        return territory
    now = territory.sectors.set_index("sector_id")["premises_count"].to_dict()
    voted_on = read_ballot_sectors(_boundaries_folder(scenario))
    named = sorted(set(territory.ballots["sector_id"].astype(str)))
    unknown = [key for key in named if key not in now or voted_on.get(key, now[key]) != now[key]]
    if not unknown:
        return territory
    found = Finding.of(
        "prepare.other_sectors", severity=Severity.WARNING, table="ballots",
        place=territory.name, count=len(unknown),
    )  # fmt: skip
    own = {"envelopes", "ballots", "deliberations"} - {
        name for name, path in _own_tables(scenario).items() if path is not None
    }
    empty = {name: contract(name).empty() for name in sorted(own)}
    kept = tuple(origin for origin in territory.origins if origin.layer not in own)
    return territory.with_tables(**empty, origins=kept).with_findings(Findings.collect([found]))


def _own_tables(scenario: Scenario) -> dict[str, str | None]:
    rules, followed = scenario.concertation, scenario.follow_up
    observed = {
        "progress_counts": followed.progress,
        "pm_areas": followed.pm_areas,
        "sector_operators": followed.operators,
        "sales": followed.sales,
        "slip_reasons": followed.reasons,
    }
    return (observed if followed.source == "files" else {}) | {
        "prices": scenario.cost.prices,
        "premises_figures": scenario.premises.figures,
        "envelopes": rules.envelopes,
        "ballots": rules.ballots,
        "deliberations": rules.deliberations,
        "advice": rules.advice,
        "cabinets": scenario.criteria.cabinets,
        "sector_values": scenario.criteria.sector_values,
        "feeders": scenario.programme.feeders,
        "works_deadlines": scenario.schedule.deadlines,
    }


def _boundaries_folder(scenario: Scenario) -> Path:
    source = scenario.territory.geodata
    folder = scenario.resolve(source)
    return folder if folder.is_dir() else geodata_folder(source)


def _read_boundaries(scenario: Scenario) -> Territory:
    geodata = read_geodata(_boundaries_folder(scenario))
    layer = scenario.territory.epci
    if layer not in geodata.tables:
        ours = sorted(name for name in geodata.tables if name.startswith("epci"))
        raise UnknownNameError(
            Message.of("prepare.no_epci", name=geodata.name, layer=layer),
            Message.of("prepare.no_epci_remedy", known=", ".join(ours)),
        )
    layers = {_TABLES.get(name, name): name for name in geodata.tables}
    layers["epci"] = layer
    tables = {name: geodata.table(layers[name]) for name in _BOUNDARIES}
    known = {name: geodata.table(layers[name]) for name in _FIGURES if name in layers}
    territory = Territory(
        name=geodata.name,
        title=geodata.title,
        vintage=geodata.vintage,
        region=tables["region"],
        departements=tables["departements"],
        epci=tables["epci"],
        communes=geodata.communes_of(scenario.territory.epci),
        findings=geodata.findings,
    )
    territory = territory.with_tables(**known).with_origin(
        *(replace(geodata.origin(layers[name]), layer=name) for name in (*tables, *known))
    )
    for name, layers_of in _BESIDE.items():
        beside = geodata.folder / name
        if beside.is_dir():
            more = read_geodata(beside)
            territory = territory.with_tables(
                **{layer: more.table(layer) for layer in layers_of}
            ).with_origin(*(origin for origin in more.origins if origin.layer in layers_of))
    return territory


def _given(territory: Territory, scenario: Scenario, paths: dict[str, str | None]) -> Territory:
    """Replace tables by those that the scenario names itself."""
    for name, path in paths.items():
        if path is not None:
            intake = read_table(scenario.resolve(path), name)
            territory = (
                territory.with_tables(**{name: intake.table})
                .with_origin(intake.origin)
                .with_findings(intake.findings)
            )
    return territory


def _add_premises(territory: Territory, scenario: Scenario, notify: Notify) -> Territory:
    source = scenario.premises
    if source.source == "file" and source.path is not None:
        with stage(notify, "stage.premises_file"):
            intake = read_premises(
                scenario.resolve(source.path), on=scenario.reference_date,
                communes=territory.communes, **source.reading(),
            )  # fmt: skip
        return (
            territory.with_tables(
                premises=intake.premises,
                state_changes=intake.state_changes,
                rejected_rows=intake.rejected_rows,
            )
            .with_origin(intake.origin)
            .with_findings(
                intake.findings,
                check_state_changes(
                    intake.premises, intake.state_changes, on=scenario.reference_date
                ),
            )
        )
    with stage(notify, "stage.premises_made"):
        premises = generate_premises(
            territory.communes,
            figures=territory.premises_figures,
            rules=GeneratorRules(seed=source.seed),
        )
    return territory.with_tables(premises=premises).with_origin(
        _made("premises", "Locaux", scenario, len(premises))
    )


def _made(
    layer: str, title: str, scenario: Scenario, rows: int, *, synthetic: bool = True
) -> Origin:
    return Origin(
        layer=layer,
        title=title,
        source="planner",
        licence="GPL-3.0-or-later",
        vintage=str(scenario.reference_date.year),
        on=scenario.reference_date,
        rows=rows,
        synthetic=synthetic,
    )


def _add_sectors(territory: Territory, scenario: Scenario, notify: Notify) -> Territory:
    source = scenario.sectors
    synthetic = territory.is_synthetic("premises")
    if source.source == "cut":
        with stage(notify, "stage.sectors_cut"):
            cut = cut_sectors(
                territory.premises,
                territory.communes,
                rules=CutRules(
                    minimum=source.minimum, maximum=source.maximum, target=source.target
                ),
                ways=_ways_to_cut_along(territory, scenario),
                synthetic=synthetic,
            )
        territory = territory.with_origin(
            _made("sectors", "Secteurs", scenario, len(cut.sectors), synthetic=synthetic)
        )
        return _add_zones(_with_cut(territory, cut), scenario, notify)
    given = scenario.zones if source.source == "zones" else source
    with stage(notify, "stage.sectors_file"):
        read = read_zones if source.source == "zones" else read_sectors
        intake = read(scenario.resolve(str(given.path)), **given.reading())
        table = intake.table
        if source.source == "zones":
            table = table.assign(sector_id=table["zone_id"])
        cut = use_sectors(table, territory.premises, territory.communes)
    territory = territory.with_origin(replace(intake.origin, layer="sectors"))
    territory = _with_rejected(territory, intake.rejected_rows).with_findings(intake.findings)
    zoned = _with_cut(territory, cut)
    if source.source == "zones":
        return _with_zoning(zoned, join_zones(zoned.sectors, zones=intake.table))
    return _add_zones(zoned, scenario, notify)


def _ways_to_cut_along(territory: Territory, scenario: Scenario) -> Ways | None:
    """Return the ways that sectors follow: none where votes were cast on sectors already."""
    along = scenario.sectors.along
    # the territory's own ballots were cast on the sectors of its made-up premises
    voted = not territory.ballots.empty and (
        scenario.concertation.ballots is not None or territory.is_synthetic("premises")
    )
    if along == "land" or (along == "auto" and voted):
        return None
    ways = given_ways(territory, scenario)
    if ways is not None or along == "auto":
        return ways
    public = territory.communes["regulatory_zone"].astype(str) == RegulatoryZone.PUBLIC.value
    codes = territory.communes.loc[public, "insee"].astype(str)
    mine = territory.premises["insee"].astype(str).isin(set(codes))
    return make_stand_in(territory.premises.loc[mine, ["x_m", "y_m"]])


def _with_rejected(territory: Territory, rejected: pd.DataFrame) -> Territory:
    """Add the rows that a reader set aside to those of the other files."""
    if rejected.empty:
        return territory
    parts = [part for part in (territory.rejected_rows, rejected) if len(part)]
    return territory.with_tables(rejected_rows=pd.concat(parts, ignore_index=True))


def _with_cut(territory: Territory, cut: SectorCut) -> Territory:
    premises = territory.premises.assign(sector_id=cut.sector_of_premise)
    return territory.with_tables(
        premises=premises, sectors=cut.sectors, sector_shares=cut.sector_shares
    ).with_findings(cut.findings)


def _with_zoning(territory: Territory, zoning: Zoning) -> Territory:
    return territory.with_tables(zones=zoning.zones, sectors=zoning.sectors).with_findings(
        zoning.findings
    )


def _add_zones(territory: Territory, scenario: Scenario, notify: Notify) -> Territory:
    source = scenario.zones
    if source.source == "none":
        return _with_zoning(territory, join_zones(territory.sectors))
    if source.source == "file":
        intake = read_zones(scenario.resolve(str(source.path)), **source.reading())
        placed, across = place_sectors(territory.sectors, intake.table)
        territory = territory.with_origin(replace(intake.origin, layer="zones"))
        territory = _with_rejected(territory, intake.rejected_rows)
        territory = territory.with_findings(intake.findings, across)
        return _with_zoning(territory, join_zones(placed, zones=intake.table))
    with stage(notify, "stage.zones"):
        zoning = grow_zones(
            territory.sectors,
            communes=territory.communes,
            villes_moyennes=territory.villes_moyennes,
            figures=territory.programme_figures,
        )
    territory = _with_zoning(territory, zoning).with_origin(
        _made("zones", "Zones de déploiement", scenario, len(zoning.zones))
    )
    if territory.state_changes.empty:
        return _add_history(territory, scenario, notify)
    return territory


def _add_history(territory: Territory, scenario: Scenario, notify: Notify) -> Territory:
    """Make up the states of phase 1 where no partner gave any."""
    with stage(notify, "stage.history"):
        figures = territory.programme_figures
        serviceable = figures.loc[
            figures["preferred"].astype(bool)
            & (figures["phase"].astype(str) == Phase.PHASE_1.value)
            & (figures["tranche"] == 1).fillna(value=False)
            & figures["serviceable_count"].notna()
            & (figures["on"] == pd.Timestamp(scenario.reference_date)),
            "serviceable_count",
        ]
        if serviceable.empty:  # nothing published for this day: nothing is made up
            return territory
        history = make_example_history(
            territory.premises,
            territory.sectors,
            territory.zones,
            serviceable=int(serviceable.iloc[0]),
            on=scenario.reference_date,
            rules=HistoryRules(seed=scenario.premises.seed),
        )
    return territory.with_tables(
        state_changes=history.state_changes, stage_changes=history.stage_changes
    ).with_origin(
        _made("state_changes", "États des locaux", scenario, len(history.state_changes)),
        _made("stage_changes", "Stades des secteurs", scenario, len(history.stage_changes)),
    )


def measure_counts(
    scenario: Scenario,
    communes_csv: str | Path,
    serviceable_csv: str | Path | None = None,
    *,
    quarter: str | None = None,
) -> Coverage:
    """Measure coverage from the regulator's observatory by commune: counts without points.

    Parameters
    ----------
    scenario
        Names the territory, for the names of its EPCI and départements.
    communes_csv, serviceable_csv, quarter
        As :func:`planner.io.read_observatory` takes them.

    Raises
    ------
    PlannerError
        When a file is missing or broken, or has no such quarter.
    """
    counts = read_observatory(communes_csv, serviceable_csv, quarter=quarter)
    territory = _read_boundaries(scenario)
    own = counts[["insee", "nom"]].set_axis(["code", "nom"], axis=1)
    named = [
        territory.names(level).rename_axis("code").reset_index().assign(level=level.value)
        for level in (Level.REGION, Level.DEPARTEMENT, Level.EPCI)
    ]
    last = counts["on"].dropna()
    day = scenario.reference_date if last.empty else pd.Timestamp(last.iloc[0]).date()
    return measure_coverage_from_counts(
        counts,
        pd.concat([*named, own.assign(level=Level.COMMUNE.value)], ignore_index=True),
        on=day,
        source="ARCEP, INSEE",
        vintage=day.year,
        source_on=None if last.empty else day,
    )
