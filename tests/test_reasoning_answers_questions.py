"""What kind of answer a question asks for, found in its own words."""

from __future__ import annotations

import pytest

from llm_reasonkit.reasoning.answers import form_of

QUESTIONS = {
    "number": [
        "How many ducks are there?",
        "How much does it cost?",
        "What is 17 * 23?",
        "17 * 23?",
        "17 x 23 = ?",
        "(3 + 4) * 2",
        "15% of 80?",
        "Convert 5 miles to km",
        "What is the boiling point of water in Celsius?",
        "What is the probability of two heads?",
        "Find the area of the triangle.",
        "Calculate 3 + 4.",
        "If she received $8 in change, how much money did she give?",
        "Tom has 3 pens and buys 4. What does he have now?",
        "What's the distance covered by each train?",
        "Wie viele Enten gibt es?",
        "Combien de canards y a-t-il ?",
        "¿Cuántos patos hay?",
        "一共有多少只鸭子？",
        "全部で何羽いますか？いくつ？",
        "Сколько уток?",
        "Quel est le pourcentage d'absents ?",
        "What fraction of the cake is left?",
        "How much is Mr. Tan's share of the 20 % that Mrs. Cruz paid?",
    ],
    "yes-no": [
        "Is this architecture sound?",
        "Does it converge?",
        "If you follow these steps, do you return to the starting point?",
        "True or false: 7 is prime.",
        "Answer yes or no: it rains.",
        "Is it safe or not?",
        "Ist das sicher?",
        "¿Es seguro?",
        "Do you return? Options:\n- Yes\n- No",
        "Which is right?\n(A) Yes\n(B) No",
    ],
    "date": [
        "When was the treaty signed?",
        "What date was it a week later?",
        "On which day did he land?",
        "Today is 12/24/2023. What is tomorrow in MM/DD/YYYY?",
    ],
    "list": [
        "List the primary colours.",
        "Name three rivers in France.",
        "What are the two largest cities?",
        "Which are all the even ones?",
        "Sort these words: b a c",
    ],
    "code": [
        "Write a Python function that adds two numbers.",
        "Can you write a SQL query for this?",
        "Please fix the function below.",
    ],
    "text": [
        "Who wrote Faust?",
        "What is the capital of Australia?",
        "Explain how tides work.",
        "Describe how many ways there are to see it.",
        "Is it a fish or a bird?",
        "Why is the sky blue?",
        "Should we buy or build?",
        "What is the difference between TCP and UDP?",
        "What day of the week was July 4, 1776?",
        "We have 3 replicas and 2 databases. What should we monitor?",
        "Was ist die Hauptstadt von Frankreich?",
        "In what year did the Titanic sink?",
        "On which day of the week was the 4th of July 1776?",
        "Evaluate the integral of 3x^2 from 0 to 2.",
        "What is y in terms of x, if 2x + y = 7?",
        "Where is it defined? Use interval notation.",
    ],
    "choice": [
        "Which metal?\nA. Iron\nB. Copper\nC. Lead",
        "Which metal?\n(A) Iron (B) Copper (C) Lead",
        "Which metal?\n1) Iron\n2) Copper",
        "Which metal?\n- A: Iron\n- B: Copper",
        "Which metal?\n**A.** Iron\n**B.** Copper",
    ],
}


@pytest.mark.parametrize(
    ("kind", "question"), [(k, question) for k, found in QUESTIONS.items() for question in found]
)
def test_the_kind_is_found(kind: str, question: str):
    """The words of a question show what kind of answer it asks for."""
    form = form_of(question)
    assert (form.kind, form.found) == (kind, True)


def test_a_given_kind_stands():
    """What the user says goes before what the question looks like."""
    form = form_of("How many ducks?", "text")
    assert (form.kind, form.found, form.is_open) == ("text", False, False)


