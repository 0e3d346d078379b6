"""``planner compare``: two plans, who gains and loses, and why."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import pandas as pd
import typer
from rich.console import Console

from planner.cli._face import Lang, LangOption, answer_scenario, table, told
from planner.texts import number, say
from planner.vocab import Level

if TYPE_CHECKING:
    from planner.compare import Cause, Comparison, Side
    from planner.scenario import Scenario
    from planner.territory import Territory

_SHOWN = 15
_NAMED = 3  # communes in a sentence
_COLUMNS = {
    "gaining_count": "gaining", "losing_count": "losing", "served_difference_count": "served",
    "premise_years_gained": "years", "net_difference_cents": "net", "cost_difference_cents": "cost",
}  # fmt: skip


def compare(
    before: Annotated[
        Path, typer.Argument(metavar="A", help="Dossier de sorties, ou scénario .toml. / First.")
    ],
    after: Annotated[
        Path, typer.Argument(metavar="B", help="Dossier de sorties, ou scénario .toml. / Second.")
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Dossier où écrire les tables (CSV). / Folder of the tables.",
                     show_default=False),
    ] = None,
    lang: LangOption = Lang.FR,
) -> None:  # fmt: skip
    """Compare deux plans : qui gagne, qui perd, et à quoi chaque différence remonte."""
    from planner.compare import (  # noqa: PLC0415
        compare_plans,
        list_causes,
        measure_effects,
        switch_plans,
        trace_causes,
    )
    from planner.export.tables import write_csv_tables  # noqa: PLC0415

    with told(lang) as console:
        (one, asked), (other, asked_after) = read_side(before, lang), read_side(after, lang)
        result = compare_plans(one, other)
        causes = list_causes(one, other)
        answer = switch_plans(asked, asked_after) if asked and asked_after else None
        traced = trace_causes(result, causes, answer=answer, lang=lang)
        console.print(result.summary(lang), markup=False)
        _print_places(console, result, lang)
        print_communes(console, result, lang)
        console.print(say("compare.causes", lang), markup=False)
        effects = measure_effects(result, causes, answer=answer) if answer else None
        refused = [c.name for c in causes if answer and answer(frozenset({c.name})) is None]
        for line in _cause_lines(causes, traced, effects, refused, lang):
            console.print(f"  • {line}", markup=False)
        if effects is not None and len(causes) > 1:
            console.print(f"  • {_together(result, causes, effects, lang)}", markup=False)
        if out is not None:
            tables = {"differences": result.table, "sector_differences": result.sectors,
                      "difference_causes": traced, "cost_differences": result.costs.table,
                      "price_differences": result.costs.prices}  # fmt: skip
            if effects is not None:
                tables["cause_effects"] = effects
            for written in write_csv_tables(out, tables, lang=lang):
                console.print(f"  {out / Path(written.path).name}", markup=False)


def read_side(path: Path, lang: Lang) -> tuple[Side, tuple[Territory, Scenario] | None]:
    """Read a folder of outputs, or answer a scenario."""
    from planner.compare import Side  # noqa: PLC0415
    from planner.io.finished import read_finished_plan  # noqa: PLC0415

    if path.suffix != ".toml":
        found = read_finished_plan(path, premises=True)
        side = Side(
            name=found.name, scenario=found.scenario, tables=found.tables, sums=found.sums,
            synthetic=found.synthetic,
        )  # fmt: skip
        return side, None
    plan = answer_scenario(path, lang)
    return Side.from_plan(plan, lang=lang), (plan.territory, plan.scenario)


def _print_places(console: Console, result: Comparison, lang: Lang) -> None:
    epci = result.table[result.table["level"] == Level.EPCI.value]
    if epci.empty:
        return
    order = (epci["gaining_count"] + epci["losing_count"]).sort_values(ascending=False).index
    kept = {  # where nothing differs anywhere, a column says nothing
        name: key
        for name, key in _COLUMNS.items() if not (epci[name] == 0).fillna(value=False).all()
    }  # fmt: skip
    rows = [
        [
            str(row["nom"]),
            *(
                _euros(row[name], lang) if name.endswith("_cents")
                else number(int(row[name]), lang)
                for name in kept
            ),
        ]
        for row in epci.loc[order].head(_SHOWN).to_dict("records")
    ]  # fmt: skip
    titles = [say(f"compare.column_{key}", lang) for key in ("place", *kept.values())]
    console.print(table(say("compare.places", lang), titles, rows, whole=True))
    if len(epci) > _SHOWN:
        console.print(say("compare.more", lang, count=len(epci) - _SHOWN))


def _euros(cents: object, lang: Lang) -> str:
    return "—" if pd.isna(cents) else number(int(cents) / 100, lang) + " €"  # type: ignore[call-overload]


def print_communes(console: Console, result: Comparison, lang: Lang) -> None:
    """Say how many communes have more premises in phases 1 and 2, or fewer, and which the most."""
    found = result.table[result.table["level"] == Level.COMMUNE.value]
    rows = sorted(
        found.to_dict("records"), key=lambda row: (row["served_difference_count"], row["code"])
    )
    changes = [(str(row["nom"]), int(row["served_difference_count"])) for row in rows]
    fewer = [one for one in changes if one[1] < 0]
    more = [one for one in reversed(changes) if one[1] > 0]
    if fewer or more:
        most, least = (
            say("compare.communes_first", lang, names=names) if names else ""
            for names in (
                ", ".join(f"{nom} ({number(abs(count), lang)})" for nom, count in some[:_NAMED])
                for some in (more, fewer)
            )
        )
        said = say(
            "compare.communes", lang, more=len(more), most=most, fewer=len(fewer), least=least
        )
        console.print(said, markup=False)


def _cause_lines(
    causes: tuple[Cause, ...], traced: pd.DataFrame, effects: pd.DataFrame | None,
    refused: list[str], lang: str,
) -> list[str]:  # fmt: skip
    """Say each cause: how many sectors hang on it, and what it does by itself."""
    from planner.compare import region_effect  # noqa: PLC0415

    if not causes:
        return [say("compare.no_cause", lang)]
    lines = []
    for cause in causes:
        words = cause.message.say(lang)
        if effects is None:
            lines.append(say("compare.cause_candidate", lang, words=words))
            continue
        counts = traced.loc[traced["cause"] == cause.name, "how"].value_counts().to_dict()
        how = {name: int(counts.get(name, 0)) for name in ("alone", "needed", "joint")}
        if any(how.values()):
            words = say("compare.cause_alone", lang, words=words, **how)
        if (effects["cause"] == cause.name).any():
            effect = _effect(region_effect(effects, cause.name), lang)
            lines.append(say("compare.cause_effect", lang, words=words, effect=effect))
        else:
            text = "refused" if cause.name in refused else "nothing"
            lines.append(say(f"compare.cause_{text}", lang, words=words))
    return lines


def _effect(found: Mapping[str, int], lang: str) -> str:
    return say(
        "compare.effect", lang, gaining=found["gaining_count"], losing=found["losing_count"],
        served=found["served_difference_count"], years=found["premise_years_gained"],
        net=found["net_difference_cents"], cost=found.get("cost_difference_cents"),
    )  # fmt: skip


def _together(
    result: Comparison, causes: tuple[Cause, ...], effects: pd.DataFrame, lang: str
) -> str:
    """Say what the causes only do together: the differences less what each does by itself."""
    from planner.compare import region_effect  # noqa: PLC0415

    whole = region_effect(result.table)
    alone = [region_effect(effects, cause.name) for cause in causes]
    rest = {
        name: value - sum(one[name] for one in alone)
        for name, value in whole.items()
        if all(name in one for one in alone)
    }
    if not any(rest.values()):
        return say("compare.together_nothing", lang)
    return say(
        "compare.together", lang, served=rest["served_difference_count"],
        years=rest["premise_years_gained"], net=rest["net_difference_cents"],
        cost=rest.get("cost_difference_cents"),
    )  # fmt: skip
