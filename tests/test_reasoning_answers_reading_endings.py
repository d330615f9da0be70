"""Where a reply comes to its answer late, in a sentence, beside its options, or not at all."""

from __future__ import annotations

import pytest

from llm_reasonkit.reasoning.answers import form_of, read

CHEESES = ["Gouda", "Feta", "Brie", "Ricotta"]
FORMS = {
    "cheese": form_of("Which cheese was served?", choices=CHEESES),
    "wave": form_of("What is the length of the side?", choices=["12", "-4", "2√5", "18", "0.5 m"]),
    "parts": form_of("Find (a) and (b).", choices=["3 and 5", "5 and 3", "4 and 4"]),
    "claim": form_of(
        "Which claim is FALSE?",
        choices=[
            "Every square is a solution.",
            "Cows eat grass.",
            "Snow is cold.",
            "None of these",
        ],
    ),
    "near": form_of("Which genotype?", choices=["Xx and yy", "xx and YY", "Zz only"]),
    "none": form_of("Which cheese was served?", choices=["Gouda", "Feta", "None of the above"]),
    "ladder": form_of("Is the tall ladder steady enough to climb?"),
    "euros": form_of("A ticket costs €7. How much does Ida pay in all?"),
    "degrees": form_of("What number do you get?", "number"),
    "primes": form_of("List the primes below ten.", "list"),
    "day": form_of("What date was the bridge opened?", "date"),
}

# A form, what has to be read, and replies that all give it.
READ = [
    ("degrees", "391", ["The answer is 391!", "Final answer: **391!**"]),
    (
        "cheese",
        "B",
        [
            "<answer>B</answer>",
            "I weighed them.\n<final_answer>Feta</final_answer>",
            "I'd pick (B), since it crumbles.",
            "None of it is certain; if I must, I would choose (B) Feta.",
            "The answer is not listed, but the closest is (B).",
            "The answer is not on the list. It is closest to (B) Feta.",
            "B is the correct answer.",
            "The best one that was served here is:\n\n**B. Feta**",
            "The best choice among the options given is (B).",
            "\\[ \\text{The answer is } B \\]",
            "\\[ \\text{Answer} = \\text{B} \\]",
            "It was white, so it has to be (B). Nobody has served it since.",
            "The cheese was white and is (B). It crumbled. The other options are yellow.",
            "It is white.\n\nTherefore, the cheese is feta (option B).\n\nThe answer is ...",
            "The cheese would be (B) Feta. The others, (A) and (C), are not white.",
            "The answer is a white one.\n\nThus it was feta (option B).",
            "It was, once more, (B) Feta.\nIt is salty.\nIt is sour.\nIt is white.\nIt keeps.",
            "All others are hard. So feta it is.",
            "正确答案是B。",
            "所以答案选B。",
            "الإجابة الصحيحة هي B",
            "The answer is (B).\n\nHere are the answers to all questions:\nThe answer is (D).",
            "La respuesta correcta es la opción B.",
        ],
    ),
    (
        "wave",
        "B",
        ["The answer is (B). The answer is -4.", "-4", "So the length is -4.", "It is\n\n- -4"],
    ),
    (
        "wave",
        "D",
        [
            "Therefore, the length of the side is 18.",
            "Hence the side is equal to **18**.",
            "The length is 18.",
            "We add $f(2) = 12$.\n\nThus $f(3) = 18$.",
        ],
    ),
    ("wave", "C", ["So the side has length $\\sqrt{20} = 2\\sqrt{5}$."]),
    ("wave", "E", ["It was measured twice, so it is 0.5 m long: 0.5 m."]),
    ("parts", "A", ["The correct answer is:\n(a) 3\n(b) 5\n\nThe answer is (A)."]),
    ("parts", "C", ["The trace is tr(A) = 4.\n\nSo both are the same, 4 and 4."]),
    ("parts", "A", ["The correct value is:\nB = 4\n\nThe answer is (A)."]),
    ("claim", "A", ["(A) Every square is a solution is FALSE.", "So claim (A) is false."]),
    ("claim", "D", ["The answer is none of these."]),
    ("near", "A", ["The answer is (A). xx and YY"]),
    ("none", "C", ["The answer is none of the above.", "The answer is (None of the above)."]),
    (
        "ladder",
        "no",
        [
            "Most likely, no. One rung is loose.",
            "I would say no.",
            "The answer is generally no.",
            "Answer: (No) The ladder has lost a rung.",
            "**No** the ladder has lost a rung.",
            "The option is:\n> No\n\nHere is why: one rung is loose.",
            "So, in this case, if a rung is loose, the tall ladder is not steady enough to climb.",
        ],
    ),
    ("ladder", "yes", ["All rungs hold.\n\n**Yes**\n\nThat was tried.", "Clearly, yes."]),
    (
        "euros",
        "14 euro",
        [
            '{"answer": "Ida pays €14 for 2 tickets in 3 days."}',
            "Therefore, Ida pays €14 for the 2 tickets.",
            "The total is 14.",
        ],
    ),
    ("degrees", "-12", ["It gets colder.\n\n-12", "Final answer: -12", "- -12"]),
    (
        "day",
        "1901-05-04",
        ["The bridge was opened on 4 May 1901.", "It took years.\nThe day was May 4, 1901."],
    ),
]

