"""Reading the answer out of a reply: the right one, or none and why, never a guess."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_reasonkit.reasoning.answers import (
    AnswerForm,
    form_of,
    read,
    reply_schema,
    request_for,
)

METALS = ["Iron", "Copper", "Lead", "Zinc"]
FORMS = {
    "number": form_of("How many ducks are there?"),
    "dollars": form_of("How many dollars does Janet make?"),
    "choice": form_of("Which metal is meant?", choices=METALS),
    "letters": form_of("Which one is right?", "choice", ["A", "B", "C", "D"]),
    "yes-no": form_of("Do you return to the starting point?"),
    "date": form_of("What date was it?", "date"),
    "list": form_of("List the primary colours.", "list"),
    "text": form_of("What is the capital of Australia?", "text"),
    "code": form_of("Write a function that adds two numbers."),
}

# A form, the canonical form that has to be read, and replies that all give it.
READ = [
    (
        "number",
        "18",
        [
            "18",
            "18.",
            "**18**",
            "$$18$$",
            "eighteen",
            "18 ducks",
            "Final answer: <18>",
            '{"answer": 18}',
            '{"final_answer": "18"}',
            '{"reasoning": "9 x 2 = 18", "answer": "18"}',
            '```json\n{"reasoning": "x", "answer": "18"}\n```',
            '``` json\n{"answer": "18"}\n```\nLet me know if you need more.',
            'Here you go:\n{"answer": "18"}\nAnything else?',
            '{"reasoning": "line one\nline two", "answer": "18"}',
            '{"reasoning": "he said "nine" twice", "answer": "18"}',
            '{"reasoning": "x" + "y", "answer": "18",}',
            "{'reasoning': 'x', 'answer': '18'}",
            '{"reasoning": "x", "answer": "answer": "18"}',
            '{"reasoning": "x",\n "answer": 18\n}',
            '{"reasoning": "x" "answer": "18\\d"}'.replace("\\d", " \\u0064ucks"),
            "The answer is not 12. The answer is 18.",
            "If the answer is 12, one pond is missing. The answer is 18.",
            "{" * 300 + "The answer is 18.",
            '{"answer": {"value": 18}}',
            '{"answer": {"answer": 18}}',
            '{"result": "18"}',
            '{"answer": "12"}\nI made a mistake, corrected:\n{"answer": "18"}',
            '{"answer": "So there are 18 ducks"}',
            '{"answer": "First 9 ducks came. Then 9 more. Therefore there are 18 ducks."}',
            '{"answer": "The answer is 18."}',
            '{"answer": ["18"]}',
            "The answer is 18.",
            "The answer is **18**.",
            "The answer is: 18 ducks",
            "So the final answer is 18 ducks, because 9 + 9 is that.",
            "Final answer: 18",
            "**Final Answer:** 18",
            "### Final Answer\n\n18",
            "Answer:\n18",
            "Answer: 18",
            "ANSWER = 18",
            "The correct answer would be 18.",
            "The solution is 18.",
            "#### 18",
            "\\boxed{18}",
            "The answer is $\\boxed{18}$.",
            "Thus \\[ \\boxed{18} \\]",
            "\\boxed{\\text{18 ducks}}",
            "First \\boxed{9}. Then \\boxed{18}.",
            "\\fbox{18}",
            "Nine and nine. The answer is 9 + 9 = 18.",
            "There were nine.\nTherefore there are 18 ducks.",
            "There were nine.\nNine more came: 9 + 9 = 18",
            "Let me count.\n\nSo there are **18** ducks in 2 ponds.",
            "Let me count.\n\n**18**",
            "The answer is 12. Wait, let me recheck: I forgot one pond. The answer is 18.",
            "<think>The answer is 12.</think>The answer is 18.",
            "<think>maybe 12</think>\n\n18",
            "maybe 12</think>\n\n18",
            "<think>12<think>13</think>18",
            "18 <think>or 12</think>",
            "<thinking>\\boxed{12}</thinking>\\boxed{18}",
            "[THINK]12[/THINK]18",
            "◁think▷12◁/think▷18",
            "<|channel|>analysis<|message|>12<|end|><|channel|>final<|message|>18<|return|>",
            "18<|im_end|>",
            "18</s>",
            "The answer is 18.\n\nQuestion: How many hens?\nThe answer is 3.",
            '{"answer": "18"}\n\nQ: How many hens?\n{"answer": "3"}',
            "La réponse est 18.",
            "Réponse finale : 18",
            "Die Antwort lautet 18.",
            "Antwort: 18 Enten",
            "La respuesta es 18.",
            "La risposta è 18.",
            "A resposta é 18.",
            "Het antwoord is 18.",
            "Ответ: 18",
            "答案是18。",
            "答案：18",
            "答えは18です。",
            "答え：18",
            "정답: 18",
            "Jibu ni 18.",
            "উত্তর: ১৮",
            "คำตอบคือ 18",
            "సమాధానం: 18",
            "उत्तर: 18",
            "الجواب: 18",
            "Cevap: 18",
            "| what | count |\n|---|---|\n| ducks | 18 |\n\nAnswer: 18",
            "Sorry for the confusion, the answer is 18.",
            "The answer to the question of how many ducks there are is 18.",
        ],
    ),
    (
        "dollars",
        "18 dollar",
        [
            "$18",
            "She makes $18 per day.\nThe answer is $18/day.",
            '{"answer": "$18 per day"}',
            '{"answer": "The total is $18. That is after two weeks."}',
            "The answer is $18.00.",
            "The answer is that Janet makes 18 dollars a day.",
            "Therefore, Janet makes $18 every day at the market.\n\nThe answer is 18.",
            "($18.00)",
            "\\boxed{\\$18}",
        ],
    ),
    (
        "choice",
        "B",
        [
            "B",
            "(B)",
            "B.",
            "**B**",
            "b",
            "B. Copper",
            "(B) Copper",
            "Copper",
            "copper.",
            '{"answer": "B"}',
            '{"answer": "(B) Copper"}',
            '{"answer": "Copper"}',
            "The answer is (B).",
            "The answer is B.",
            "The answer is **(B) Copper**.",
            "The answer is B because it conducts.",
            "The answer is Copper.",
            "The correct option is (B), as A and C are heavier.",
            "The correct answer is:\n\nB. Copper",
            "The correct answer is:\n\n- B",
            "Therefore, the answer is \\boxed{B}.",
            "\\boxed{\\text{B}}",
            "\\boxed{(B)}",
            "\\boxed{\\text{Copper}}",
            "The best choice is option B.",
            "Answer: B) Copper",
            "(B) Copper\n\nIt conducts well.",
            "Iron rusts and lead is heavy.\n\n(B) Copper",
            "It conducts well, so it must be (B).",
            "It conducts well, so it must be copper.",
            "The metal that conducts best here is (B) Copper. It is used in wires.",
            "Let us see.\n(A) Iron rusts.\n(B) Copper conducts.\nThe answer is (B).",
            "The answer is (A). However, iron rusts, so the answer is (B).",
            "The answer is (B).\nThe answer is (C).\nThe answer is (B).",
            "The answer is (A).\n\nFinal answer: (B)",
            "The answer is (B).\n\nNow, let us sum up all the answers:\nThe answer is C.",
            "The answer is (B).\n\n以上问题的答案：\nThe answer is C.",
            "### Answer\nIt conducts.\n\nThis corresponds to option **(B)**.",
            "Its weight matches option B. It is heavy.",
            "The metal to use would be (B).<EOS_TOKEN>",
            "So the one that is not light is (B).",
            "The metal that conducts best here is B. Copper. It is used in wires.",
            "正确答案是 B。",
            "答案：(B)",
            "La réponse est (B).",
            "The answer is \\(B\\).",
            "None of it is sure, but the closest option is (B).",
        ],
    ),
    ("letters", "C", ["C", "The answer is C.", "(C)", "\\boxed{C}", '{"final_answer": "C"}']),
    (
        "yes-no",
        "no",
        [
            "No",
            "No.",
            "**No**",
            "false",
            "No, you end up three steps away.",
            "No\n\nHere is why: you drift.",
            "- No, you do not.",
            "The answer is no.",
            "So the answer is **No**.",
            "The answer is:\n\n- No",
            "You drift.\n\nSo, no, you are three steps away.",
            "You drift.\n\nYou do not return to the starting point.",
            "Since it is 9, which is not a multiple of 4, you do not return to the starting point.",
            "Since you are three steps away, you do not return to the starting point.",
            "You will not return to the starting point.\n\nYou drift three steps.",
            "If you follow these steps, you don't return to the starting point.",
            '{"answer": false}',
            '{"answer": "No"}',
            "\\boxed{\\text{No}}",
            "Die Antwort ist nein.",
        ],
    ),
    (
        "yes-no",
        "yes",
        [
            "Yes",
            "Yes, you do.",
            "To determine if you return to the starting point, let's add up.\n\nThe answer is: Yes",
            "It cancels out.\n\nYou return to the starting point.",
            '{"answer": true}',
            "The answer is yes, since it cancels out.",
        ],
    ),
    (
        "date",
        "1969-07-20",
        [
            "July 20, 1969",
            "The answer is July 20, 1969.",
            "It was on 20 July 1969.\nAnswer: 20 July 1969, in the evening",
            '{"answer": "1969-07-20"}',
            "\\boxed{\\text{July 20, 1969}}",
        ],
    ),
    (
        "list",
        "blue | red | yellow",
        [
            "red, yellow and blue",
            "- red\n- yellow\n- blue",
            "The answers are red, yellow, and blue.",
            "Final answer: red; yellow; blue",
            "Final answer:\n- red\n- yellow\n- blue",
            '{"final_answer": ["red", "yellow", "blue"]}',
        ],
    ),
    (
        "text",
        "canberra",
        [
            "Canberra",
            "Canberra.",
            "The answer is Canberra.",
            "**Answer:** Canberra",
            "It is not Sydney. The capital is **Canberra**.",
            "The answer is Canberra, as Sydney and Melbourne could not agree which of them it is.",
            '{"answer": "Canberra"}',
            "\\boxed{\\text{Canberra}}",
            "<think>Sydney? The answer is Sydney.</think>Final answer: Canberra",
            "It is Canberra.",
            "It is **Canberra**",
            "Final answer: It is Canberra. It was founded in 1913.",
            "C'est Canberra.",
            "Es ist Canberra.",
            "it is it is Canberra",
        ],
    ),
    *(
        (
            "text",
            f"it is {said} canberra",
            [f"It is {said} Canberra.", f"Answer: it is {said} Canberra"],
        )
        for said in ("not", "probably", "never")
    ),
    ("text", "canberra", ["The capital is Canberra."]),
    (
        "text",
        "j. w. goethe",
        [
            "J. W. Goethe",
            "Final answer: J. W. Goethe",
            "The answer is J. W. Goethe. He wrote it in Weimar.",
            "I read it long ago, in a book that stood on a shelf.\nThe author is **J. W. Goethe**.",
        ],
    ),
    *(
        ("text", key, [f"Final answer: {said}", f"The answer is {said}. It is well known."])
        for key, said in (
            ("dr. smith", "Dr. Smith"),
            ("dr. who", "Dr. Who"),
            ("a. a. milne", "A. A. Milne"),
            ("john f. kennedy", "John F. Kennedy"),
            ("u.s. grant", "U.S. Grant"),
            ("u.s", "the U.S"),
            ("st. petersburg", "St. Petersburg"),
            ("no. 5", "No. 5"),
            ("metals e.g. gold", "metals, e.g. gold"),
            ("vitamin c", "vitamin C"),
            ("mars inc. and pluto", "Mars Inc. and Pluto"),
        )
    ),
    (
        "code",
        "def add(a, b):\n    return a + b",
        [
            "```python\ndef add(a, b):\n    return a + b\n```",
            "Try this:\n```python\ndef add(a,b): return a+b\n```\nIt adds.",
            "Not `x`.\n```\nfoo\n```\nBut:\n```python\ndef add(a, b):\n    return a+b\n```",
            "def add(a, b):\n    return a + b",
        ],
    ),
]

# A form, words of the reason, and replies that are no vote.
UNREAD = [
    ("number", "empty", ["", "   \n"]),
    (
        "number",
        "hidden",
        [
            "<think>The answer is 18",
            "<think>18</think>",
            "<|channel|>analysis<|message|>18<|end|>",
        ],
    ),
    (
        "number",
        "no number",
        [
            '{"answer": "it cannot be determined"}',
            '{"answer": "4 red and 6 blue ones"}',
            '{"answer": "1.5 or 6"}',
            '{"answer": "3, 6, 12"}',
            '{"answer": "32 + 0.8x"}',
            '{"answer": "21 - x"}',
            '{"answer": "Unknown"}',
            '{"reasoning": "x" "final": "\\dozens"}',
        ],
    ),
    (
        "number",
        "no answer",
        [
            "There are a few of them.",
            "I counted 9 here and 12 there, so it is hard to say.",
            "There are x more.\nSo there are 32 + 0.8x ducks in total.",
            "It depends.",
            "Let me think about ducks for a while.",
        ],
    ),
    (
        "number",
        "JSON",
        ['{"reasoning": "9 and then 9 mo', '```json\n{\n "reasoning": "there were 9'],
    ),
    (
        "number",
        "refused",
        [
            "I'm sorry, but I can't help with that.",
            "I cannot answer this question.",
            "Es tut mir leid, das kann ich nicht beantworten.",
            "As an AI I have no opinion on 18 ducks.",
        ],
    ),
    ("number", "several", ["The answer is 12.\n\nThe answer is 18."]),
    (
        "choice",
        "several",
        ["The answer is (B).\n\nNow, all together:\n\nThe answer is (C)."],
    ),
    (
        "choice",
        "none of the answers",
        [
            "It is gold. The answer is not among the options.",
            "The correct answer is none of these.",
        ],
    ),
    (
        "choice",
        "no choice",
        [
            '{"answer": "Gold"}',
            "The answer is (B) and (C).",
            "The answer is B or C.",
            "The correct answer is:\nB. Copper\nC. Lead",
            "The answer is (F).",
            "The answer is (B) Lead.",
            "The answer is gold.",
        ],
    ),
    (
        "choice",
        "no answer",
        [
            "Gold conducts well.",
            "(A) Iron rusts.\n(B) Copper conducts.\n(C) Lead is heavy.",
            "Both (B) and (C) fit.",
            "One of them conducts.\nThe others are (A, C) heavy or (D) brittle.",
            "None of the options fit. (B) Copper comes near.",
            "I weighed A man and a plan",
            "Obviously, (B) is",
            "So it must be (B) Lead.",
            "Its weight does not match option (B).",
        ],
    ),
    (
        "yes-no",
        "no answer",
        [
            "Most likely, it depends.",
            "You might return to the starting point.",
            "You do not fail to not return to the starting point.",
            "To determine if you return to the starting point, add up the steps.",
            "Maybe.",
        ],
    ),
    ("yes-no", "no yes-no", ["The answer is perhaps.", '{"answer": "unclear"}']),
    (
        "text",
        "no answer",
        ["Well, there are many cities in that country, and each of them is nice."],
    ),
    ("list", "no answer", ["   -   "]),
    (
        "code",
        "no whole block",
        [
            "```python\ndef add(a, b):\n    ret",
            "I'm sorry, I can't write code.",
            "Final answer: [1, 2]",
        ],
    ),
]


def cases(table):
    """Spread a table into single cases."""
    return [(name, expected, reply) for name, expected, replies in table for reply in replies]


def test_there_are_enough_cases():
    """There are at least a hundred and fifty replies to read."""
    assert len(cases(READ)) + len(cases(UNREAD)) >= 200


@pytest.mark.parametrize(("name", "expected", "reply"), cases(READ))
def test_the_answer_is_read(name: str, expected: str, reply: str):
    """The answer is found wherever the reply states it, in its canonical form."""
    reading = read(reply, FORMS[name])
    assert reading.answer is not None, reading.reason
    key = reading.answer.key
    assert key == expected or (name in ("number", "dollars") and key.startswith(f"{expected} "))


@pytest.mark.parametrize(("name", "reason", "reply"), cases(UNREAD))
def test_what_holds_no_answer_is_no_vote(name: str, reason: str, reply: str):
    """A reply without a clear answer is no vote, and says why."""
    reading = read(reply, FORMS[name])
    assert reading.answer is None
    assert reason in reading.reason


@pytest.mark.parametrize("reply", ["The answer is 1", '{"answer": "18"}', "18", "\\boxed{18}"])
def test_a_reply_cut_off_at_its_limit_is_no_vote(reply: str):
    """What was cut off may have gone on: 1 may have become 18."""
    assert read(reply, FORMS["number"], finished=False).reason == "cut off"


def test_a_model_that_ran_on_after_its_answer_has_answered():
    """A base model that goes on with the next question until its limit has answered the first."""
    reply = "The answer is 18.\n\nQuestion: How many hens?\nAnswer: There are"
    reading = read(reply, FORMS["number"], finished=False)
    assert reading.answer is not None
    assert reading.answer.key == "18"


def test_a_question_repeated_before_the_answer_is_no_next_turn():
    """A reply that restates the question first is read to its end."""
    reading = read("Sure!\nQuestion: How many ducks?\nAnswer: 18", FORMS["number"])
    assert reading.answer is not None
    assert reading.answer.key == "18"


@pytest.mark.parametrize(
    "value",
    ["$(210/70 + 240/80)$ hours", "see above", "", None, [], {}, [1, 2], {"a": 1}, ["x", None]],
)
def test_other_values_under_an_answers_key_are_no_vote(value: object):
    """A value that is no number is none, of whatever JSON type it is."""
    assert read(json.dumps({"answer": value}), FORMS["number"]).answer is None


def test_a_letter_with_the_longer_text_of_another_option_is_no_vote():
    """`A. Paris, Texas` is none of the options, though its text begins with that of A."""
    form = form_of("Which?", choices=["Paris", "Paris, Texas"])
    assert read("A. Paris, Texas", form).answer is None


def test_an_option_that_begins_with_a_letter_is_known_by_its_whole_text():
    """`B. Iron` may itself be the text of option A."""
    form = form_of("Which?", choices=["B. Iron", "Copper"])
    reading = read("B. Iron", form)
    assert reading.answer is not None
    assert reading.answer.key == "A"


def test_without_a_predicate_only_yes_and_no_are_read():
    """A question that names nothing to repeat is answered by yes or no alone."""
    assert read("It does.", AnswerForm("yes-no")).answer is None


def test_a_list_of_values_is_a_list():
    """Numbers and words of a JSON list are its items; of one item only, the item."""
    reading = read('{"answer": [1, "2"]}', FORMS["list"])
    assert reading.answer is not None
    assert [item.key for item in reading.answer.items] == ["1", "2"]
    one = read('{"answer": [12]}', FORMS["number"])
    assert one.answer is not None
    assert one.answer.key == "12"


def test_the_reply_is_never_shown_as_another_options_text():
    """A letter together with the text of another option is no vote, by letter and text it is."""
    assert read("B. Lead", FORMS["choice"]).answer is None
    reading = read("Lead", FORMS["choice"])
    assert reading.answer is not None
    assert reading.answer.key == "C"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("number", "the number alone"),
        ("choice", "A. Iron\nB. Copper"),
        ("yes-no", "yes or no"),
        ("date", "YYYY-MM-DD"),
        ("list", "separated by semicolons"),
        ("text", "as few words as possible"),
        ("code", "one fenced block"),
    ],
)
def test_a_member_is_asked_for_a_short_typed_answer(name: str, words: str):
    """What is appended to a question says in which form its answer is read."""
    request = request_for(FORMS[name])
    assert words in request
    assert name == "code" or "Final answer: <" in request


def test_options_without_texts_are_not_listed():
    """Where the question itself holds the options, they are not repeated."""
    assert "Options" not in request_for(AnswerForm("choice", letters=("A", "B")))


def test_the_schema_of_a_reply_has_the_work_first():
    """The answer comes after the work, and is held to the options where there are any."""
    assert list(reply_schema(FORMS["number"])["properties"]) == ["work", "final_answer"]
    answers = {
        name: reply_schema(form)["properties"]["final_answer"] for name, form in FORMS.items()
    }
    assert answers["choice"]["enum"] == ["A", "B", "C", "D"]
    assert answers["yes-no"]["enum"] == ["yes", "no"]
    assert answers["list"]["type"] == "array"
    assert answers["number"]["type"] == "string"


@settings(max_examples=200)
@given(st.text(max_size=300), st.sampled_from(sorted(FORMS)))
def test_any_reply_can_be_read(reply: str, name: str):
    """Whatever a model writes, it is an answer or a reason why there is none."""
    reading = read(reply, FORMS[name])
    assert (reading.answer is None) == bool(reading.reason)
