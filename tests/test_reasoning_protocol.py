"""Protocols: what a step reads, which steps run, and every mistake that can be seen beforehand."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from llm_reasonkit.reasoning.lint import find_mistakes
from llm_reasonkit.reasoning.names import nearest
from llm_reasonkit.reasoning.protocol import (
    Profile,
    Protocol,
    Stage,
    Step,
    largest_fan_out,
    resolve,
)
from tests.scripted import protocol

IDEAS = {"prompt": "ideas", "output": {"ideas": [{"id": "auto", "text": "str"}, 1, 5]}}
ANSWER = {"prompt": "answer"}


def unchecked(steps: dict[str, Any], answer: str = "answer", **more: Any) -> Protocol:
    return Protocol.model_validate(
        {"protocol": "mine", "title": "t", "summary": "s", "steps": steps, "answer": answer} | more
    )


def test_a_step_reads_what_its_parts_mention():
    """Prompt, for_each, at_most, when and with each name what a step depends on."""
    step = Step(
        prompt="{{ a }} {{ item.x }}",
        for_each="b.rows",
        at_most="settings.most",
        when="c.failed == 0",
    )
    assert step.reads == {"a", "item", "b", "settings", "c"}
    check = Step.model_validate({"check": "links", "with": {"text": "d.text", "given": "material"}})
    assert check.reads == {"d", "material"}
    assert check.output_schema is None


def test_dependencies_are_the_steps_among_what_is_read():
    """Inputs and built-in names are no dependencies."""
    mine = protocol(
        {"a": {"prompt": "{{ question }}"}, "answer": {"prompt": "{{ a }}{{ context }}"}}
    )
    assert mine.dependencies("answer") == ["a"]
    assert mine.dependencies("a") == []


def test_only_what_the_answer_needs_is_run():
    """A step that nobody reads is left out; the order is that of the file."""
    mine = protocol(
        {"answer": {"prompt": "{{ a }}"}, "idle": {"prompt": "x"}, "a": {"prompt": "y"}}
    )
    assert mine.needed_for(["answer"]) == ["answer", "a"]
    assert mine.needed_for(["idle"]) == ["idle"]
    assert mine.in_order(["answer", "a"]) == ["a", "answer"]


def test_a_step_that_two_others_read_runs_once():
    """Two ways to the same step lead to one run of it, before both."""
    mine = protocol(
        {
            "base": {"prompt": "x", "when": "sources"},
            "left": {"prompt": "{{ base }}", "optional": ["base"]},
            "right": {"prompt": "{{ base }}{{ left }}", "optional": ["base"]},
            "answer": {"prompt": "{{ left }}{{ right }}"},
        }
    )
    assert mine.needed_for(["answer"]) == ["base", "left", "right", "answer"]
    assert mine.in_order(mine.steps) == ["base", "left", "right", "answer"]


def test_a_check_runs_where_its_inputs_are_there_anyway():
    """Checks cost nothing: those on steps that run are run, also when they read other checks
    that stand further down."""
    mine = protocol(
        {
            "second": {"check": "links", "with": {"text": "first", "given": "question"}},
            "first": {"check": "links", "with": {"text": "answer", "given": "material"}},
            "unread": {"prompt": "x"},
            "third": {"check": "links", "with": {"text": "unread", "given": "material"}},
            "answer": ANSWER,
        }
    )
    assert mine.needed_for(["answer"]) == ["second", "first", "answer"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("a", {"b": [{"c": 1}, {"c": [2, 3]}, {"d": 4}, "x"]}),
        ("a.b.c", [1, 2, 3]),
        ("a.b.d", [4]),
        ("a.b.none", []),
        ("n", None),
    ],
)
def test_a_path_maps_over_lists(path: str, value: object):
    """A list on the way is mapped over and flattened; items without the key fall out."""
    scope = {"a": {"b": [{"c": 1}, {"c": [2, 3]}, {"d": 4}, "x"]}, "n": None}
    assert resolve(path, scope) == value


@pytest.mark.parametrize("path", ["x", "a.x", "a.b.c", "n.x"])
def test_a_path_that_leads_nowhere_is_named(path: str):
    """A key that is not there, or a part of what has no parts, is a KeyError with the path."""
    with pytest.raises(KeyError, match=path):
        resolve(path, {"a": {"b": 1}, "n": None})


MISTAKES: list[tuple[str, dict[str, Any], str, tuple[str | int, ...]]] = [
    ("nothing", {"answer": {}}, "either a prompt or a check", ("steps", "answer")),
    (
        "both",
        {"answer": {"prompt": "x", "check": "links"}},
        "either a prompt or a check",
        ("steps", "answer"),
    ),
    (
        "unknown name",
        {"ideas": IDEAS, "answer": {"prompt": "{{ idaes }}"}},
        "unknown name 'idaes'; did you mean 'ideas'?",
        ("steps", "answer", "prompt"),
    ),
    (
        "item outside for_each",
        {"answer": {"prompt": "{{ item }}"}},
        "unknown name 'item'",
        ("steps", "answer", "prompt"),
    ),
    (
        "template",
        {"answer": {"prompt": "{{ question"}},
        "this cannot be read",
        ("steps", "answer", "prompt"),
    ),
    (
        "when",
        {"answer": {"prompt": "x", "when": "question =="}},
        "this cannot be read",
        ("steps", "answer", "when"),
    ),
    (
        "output",
        {"answer": {"prompt": "x", "output": {"a": ["txt"]}}},
        "unknown type 'txt'",
        ("steps", "answer", "output", "a", 0),
    ),
    (
        "with",
        {"answer": {"prompt": "x", "with": {"a": "question"}}},
        "`with` belongs to a check",
        ("steps", "answer", "with"),
    ),
    (
        "unbounded",
        {"answer": {"prompt": "{{ item }}", "for_each": "sources"}},
        "Give `at_most`",
        ("steps", "answer", "for_each"),
    ),
    (
        "negative",
        {"answer": {"prompt": "{{ item }}", "for_each": "sources", "at_most": -1}},
        "must be 0 or more",
        ("steps", "answer", "at_most"),
    ),
    (
        "limit is text",
        {"answer": {"prompt": "{{ item }}", "for_each": "sources", "at_most": "settings.word"}},
        "give a number, or a path",
        ("steps", "answer", "at_most"),
    ),
    (
        "limit of a model",
        {
            "ideas": {"prompt": "x", "output": {"n": "int"}},
            "answer": {"prompt": "{{ item }}", "for_each": "sources", "at_most": "ideas.n"},
        },
        "give a number, or a path",
        ("steps", "answer", "at_most"),
    ),
    (
        "setting",
        {"answer": {"prompt": "{{ item }}", "for_each": "settings.wrods"}},
        "unknown setting 'wrods'; did you mean 'words'?",
        ("steps", "answer", "for_each"),
    ),
    (
        "check has output",
        {"answer": ANSWER, "links": {"check": "links", "output": {"a": "str"}}},
        "`output` belongs to a prompt step",
        ("steps", "links", "output"),
    ),
    (
        "unknown check",
        {"answer": ANSWER, "c": {"check": "linkz"}},
        "unknown check 'linkz'; did you mean 'links'?",
        ("steps", "c", "check"),
    ),
    (
        "empty check",
        {"answer": ANSWER, "c": {"check": ""}},
        "unknown check ''",
        ("steps", "c", "check"),
    ),
    (
        "unknown input",
        {"answer": ANSWER, "c": {"check": "links", "with": {"txt": "answer"}}},
        "unknown input of this check 'txt'; did you mean 'text'?",
        ("steps", "c", "with", "txt"),
    ),
    (
        "missing input",
        {"answer": ANSWER, "c": {"check": "links", "with": {"text": "answer"}}},
        "check 'links' needs `given`",
        ("steps", "c"),
    ),
    (
        "optional",
        {"answer": ANSWER | {"optional": ["idea"]}},
        "unknown step 'idea'",
        ("steps", "answer", "optional"),
    ),
    (
        "taken name",
        {"answer": ANSWER, "context": {"prompt": "x"}},
        "already means something else",
        ("steps", "context"),
    ),
    (
        "no identifier",
        {"answer": ANSWER, "look-at": {"prompt": "x"}},
        "letters, digits and _",
        ("steps", "look-at"),
    ),
    ("no answer", {"ideas": IDEAS}, "unknown step 'answer'", ("answer",)),
    (
        "cycle",
        {"answer": {"prompt": "{{ b }}"}, "b": {"prompt": "{{ answer }}"}},
        "steps wait for each other: answer -> b -> answer",
        ("steps", "answer"),
    ),
    (
        "itself",
        {"answer": {"prompt": "{{ answer }}"}},
        "steps wait for each other: answer -> answer",
        ("steps", "answer"),
    ),
    (
        "part in a prompt",
        {"answer": {"prompt": "{{ settings.wrod }}"}},
        "unknown setting 'wrod'; did you mean 'word'?",
        ("steps", "answer", "prompt"),
    ),
    (
        "part in a when",
        {"ideas": IDEAS, "answer": {"prompt": "x", "when": "ideas.ides"}},
        "unknown key 'ides'; did you mean 'ideas'?",
        ("steps", "answer", "when"),
    ),
    (
        "part of a text",
        {"text": ANSWER, "answer": {"prompt": "{% if text.x.y %}x{% endif %}"}},
        "'text.x.y' asks for a part of a text",
        ("steps", "answer", "prompt"),
    ),
    (
        "longer than possible",
        {"answer": {"prompt": "x", "max_tokens": 100, "usual": 200}},
        "no more than its `max_tokens`, which is 100",
        ("steps", "answer", "usual"),
    ),
    (
        "search for an object",
        {"answer": {"prompt": "x", "web": True, "output": {"a": "str"}}},
        "a step that searches the web answers in text",
        ("steps", "answer", "web"),
    ),
    (
        "check that searches",
        {"answer": ANSWER, "c": {"check": "links", "web": True}},
        "`web` belongs to a prompt step",
        ("steps", "c", "web"),
    ),
    (
        "unguarded",
        {"b": {"prompt": "x", "when": "sources"}, "answer": {"prompt": "{{ b }}"}},
        "reads 'b', which has a `when` and may not run",
        ("steps", "answer"),
    ),
]


@pytest.mark.parametrize(
    ("steps", "message", "place"),
    [row[1:] for row in MISTAKES],
    ids=[row[0] for row in MISTAKES],
)
def test_a_mistake_is_seen_before_any_call(
    steps: dict[str, Any], message: str, place: tuple[str | int, ...]
):
    """Each mistake is told with what would be right and its place in the file."""
    mine = unchecked(steps, settings={"word": "many", "words": ["a"]})
    found = find_mistakes(mine)
    assert [where for where, text in found if message in text][:1] == [place], found


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("verdict.anwser", "unknown key 'anwser'; did you mean 'answer'?"),
        ("verdict.points.txt", "unknown key 'txt'; did you mean 'text'?"),
        ("text.x", "'text.x' asks for a part of a text"),
        ("each.nope", "unknown key 'nope'"),
        ("said.nope", "unknown key 'nope'"),
        ("found.page", "unknown key 'page'; did you mean 'pages'?"),
    ],
)
def test_a_path_has_to_lead_somewhere(answer: str, message: str):
    """A misspelt path into a step's output is found in its schema, not after the last paid call."""
    steps = {
        "verdict": {
            "prompt": "x",
            "output": {"answer": "str", "points": [{"id": "auto", "text": "str"}]},
        },
        "text": {"prompt": "x"},
        "each": {"prompt": "x", "for_each": ["a"], "output": {"b": "str"}},
        "said": {"prompt": "x", "for_each": ["a"]},
        "found": {"prompt": "x", "web": True},
    }
    for place, made in (
        ("answer", unchecked(steps, answer)),
        ("findings", unchecked(steps, "text", findings=[answer])),
    ):
        found = find_mistakes(made)
        assert [where for where, _ in found] == [(place,)]
        assert message in found[0][1]


