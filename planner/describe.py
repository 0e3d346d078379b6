"""The contracts as words: rows for the screen, one page for the documentation."""

from __future__ import annotations

from planner.contracts import Contract
from planner.crs import WORKING_CRS
from planner.schemas import CONTRACTS
from planner.texts import say

__all__ = ["schema_page", "schema_rows"]


def schema_rows(contract: Contract, lang: str = "fr") -> list[list[str]]:
    """Return one row a column: name, type, unit, required, allowed values, description."""
    rows = []
    for column in contract.columns:
        allowed = ", ".join(column.terms.codes()) if column.terms else column.example or ""
        rows.append(
            [
                column.name,
                column.type,
                column.unit,
                say("cli.no" if column.nullable else "cli.yes", lang),
                allowed,
                column.described(lang),
            ]
        )
    return rows


def schema_page(lang: str = "fr") -> str:
    """Return the documentation page of every contract, as Markdown."""
    heads = ("column", "type", "unit", "required", "allowed", "description")
    head = " | ".join(say(f"cli.{key}", lang) for key in heads)
    parts = [f"# {say('cli.page_title', lang)}", say("cli.page_intro", lang)]
    for contract in CONTRACTS.values():
        lines = [f"| {head} |", "|" + " --- |" * len(heads)]
        lines += [
            "| `"
            + row[0]
            + "` | "
            + " | ".join(cell.replace("|", "\\|") for cell in row[1:])
            + " |"
            for row in schema_rows(contract, lang)
        ]
        facts = f"{say('cli.key', lang)} : {', '.join(f'`{name}`' for name in contract.key)}."
        if contract.geometry:
            facts += f" {say('cli.geometry', lang)} : {contract.geometry}, {WORKING_CRS}."
        parts += [
            f"## `{contract.name}` — {contract.titled(lang)}",
            f"{contract.described(lang)}. {facts}",
            "\n".join(lines),
        ]
    return "\n\n".join(parts) + "\n"
