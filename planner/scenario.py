"""The frozen question: one TOML file that says what is asked of the line, and nothing else.

Every parameter has a title, a unit where it has one, and a default; an unknown key is refused.
Paths are relative to the scenario's own file.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import AfterValidator, Field, ValidationError, model_validator

from planner.errors import ScenarioError
from planner.follow_section import FollowUpSource
from planner.network_section import NetworkSection
from planner.scenario_mistakes import Mistakes
from planner.schedule_settings import CapacityRow, ScheduleRules, TradeRow
from planner.schedule_settings import Frozen as _Frozen
from planner.texts import Message

__all__ = [
    "CapacityRow",
    "ConcertationRules",
    "ContributionRules",
    "CopperFormula",
    "CostRules",
    "CriteriaRules",
    "CriterionRule",
    "GovernanceRules",
    "GraceTHDSource",
    "PremisesSource",
    "ProgrammeSection",
    "ProgrammeYears",
    "QuorumRule",
    "RoadsSource",
    "Scenario",
    "ScheduleRules",
    "SectorsSource",
    "TerritorySource",
    "TradeRow",
    "ZonesSource",
    "read_scenario",
]


def _criterion(text: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,63}", text):
        raise ValueError("a-z 0-9 _")
    return text


def _slug(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,63}", text):
        raise ValueError("a-z 0-9 . _ -")
    return text


CriterionName = Annotated[str, AfterValidator(_criterion)]
Slug = Annotated[str, AfterValidator(_slug)]
GraceTHDPart = Literal["premises", "sectors", "infrastructure"]


class TerritorySource(_Frozen):
    """Where boundaries and published figures come from."""

    geodata: str = Field("bretagne", title="Embedded territory by name, or a folder laid out alike")
    epci: str = Field("epci_2018", title="Layer of the EPCI that vote")
    within: tuple[str, ...] = Field(
        (), title="Codes of the communes, EPCI or départements to keep; none: the whole of it"
    )


class _FileSource(_Frozen):
    """A file that a user names, and what it doesn't say itself."""

    path: str | None = Field(None, title="The file, when the source is one")
    layer: str | None = Field(None, title="Its layer, where it holds several")
    crs: str | None = Field(None, title="CRS of the file, when it doesn't say")
    encoding: str | None = Field(None, title="Encoding of the file, when it doesn't say")
    columns: dict[str, str] = Field(default_factory=dict, title="Our column name = the file's")

    def reading(self) -> dict[str, Any]:
        """Return what a reader of :mod:`planner.io` is told beside the path."""
        told = {"layer", "crs", "encoding", "repair", "repair_codes"}
        return self.model_dump(include=told) | {"columns": self.columns or None}


class _PolygonsSource(_FileSource):
    """A file of polygons, and what may be mended in it."""

    repair: bool = Field(False, title="Make invalid shapes valid, and say which")
    repair_codes: bool = Field(False, title="Give codes held as numbers their zero back")


class PremisesSource(_FileSource):
    """Where premises come from: made up from counts, or a partner's file."""

    source: Literal["generate", "file"] = "generate"
    repair_codes: bool = Field(False, title="Give codes held as numbers their zero back")
    figures: str | None = Field(None, title="CSV of published premises by territory, to follow")
    seed: int = Field(2018, ge=0, title="Seed of the made-up premises")


class SectorsSource(_PolygonsSource):
    """Where sectors come from: cut from the premises, or given."""

    source: Literal["cut", "file", "zones"] = Field(
        "cut", title="Cut from the premises, given, or one for each given zone"
    )
    minimum: int = Field(300, ge=1, title="Fewest premises of a sector (ARCEP 2010-1312, art. 3)")
    maximum: int = Field(1000, ge=1, title="Most premises of a sector")
    target: int = Field(464, ge=1, title="Mean premises of a sector")
    along: Literal["auto", "land", "network"] = Field(
        "auto",
        title="Neighbours where cut: those that touch, or those that a way joins (a stand-in where "
        "no roads are given); auto: by roads where they are given and nothing has been voted",
    )


class RoadsSource(_FileSource):
    """Along which roads the network is designed; none: a synthetic stand-in."""

    path: str | None = Field(None, title="BD TOPO, OpenStreetMap, OSMnx GraphML or contract roads")
    spacing_m: float = Field(30.0, gt=0, title="Most metres between two places of a branching box")


