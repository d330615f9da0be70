"""Votes on recorded answers: everything after the HTTP call runs for real, offline.

    python -m tests.benchmarks.replay FILE...

A file (JSON lines, also .gz) has one question a line: `id, kind (number|letter|bool|date|literal),
question, choices?, answer`, and `outputs: {model: {text, key?}}`, where `key` is another reader's
reading, to compare with. Printed per file: what is read; accuracy of panels of five with what
reliability 100 unmarked runs teach; calls saved by stopping; calibration; an adversary; order.
Intervals are 95 % bootstrap intervals over questions.
"""

from __future__ import annotations

import gzip
import json
import random
import statistics
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from llm_reasonkit.reasoning.answers import Answer, AnswerForm, canonical, form_of, read, sameness
from llm_reasonkit.reasoning.calibration import (
    Mark,
    Pattern,
    calibration_error,
    confidence_in,
    is_worked_out,
)
from llm_reasonkit.reasoning.families import family_of
from llm_reasonkit.reasoning.reliability import Run, learn, weights_of
from llm_reasonkit.reasoning.stopping import is_decided, next_wave
from llm_reasonkit.reasoning.voting import Ballot, Rule, Verdict, decide

KINDS = {"number": "number", "letter": "choice", "bool": "yes-no", "date": "date"}
HISTORY = 100
DRAWS = 4
WINNER_ONLY = Decimal("0.5")
ADVERSARY = "adversary"


@dataclass(frozen=True)
class Question:
    """A question with its right answer and what each model's reply was read as."""

    form: AnswerForm
    gold: Answer
    answers: dict[str, Answer | None]

    def is_right(self, answer: Answer | None) -> bool:
        """Whether an answer is the right one."""
        return answer is not None and sameness(answer, self.gold, self.form) == "same"


