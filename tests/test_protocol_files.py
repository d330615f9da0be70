"""Protocol and profile files: where they are found, and messages that a newcomer understands."""

from __future__ import annotations

from pathlib import Path

import pytest

from llm_reasonkit.errors import ProtocolError, UsageError
from llm_reasonkit.protocol_files import (
    Library,
    read_profiles,
    read_protocol,
    shipped_folder,
)

GOOD = """\
protocol: mine
title: Mine
summary: What it does
settings:
  most: 3
steps:
  ideas:
    prompt: |
      List ideas about {{ question }}
    output:
      ideas: [{id: auto, text: str}, 1, 5]
  look:
    for_each: ideas.ideas
    prompt: |
      Look at {{ item }}
  answer:
    prompt: |
      Sum up {{ look }}
answer: answer
"""
PROFILE = "mine:\n  title: t\n  summary: s\n  protocols: [gigathink]\n"


def written(folder: Path, text: str, name: str = "mine.yaml") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def mistakes(path: Path) -> list[tuple[int | None, str]]:
    with pytest.raises(ProtocolError) as caught:
        read_protocol(path)
    return [(problem.line, problem.message) for problem in caught.value.problems]


def test_a_good_file_is_read(tmp_path: Path):
    """A file without mistakes becomes a protocol."""
    assert read_protocol(written(tmp_path, GOOD)).title == "Mine"


LOOK = "    for_each: ideas.ideas\n"
SUM = "    prompt: |\n      Sum up {{ look }}\n"
WORDS = "text (in quotes, if YAML takes it for something else)"
TAB = "found character that cannot start any token"
TYPOS: list[tuple[str, str, int | None, str]] = [
    ("sumary: x\n", "summary: What it does\n", 3, "unknown key 'sumary'; did you mean 'summary'?"),
    ("    promt: x\n", SUM, 17, "unknown key 'promt'; did you mean 'prompt'?"),
    ("", "answer: answer\n", 1, "`answer` is missing"),
    (
        "    prompt: {{ look }}\n",
        SUM,
        17,
        "found unhashable key: a text that begins with {{ needs quotes, or a block after `|`",
    ),
    (
        "summary: Ideas: three\n",
        "summary: What it does\n",
        3,
        "mapping values are not allowed in this context: a text with `: ` in it needs quotes",
    ),
    (
        "\tprompt: x\n",
        SUM,
        17,
        f"{TAB}: indent by spaces, not tabs; quote a text that begins with a sign",
    ),
    (
        "   look:\n",
        "  look:\n",
        12,
        "did not find expected key: check the indentation and the quotes above",
    ),
    ("    for_each: 5\n", LOOK, 13, f"steps.look.for_each must be {WORDS} or a list"),
    (
        LOOK + "    at_most: [3]\n",
        LOOK,
        14,
        f"steps.look.at_most must be a whole number or {WORDS}",
    ),
    (
        LOOK + "    at_most: settings.mots\n",
        LOOK,
        14,
        "unknown setting 'mots'; did you mean 'most'?",
    ),
    (
        LOOK + "    effort: hgh\n",
        LOOK,
        14,
        "steps.look.effort must be 'none', 'minimal', 'low', 'medium' or 'high'",
    ),
    (LOOK + "    max_tokens: 5\n", LOOK, 14, "steps.look.max_tokens must be 16 or more"),
    (LOOK + "    max_tokens: many\n", LOOK, 14, "steps.look.max_tokens must be a whole number"),
    (LOOK + "    optional: ideas\n", LOOK, 14, "steps.look.optional must be a list"),
    (LOOK + "    when: true\n", LOOK, 14, f"steps.look.when must be {WORDS}"),
    (
        LOOK + "    when: ideas =\n",
        LOOK,
        14,
        "this cannot be read: chunk after expression (its line 1)",
    ),
    ("    for_each: ideas.idaes\n", LOOK, 13, "unknown key 'idaes'; did you mean 'ideas'?"),
    ("    prompt: '{{ lok }}'\n", SUM, 17, "unknown name 'lok'; did you mean 'look'?"),
    ("    prompt: [a, b]\n", SUM, 17, f"steps.answer.prompt must be {WORDS}"),
    ("", SUM, 16, "steps.answer must be a block of `key: value` lines"),
    (
        "      ideas: [{id: auto, text: string}, 1, 5]\n",
        "      ideas: [{id: auto, text: str}, 1, 5]\n",
        11,
        "unknown type 'string'; use str, int, float, bool, auto, a list or an object",
    ),
    (
        "      ideas: [yes, no]\n",
        "      ideas: [{id: auto, text: str}, 1, 5]\n",
        11,
        "YAML reads yes, no, on and off as true or false: quote them",
    ),
    (
        "    output: name, age blah\n",
        "    output:\n      ideas: [{id: auto, text: str}, 1, 5]\n",
        10,
        "Invalid schema DSL: unknown type 'blah' for field 'age'",
    ),
    ("answer: answr\n", "answer: answer\n", 19, "unknown step 'answr'; did you mean 'answer'?"),
    (
        "protocol: yours\n",
        "protocol: mine\n",
        1,
        "the protocol is called 'yours', its file 'mine': make them one",
    ),
    ("title: Mine\ntitle: Two\n", "title: Mine\n", 3, "this key is given twice"),
    ("title: 2024\n", "title: Mine\n", 2, f"title must be {WORDS}"),
    ("title: 2024-99-99\n", "title: Mine\n", None, "cannot be read: month must be in 1..12"),
    ("title: &a [*a]\n", "title: Mine\n", 2, f"title must be {WORDS}"),
    (
        "title: Mine\ninputs: {sources: maybe}\n",
        "title: Mine\n",
        3,
        "inputs.sources must be 'optional' or 'required'",
    ),
    ("title: \x00\n", "title: Mine\n", None, "not a YAML file"),
]