class GraceTHDSource(_Frozen):
    """A partner's GraceTHD delivery, whose parts take the place of those made or read elsewhere."""

    path: str | None = Field(None, title="Folder, ZIP or GeoPackage of t_* tables")
    crs: str | None = None
    encoding: str | None = None
    on: dt.date | None = Field(None, title="Day that it describes; absent: states are left out")
    parts: tuple[GraceTHDPart, ...] = get_args(GraceTHDPart)


class ZonesSource(_PolygonsSource):
    """Where the zones of phase 1 come from: grown from the towns, given, or none."""

    source: Literal["grow", "file", "none"] = "grow"


class ConcertationRules(_Frozen):
    """How envelopes, ballots and deliberations become a choice."""

    envelopes: str | None = Field(None, title="CSV; by default the territory's own")
    ballots: str | None = None
    deliberations: str | None = None
    advice: str | None = Field(None, title="CSV; what each département thinks of sectors")
    rule: Literal["ranking_within_envelope"] = "ranking_within_envelope"
    ties: Literal["refuse", "larger_first", "smaller_first", "sector_id"] = Field(
        "refuse", title="How a tie that can't be served whole is broken"
    )
    weights: dict[str, Annotated[int, Field(ge=1)]] = Field(
        default_factory=dict,
        title="What the votes of an EPCI weigh in the exact programme, by SIREN; 1 by default",
    )
    deadline: dt.date | None = Field(
        dt.date(2018, 5, 16), title="Last day of the deliberations (adoption of the map)"
    )


class ProgrammeYears(_Frozen):
    """In which years the sectors of phase 2 open, and what each year may hold."""

    first: int = Field(ge=1990, le=2200, title="First year in which sectors open")
    count: int = Field(5, ge=1, le=10, title="How many years")
    lines_per_year: dict[str, Annotated[int, Field(ge=0)]] = Field(
        default_factory=dict, title="Most lines opened a year, by code of département or 'region'"
    )
    budget_eur_per_year: int | None = Field(None, ge=0, title="Most euros a year for what opens")


class ProgrammeSection(_Frozen):
    """Which rule chooses the sectors of phase 2; all but ``rule`` is for the exact one."""

    rule: Literal["ranking_within_envelope", "exact"] = Field(
        "ranking_within_envelope", title="The simple rule, or the best programme"
    )
    contiguity: Literal["none", "within_epci", "any_epci", "feeder"] = Field(
        "within_epci", title="Through whose chosen sectors a sector may be reached"
    )
    feeders: str | None = Field(None, title="File of the sector before each one on its feeder")
    parity_tolerance_share: float | None = Field(
        None, ge=0, le=1, title="Rural and urban lines apart, at most, as a share of both"
    )
    budget_eur: int | None = Field(None, ge=0, title="Most euros for the sectors of the phase")
    capacity_lines: dict[str, Annotated[int, Field(ge=0)]] = Field(
        default_factory=dict, title="Most lines of the phase, by code of département or 'region'"
    )
    objectives: tuple[Literal["votes", "criteria", "cost", "compactness"], ...] = Field(
        ("votes", "criteria", "cost", "compactness"), title="What is made best, in order"
    )
    unranked: Literal["out", "allowed"] = Field(
        "out", title="Whether sectors that nobody asked for may be chosen"
    )
    gap_share: float = Field(1e-4, ge=0, lt=1, title="How far from the best an answer may be")
    seconds: float | None = Field(None, gt=0, title="Time allowed; absent: as long as it takes")
    years: ProgrammeYears | None = Field(None, title="Years; absent: the phase as a whole")


class ContributionRules(_Frozen):
    """What an EPCI owes for a line, as a dated price."""

    cents_per_line: int = Field(44_500, ge=0, title="Contribution a line, in cents")
    valid_from: dt.date = Field(dt.date(2014, 1, 1), title="First day of validity")
    source: str = Field("Mégalis Bretagne, presse du 21/12/2017 (445 € par ligne)")


class CostRules(_Frozen):
    """Which price book is used, and on which day."""

    prices: str | None = Field(None, title="CSV; by default the territory's own")