def rows_of(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the lines of a file."""
    content = path.read_bytes()
    if path.suffix == ".gz":
        content = gzip.decompress(content)
    yield from map(json.loads, content.splitlines())


def questions_of(path: Path) -> list[Question]:
    """Read every reply of a file, and print how that went."""
    found, count = [], defaultdict(int)
    for row in rows_of(path):
        form = form_of(row["question"], KINDS.get(row["kind"], "text"), row.get("choices", ()))
        gold = canonical(str(row["answer"]), form)
        if gold is None:
            continue
        answers = {model: read(out["text"], form).answer for model, out in row["outputs"].items()}
        found.append(Question(form, gold, answers))
        for model, out in row["outputs"].items():
            theirs = canonical(str(out["key"]), form) if out.get("key") is not None else None
            if theirs is not None:
                count["read" if answers[model] else "unread"] += 1
                answer = answers[model]
                same = answer is None or _same_value(answer, theirs)
                count["otherwise"] += not same
    total = count["read"] + count["unread"]
    print(f"\n{path.name}: {len(found)} questions, {total} replies in which the file has an answer")
    print(
        f"  read {count['read'] / total:.2%}, otherwise than there {count['otherwise'] / total:.2%}"
    )
    return found


def _same_value(one: Answer, other: Answer) -> bool:
    if one.quantity and other.quantity:
        return one.quantity.value == other.quantity.value
    return one.key == other.key


def ballots_for(question: Question, panel: Sequence[str]) -> list[Ballot]:
    """Return the ballots of a panel whose members all answered."""
    return [
        Ballot(model, family_of(model), "vote" if answer else "no_vote", answer)
        for model in panel
        for answer in [question.answers[model]]
    ]


def score(question: Question, verdict: Verdict) -> float:
    """Return 1 for a right winner; tied answers share the point."""
    if verdict.winner is not None:
        return float(question.is_right(verdict.winner.answer))
    tied = [question.is_right(cluster.answer) for cluster in verdict.tied]
    return sum(tied) / len(tied) if tied else 0.0


def run_of(question: Question, panel: Sequence[str]) -> Run:
    """Return what an unmarked run leaves in the log."""
    verdict = decide(ballots_for(question, panel), Rule(), question.form)
    clusters = {panel[i]: cluster.number for cluster in verdict.clusters for i in cluster.members}
    options = len(question.form.choices) or (2 if question.form.kind == "yes-no" else None)
    return Run(clusters, options)


def learnt_rule(questions: Sequence[Question], panel: Sequence[str], threshold: Decimal) -> Rule:
    """Return the rule that a history of unmarked runs leads to."""
    known = learn([run_of(question, panel) for question in questions])
    strength = {member: reliability.right for member, reliability in known.items()}
    return Rule(threshold, weights=weights_of(panel, known), strength=strength)


def interval(values: Sequence[float]) -> str:
    """Return a mean in points with its bootstrap interval."""
    chance = random.Random(1)
    means = sorted(statistics.fmean(chance.choices(values, k=len(values))) for _ in range(400))
    return (
        f"{100 * statistics.fmean(values):+.1f} [{100 * means[10]:+.1f}, {100 * means[389]:+.1f}]"
    )


def panels_of(questions: Sequence[Question]) -> dict[str, list[str]]:
    """Choose panels of five by accuracy: comparable ones, and one strong with four weak."""
    models = sorted({model for question in questions for model in question.answers})
    models = [m for m in models if all(m in question.answers for question in questions)]

    def accuracy(model: str) -> float:
        return statistics.fmean(q.is_right(q.answers[model]) for q in questions)

    ranked = sorted(models, key=accuracy, reverse=True)
    if len(ranked) < 9:
        return {"all": ranked[:5]} if len(ranked) >= 3 else {}
    middle = len(ranked) // 2 - 2
    return {
        "strong": ranked[1:6],
        "middling": ranked[middle : middle + 5],
        "weak": ranked[-6:-1],
        "skewed": [ranked[0], *ranked[-4:]],
        "skewed (second best)": [ranked[1], *ranked[-6:-2]],
    }


def draws(questions: Sequence[Question]) -> Iterator[tuple[list[Question], list[Question]]]:
    """Yield random histories, and the questions that come after them."""
    for seed in range(DRAWS):
        order = list(questions)
        random.Random(seed).shuffle(order)
        yield order[:HISTORY], order[HISTORY:]


def report_accuracy(name: str, questions: Sequence[Question], panel: Sequence[str]) -> None:
    """Compare the verdicts with plurality and with the best member."""
    plain, ours, alone = [], [], defaultdict(list)
    for history, later in draws(questions):
        rule = learnt_rule(history, panel, WINNER_ONLY)
        for question in later:
            ballots = ballots_for(question, panel)
            plain.append(score(question, decide(ballots, Rule(), question.form)))
            ours.append(score(question, decide(ballots, rule, question.form)))
            for model in panel:
                alone[model].append(float(question.is_right(question.answers[model])))
    best = max(alone.values(), key=statistics.fmean)
    gap = statistics.fmean(best) - statistics.fmean(plain)
    recovered = (statistics.fmean(ours) - statistics.fmean(plain)) / gap if gap > 0.01 else None
    print(
        f"  {name}: best member {statistics.fmean(best):.3f}, "
        f"plurality {statistics.fmean(plain):.3f}, ours {statistics.fmean(ours):.3f}; to plurality "
        f"{interval([a - b for a, b in zip(ours, plain, strict=True)])}, to the best "
        f"{interval([a - b for a, b in zip(ours, best, strict=True)])}"
        + (f"; {recovered:.0%} of the gap" if recovered is not None else "")
    )


def report_stopping(name: str, questions: Sequence[Question], panel: Sequence[str]) -> None:
    """Ask in waves, and hold each early verdict against that of the whole panel."""
    for rule in (Rule(WINNER_ONLY), Rule()):
        asked = changed = 0
        for question in questions:
            whole = ballots_for(question, panel)
            so_far = [replace(ballot, status="pending", answer=None) for ballot in whole]
            while wave := next_wave(so_far, rule, question.form):
                waiting = [i for i, ballot in enumerate(so_far) if ballot.status == "pending"]
                for index in waiting[:wave]:
                    so_far[index] = whole[index]
            asked += sum(ballot.status != "pending" for ballot in so_far)
            early, full = (decide(b, rule, question.form) for b in (so_far, whole))
            changed += _told(early) != _told(full) or not is_decided(whole, rule, question.form)
        saved = 1 - asked / len(questions) / len(panel)
        print(
            f"  {name}, threshold {rule.threshold}: {saved:.1%} of calls saved, {changed} changed"
        )


def _told(verdict: Verdict) -> tuple[str | None, bool]:
    return verdict.winner and verdict.winner.answer.key, verdict.accepted


def report_calibration(name: str, questions: Sequence[Question], panel: Sequence[str]) -> None:
    """Print the calibration error of what is shown with no, 100 and 200 marks."""
    marks = []
    for question in questions:
        verdict = decide(ballots_for(question, panel), Rule(), question.form)
        if verdict.winner is not None:
            worked_out = is_worked_out(question.form)
            pattern = Pattern(question.form.kind, worked_out, verdict.leading, len(panel), 2)
            marks.append(Mark(pattern, question.is_right(verdict.winner.answer)))
    errors = []
    for count in (0, 100, 200):
        found = []
        for seed in range(DRAWS):
            order = list(marks)
            random.Random(seed).shuffle(order)
            shown: dict[Pattern, float] = {}
            for mark in order[count:]:
                if mark.pattern not in shown:
                    shown[mark.pattern] = confidence_in(mark.pattern, order[:count]).overall
            found.append(calibration_error([(shown[m.pattern], m.right) for m in order[count:]]))
        errors.append(f"{count or 'prior'} {statistics.fmean(found):.3f}")
    print(f"  {name}, calibration error: {', '.join(errors)}")


def with_adversary(question: Question, panel: Sequence[str]) -> Question:
    """Let one more model repeat a wrong answer of another's, where there is one."""
    wrong = [a for m in panel if (a := question.answers[m]) and not question.is_right(a)]
    return replace(question, answers={**question.answers, ADVERSARY: wrong[0] if wrong else None})


def report_adversary(name: str, questions: Sequence[Question], panel: Sequence[str]) -> None:
    """Put an adversary in place of the weakest member."""
    weakest = min(panel, key=lambda m: sum(q.is_right(q.answers[m]) for q in questions))
    others = [model for model in panel if model != weakest]
    lost, accepted = [], []
    for history, later in draws(questions):
        hostile = [*others, ADVERSARY]
        before = learnt_rule(history, panel, Decimal("0.8"))
        after = learnt_rule([with_adversary(q, others) for q in history], hostile, Decimal("0.8"))
        for question in later:
            one = decide(ballots_for(question, panel), before, question.form)
            other = decide(
                ballots_for(with_adversary(question, others), hostile), after, question.form
            )
            lost.append(score(question, other) - score(question, one))
            false = [v.accepted and not score(question, v) for v in (other, one)]
            accepted.append(float(false[0]) - float(false[1]))
    print(
        f"  {name}, an adversary: accuracy {interval(lost)}, falsely accepted {interval(accepted)}"
    )


def report_order(questions: Sequence[Question], panel: Sequence[str]) -> None:
    """Shuffle the members of every question, and count verdicts that change."""
    chance, changed = random.Random(2), 0
    for question in questions:
        ballots = ballots_for(question, panel)
        shuffled = chance.sample(ballots, len(ballots))
        one, other = (decide(b, Rule(), question.form) for b in (ballots, shuffled))
        names = [
            [(c.answer.key, c.rung, sorted(b[i].member for i in c.members)) for c in v.clusters]
            for v, b in ((one, ballots), (other, shuffled))
        ]
        changed += names[0] != names[1] or _told(one) != _told(other)
    print(f"  order: {changed} of {len(questions)} verdicts depend on it")


def main() -> None:
    """Print the figures for each file."""
    reports: list[Callable[[str, Sequence[Question], Sequence[str]], None]] = [
        report_accuracy,
        report_calibration,
        report_adversary,
    ]
    for path in map(Path, sys.argv[1:]):
        by_kind = defaultdict(list)
        for question in questions_of(path):
            by_kind[frozenset(question.answers)].append(question)
        for questions in (group for group in by_kind.values() if len(group) > 2 * HISTORY):
            for name, panel in panels_of(questions).items():
                for report in reports:
                    report(name, questions, panel)
                report_stopping(f"{name}, first three", questions, panel[:3])
                report_stopping(f"{name}, all five", questions, panel)
                report_order(questions, panel)


if __name__ == "__main__":
    main()
