"""Who made a model, and which names mean the same model.

Models of one maker share data and habits, so their agreement says less than that of two makers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

# How models are named whose id does not begin with their maker.
_BY_NAME = (
    ("openai", r"gpt|chatgpt|o[1-9](?![a-z])|davinci|codex"),
    ("anthropic", r"claude"),
    ("google", r"gemini|gemma|palm|learnlm"),
    ("meta", r"(?:meta-)?llama|athene"),
    (
        "mistral",
        r"mi[sx]tral|codestral|ministral|devstral|pixtral|magistral|mathstral|open-mi[sx]tral",
    ),
    ("qwen", r"qwen|qwq|qvq"),
    ("deepseek", r"deepseek"),
    ("xai", r"grok"),
    ("cohere", r"command|c4ai|aya"),
    ("microsoft", r"phi-?\d|wizardlm|mai-"),
    ("amazon", r"nova|titan"),
    ("01-ai", r"yi-"),
    ("ai21", r"jamba|jurassic"),
    ("moonshot", r"kimi|moonshot"),
    ("zhipu", r"glm|chatglm"),
    ("minimax", r"minimax|abab"),
    ("nvidia", r"nemotron"),
    ("ibm", r"granite"),
    ("reka", r"reka"),
    ("huggingface", r"smollm|zephyr"),
    ("allenai", r"olmo|tulu"),
    ("perplexity", r"sonar|pplx"),
)
_NAMES = [(maker, re.compile(rf"(?:{pattern})", re.I)) for maker, pattern in _BY_NAME]
_MAKERS = {
    "meta-llama": "meta", "mistralai": "mistral", "x-ai": "xai", "google-vertex": "google",
    "moonshotai": "moonshot", "z-ai": "zhipu", "thudm": "zhipu", "ai21labs": "ai21",
    "bigscience": "huggingface", "huggingfacetb": "huggingface", "huggingfaceh4": "huggingface",
}  # fmt: skip
# What says how or where a model runs, not which it is.
_SERVING = re.compile(
    r"[@:][\w.-]+$|-(?:turbo-)?(?:fp8|bf16|int[48]|awq|gptq|gguf|q\d\w*)$|-latest$", re.I
)
_SAMPLE = re.compile(r"#\d+$")


def model_key(model: str) -> str:
    """Return the model behind an id: without who serves it, in which variant or precision.

    `openrouter/anthropic/claude-sonnet-4:beta` and `anthropic/claude-sonnet-4` are one model. A
    sample of a model (`id#2`) is that model.
    """
    name = without_sample(model.strip()).rpartition("/")[2].casefold()
    shorter = _SERVING.sub("", name)
    while shorter != name:
        name, shorter = shorter, _SERVING.sub("", shorter)
    return re.sub(r"(?<=\d)\.(?=\d)", "-", name)


def without_sample(member: str) -> str:
    """Return the model that a member of a panel is, or is a sample of (`id#2`)."""
    return _SAMPLE.sub("", member)


def family_of(model: str) -> str:
    """Return the maker of a model: `openrouter/anthropic/claude-sonnet-4` is `anthropic`.

    Found in its name, else in its id; a model of an unknown maker is a family of its own.
    """
    name = model_key(model)
    for maker, pattern in _NAMES:
        if pattern.match(name):
            return maker
    parts = without_sample(model.strip()).casefold().split("/")
    if len(parts) > 1:
        return _MAKERS.get(parts[-2], parts[-2])
    return name


def distinct(models: Iterable[str]) -> list[list[str]]:
    """Group ids that are one model: a panel asks the first, and falls back on the others."""
    groups: dict[tuple[str, str], list[str]] = {}
    for model in models:
        groups.setdefault((family_of(model), model_key(model)), []).append(model)
    return list(groups.values())
