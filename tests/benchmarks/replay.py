"""Votes on recorded answers: everything after the HTTP call runs for real, offline.

    python -m tests.benchmarks.replay FILE...

A file (JSON lines, also .gz) has one question a line: `id, kind (number|letter|bool|date|literal),
question, choices?, answer`, and `outputs: {model: {text, key?, samples?: [{text}]}}`, where `key`
is another reader's reading, to compare with. Printed is a table for each file, with 95 % bootstrap
intervals over questions, for random panels over panels; reliability and confidence are learnt from
other questions than those they are tried on.
"""

from __future__ import annotations

import gzip
import json
import random
import re
import statistics
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from llm_reasonkit.reasoning.answers import (
    Answer,
    AnswerForm,
    Kind,
    canonical,
    form_of,
    read,
    sameness,
)
from llm_reasonkit.reasoning.calibration import (
    Mark,
    Pattern,
    confidence_in,
    wilson,
)
from llm_reasonkit.reasoning.families import family_of
from llm_reasonkit.reasoning.reliability import Run, learn, weights_of
from llm_reasonkit.reasoning.stopping import is_decided, next_wave
from llm_reasonkit.reasoning.voting import Ballot, Rule, Verdict, decide
from tests.calibration_scores import calibration_error

KINDS: Mapping[str, Kind] = {
    "number": "number",
    "letter": "choice",
    "bool": "yes-no",
    "date": "date",
}
HISTORY = 100
DRAWS = 4
RESAMPLES = 200
# Random panels of each sort, and the questions that each is tried on.
PANELS = 24
LATER = 150
WINNER_ONLY = Rule(Decimal("0.5"))
ADVERSARY = "adversary"
SAMPLES = 5
_ENDED = re.compile(r"[.!?。！？)\]}$*\"'`|”’>%]\s*$")

# What a question, or a verdict on it, counts for in each figure; and a figure made of their means.
Row = Mapping[str, float]
Figure = Callable[[Row], float]


@dataclass(frozen=True)
class Question:
    """A question with its right answer and what each model's reply, or samples, were read as."""

    form: AnswerForm
    gold: Answer
    answers: dict[str, Answer | None]
    samples: dict[str, list[Answer | None]]

    def is_right(self, answer: Answer | None) -> bool:
        """Whether an answer is the right one."""
        return answer is not None and sameness(answer, self.gold, self.form) == "same"