@pytest.mark.parametrize(("new", "old", "line", "message"), TYPOS)
def test_a_typical_mistake_is_told_plainly_with_its_line(
    tmp_path: Path, new: str, old: str, line: int | None, message: str
):
    """Each mistake of a newcomer gives a message in plain words at the line where it is."""
    assert old in GOOD
    assert (line, message) in mistakes(written(tmp_path, GOOD.replace(old, new)))


def test_a_mistake_is_told_once(tmp_path: Path):
    """One wrong value is one message, whatever pydantic makes of it."""
    assert len(mistakes(written(tmp_path, GOOD.replace(LOOK, "    for_each: 5\n")))) == 1
    assert len(mistakes(written(tmp_path, GOOD.replace("text: str", "text: string")))) == 1


def test_all_mistakes_are_told_in_the_order_of_the_file(tmp_path: Path):
    """Mistakes of several steps come together, sorted by line."""
    text = GOOD.replace("{{ item }}", "{{ itm }}").replace("{{ look }}", "{{ lok }}")
    found = mistakes(written(tmp_path, text.replace("answer: answer", "answer: anwser")))
    assert [line for line, _ in found] == [14, 17, 19]


@pytest.mark.parametrize("text", ["", "- a\n", "hello\n"])
def test_a_file_that_is_no_protocol_is_told(tmp_path: Path, text: str):
    """An empty file, a list and a word are not protocols."""
    assert mistakes(written(tmp_path, text)) == [
        (1, "the file must be a block of `key: value` lines")
    ]


def test_a_step_whose_name_is_no_text_is_told(tmp_path: Path):
    """YAML makes a number of a name; the message says so at the step."""
    ((line, message),) = mistakes(written(tmp_path, GOOD.replace("  look:", "  1:")))
    assert (line, message) == (12, f"steps.1 must be {WORDS}")