@pytest.mark.parametrize(
    "path",
    [
        "ideas.ideas.id",
        "ideas.ideas.text",
        "each.item.anything",
        "each.b",
        "said.text",
        "found.text",
        "found.pages.name",
        "open.a.b",
        "c.whatever",
        "settings",
        "settings.words",
        "sources.text",
    ],
)
def test_a_path_into_what_is_not_known_is_let_through(path: str):
    """Ids, items, open schemas, checks and sources are read although no schema speaks of them."""
    steps = {
        "ideas": IDEAS,
        "each": {"prompt": "x", "for_each": ["a"], "output": {"b": "str"}},
        "said": {"prompt": "x", "for_each": ["a"]},
        "found": {"prompt": "x", "web": True},
        "open": {"prompt": "x", "output": {"type": "object", "properties": {"a": {}}}},
        "c": {"check": "links", "with": {"text": "said", "given": "material"}},
        "answer": ANSWER,
        "look": {"check": "links", "with": {"text": path, "given": "material"}},
    }
    assert find_mistakes(unchecked(steps, settings={"words": ["a"]})) == []


def test_what_a_template_does_with_a_value_is_its_own_affair():
    """Methods, loop variables and computed keys are no parts that lint could know."""
    prompt = (
        "{{ ideas.items() }} {% for row in ideas.ideas %}{{ row.txt }}{% endfor %}"
        "{{ settings[question].x }} {{ range(3).start }}"
    )
    steps = {"ideas": IDEAS, "answer": {"prompt": prompt}}
    assert find_mistakes(unchecked(steps)) == []


