"""A shared sector that one EPCI requires and another refuses, or decides: both are named."""

import pandas as pd
import pytest

from planner.ballots import actor_shares, vain_wishes
from planner.concertation import count_ballots
from tests.unit.test_programme import ballots, deliberations, envelopes, region

A, B = "111111111", "222222222"


def two_epci():
    """Return sectors, shares and EPCI: most of ``s`` is in A, 20 of its lines in B."""
    sectors, shares, epci = region({"s": (A, 60), "t": (A, 50), "u": (B, 40)})
    shares = pd.concat(
        [shares, pd.DataFrame({"sector_id": ["s"], "epci_siren": [B], "premises_count": [20]})],
        ignore_index=True,
    )
    return sectors, shares, epci.assign(nom=["Ici", "Là"])


@pytest.fixture
def told():
    """Count the wishes of two EPCI that share a sector, most of it in A."""
    sectors, shares, epci = two_epci()

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


@pytest.mark.parametrize(
    ("wishes", "states", "key", "why"),
    [
        ([(B, "s", "ranked", 1)], ("voted", "pending"), "s",
         "Là le demande, mais n'a pas voté son engagement (délibération : En attente)"),
        ([(B, "s", "required", None)], ("voted", "refused"), "s",
         "Là le demande, mais n'a pas voté son engagement (délibération : Refusée)"),
        ([(B, "s", "required", None)], ("voted", None), "s",
         "Là le demande, mais aucune délibération n'en est connue"),
        ([(B, "s", "required", None)], ("voted", "voted"), "s", "Là l'exige, mais n'en décide pas"),
        ([(B, "t", "ranked", 1)], ("voted", "voted"), "t",
         "Là le demande, mais n'y a aucun local"),
        ([(A, "t", "ranked", None)], ("voted", "voted"), "t",
         "le vœu de Ici se contredit ou n'est pas complet"),
        ([(A, "t", "refused", 2)], ("voted", "voted"), "t",
         "le vœu de Ici se contredit ou n'est pas complet"),
        ([(A, "t", "ranked", 1), (B, "s", "ranked", 1)], ("voted", "voted"), "t", None),
        ([(B, "t", "refused", None), (A, "t", "refused", None)], ("voted", "voted"), "t", None),
    ],
)  # fmt: skip
def test_it_is_said_why_a_wish_does_not_count(wishes, states, key, why):
    sectors, shares, epci = two_epci()
    known = {actor: state for actor, state in zip((A, B), states, strict=True) if state}
    count = count_ballots(
        epci=epci, sectors=sectors, sector_shares=shares, envelopes=envelopes({A: 500, B: 500}),
        ballots=ballots(wishes), deliberations=deliberations(known),
    )  # fmt: skip
    vain = vain_wishes(count, actor_shares(sectors, shares))
    assert {where: [one.say("fr") for one in told] for where, told in vain.items()} == (
        {} if why is None else {key: [why]}
    )
