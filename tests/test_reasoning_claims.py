"""Open answers: who supports which claim, and where a synthesis has its sentences from."""

from __future__ import annotations

import pytest

from llm_reasonkit.reasoning.claims import Claim, matrix, trace

CLAIMS = [
    Claim("c1", "The cache cuts latency by 40 ms."),
    Claim("c2", "Writes become slower with the cache."),
    Claim("c3", "The cache needs a second server."),
    Claim("c4", "Nobody said this."),
    Claim("c5", "The cache is easy to operate."),
]
STANCES = {
    ("c1", "a"): "supports",
    ("c1", "b"): "supports",
    ("c1", "c"): "supports",
    ("c2", "a"): "supports",
    ("c2", "b"): "contradicts",
    ("c3", "c"): "supports",
    ("c5", "a"): "supports",
    ("c5", "b"): "supports",
}
ROWS = matrix(CLAIMS, ["c", "a", "b"], STANCES)


def test_members_are_laid_out_by_claim():
    """Missing stances are silence, claims that nobody makes are left out, names are sorted."""
    assert [(row.claim.id, row.standing) for row in ROWS] == [
        ("c1", "agreed"),
        ("c2", "contested"),
        ("c3", "single"),
        ("c5", "partial"),
    ]
    assert (ROWS[1].supports, ROWS[1].contradicts, ROWS[1].silent) == (("a",), ("b",), ("c",))


@pytest.mark.parametrize(
    ("sentence", "claims"),
    [
        ("The cache cuts latency by 40 ms [c1].", ("c1",)),
        ("With the cache latency is cut by 40 ms, but writes are slower [c1, c2].", ("c1", "c2")),
        ("Writes become slower [c2][c1].", ("c2", "c1")),
        ("Some say that writes do not become slower with the cache [c2].", ("c2",)),
        ("The cache cuts latency by 40 ms.", ("c1",)),
        ("The cache needs a second server.", ("c3",)),
    ],
)
def test_a_sentence_is_traced_to_its_claims(sentence: str, claims: tuple[str, ...]):
    """Named claims are taken if the words fit; unnamed ones if they say the same."""
    traced = trace(sentence, ROWS)
    assert [(t.claims, t.is_introduced, t.reason) for t in traced] == [(claims, False, "")]
    assert "[" not in traced[0].sentence


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ("Redis is the best choice.", "no member's claim"),
        ("Redis is the best choice [c1].", "something else"),
        ("The cache cuts latency by 90 ms [c1].", "90 is in no claim"),
        ("The cache does not cut latency by 40 ms [c1].", "contradicts"),
        ("The cache cuts latency by 40 ms [c9].", "no claim c9"),
        ("Nobody said this [c4].", "no claim c4"),
    ],
)
def test_what_no_member_said_is_the_synthesisers_own(sentence: str, reason: str):
    """Other words, numbers or denials than those of the claims are introduced, and it says why."""
    traced = trace(sentence, ROWS)
    assert traced[0].is_introduced
    assert reason in traced[0].reason


def test_every_sentence_is_looked_at():
    """A synthesis is traced sentence by sentence; headings without content are left out."""
    text = "---\n\nThe cache cuts latency by 40 ms [c1]. It is also blue."
    assert [t.claims for t in trace(text, ROWS)] == [("c1",), ()]
    assert trace("", ROWS) == []
