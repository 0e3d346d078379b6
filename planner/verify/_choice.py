"""An answer to a question of choice, judged rule by rule."""

from __future__ import annotations

from collections import defaultdict, deque
from typing import Final

from planner.choice import (
    Choice,
    ChoiceProblem,
    ChoiceStatus,
    Contiguity,
    Quantity,
    StageResult,
)
from planner.texts import Message
from planner.verify._verdict import Breach, Verdict

__all__ = ["unreached", "verify_choice"]

# from the strongest claim to the weakest
_STRENGTH: Final = (
    ChoiceStatus.OPTIMAL,
    ChoiceStatus.WITHIN_GAP,
    ChoiceStatus.TIME_LIMIT,
    ChoiceStatus.INFEASIBLE,
)


def verify_choice(problem: ChoiceProblem, choice: Choice) -> Verdict:
    """Check an answer against every rule of its question, and its claims against each other.

    Envelopes, required and refused sectors, contiguity (by a walk of its own), limits, the value of
    each objective, and whether bounds and statuses agree with the values.  That a bound is a true
    bound can't be checked from the answer alone: :func:`verify_choice` says whether it is
    consistent.

    Parameters
    ----------
    problem
        The question.
    choice
        The answer.

    Returns
    -------
    Verdict
        Its breaches name actors and sectors.
    """
    judge = _Judge(problem, choice)
    judge.question()
    none = choice.status is ChoiceStatus.TIME_LIMIT and problem.objectives and not choice.stages
    if choice.status is ChoiceStatus.INFEASIBLE or (none and not choice.chosen):
        judge.no_answer()
    else:
        judge.sectors()
        judge.envelopes()
        judge.contiguity()
        judge.limits()
        judge.stages()
    return Verdict.of(judge.checks, judge.breaches)


def unreached(problem: ChoiceProblem, chosen: frozenset[str]) -> tuple[str, ...]:
    """Return the chosen sectors that the rule of contiguity doesn't reach, sorted by id."""
    ids = problem.sector_ids
    if problem.contiguity is Contiguity.NONE:
        return ()
    if problem.contiguity is Contiguity.FEEDER:
        feeders = zip(ids, problem.feeder.tolist(), strict=True)
        return tuple(
            key
            for key, feeder in feeders
            if key in chosen and feeder >= 0 and ids[feeder] not in chosen
        )
    decider = dict(zip(ids, problem.decider.tolist(), strict=True))
    neighbours: dict[str, set[str]] = defaultdict(set)
    for i, j in problem.edges.tolist():
        one, other = ids[i], ids[j]
        if problem.contiguity is Contiguity.ANY_EPCI or decider[one] == decider[other]:
            neighbours[one].add(other)
            neighbours[other].add(one)
    starts = [
        key
        for key, reached in zip(ids, problem.reached.tolist(), strict=True)
        if reached and key in chosen
    ]
    seen, waiting = set(starts), deque(starts)
    while waiting:
        for other in neighbours[waiting.popleft()]:
            if other in chosen and other not in seen:
                seen.add(other)
                waiting.append(other)
    return tuple(sorted(chosen - seen))