def rows_of(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the lines of a file."""
    content = path.read_bytes()
    if path.suffix == ".gz":
        content = gzip.decompress(content)
    yield from map(json.loads, content.splitlines())


def is_complete(reply: str) -> bool:
    """Tell whether a reply came to an end: as a sentence does, and not in a loop."""
    text = reply.strip()
    loops = len(text) > 400 and text.count(text[-60:]) >= 3
    return len(text.split()) <= 12 or (_ENDED.search(text) is not None and not loops)


def questions_of(path: Path) -> list[Question]:
    """Read every reply of a file, and print how that went."""
    found, reasons = [], Counter[str]()
    compared = otherwise = 0
    for row in rows_of(path):
        form = form_of(row["question"], KINDS.get(row["kind"], "text"), row.get("choices", ()))
        gold = canonical(str(row["answer"]), form)
        if gold is None:
            continue
        texts = {
            model: [out["text"], *(each["text"] for each in out.get("samples", ()))]
            for model, out in row["outputs"].items()
        }
        readings = {text: read(text, form) for each in texts.values() for text in each}
        answers = {model: readings[each[0]].answer for model, each in texts.items()}
        samples = {
            model: [readings[text].answer for text in each[1 : SAMPLES + 1]]
            for model, each in texts.items()
            if len(each) > SAMPLES
        }
        found.append(Question(form, gold, answers, samples))
        for model, out in row["outputs"].items():
            if is_complete(out["text"]):
                reasons[readings[out["text"]].reason] += 1
            theirs = canonical(str(out["key"]), form) if out.get("key") is not None else None
            answer = answers[model]
            if theirs is not None and answer is not None:
                compared += 1
                otherwise += not _same_value(answer, theirs)
    complete = reasons.total()
    print(f"\n{path.name}: {len(found)} questions, {complete} complete replies")
    print(f"  usable: {_share(reasons.pop('', 0), complete)} of them")
    for reason, count in reasons.most_common():
        print(f"    {_share(count, complete)} {reason}")
    print(f"  read otherwise than in the file: {_share(otherwise, compared)}")
    return found


def _share(part: int, whole: int) -> str:
    low, high = wilson(part, whole)
    return f"{part / max(1, whole):.2%} [{low:.2%}, {high:.2%}]"


def _same_value(one: Answer, other: Answer) -> bool:
    if one.quantity and other.quantity:
        return one.quantity.value == other.quantity.value
    return one.key == other.key


def ballots_for(question: Question, panel: Sequence[str]) -> list[Ballot]:
    """Return the ballots of a panel whose members all replied."""
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
    return Run(clusters, options, silent=frozenset(panel) - frozenset(clusters))


def learnt_rule(questions: Sequence[Question], panel: Sequence[str]) -> Rule:
    """Return the rule that a history of unmarked runs leads to."""
    known = learn([run_of(question, panel) for question in questions])
    strength = {member: reliability.right for member, reliability in known.items()}
    return Rule(weights=weights_of(panel, known), strength=strength)


def with_adversary(question: Question, others: Sequence[str]) -> Question:
    """Add a member that knows all: it repeats the most frequent wrong answer, or makes one up."""
    verdict = decide(ballots_for(question, others), Rule(), question.form)
    made_up = (
        canonical(text, question.form)
        for text in (*question.form.letters, "yes", "no", "-987654321", "nonsense")
    )
    answers = (*(cluster.answer for cluster in verdict.clusters), *made_up)
    wrong = next(a for a in answers if a is not None and not question.is_right(a))
    return replace(question, answers={**question.answers, ADVERSARY: wrong})


def asked_early(whole: Sequence[Ballot], rule: Rule, form: AnswerForm) -> list[Ballot]:
    """Ask in waves until it is decided; what was not asked is left pending."""
    so_far = [replace(ballot, status="pending", answer=None) for ballot in whole]
    while wave := next_wave(so_far, rule, form):
        for index in wave:
            so_far[index] = whole[index]
    return so_far


def stopping(whole: Sequence[Ballot], rule: Rule, question: Question) -> dict[str, float]:
    """Hold the early verdict against that of the whole panel."""
    early = asked_early(whole, rule, question.form)
    told = [
        (verdict.winner and verdict.winner.answer.key, verdict.accepted)
        for verdict in (decide(each, rule, question.form) for each in (early, whole))
    ]
    saved = sum(ballot.status == "pending" for ballot in early) / len(whole)
    changed = told[0] != told[1] or not is_decided(whole, rule, question.form)
    return {"saved": saved, "changed": float(changed)}


def measured(
    questions: Sequence[Question], panel: Sequence[str], later: Sequence[Question]
) -> Iterator[dict[str, float]]:
    """Yield what each later question counts for, with what the others taught."""
    weakest = min(panel, key=lambda m: sum(q.is_right(q.answers[m]) for q in (*questions, *later)))
    others = [model for model in panel if model != weakest]
    hostile = [*others, ADVERSARY]
    rule = learnt_rule(questions, panel)
    wary = learnt_rule([with_adversary(question, others) for question in questions], hostile)
    for question in later:
        bad = with_adversary(question, others)
        honest, infiltrated = ballots_for(question, panel), ballots_for(bad, hostile)
        verdicts = {
            "plurality": decide(honest, Rule(), question.form),
            "learnt": decide(honest, rule, question.form),
            "adversary": decide(infiltrated, Rule(), question.form),
            "wary": decide(infiltrated, wary, question.form),
        }
        row = {name: score(question, verdict) for name, verdict in verdicts.items()}
        row |= {f"false {n}": float(v.accepted and not row[n]) for n, v in verdicts.items()}
        row |= {model: float(question.is_right(question.answers[model])) for model in panel}
        turned = decide(honest[::-1], rule, question.form)
        row["order"] = float(_told(turned, honest[::-1]) != _told(verdicts["learnt"], honest))
        yield row


def _told(verdict: Verdict, ballots: Sequence[Ballot]) -> object:
    clusters = {
        (found.answer.key, found.rung, frozenset(ballots[i].member for i in found.members))
        for found in verdict.clusters
    }
    return verdict.winner and verdict.winner.answer.key, verdict.status, verdict.notes, clusters


def figures(rows: Sequence[Row], panel: Sequence[str]) -> dict[str, Figure]:
    """Say how each line of the table follows from the means."""
    best = max(panel, key=lambda model: statistics.fmean(row[model] for row in rows))

    def gap(means: Row) -> float:
        missing = means[best] - means["plurality"]
        return (means["learnt"] - means["plurality"]) / missing if missing else 0.0

    def less(one: str, other: str) -> Figure:
        return lambda means: means[one] - means[other]

    table: dict[str, Figure] = {
        "best member": lambda means: means[best],
        "plurality": lambda means: means["plurality"],
        "learnt": lambda means: means["learnt"],
        "learnt - plurality": less("learnt", "plurality"),
        "learnt - best member": less("learnt", best),
    }
    if statistics.fmean(row[best] - row["plurality"] for row in rows) > 0.01:
        table["of the gap"] = gap
    table |= {
        "adversary, no history": less("adversary", "plurality"),
        "  falsely accepted": less("false adversary", "false plurality"),
        "adversary, 100 runs": less("wary", "learnt"),
        "  falsely accepted, 100 runs": less("false wary", "false learnt"),
        "order changes it": lambda means: means["order"],
    }
    return table


def intervals(rows: Sequence[Row], lines: Mapping[str, Figure]) -> dict[str, str]:
    """Return figures in points with their bootstrap intervals."""
    names = list(rows[0])
    columns = [[row[name] for name in names] for row in rows]
    chance = random.Random(1)

    def means(sample: Sequence[Sequence[float]]) -> Row:
        sums = map(sum, zip(*sample, strict=True))
        return {name: total / len(sample) for name, total in zip(names, sums, strict=True)}

    resampled = [means(chance.choices(columns, k=len(columns))) for _ in range(RESAMPLES)]
    table = {}
    for title, figure in lines.items():
        found = sorted(100 * figure(each) for each in resampled)
        low, high = found[RESAMPLES // 40], found[-1 - RESAMPLES // 40]
        table[title] = f"{100 * figure(means(columns)):.1f} [{low:.1f}, {high:.1f}]"
    return table


def by_question(questions: Sequence[Question], panel: Sequence[str]) -> list[dict[str, float]]:
    """Measure on what comes after random histories; a question counts with its mean."""
    seen = defaultdict(list)
    for seed in range(DRAWS):
        order = list(range(len(questions)))
        random.Random(seed).shuffle(order)
        history = [questions[i] for i in order[:HISTORY]]
        rows = measured(history, panel, [questions[i] for i in order[HISTORY:]])
        for index, row in zip(order[HISTORY:], rows, strict=True):
            seen[index].append(row)
    return [
        {name: statistics.fmean(row[name] for row in rows) for name in rows[0]}
        for rows in seen.values()
    ]


def errors(questions: Sequence[Question], panel: Sequence[str]) -> dict[str, str]:
    """Return the calibration error of what is shown with no, 100 and 200 marks."""
    marks = []
    for question in questions:
        verdict = decide(ballots_for(question, panel), Rule(), question.form)
        if verdict.winner is not None:
            pattern = Pattern(question.form.kind, verdict.leading, len(panel), 2)
            marks.append(Mark(pattern, question.is_right(verdict.winner.answer)))
    table = {}
    for count in (0, HISTORY, 2 * HISTORY):
        found = []
        for seed in range(20):
            order = random.Random(seed).sample(marks, len(marks))
            known, later = (
                order[:count],
                order[count:] if count else random.Random(seed).choices(marks, k=len(marks)),
            )
            shown = {
                pattern: confidence_in(pattern, known).overall
                for pattern in {mark.pattern for mark in later}
            }
            found.append(calibration_error([(shown[m.pattern], m.right) for m in later]))
        found.sort()
        name = f"error with {count} marks" if count else "error of the prior"
        table[name] = f"{statistics.fmean(found):.3f} [{found[0]:.3f}, {found[-1]:.3f}]"
    return table


def ranked(questions: Sequence[Question]) -> list[str]:
    """Return the models that answered all questions, the most accurate first."""
    models = sorted(set.intersection(*(set(question.answers) for question in questions)))

    def accuracy(model: str) -> float:
        return statistics.fmean(q.is_right(q.answers[model]) for q in questions)

    return sorted(models, key=accuracy, reverse=True)


def panels_of(models: Sequence[str]) -> dict[str, list[str]]:
    """Choose panels of five by accuracy: comparable ones, and one strong with four weak."""
    if len(models) < 9:
        return {"all": list(models[:5])}
    middle = len(models) // 2 - 2
    return {
        "strong": [*models[1:6]],
        "middling": [*models[middle : middle + 5]],
        "weak": [*models[-6:-1]],
        "skewed": [models[0], *models[-4:]],
        "skewed, second": [models[1], *models[-6:-2]],
    }


def on_random_panels(
    questions: Sequence[Question], models: Sequence[str]
) -> dict[str, dict[str, str]]:
    """Measure on neighbours by accuracy, and on one of the best third with four of the weaker half.

    The gap is that of the panels in which the best member leads the plurality by over a point.
    """
    chance = random.Random(7)
    columns = {}
    for name in ("random balanced", "random skewed"):
        rows = []
        for _ in range(PANELS):
            first = chance.randrange(len(models) - 4)
            strong = chance.choice(models[: len(models) // 3])
            weak = chance.sample(models[len(models) // 2 :], 4)
            panel = [strong, *weak] if name == "random skewed" else models[first : first + 5]
            tried = chance.sample(questions, HISTORY + LATER)
            each = list(measured(tried[:HISTORY], panel, tried[HISTORY:]))
            means = {key: statistics.fmean(row[key] for row in each) for key in each[0]}
            rows.append(
                {"best": max(means[model] for model in panel)}
                | {key: mean for key, mean in means.items() if key not in panel}
            )
        columns[name] = intervals(rows, figures(rows, ["best"]))
        ahead = [row for row in rows if row["best"] - row["plurality"] > 0.01]
        if len(ahead) >= PANELS // 3:
            lines = figures(ahead, ["best"])
            columns[name] |= intervals(ahead, {"of the gap": lines["of the gap"]})
    return columns


def saved(
    questions: Sequence[Question], ballots: Callable[[Question], Sequence[Ballot]], name: str
) -> dict[str, str]:
    """Return the calls saved where only the winner counts, and at the default threshold."""
    table: dict[str, str] = {}
    for rule in (WINNER_ONLY, Rule()):
        title = f"{name}, {rule.threshold}"
        rows = [stopping(ballots(question), rule, question) for question in questions]
        changed = sum(row["changed"] for row in rows)
        table |= intervals(rows, {title: lambda means: means["saved"]})
        if changed:
            table[f"{title} CHANGED"] = f"{changed:.0f}"
    return table


def samples_of(model: str, question: Question) -> list[Ballot]:
    """Return the ballots of samples of one model."""
    return [
        Ballot(f"{model}#{number}", family_of(model), "vote" if answer else "no_vote", answer)
        for number, answer in enumerate(question.samples[model], 1)
    ]


def report(questions: Sequence[Question]) -> None:
    """Print the table of questions that the same models answered, and what samples save."""
    columns = {}
    models = ranked(questions)
    for name, panel in panels_of(models).items():
        rows = by_question(questions, panel)
        column = intervals(rows, figures(rows, panel))
        for size in (3, 5):
            if size <= len(panel):
                some = partial(ballots_for, panel=panel[:size])
                column |= saved(questions, some, f"saved of {size}")
        columns[name] = column | errors(questions, panel)
    if len(columns) > 1:
        columns |= on_random_panels(questions, models)
    print(f"\n  {len(questions)} questions; points, shares in %")
    print(f"  {'':30}" + "".join(f"{name:>22}" for name in columns))
    for title in dict.fromkeys(title for column in columns.values() for title in column):
        cells = (f"{column.get(title, '-'):>22}" for column in columns.values())
        print(f"  {title:30}" + "".join(cells))
    for model in sorted({model for question in questions for model in question.samples}):
        sampled = [question for question in questions if model in question.samples]
        found = saved(sampled, partial(samples_of, model), f"saved of {SAMPLES} samples")
        print(f"  {model}, {len(sampled)} questions: {found}")


def main() -> None:
    """Print the figures for each file."""
    for path in map(Path, sys.argv[1:]):
        groups = defaultdict(list)
        for question in questions_of(path):
            groups[frozenset(question.answers)].append(question)
        for models, questions in groups.items():
            if len(questions) > 2 * HISTORY and len(models) >= 3:
                report(questions)


if __name__ == "__main__":
    main()
