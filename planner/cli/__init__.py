"""The command ``planner``: a thin face of the library.

Exit codes: 0 done, 1 a failure that a user can fix, 2 wrong usage, 3 findings under ``--strict``.
"""

from __future__ import annotations

import logging
from typing import Annotated

import typer

from planner.cli.ballot import app as ballot
from planner.cli.bulletin import bulletin
from planner.cli.compare import compare
from planner.cli.concertation import concertation
from planner.cli.coverage import coverage
from planner.cli.dossier import dossier
from planner.cli.edits import import_edits
from planner.cli.explain import explain
from planner.cli.export import export
from planner.cli.figures import figures
from planner.cli.follow import follow
from planner.cli.governance import adopt, status
from planner.cli.map import map_
from planner.cli.package import package
from planner.cli.plan import check, plan
from planner.cli.publish import publish
from planner.cli.register import register
from planner.cli.robustness import robustness
from planner.cli.schedule import schedule
from planner.cli.schemas import schemas
from planner.cli.verify import verify
from planner.cli.vote import vote

__all__ = ["app", "main"]

app = typer.Typer(
    help="Planifie le déploiement de la fibre optique sur une région. / Plans fibre roll-out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (
    plan,
    check,
    publish,
    import_edits,
    coverage,
    dossier,
    figures,
    schemas,
    explain,
    follow,
    package,
    export,
    vote,
    compare,
    status,
    adopt,
    bulletin,
    verify,
    schedule,
    robustness,
):
    app.command()(command)
app.add_typer(ballot, name="ballot")
app.add_typer(concertation, name="concertation")
app.add_typer(register, name="register")
app.command("map")(map_)  # the name that Python keeps for itself


@app.callback()
def _root(
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Une ligne par étape. / One line a stage.")
    ] = False,
) -> None:
    if verbose:
        logging.basicConfig(level=logging.INFO, format="%(message)s")


def main() -> None:
    """Run the command."""
    app()