class CopperFormula(_Frozen):
    """Constants of the regulator's formulas of copper speed (Mbit/s, dB, metres)."""

    offset_db: float = Field(-3.0, title="Added to the attenuation of the cabinet, dB")
    margin_m: float = Field(100.0, ge=0, title="Added to √2 × the straight distance, m")
    db_per_km: float = Field(15.0, gt=0, title="Attenuation of a line, dB/km")
    adsl_floor: float = -0.2928109
    adsl_span: float = 24.2928109
    adsl_scale_db: float = Field(27.81209, gt=0)
    adsl_power: float = Field(3.271444, gt=0)
    adsl_max_db: float = Field(78.0, title="Beyond it no ADSL, dB")
    vdsl2_floor: float = -13.63789
    vdsl2_span: float = 113.63789
    vdsl2_scale_db: float = Field(6.365011, gt=0)
    vdsl2_power: float = Field(0.8638044, gt=0)
    vdsl2_max_db: float = Field(18.0, title="From it on no VDSL2, dB")
    source: str = "ARCEP, formules publiées (affaiblissement, ADSL et VDSL2)"
    valid_from: dt.date | None = Field(None, title="Day of the formulas; absent: not dated")


class CriterionRule(_Frozen):
    """How one criterion is marked and what it weighs."""

    weight: int = Field(ge=0, title="Weight beside the other criteria's, whole")
    normalise: Literal["min_max", "rank", "thresholds"] = "min_max"
    low: float | None = Field(None, title="Value that is worth 0, in the criterion's unit")
    high: float | None = Field(None, title="Value that is worth 1")
    higher_first: bool | None = Field(None, title="Absent: the criterion's own direction")
    unit: str = Field("", title="Unit, for a criterion of the user's own")
    valid_from: dt.date | None = Field(None, title="Day on which it was settled")
    source: str = ""

    @model_validator(mode="after")
    def _thresholds_apart(self) -> Self:
        if self.normalise == "thresholds" and (
            self.low is None or self.high is None or self.low == self.high
        ):
            raise ValueError("thresholds: low ≠ high")
        return self


def _example_criteria() -> dict[str, CriterionRule]:
    example = "exemple : aucun poids régional publié"
    weights = {
        "under_3_mbps": 3, "under_8_mbps": 2, "under_30_mbps": 1, "businesses": 2,
        "public_sites": 2, "town_country_balance": 1, "contiguity": 1, "cost_per_line": 2,
    }  # fmt: skip
    return {name: CriterionRule(weight=w, source=example) for name, w in weights.items()}


class CriteriaRules(_Frozen):
    """By what sectors are compared; the default weights are an example."""

    each: dict[CriterionName, CriterionRule] = Field(default_factory=_example_criteria)
    cabinets: str | None = Field(None, title="File of copper cabinets, contract cabinets")
    public_sites: str | None = Field(None, title="File of public sites, contract public_sites")
    public_sites_share: Decimal = Field(
        Decimal("0.2"), ge=0, le=1,
        title="Least sites an inhabitant, as a share of the best provided département; 0: any",
    )  # fmt: skip
    sector_values: str | None = Field(None, title="File of the user's own criteria")
    cabinet_reach_m: int = Field(
        10_000, ge=1, title="Beyond it from every cabinet, a cabinet is taken as missing, m"
    )
    copper: CopperFormula = CopperFormula()

    @property
    def is_example(self) -> bool:
        """Whether the criteria and their weights are those of the example."""
        return self.each == _example_criteria()


class QuorumRule(_Frozen):
    """What must be gathered before a programme can be adopted."""

    rule: Literal["voted_epci", "decided_epci", "voted_premises"] = Field(
        title="EPCI that voted yes, that voted at all, or public premises of those that voted yes"
    )
    minimum_share: Decimal = Field(ge=0, le=1, title="Least share, exact")
    strict: bool = Field(default=False, title="More than that share, not as much")
    source: str = ""
    synthetic: bool = False


def _example_quorum() -> tuple[QuorumRule, ...]:
    example = "exemple : aucune règle publiée ; à remplacer par les statuts du syndicat"
    half = Decimal("0.5")
    return (
        QuorumRule(
            rule="decided_epci", minimum_share=half, strict=True, source=example, synthetic=True
        ),
        QuorumRule(rule="voted_premises", minimum_share=half, source=example, synthetic=True),
    )


