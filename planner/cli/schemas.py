"""``planner schemas``: what each table holds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from planner.cli._face import (
    Lang,
    LangOption,
    told,
)
from planner.cli._face import (
    table as grid,
)
from planner.schemas import CONTRACTS
from planner.texts import say


def schemas(
    table: Annotated[str | None, typer.Argument(help="Une table. / One table.")] = None,
    write: Annotated[
        Path | None, typer.Option("--write", help="Écrire la page de documentation. / Page.")
    ] = None,
    lang: LangOption = Lang.FR,
) -> None:
    """Décrire les tables : colonnes, types, unités, valeurs admises."""
    from planner.describe import schema_page, schema_rows  # noqa: PLC0415

    with told(lang) as console:
        if write is not None:
            write.write_text(schema_page(lang), encoding="utf-8")
            console.print(say("cli.page", lang, path=str(write)), markup=False)
            return
        if table is not None and table not in CONTRACTS:
            raise typer.BadParameter(", ".join(CONTRACTS), param_hint="TABLE")
        for name in [table] if table else list(CONTRACTS):
            titles = [
                say(f"cli.{key}", lang)
                for key in ("column", "type", "unit", "required", "allowed", "description")
            ]
            described = CONTRACTS[name]
            title = f"{name} — {described.titled(lang)} : {described.described(lang)}"
            console.print(grid(title, titles, schema_rows(described, lang), numbers=len(titles)))