def test_a_broken_schema_is_one_mistake():
    """Paths into an output that cannot be read are not complained about as well."""
    steps = {"a": {"prompt": "x", "output": {"x": "txt"}}, "answer": {"prompt": "{{ a }}"}}
    found = find_mistakes(unchecked(steps, "a.y"))
    assert [text for _, text in found] == [
        "unknown type 'txt'; use str, int, float, bool, auto, a list or an object"
    ]


def test_all_mistakes_are_told_at_once():
    """Mistakes of several steps and of the protocol itself come together."""
    steps = {"a": {"prompt": "{{ x }}"}, "b": {"check": "nope"}}
    assert [where for where, _ in find_mistakes(unchecked(steps))] == [
        ("steps", "a", "prompt"),
        ("steps", "b", "check"),
        ("answer",),
    ]


def test_the_graph_is_looked_at_beside_other_mistakes():
    """A misspelt name hides neither a circle, nor a missing guard, nor a list without end."""
    steps = {
        "a": {"prompt": "{{ b }} {{ x }}"},
        "b": {"prompt": "{{ a }}", "when": "sources"},
        "answer": {"prompt": "{{ item }}", "for_each": "sources"},
    }
    assert [where for where, _ in find_mistakes(unchecked(steps))] == [
        ("steps", "a", "prompt"),
        ("steps", "a"),
        ("steps", "a"),
        ("steps", "answer", "for_each"),
    ]


