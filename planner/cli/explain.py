"""``planner explain``: why."""

from __future__ import annotations

from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from planner.choice import ChoiceStatus
from planner.cli._face import (
    STAGES,
    Lang,
    LangOption,
    NetworkOption,
    OutOption,
    ScenarioArg,
    progress,
    told,
    with_network,
)
from planner.errors import RuleError
from planner.scenario import Scenario, read_scenario
from planner.texts import Message
from planner.vocab import Level

if TYPE_CHECKING:
    from planner.explain import SectorStory, YearStory
    from planner.plan import Plan

_SEARCHED = 2_000_000_000  # operations of one search: what needs more is told as an interval


def explain(
    place: Annotated[
        str, typer.Argument(metavar="LIEU", help="Secteur, zone, commune ou EPCI : code ou nom.")
    ],
    scenario: ScenarioArg = None,
    out: OutOption = None,
    level: Annotated[
        Level | None, typer.Option("--level", help="Niveau, si le nom est partagé. / Level.")
    ] = None,
    flips: Annotated[
        bool,
        typer.Option(
            "--flips",
            help="Le plus petit changement qui ferait basculer le secteur (règle exacte ; long). "
            "/ The smallest change that flips the sector (exact rule; long).",
        ),
    ] = False,
    patience: Annotated[
        int,
        typer.Option(
            "--patience",
            min=1,
            help="Avec --flips : combien de fois plus longtemps chercher, au lieu d'un intervalle. "
            "/ With --flips: how many times longer to search, rather than an interval.",
        ),
    ] = 1,
    network: NetworkOption = False,
    lang: LangOption = Lang.FR,
) -> None:
    """Dire pourquoi : la décision d'un secteur, d'une zone, d'une commune ou d'un EPCI."""
    from planner.explain import explain_place, place_names  # noqa: PLC0415
    from planner.io import read_outputs  # noqa: PLC0415
    from planner.names import resolve_place  # noqa: PLC0415

    with told(lang) as console:
        asked = read_scenario(scenario)
        folder = out or Path("maps") / "out" / asked.name
        tables = read_outputs(
            folder, scenario_sha256=asked.sha256, version=version("fibre-planner"), lang=lang
        )
        answered = None
        if tables is None or (network and "network_sectors" not in tables):
            answered = _compute(asked, lang, network=network)
            tables = answered.tables(lang)
        found = resolve_place(place_names(tables), place, level=level)
        answer = explain_place(tables, level=Level(found.level), code=found.code)
        console.print(answer.say(lang), markup=False)
        if flips:
            told_already = {line.say(lang) for line in answer.lines}
            at = Level(found.level), found.code
            for line in _tell_flips(asked, *at, lang, answered, patience=patience):
                if line.say(lang) not in told_already:
                    console.print(f"  • {line.say(lang)}", markup=False)


def _tell_flips(
    asked: Scenario, level: Level, code: str, lang: Lang, answered: Plan | None, *, patience: int
) -> tuple[Message, ...]:
    """Tell what would change the decision on a sector, by solving the question anew."""
    from planner.choosing import YEARS_GAP_SHARE  # noqa: PLC0415
    from planner.explain import explain_sector, explain_sector_year  # noqa: PLC0415
    from planner.programme import (  # noqa: PLC0415
        ChoiceBounds,
        ColumnPool,
        YearBounds,
        solve_choice,
        solve_years,
    )

    if level is not Level.SECTOR or asked.programme.rule != "exact":
        raise RuleError(Message.of("decision.flips_of"), Message.of("decision.flips_of_remedy"))
    answer = answered or _compute(asked, lang, network=False)
    with progress(lang, 1) as notify:
        whole = answer.problem if answer.dated is None else answer.dated.whole
        if whole is None or code not in whole.sector_ids:
            raise RuleError(Message.of("decision.flips_of"), Message.of("decision.flips_of_remedy"))
        notify(Message.of("stage.flips"))
        rules, names = asked.programme, answer.ballots.names
        pool = ColumnPool(work=patience * _SEARCHED)
        story: SectorStory | YearStory
        if answer.dated is not None and answer.dated_choice is not None:
            of_years = None
            if answer.dated_choice.status is not ChoiceStatus.OPTIMAL:
                of_years = YearBounds(answer.dated, answer.dated_choice, pool)
            story = explain_sector_year(
                answer.dated, answer.dated_choice, code, names=names, bounds=of_years,
                solve=partial(
                    solve_years, gap_share=max(rules.gap_share, YEARS_GAP_SHARE),
                    seconds=rules.seconds, warm=pool,
                ),
            )  # fmt: skip
        elif answer.problem is not None and answer.choice is not None:
            bounds = None
            if answer.choice.status is not ChoiceStatus.OPTIMAL or answer.problem.limits:
                bounds = ChoiceBounds(answer.problem, pool)
            story = explain_sector(
                answer.problem, answer.choice, code, names=names, bounds=bounds,
                patience=patience,
                solve=partial(solve_choice, gap_share=rules.gap_share, warm=pool),
            )  # fmt: skip
        else:
            return ()
    is_proved = answer.choice is not None and answer.choice.status is ChoiceStatus.OPTIMAL
    if is_proved and answer.dated is None and any(f.status == "interval" for f in story.flips):
        return *story.lines, Message.of("explain.flips_further", patience=10 * patience)
    return story.lines


def _compute(scenario: Scenario, lang: Lang, *, network: bool) -> Plan:
    from planner.plan import make_plan  # noqa: PLC0415
    from planner.prepare import prepare_territory  # noqa: PLC0415

    with progress(lang, STAGES["prepare"] + STAGES["plan"] + network) as notify:
        territory = prepare_territory(scenario, notify=notify)
        answer = make_plan(territory, scenario, notify=notify)
        return with_network(answer, notify) if network else answer