def test_a_mistake_inside_a_list_has_the_line_of_its_item(tmp_path: Path):
    """Items of a list are counted, and what stands in no list is looked for around it."""
    text = PROFILE.replace(
        "[gigathink]", "\n    - gigathink\n    - protocol: bedrock\n      setings: {}\n    - 3"
    )
    with pytest.raises(ProtocolError) as caught:
        read_profiles(written(tmp_path, text, "profiles.yaml"), Library(tmp_path))
    assert [(problem.line, problem.message) for problem in caught.value.problems] == [
        (7, "unknown key 'setings'; did you mean 'settings'?"),
        (8, "mine.protocols.2 must be a block of `key: value` lines"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        (
            "[gigathink]",
            "[gigathinc]",
            4,
            "unknown protocol 'gigathinc'; did you mean 'gigathink'?",
        ),
        ("[gigathink]", "[]", 4, "mine.protocols must be longer: it is empty"),
        ("[gigathink]", "gigathink", 4, "mine.protocols must be a list"),
        ("  summary: s\n", "", 1, "`mine.summary` is missing"),
        (
            "  title: t\n",
            "  title: t\n  titel: u\n",
            3,
            "unknown key 'titel'; did you mean 'title'?",
        ),
        (
            "  title: t\n",
            "  title: t\n  limits: {max_cals: 3}\n",
            3,
            "unknown key 'max_cals'; did you mean 'max_calls'?",
        ),
        (
            "  title: t\n",
            "  title: t\n  limits: {max_calls: 0}\n",
            3,
            "mine.limits.max_calls must be 1 or more",
        ),
        (
            "  title: t\n",
            "  title: t\n  min_confidence: 80\n",
            3,
            "mine.min_confidence must be 1 or less",
        ),
    ],
)
def test_a_mistake_in_a_profile_is_told(
    tmp_path: Path, old: str, new: str, line: int, message: str
):
    """Profiles are checked like protocols, names of protocols included."""
    path = written(tmp_path, PROFILE.replace(old, new), "profiles.yaml")
    with pytest.raises(ProtocolError) as caught:
        read_profiles(path, Library(tmp_path / "none"))
    assert [(problem.line, problem.message) for problem in caught.value.problems] == [
        (line, message)
    ]


def test_a_misspelt_key_hides_no_other_mistake(tmp_path: Path):
    """The graph is looked at as well, but for the block with the key, whose loss may be all."""
    text = GOOD.replace("    for_each", "    for_ech").replace("{{ look }}", "{{ lok }}")
    assert mistakes(written(tmp_path, text)) == [
        (13, "unknown key 'for_ech'; did you mean 'for_each'?"),
        (17, "unknown name 'lok'; did you mean 'look'?"),
    ]


def test_a_misspelt_key_in_a_shared_block_is_told_where_it_stands(tmp_path: Path):
    """An alias leads to the same block again, which is one block all the same."""
    text = GOOD.replace("  look:\n", "  look: &look\n    promt: x\n").replace(
        "  answer:\n    prompt: |\n      Sum up {{ look }}\n", "  answer: *look\n"
    )
    found = mistakes(written(tmp_path, text))
    assert {message for _, message in found} == {"unknown key 'promt'; did you mean 'prompt'?"}


def test_files_that_cannot_be_read_are_told(tmp_path: Path):
    """A missing file, a huge one, one that is no text and one nested too deeply have an error."""
    assert mistakes(tmp_path / "none.yaml") == [(None, "cannot be read: No such file or directory")]
    assert mistakes(written(tmp_path, "a" * 1_000_001)) == [(None, "too large for a protocol file")]
    (tmp_path / "mine.yaml").write_bytes(b"\xff\xfe\xff")
    assert len(mistakes(tmp_path / "mine.yaml")) == 1
    for deep in ("[" * 200_000, "- " * 200_000, "[" * 5000 + "]" * 5000):
        assert mistakes(written(tmp_path, deep)) == [(None, "nested too deeply")]


