"""The bulletin of concertation: one HTML page for each EPCI, that opens without network.

:func:`write_bulletins` writes them from a territory and its scenario.  On the page an EPCI ranks,
requires or refuses its sectors, on the map or in the table; the envelope, the contribution and the
rules broken follow, by the arithmetic of :mod:`planner.bulletin`; the ballot is saved to a file
that ``planner ballot read`` takes, if it was made on the version at hand.  The rooms: ``document``
what the page says and holds, ``page`` the shell, ``looks`` its colours, ``ballots`` the CSV of
what comes back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from planner.ballots import ballots_of_these_sectors
from planner.bulletin import Sheet, left_out_of, make_sheets, unsaid_of, wishes_of
from planner.errors import UnknownNameError
from planner.export.bulletin.document import bulletin_context, ground_of
from planner.export.bulletin.page import BulletinPage
from planner.export.map.shell import region_map
from planner.export.map.topology import grid_to_lonlat
from planner.scenario import Scenario
from planner.territory import Territory
from planner.texts import Message

__all__ = ["bulletin_html", "write_bulletins"]

_MARGIN: Final = 0.02
"""Degrees around a map, that the page fits again to the screen."""


def write_bulletins(
    folder: str | Path,
    territory: Territory,
    scenario: Scenario,
    *,
    epci: Iterable[str] | None = None,
    lang: str = "fr",
    notify: Callable[[str], None] | None = None,
) -> tuple[Path, ...]:
    """Write the bulletin of each EPCI from which a ballot is due.

    Parameters
    ----------
    folder
        Where to write them; made when missing.  Files bear the SIREN, never names.
    territory, scenario
        A zoned territory and the question.
    epci
        Only these, by SIREN, or ``D29`` where the département proposes; None: all.
    lang
        ``fr`` or ``en``.
    notify
        Told the name of each EPCI before its page is written.

    Returns
    -------
    tuple of Path
        The pages, by SIREN.

    Raises
    ------
    UnknownNameError
        When no ballot is due from one of ``epci``.
    MissingLayerError
        When the territory has no sectors.
    """
    sheets = make_sheets(territory, scenario)
    wanted = sorted(set(sheets if epci is None else epci))
    for actor in wanted:
        if actor not in sheets:
            raise UnknownNameError(
                Message.of("bulletin.no_ballot_due", actor=actor),
                Message.of("bulletin.no_ballot_due_remedy", actors=", ".join(sorted(sheets)[:5])),
            )
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    received = ballots_of_these_sectors(
        territory.ballots, territory.sectors, territory.sector_shares
    )
    written = []
    for actor in wanted:
        if notify is not None:
            notify(sheets[actor].nom)
        path = target / f"bulletin-{actor}.html"
        part = path.with_name(path.name + ".part")
        part.write_text(
            _page(sheets[actor], territory, scenario, *received, lang=lang).render(),
            encoding="utf-8", newline="\n",
        )  # fmt: skip
        part.replace(path)
        written.append(path)
    return tuple(written)


def bulletin_html(
    sheet: Sheet, territory: Territory, scenario: Scenario, *, lang: str = "fr"
) -> str:
    """Return the bulletin of one EPCI as text, the same bytes for the same sheet.

    Parameters
    ----------
    sheet
        What it votes on.
    territory, scenario
        Where its outlines, names and sources come from.
    lang
        ``fr`` or ``en``.
    """
    received = ballots_of_these_sectors(
        territory.ballots, territory.sectors, territory.sector_shares
    )
    return _page(sheet, territory, scenario, *received, lang=lang).render()


def _page(
    sheet: Sheet,
    territory: Territory,
    scenario: Scenario,
    ballots: pd.DataFrame,
    others: Mapping[str, int],
    *,
    lang: str,
) -> BulletinPage:
    """Return the page of one EPCI, from the ballots made on these sectors."""
    ground = ground_of(sheet, territory, scenario, lang=lang)
    context = bulletin_context(
        sheet, ground, wishes_of(sheet, ballots), unsaid_of(sheet, ballots), scenario,
        left_out=left_out_of(sheet, ballots, elsewhere=others.get(sheet.actor, 0)), lang=lang,
    )  # fmt: skip
    page = BulletinPage(context)
    west, south, east, north = _corners(ground.box)
    page.add_child(region_map(south_west=(south, west), north_east=(north, east)))
    return page


def _corners(box: tuple[int, int, int, int]) -> tuple[float, float, float, float]:
    corners = np.array([[box[0], box[3]], [box[2], box[1]]], dtype=np.float64)
    (west, south), (east, north) = np.round(grid_to_lonlat(corners), 5).tolist()
    return west - _MARGIN, south - _MARGIN, east + _MARGIN, north + _MARGIN