class _Judge:
    """The state of one judgement: what was checked, what is broken."""

    def __init__(self, problem: ChoiceProblem, choice: Choice) -> None:
        self.problem = problem
        self.choice = choice
        self.chosen = frozenset(choice.chosen) & frozenset(problem.sector_ids)
        self.checks: dict[str, int] = defaultdict(int)
        self.breaches: list[Breach] = []

    def check(
        self, rule: str, place: str, *, broken: bool, excess: int | None = None, **values: object
    ) -> None:
        """Count one check, and keep its breach."""
        self.checks[rule] += 1
        if broken:
            message = Message.of(
                f"verify.{rule.replace('.', '_')}", place=place, excess=excess, **values
            ).naming(self.problem.sector_names)
            self.breaches.append(Breach(rule=rule, place=place, message=message, excess=excess))

    def question(self) -> None:
        """Check that the question is this one, and ids known, sorted, each once."""
        choice = self.choice
        self.check("question", "—", broken=choice.problem_sha256 != self.problem.sha256)
        for key in sorted(set(choice.chosen) - set(self.problem.sector_ids)):
            self.check("unknown_sector", key, broken=True)
        ordered = list(choice.chosen) == sorted(set(choice.chosen))
        self.check("order", "—", broken=not ordered)

    def no_answer(self) -> None:
        """Nothing is chosen, nor worth anything, where no programme is said to exist."""
        said = bool(self.choice.chosen or self.choice.stages)
        self.check("no_answer", "—", broken=said)

    def sectors(self) -> None:
        """Check that required sectors are in and refused ones out."""
        problem = self.problem
        for key, required, refused in zip(
            problem.sector_ids, problem.required.tolist(), problem.refused.tolist(), strict=True
        ):
            if required:
                self.check("required", key, broken=key not in self.chosen)
            if refused:
                self.check("refused", key, broken=key in self.chosen)

    def envelopes(self) -> None:
        """No actor uses more than its envelope; who has no counted vote takes nothing."""
        problem = self.problem
        used = [0] * len(problem.actors)
        for candidate, actor, need in zip(
            problem.share_candidate.tolist(), problem.share_actor.tolist(),
            problem.share_need.tolist(), strict=True,
        ):  # fmt: skip
            if problem.sector_ids[candidate] in self.chosen:
                used[actor] += need
        for name, use, granted in zip(
            problem.actors, used, problem.envelopes.tolist(), strict=True
        ):
            unit = problem.envelope_unit(problem.actors.index(name))
            if granted < 0:
                self.check("no_vote", name, broken=use > 0, excess=use, amount=Quantity(use, unit))
            else:
                excess = use - granted
                self.check(
                    "envelope", name, broken=excess > 0, excess=excess,
                    amount=Quantity(excess, unit), used=Quantity(use, unit),
                    granted=Quantity(granted, unit),
                )  # fmt: skip

    def contiguity(self) -> None:
        """Every chosen sector is reached."""
        lost = unreached(self.problem, self.chosen)
        if self.problem.contiguity is not Contiguity.NONE:
            self.checks["contiguity"] += len(self.chosen) - len(lost)
        for key in lost:
            self.check("contiguity", key, broken=True)

    def limits(self) -> None:
        """Every linear rule holds."""
        for limit in self.problem.limits:
            total = sum(
                value
                for key, value in zip(
                    self.problem.sector_ids, limit.coefficients.tolist(), strict=True
                )
                if key in self.chosen
            )
            over = 0 if limit.upper is None else max(total - limit.upper, 0)
            under = 0 if limit.lower is None else max(limit.lower - total, 0)
            self.check(
                "limit", limit.name, broken=over > 0 or under > 0, excess=max(over, under),
                amount=Quantity(max(over, under), limit.unit), words=limit.message,
            )  # fmt: skip

    def stages(self) -> None:
        """Each objective is worth what is said, and its bound and status don't deny it."""
        problem, choice = self.problem, self.choice
        asked = tuple(objective.name for objective in problem.objectives)
        given = tuple(stage.objective for stage in choice.stages)
        self.check("stages", "—", broken=asked != given)
        if asked != given:
            return
        weakest = ChoiceStatus.OPTIMAL
        for objective, stage in zip(problem.objectives, choice.stages, strict=True):
            worth = sum(
                value
                for key, value in zip(
                    problem.sector_ids, objective.coefficients.tolist(), strict=True
                )
                if key in self.chosen
            )
            if objective.edge_coefficients is not None:
                worth += sum(
                    value
                    for (i, j), value in zip(
                        problem.edges.tolist(), objective.edge_coefficients.tolist(), strict=True
                    )
                    if problem.sector_ids[i] in self.chosen and problem.sector_ids[j] in self.chosen
                )
            self.check(
                "stage.value", stage.objective, broken=worth != stage.value,
                excess=stage.value - worth, worth=worth, said=stage.value,
            )  # fmt: skip
            self.claims(stage, 1 if objective.sense == "max" else -1)
            weakest = max(weakest, stage.status, key=_STRENGTH.index)
        self.check("status", "—", broken=bool(choice.stages) and choice.status is not weakest)

    def claims(self, stage: StageResult, sign: int) -> None:
        """Check a bound against the value and the status beside it."""
        if stage.bound is None:
            claims = stage.status in {ChoiceStatus.OPTIMAL, ChoiceStatus.WITHIN_GAP}
            self.check("stage.bound_missing", stage.objective, broken=claims)
            return
        room = sign * (stage.bound - stage.value)
        self.check(
            "stage.bound", stage.objective, broken=room < 0, excess=-room, bound=stage.bound,
            said=stage.value,
        )  # fmt: skip
        optimal = stage.status is ChoiceStatus.OPTIMAL
        self.check(
            "stage.optimal", stage.objective, broken=room >= 0 and optimal != (room == 0),
            excess=room, bound=stage.bound, said=stage.value,
        )  # fmt: skip