@pytest.mark.parametrize(
    ("question", "is_open"),
    [
        ("Explain how tides work.", True),
        ("How should we store the logs?", True),
        ("Who wrote Faust?", False),
        ("What is the capital of Australia?", False),
        ("How many ducks?", False),
        ("Who was the wife of J. W. Goethe?", False),
        ("He needs vitamin C. Who found it?", False),
        ("Does demand increase or decrease?", False),
        ("Is it a fish or a bird?", False),
        ("Should we buy or build?", True),
        ("Should we use Rust, and why?", True),
        ("Which of them is larger, and why?", True),
        ("Is 91 prime, and why?", False),
        ("Evaluate the integral of 3x^2.", False),
    ],
)
def test_an_open_question_is_told_from_one_with_a_short_answer(question: str, is_open: bool):
    """Prose is not voted on, names and numbers are."""
    assert form_of(question).is_open is is_open


def test_options_are_found_with_their_letters():
    """The options of a question come with their letters or numbers, in their order."""
    form = form_of("Which?\nA. Iron\nB. Copper\nC. Lead")
    assert form.options == {"A": "Iron", "B": "Copper", "C": "Lead"}
    assert form_of("Which?\n1) Iron\n2) Copper").options == {"1": "Iron", "2": "Copper"}


def test_the_last_list_of_options_counts():
    """Examples with options of their own come first, the question last."""
    form = form_of("Example:\nA. cat\nB. dog\n\nWhich metal?\nA. Iron\nB. Copper")
    assert form.options == {"A": "Iron", "B": "Copper"}


@pytest.mark.parametrize("question", ["See A. Smith\nB. Jones", "A. One thing", "(B) x (C) y", ""])
def test_letters_in_prose_are_no_options(question: str):
    """One letter, or letters that do not begin with A, are no list of options."""
    assert form_of(question).letters in ((), ("A", "B"))
    assert form_of("A. One thing").letters == ()


def test_given_choices_are_lettered():
    """Options given by text get letters; letters given take their texts from the question."""
    assert form_of("Which?", choices=["Iron", "Copper"]).options == {"A": "Iron", "B": "Copper"}
    lettered = form_of("Which?\nA. Iron\nB. Copper", choices=["A", "B"])
    assert lettered.options == {"A": "Iron", "B": "Copper"}
    assert form_of("Which?", choices=["A", "B"]).options == {"A": "", "B": ""}
    assert form_of("Which letter?", choices=["U", "E"]).options == {"A": "U", "B": "E"}


def test_a_choice_without_options_may_be_any_letter():
    """Where nothing is known of the options, any letter is one."""
    assert len(form_of("Which?", "choice").letters) == 26


@pytest.mark.parametrize(
    ("question", "unit"),
    [
        ("How many dollars does she earn?", "dollar"),
        ("How many more minutes does it take?", "second"),
        ("How far is it, in miles?", "meter"),
        ("What percentage of them passed?", "percent"),
        ("How much does it cost? A ticket is €5.", "euro"),
        ("How many ducks are there?", None),
        ("How much of the $5 and the €5 is left?", None),
        ("What is 20% of 50?", None),
        ("How many points did she score?", None),
        ("Combien de minutes faut-il ?", "second"),
        ("What is the wage in pounds?", "pound_sterling"),
        ("What is the weight in pounds?", "gram"),
    ],
)
def test_the_unit_asked_for_is_found(question: str, unit: str | None):
    """What a bare number counts is taken from the question, where it leaves no doubt."""
    found = form_of(question, "number").unit
    assert (found and found.base) == unit


def test_the_rest_of_the_form_is_read_too():
    """Shares, order and the order of day and month are found."""
    assert form_of("What is the probability?").share
    assert form_of("List the planets in order of size.").ordered
    assert form_of("Give the date as DD/MM/YYYY.").day_first is True
    assert form_of("Give the date as MM/DD/YYYY.").day_first is False
    assert form_of("Give the date.").day_first is None
    assert form_of("Is it?").predicate == frozenset()
