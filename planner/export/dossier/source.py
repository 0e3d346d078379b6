"""What every dossier takes from the plan, computed once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from planner.export.dossier.follow_up import Followed
from planner.export.map.data import MapData
from planner.plan import Plan, open_sectors
from planner.schemas import contract

__all__ = ["Source"]


@dataclass(frozen=True, kw_only=True)
class Source:
    """A plan, and what every dossier takes from it.

    Parameters
    ----------
    plan
        The plan.
    lang
        Language of the dossiers.
    """

    plan: Plan
    lang: str = "fr"

    @cached_property
    def names(self) -> Mapping[str, str]:
        """SIREN to name, of every EPCI that has a dossier, in order."""
        known = dict(
            zip(self.plan.territory.epci["siren"], self.plan.territory.epci["nom"], strict=True)
        )
        owing = {str(siren) for siren in self.plan.contributions["epci_siren"]}
        return {siren: known.get(siren, siren) for siren in sorted({*known, *owing})}

    @cached_property
    def sectors(self) -> pd.DataFrame:
        """A row for each sector and EPCI that shares it: lines, decision, quarter, cost."""
        plan, territory = self.plan, self.plan.territory
        shares = territory.sector_shares[["sector_id", "epci_siren", "premises_count"]]
        shares = pd.DataFrame(shares[shares["premises_count"] > 0]).copy()
        shares["epci_siren"] = shares["epci_siren"].fillna("").astype(str)
        programme = plan.programme.in_language(self.lang).drop(
            columns=["epci_siren", "premises_count"]
        )
        rows = shares.merge(programme, on="sector_id", how="left", validate="many_to_one")
        places = pd.DataFrame(territory.sectors[["sector_id", "nom", "zone_id"]])
        rows = rows.merge(places, on="sector_id", how="left", validate="many_to_one")
        for frame, columns in (
            (plan.schedule, ["sector_id", "quarter", "year"]),
            (plan.costs, ["sector_id", "unit_cost_cents"]),
        ):
            rows = rows.merge(frame[columns], on="sector_id", how="left", validate="many_to_one")
        rows["open"] = rows["sector_id"].isin(open_sectors(territory, plan.scenario))
        return rows.sort_values(["epci_siren", "sector_id"], ignore_index=True)

    @cached_property
    def data(self) -> MapData:
        """The plan as the map shows it, without its premises."""
        return MapData.from_plan(self.plan, lang=self.lang)

    @cached_property
    def followed(self) -> Followed:
        """The programme that is followed, where one is."""
        return Followed(plan=self.plan, lang=self.lang)

    @cached_property
    def synthetic(self) -> str:
        """Names of what is made up; empty where nothing is."""
        titles = []
        for layer in self.data.synthetic_layers:
            try:
                title = contract(layer).titled(self.lang)
            except LookupError:
                title = layer
            titles.append(title[0].lower() + title[1:] if title[1:2].islower() else title)
        return ", ".join(titles)