class GovernanceRules(_Frozen):
    """Who must have voted before a programme is adopted, and when councils meet."""

    calendar: str | None = Field(None, title="File of councils and contacts, contract calendar")
    quorum: tuple[QuorumRule, ...] = Field(default_factory=_example_quorum)


class Scenario(_Frozen):
    """One question asked of one territory.

    The default answers it for the embedded region: Brittany on 31 December 2017.
    """

    name: Slug = Field("bretagne-2018", title="Short name, for the folder of outputs")
    title: str = Field("Bretagne Très Haut Débit : carte régionale de la phase 2")
    status: Literal["proposed", "voted", "adopted"] = Field("proposed", title="Where it stands")
    version: str = Field("1", title="Version of the scenario, the reader's own")
    reference_date: dt.date = Field(dt.date(2017, 12, 31), title="Day of the measure")
    territory: TerritorySource = TerritorySource()
    premises: PremisesSource = PremisesSource()
    sectors: SectorsSource = SectorsSource()
    gracethd: GraceTHDSource = GraceTHDSource()
    roads: RoadsSource = RoadsSource()
    network: NetworkSection = NetworkSection()
    zones: ZonesSource = ZonesSource()
    concertation: ConcertationRules = ConcertationRules()
    programme: ProgrammeSection = ProgrammeSection()
    contribution: ContributionRules = ContributionRules()
    criteria: CriteriaRules = CriteriaRules()
    cost: CostRules = CostRules()
    schedule: ScheduleRules = ScheduleRules()
    governance: GovernanceRules = GovernanceRules()
    follow_up: FollowUpSource = FollowUpSource()
    folder: str = Field("", title="Folder that paths are relative to", exclude=True)

    def resolve(self, path: str) -> Path:
        """Return ``path`` relative to the scenario's own file."""
        return Path(self.folder) / path

    def canonical(self) -> str:
        """Return the scenario as JSON with sorted keys: what the manifest keeps and hashes."""
        return json.dumps(self.model_dump(mode="json"), ensure_ascii=False, sort_keys=True)

    @property
    def sha256(self) -> str:
        """Checksum of the canonical form."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()

    @classmethod
    def from_dict(cls, values: dict[str, Any], *, folder: str = "", name: str = "") -> Self:
        """Make a scenario from nested values, all mistakes reported together.

        Raises
        ------
        ScenarioError
            Naming every key that is unknown and every value that can't be.
        """
        try:
            scenario = cls.model_validate(values | {"folder": folder})
        except ValidationError as error:
            lines = Mistakes.of(cls, error)
            raise ScenarioError(
                Message.of("scenario.invalid", name=name or "—", lines=lines),
                Message.of("scenario.invalid_remedy"),
            ) from None
        scenario._check_paths()  # noqa: SLF001 (its own)
        return scenario

    def _check_paths(self) -> None:
        given = {table: getattr(self, table) for table in ("premises", "sectors", "zones")}
        files = {table: one for table, one in given.items() if one.source == "file"}
        missing = [f"  {table}.path" for table, one in files.items() if not one.path]
        if missing:
            raise ScenarioError(
                Message.of("scenario.missing_path", name=self.name, lines="\n".join(missing)),
                Message.of("scenario.missing_path_remedy"),
            )
        usual = {"premises": "generate", "sectors": "cut"}
        named = usual.keys() & (self.gracethd.parts if self.gracethd.path else ())
        twice = [f"{p}.source" for p in sorted(named) if getattr(self, p).source != usual[p]]
        if twice:
            raise ScenarioError(
                Message.of("scenario.given_twice", name=self.name, keys=", ".join(twice)),
                Message.of("scenario.given_twice_remedy"),
            )


def read_scenario(path: str | Path | None = None) -> Scenario:
    """Read a scenario; without a path, the default one of the embedded region.

    Parameters
    ----------
    path
        A TOML file.

    Raises
    ------
    ScenarioError
        When the file is missing, isn't TOML, or holds what can't be.
    """
    if path is None:
        return Scenario()
    file = Path(path)
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ScenarioError(
            Message.of("scenario.unreadable", name=str(file), reason=error.strerror or ""),
            Message.of("scenario.unreadable_remedy"),
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ScenarioError(
            Message.of("scenario.not_toml", name=str(file), reason=str(error)),
            Message.of("scenario.not_toml_remedy"),
        ) from None
    return Scenario.from_dict(values, folder=str(file.parent), name=str(file))
