"""A shared sector that one EPCI requires and another refuses, or decides: both are named."""

import pandas as pd
import pytest

from planner.concertation import count_ballots
from tests.unit.test_programme import ballots, deliberations, envelopes, region

A, B = "111111111", "222222222"


@pytest.fixture
def told():
    """Count the wishes of two EPCI that share a sector, most of it in A."""
    sectors, shares, epci = region({"s": (A, 60), "t": (A, 50), "u": (B, 40)})
    shares = pd.concat(
        [shares, pd.DataFrame({"sector_id": ["s"], "epci_siren": [B], "premises_count": [20]})],
        ignore_index=True,
    )
    epci = epci.assign(nom=["Ici", "Là"])

    def count(*wishes, states=("voted", "voted"), zone=None):
        known = count_ballots(
            epci=epci, sectors=sectors.assign(zone_id=zone), sector_shares=shares,
            envelopes=envelopes({A: 500, B: 500}), ballots=ballots(list(wishes)),
            deliberations=deliberations(dict(zip((A, B), states, strict=True))),
            contacts={B: "Mme Riou"},
        )  # fmt: skip
        rules = ("concertation.required_and_refused", "concertation.required_elsewhere")
        return [one for one in known.findings if one.rule in rules]

    return count


def test_who_requires_and_who_refuses_are_named_with_whom_to_ask(told):
    (found,) = told((A, "s", "required", None), (B, "s", "refused", None))
    assert (found.rule, found.place) == ("concertation.required_and_refused", f"{A}/{B}")
    assert found.message.say("fr").startswith("Ici exige 1 secteur(s) que Là refuse : s ;")
    assert "a refusal stands" in found.message.say("en")
    assert "mettez d'accord Ici et Mme Riou (Là)" in found.remedy.say("fr")
    assert "have Ici and Mme Riou (Là) agree" in found.remedy.say("en")


def test_what_another_epci_decides_cannot_be_required(told):
    both = told((B, "s", "required", None), (A, "s", "refused", None))
    assert [one.rule.split(".")[1] for one in both] == [
        "required_and_refused", "required_elsewhere",
    ]  # fmt: skip
    (found,) = told((B, "s", "required", None), (A, "t", "required", None))
    assert found.message.say("fr").startswith("Là exige 1 secteur(s) que Ici décide")
    assert "demandez à Ici de les exiger aussi, ou à Mme Riou (Là)" in found.remedy.say("fr")


def test_nothing_is_said_where_nothing_clashes_or_counts_yet(told):
    assert told((A, "s", "required", None), (B, "s", "required", None))[0].place == f"{B}/{A}"
    assert told((A, "s", "required", None), (B, "u", "refused", None)) == []
    wishes = ((A, "s", "required", None), (B, "s", "refused", None))
    assert told(*wishes, states=("voted", "pending")) == []
    assert told(*wishes, zone="Z1") == []  # in phase 1 already
