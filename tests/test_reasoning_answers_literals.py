"""Values of Python: found in questions and replies, compared exactly."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_reasonkit.reasoning.answers import canonical, form_of, read, request_for, sameness
from llm_reasonkit.reasoning.answers.literals import literal_at, literal_key

CODE = "```python\ndef f(x):\n    return x\n```\n\nWhat is the output of f(y)?"
FORM = form_of(CODE)

# A line: values that are all the same.
SAME = r"""
[1, 2] | [1,2] | [ 1, 2, ] | [1.0, 2.0] | `[1, 2]` | assert f(3) == [1, 2] | \text{[1, 2]}
'abc' | "abc" | abc | `"abc"` | \boxed{\text{abc}}
{'a': 1, 'b': (2,)} | {"b": (2,), "a": 1.0} | {'b':(2,),'a':1}
{3, 1} | {1, 3} | set([3, 1, 3]) | frozenset({1, 3})
True | true | `True` | True.
None | null | None.
"it's" | 'it\'s'
'a\nb' | "a\nb"
b'x' | b"x"
'007' | 007
1e10 | 10000000000.0 | 10000000000
Counter({'a': 2}) | Counter( {"a": 2} )
[True, None] | [true, null]
() | ( )
set() | set( )
(1+0j) | 1+0j
'\d' | '\\d'
"""

# A line: values of which no two are the same.
DIFFERENT = r"""
[1, 2] | [2, 1] | (1, 2) | {1, 2} | '[1, 2]' | [1, '2'] | [[1, 2]] | [1, 2, 3]
'abc' | 'ABC' | 'abc ' | ' abc' | 'a bc' | ['abc'] | b'abc'
True | 1 | 'True' | False | None | 'yes' | 'None'
'3' | 3 | '3.0' | '03'
'' | ' ' | None | [] | {} | () | set() | 0
(5,) | 5 | [5] | {5}
{'a': 1, 'b': 2} | {'a': 2, 'b': 1} | {'a': 1} | {'a', 'b'} | {1: 'a', 2: 'b'}
'a\nb' | 'a\\nb' | 'anb' | 'a b'
[1, 2.5] | [1, 2] | [1.5, 2]
Counter({'a': 2}) | {'a': 2} | Counter({'a': 3})
'1e3' | 1000 | '1000'
"""


def pairs(table: str) -> list[tuple[str, str]]:
    """Return each two values of each line of a table."""
    lines = [line.split(" | ") for line in table.strip("\n").splitlines()]
    return [(a, b) for line in lines for n, a in enumerate(line) for b in line[n + 1 :]]


def compared(one: str, other: str) -> str:
    """Compare two values both ways."""
    left, right = (canonical(text, FORM) for text in (one, other))
    assert left is not None, one
    assert right is not None, other
    assert sameness(left, right, FORM) == sameness(right, left, FORM)
    return sameness(left, right, FORM)


@pytest.mark.parametrize(("one", "other"), pairs(SAME))
def test_one_value_in_two_spellings_is_the_same(one: str, other: str):
    """Quotes, spaces, the order of sets and dicts, and 1.0 for 1 do not matter."""
    assert compared(one, other) == "same"


@pytest.mark.parametrize(("one", "other"), pairs(DIFFERENT))
def test_other_values_are_different(one: str, other: str):
    """Types, order, case and each space of a string do."""
    assert compared(one, other) == "different"


@pytest.mark.parametrize(
    "question",
    [
        CODE,
        "What does f([1, 2]) return?",
        "def f(s):\n    return s.upper()\n\nassert f('x') == ??",
        "def f(s):\n    return s\n\nComplete the assertion: assert f('1') ==",
        "What is the output of the following code?\n\nprint('a' + 'b')",
        "Predict the return value:\n\n>>> len([1])",
        "Complete the assert statement.\n\ndef f(n):\n    return n\nassert f(1) == ??",
        "def f(x):\n    return x\n\nInput: [1]\n\nOutput:",
    ],
)
def test_a_question_for_a_value_is_told_by_its_code(question: str):
    """Code, and words that ask what comes out of it, ask for a value of Python."""
    for kind in (None, "text"):
        form = form_of(question, kind)
        assert (form.kind, form.literal, form.is_open) == ("text", True, False)
    assert "Python" in request_for(FORM)


@pytest.mark.parametrize(
    "question",
    [
        "What is the output of the economy?",
        "Explain what this returns:\n\ndef f(x):\n    return x",
        "What does this function do?\n\ndef f(x):\n    return x",
        "Write a Python function `def f(x):` and say what is the output.",
        "What is the output?\n\nprint(1)\n\nA. 1\nB. 2",
        "What results did critics assert?",
        "Is the output of this code sorted?\nprint([1])",
        "How many lines are in the output of this code?\n\nprint(1)",
        "Complete the function def f(x): so that it gives the output of g.",
    ],
)
def test_other_questions_ask_for_no_value(question: str):
    """Prose about code, code to be written, and options are not compared as values."""
    assert not form_of(question).literal


REPLIES = [
    ('{"reasoning": "sorted", "answer": "[\'a\', \'b\']"}', "['a', 'b']"),
    ('{"answer": ["a", "b"]}', "['a', 'b']"),
    ('{"reasoning": "x", "answer": [\'a\', \'b\']}', "['a', 'b']"),
    ('{"answer": ("a", None)}', "('a', None)"),
    ('{"answer": {"a": [true, null]}}', "{'a': [True, None]}"),
    ("{\"answer\": {'a': True}}", "{'a': True}"),
    ('{"answer": None}', "None"),
    ('{"answer": true}', "True"),
    ('{"answer": 3.0}', "3"),
    ('{"answer": "abc"}', "'abc'"),
    ('{"answer": "hello world"}', "'hello world'"),
    ('{"answer": "\'a\\nb\'"}', "'a\\nb'"),
    ("`'abc'`", "'abc'"),
    ("abc", "'abc'"),
    ("['a', 'b']", "['a', 'b']"),
    ("{'a': 1}", "{'a': 1}"),
    ("The function returns {'a': 1.0}.", "{'a': 1}"),
    ("So it sorts.\n\nFinal answer: `['a','b']`", "['a', 'b']"),
    ("Final answer: '7'", "'7'"),
    ("Final answer: Hello, World!", "'Hello, World!'"),
    ("The answer is ['a', 'b'] because it is sorted (a first).", "['a', 'b']"),
    ("The answer is 5, as f(2) adds 3.", "5"),
    ("It appends.\n\nThe output is:\n```python\n[1, 2]\n```", "[1, 2]"),
    ("Thus f(['b', 'a']) == ['a', 'b']", "['a', 'b']"),
    ("\\boxed{['a', 'b']}", "['a', 'b']"),
    ("First step.\n\n'x y'", "'x y'"),
    ("{'result': 2, 'answer': 3}", "{'result': 2, 'answer': 3}"),
    ("Final answer: {'answer': 3, 'result': 2}", "{'result': 2, 'answer': 3}"),
    ('{"work": "x", "final_answer": {"answer": 3}}', "{'answer': 3}"),
]


@pytest.mark.parametrize(("reply", "value"), REPLIES)
def test_a_value_is_read_from_a_reply(reply: str, value: str):
    """JSON with Python or a string in it, fences, backticks and closing words hold the value."""
    found, gold = read(reply, FORM).answer, canonical(value, FORM)
    assert found is not None
    assert gold is not None
    assert found.key == gold.key


@pytest.mark.parametrize(
    "reply",
    [
        "I do not know what it is",
        "The answer is obtained by sorting all of the items that are in the list.",
        "It is cut off at [1, 2",
        '{"reasoning": "The function',
        '{"reasoning": "x", "answer": ""}',
        "Final answer: ['a', 'b",
        "Final answer: 'a' or 'b'",
        'It returns `{"result": 2, "answer": 3}`.',
        "\\boxed{}",
        "Final answer: " + "[" * 300,
    ],
)
def test_what_holds_no_value_is_no_vote(reply: str):
    """Prose, and values that were cut off, are not taken for strings."""
    assert read(reply, FORM).answer is None


@pytest.mark.parametrize("text", ["x" * 3000, "{[1]: 2}", "1 +", "[" * 200, "print", "1 + 2", ""])
def test_what_is_no_value_has_no_key(text: str):
    """Code that would have to be run, or that cannot be parsed, is none."""
    assert literal_key(text) is None


def test_a_value_ends_where_its_brackets_do():
    """What follows it explains it, be there brackets or not."""
    assert literal_at("[1, (2)] since f(x) [y]") == "[1, (2)]"
    assert literal_at("words first") is None


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(VALUES)
def test_any_value_is_read_as_itself(value: object):
    """What Python prints is read back, by itself and out of JSON."""
    gold = literal_key(repr(value))
    assert gold is not None
    stated = read(json.dumps({"answer": repr(value)}), FORM).answer
    assert stated is not None
    assert stated.key == gold
