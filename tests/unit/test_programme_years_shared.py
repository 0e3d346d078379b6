"""With years, sectors that engage several envelopes: bounded with copies, paid ahead."""

import numpy as np
import pytest

from planner.choice import ChoiceStatus, Contiguity
from planner.programme import _shared, solve_years
from planner.programme._shared import far_shares
from planner.programme._years import ways
from planner.verify import verify_years
from tests.unit.test_programme_years import as_flags, draw, every_dated, is_legal, signed

WITHIN = [Contiguity.NONE, Contiguity.WITHIN_EPCI, Contiguity.FEEDER]


@pytest.mark.parametrize("contiguity", WITHIN)
def test_an_answer_is_legal_and_no_programme_passes_its_bound(monkeypatch, contiguity):
    monkeypatch.setattr(ways, "_FEW", 0)
    seen = []
    whole = ways.solve_years_sharing

    def counted(problem, *args, **kwargs):
        answer = whole(problem, *args, **kwargs)
        if len(far_shares(problem.whole)):
            seen.append(answer is not None)
        return answer

    monkeypatch.setattr(ways, "solve_years_sharing", counted)
    for seed in range(60):
        problem = draw(np.random.default_rng(seed), contiguity)
        if len(far_shares(problem.whole)) == 0:
            continue
        choice = solve_years(problem)
        assert choice.problem_sha256 == problem.sha256
        legal = [signed(problem, one) for one in every_dated(problem) if is_legal(problem, one)]
        if choice.status is ChoiceStatus.INFEASIBLE:
            assert not legal
            continue
        taken = as_flags(problem, choice)
        assert is_legal(problem, taken)
        assert verify_years(problem, choice).holds
        assert [stage.value for stage in choice.stages] == list(problem.values(taken))
        bound = choice.stages[0].bound
        sign = 1 if problem.whole.objectives[0].sense == "max" else -1
        assert bound is not None
        assert sign * bound >= max(legal)[0]
    assert sum(seen) > 10


def test_envelopes_pay_ahead_for_what_a_bound_takes():
    problem = next(
        one for one in (draw(np.random.default_rng(seed), Contiguity.NONE).whole for seed in range(99))
        if len(far_shares(one)) == 1 and not one.required.any() and not one.refused.any()
        and (one.envelopes > one.share_need.max()).all()
    )  # fmt: skip
    (far,) = far_shares(problem)
    sector, actor, need = (
        int(of[far]) for of in (problem.share_candidate, problem.share_actor, problem.share_need)
    )
    half = np.full(problem.candidates_count, 0.4)
    without, with_it = _shared.paid_ahead(problem, half)
    assert without.refused[sector]
    assert without.envelopes[actor] == problem.envelopes[actor]
    assert not with_it.refused[sector]
    assert with_it.envelopes[actor] == problem.envelopes[actor] - need
    assert len(far_shares(without)) == len(far_shares(with_it)) == 0