# A form, and replies that are no vote.
UNREAD = [
    (
        "cheese",
        [
            "(B) is wrong.",
            "It is not feta.",
            "Feta is not the one that was served.",
            "The answer is (A), (B), or (D).",
            "The answer is (A)(B).",
            "The answer is (A, C, D).",
            "Answer: B, D",
            "Gouda is yellow. Brie is soft. Feta is white.",
            "It was white. So (A) is not what was served.",
            "The answer is (B) if it was white, and (A) if it was not.",
            "It has to be a mix of options A and B.",
            "(A) Gouda\n(B) Feta\n(C) Brie\n(D) Ricotta",
            "So it was (B) Feta or (C) Brie, as both are soft.",
            "D. Brie",
            "A: no\nB: yes\nC: no",
            "The cheese that was served is:\n\nD. Brie",
            "The answer is (D). Brie",
            "The closest one is feta. The correct answer is edam, which is not in the list.",
            "It is closest to (B), but no match. The answer is (none of the options is right).",
            "Let us look at the parts:\na) It is white.\nb)",
            "(A) is yellow. It has holes.\nIt was cut into slices with a wire.",
            "The answer is ...",
            "The answer is edam.",
            "The answer is (D). Brie\n\nSo it was gouda.",
        ],
    ),
    (
        "wave",
        [
            "One side is 12 and the other one is 18.",
            "It is not 18.",
            "So the length is 12 or 18.",
            "We have n = 12.",
            "Since the step is 12, the sum of both is 40 here.",
            "The length is (A) 12 or (D) 18.",
        ],
    ),
    ("claim", ["(A) Every square is a solution: TRUE.\n(B) Cows eat grass: TRUE.\nAll are true."]),
    (
        "ladder",
        [
            "- Yes, if it leans on a wall.\n- No, if it stands alone.",
            "The answer is:\n- Yes, if it leans on a wall.\n- No, if it stands alone.",
            "Options:\n- Yes\n- No",
            "The tall ladder is steady enough to climb in summer but not in winter.",
            "It is not stated that the tall ladder is steady enough to climb.",
            "To be a tall ladder that is steady enough to climb, it needs a base.",
            "The tall ladder is hardly steady enough to climb.",
            "It is false that the tall ladder is steady enough to climb.",
        ],
    ),
    (
        "euros",
        [
            "Ida pays €7 a ticket, and buys 2 tickets.",
            '{"answer": "€7 for 1 ticket and €14 for 2"}',
            '{"answer": "2 * $7"}',
            '{"reasoning": "7 + 7 = 1',
            "It costs either 7 or 14.",
            "The result is 21 minus the ticket of a child.",
            '{"answer": "x - 7"}',
            "The answer is €21 - €7",
            "Final answer: more than 20",
            "Final answer: not 20",
            "Final answer: 14.5.6",
            '{"answer": "20"}\nWait, one is free. The answer is 14.',
            "| ticket | price |\n|---|---|\n| first | €7 |\n| second | €9 |",
        ],
    ),
    ("degrees", ["Final answer: 5!", "So we need 5! / 2!", "It is C(5,2).", "5 factorial"]),
    ("primes", ["2, 3, 5, ...", "2, 3 and so on"]),
    ("day", ["It was opened on 4 or on 5 May 1901.", "Nobody knows."]),
]


@pytest.mark.parametrize(
    ("name", "expected", "reply"),
    [(n, key, reply) for n, key, replies in READ for reply in replies],
)
def test_the_answer_a_reply_comes_to_is_read(name: str, expected: str, reply: str):
    """The answer is found where a reply settles on it, however it says so."""
    reading = read(reply, FORMS[name])
    assert reading.answer is not None, reading.reason
    assert reading.answer.key == expected


@pytest.mark.parametrize(
    ("name", "reply"), [(n, reply) for n, replies in UNREAD for reply in replies]
)
def test_what_a_reply_only_mentions_is_no_vote(name: str, reply: str):
    """What is denied, hedged, listed, a step on the way, or beside another answer is none."""
    reading = read(reply, FORMS[name])
    assert reading.answer is None, reading
    assert reading.reason