def test_one_mistake_is_told_once():
    """A list that is misspelt is not called endless as well."""
    steps = {"answer": {"prompt": "{{ item }}", "for_each": "settings.wrods"}}
    assert len(find_mistakes(unchecked(steps, settings={"words": []}))) == 1


@pytest.mark.parametrize(
    ("step", "most"),
    [
        ({}, 1),
        ({"for_each": ["a", "b"]}, 2),
        ({"for_each": ["a", "b"], "at_most": 1}, 1),
        ({"for_each": "settings.words"}, 3),
        ({"for_each": "settings.words", "at_most": "settings.two"}, 2),
        ({"for_each": "settings.two", "at_most": 7}, 7),
        ({"for_each": "ideas.ideas"}, 5),
        ({"for_each": "ideas.ideas", "at_most": 9}, 5),
        ({"for_each": "ideas.free", "at_most": 9}, 9),
        ({"for_each": "ideas.free"}, None),
        ({"for_each": "ideas"}, None),
        ({"for_each": "text.x"}, None),
        ({"for_each": "sources"}, None),
        ({"for_each": "settings.nope"}, None),
        ({"for_each": "sources", "at_most": "settings.nope"}, None),
        ({"for_each": "sources", "at_most": 3, "when": "settings.off"}, 0),
        ({"when": "settings.off and ideas"}, 0),
        ({"when": "settings.two and ideas"}, 1),
        ({"when": "ideas is defined"}, 1),
        ({"when": "ideas is none"}, 1),
        ({"when": "not settings.two and ideas.free"}, 0),
        ({"when": "not (settings.two or ideas)"}, 0),
        ({"when": "settings.off or ideas == 3"}, 1),
        ({"when": "settings.two > 'x'"}, 1),
    ],
)
def test_the_number_of_calls_is_known_before_the_run(step: dict[str, Any], most: int | None):
    """A step's calls are bounded by its list, its schema, `at_most` and what is switched off."""
    steps = {
        "ideas": {"prompt": "x", "output": {"ideas": ["str", 5], "free": ["str"]}},
        "text": {"prompt": "x"},
        "answer": {"prompt": "x", **step},
    }
    mine = unchecked(steps, settings={"words": ["a", "b", "c"], "two": 2, "off": False})
    known = {"settings": mine.settings}
    assert largest_fan_out(mine, mine.steps["answer"], known) == most


def test_a_misspelt_key_is_refused():
    """Protocols, steps and stages take no keys that they do not know."""
    with pytest.raises(ValidationError):
        Step.model_validate({"promt": "x"})
    with pytest.raises(ValidationError):
        unchecked({"answer": ANSWER}, sumary="x")


def test_a_stage_can_be_just_a_name():
    """A profile lists protocols by name where they need no settings."""
    profile = Profile.model_validate({"title": "t", "summary": "s", "protocols": ["gigathink"]})
    assert profile.protocols == [Stage(protocol="gigathink")]
    assert profile.synthesis == "synthesis"


@pytest.mark.parametrize(
    ("name", "known", "text"),
    [
        ("claim", ["claims", "x"], "; did you mean 'claims'?"),
        ("zzz", ["b", "a"], "; there is a, b"),
        ("zzz", [], ""),
        ("zzz", [f"name{n}" for n in range(13)], ""),
    ],
)
def test_the_nearest_name_is_offered(name: str, known: list[str], text: str):
    """The nearest name, else what there is if that is a short list, else nothing."""
    assert nearest(name, known) == text