def test_the_same_part_may_be_used_twice(tmp_path: Path):
    """An alias is not a repeated key, and keys of an aliased block are looked at once."""
    text = GOOD.replace("[{id: auto", "&rows [{id: auto").replace(
        "  answer:\n    prompt",
        "  more:\n    prompt: x\n    output:\n      rows: *rows\n  answer:\n    prompt",
    )
    assert "more" in read_protocol(written(tmp_path, text)).steps


def test_llms_concise_schemas_are_understood(tmp_path: Path):
    """`output` may be a line of llm's own syntax."""
    text = GOOD.replace(
        "    output:\n      ideas: [{id: auto, text: str}, 1, 5]\n", "    output: name, age int\n"
    ).replace(LOOK, "    for_each: [a]\n")
    schema = read_protocol(written(tmp_path, text)).steps["ideas"].output_schema
    assert schema is not None
    assert schema["properties"]["age"] == {"type": "integer"}


def test_what_is_shipped_has_no_mistakes():
    """Every protocol and profile of the package can be planned."""
    library = Library(Path("does-not-exist"))
    names = [file.name for file in library.files()]
    assert {"gigathink", "laserlogic", "proofguard", "bedrock", "brutalhonesty"} <= set(names)
    assert all(library.plan_of_protocol(name).largest_number_of_calls() > 0 for name in names)
    assert {"quick", "balanced", "deep", "paranoid", "decide", "scientific", "powercombo"} <= set(
        library.profiles()
    )
    assert all(file.origin == "shipped" for file in library.files())
    assert (shipped_folder() / "profiles.yaml").is_file()


def test_the_users_own_come_first(tmp_path: Path):
    """A protocol or profile in the user's folder replaces the shipped one of its name."""
    written(tmp_path, GOOD)
    own = GOOD.replace("protocol: mine", "protocol: synthesis")
    written(tmp_path, own, "synthesis.yaml")
    written(tmp_path, PROFILE.replace("mine:", "quick:"), "profiles.yaml")
    library = Library(tmp_path)
    origins = {file.name: file.origin for file in library.files()}
    assert (origins["mine"], origins["synthesis"], origins["gigathink"]) == (
        "yours",
        "yours",
        "shipped",
    )
    assert library.protocol("synthesis").title == "Mine"
    assert library.profiles()["quick"].title == "t"
    plan = library.plan_of_profile("quick")
    assert [stage.key for stage in plan.stages] == ["gigathink", "synthesis"]


def test_a_protocol_can_be_given_by_path(tmp_path: Path):
    """A name that is a path is read from there, not looked up."""
    path = written(tmp_path / "deep", GOOD)
    library = Library(tmp_path)
    assert library.find(str(path)).origin == "path"
    assert library.plan_of_protocol(str(path)).protocol == "mine"
    assert library.protocol(str(path)) is library.protocol(str(path))
    with pytest.raises(UsageError, match="no protocol file at"):
        library.find(str(tmp_path / "none.yaml"))


def test_nothing_is_read_from_the_current_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A protocol that lies around is not found by its name."""
    written(tmp_path, GOOD)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="unknown protocol 'mine'"):
        Library(tmp_path / "own").find("mine")


def test_unknown_names_come_with_the_nearest(tmp_path: Path):
    """A typing error on the command line is answered with what was probably meant."""
    library = Library(tmp_path)
    with pytest.raises(UsageError, match="unknown protocol 'gigathinc'; did you mean 'gigathink'"):
        library.plan_of_protocol("gigathinc")
    with pytest.raises(UsageError, match="unknown profile 'quik'; did you mean 'quick'"):
        library.plan_of_profile("quik")


def test_a_broken_protocol_stops_only_the_profiles_that_use_it(tmp_path: Path):
    """An own protocol in place of a shipped one, with mistakes, leaves other profiles usable."""
    library = Library(tmp_path)
    written(tmp_path, "protocol: bedrock\n", "bedrock.yaml")
    assert library.plan_of_profile("quick").profile == "quick"
    with pytest.raises(ProtocolError, match="bedrock"):
        library.plan_of_profile("deep")
