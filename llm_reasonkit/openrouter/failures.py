"""OpenRouter's errors in plain language: the provider's words, what they mean, what to do. Pure."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from llm_reasonkit.errors import CallError
from llm_reasonkit.openrouter.json_values import items, mapping, parse_json
from llm_reasonkit.openrouter.remedies import DAILY, TIMEOUT, kind_of, remedy_for

RETRYABLE = frozenset({"rate_limited", "network", "timeout", "server", "empty"})
MAX_EMPTY_RETRIES = 2
_LONGEST_QUOTE = 400
_YEAR_2100 = 4_102_444_800
_KEY = re.compile(r"sk-or-[\w-]{8,}")
# In-band errors may carry a word where others have a status.
_STATUS_OF_TYPE = {
    "context_length_exceeded": 400,
    "max_tokens_exceeded": 400,
    "token_limit_exceeded": 400,
    "string_too_long": 400,
    "invalid_request": 400,
    "invalid_prompt": 400,
    "content_policy_violation": 400,
    "refusal": 400,
    "authentication": 401,
    "payment_required": 402,
    "permission_denied": 403,
    "not_found": 404,
    "precondition_failed": 412,
    "payload_too_large": 413,
    "unprocessable": 422,
    "rate_limit_exceeded": 429,
    "provider_unavailable": 502,
    "provider_overloaded": 503,
    "timeout": 504,
    "server": 500,
    "server_error": 500,
}


def is_retryable(error: BaseException) -> bool:
    """Whether the same request may succeed a little later."""
    return isinstance(error, CallError) and error.code in RETRYABLE


def slows_down(error: CallError) -> bool:
    """Whether the server says that requests come too fast."""
    return error.code == "rate_limited" or (error.status == 503 and error.retry_after is not None)


def is_empty(error: BaseException | None) -> bool:
    """Whether the reply was complete but had nothing in it."""
    return isinstance(error, CallError) and error.code == "empty"


def from_response(
    status: int, headers: Mapping[str, str], body: bytes, model: str, now: float
) -> CallError:
    """Explain a reply whose HTTP status is not 200.

    headers: looked up by any case. now: seconds since 1970, to which dates are compared.
    """
    error = _error_object(body) or {"message": _words_of_page(body)}
    if status < 400:
        error = {"message": "redirects are not followed, for they could take the key elsewhere"}
    result = _explain(status, error, headers, model, now)
    result.request_id = _header(headers, "x-generation-id")
    return result


def in_band(error: object, model: str) -> CallError:
    """Explain an error that came inside a reply with status 200."""
    detail = error if isinstance(error, dict) else {"message": str(error)}
    return _explain(_status_of(detail), detail, {}, model, now=0)


def network(reason: str, model: str) -> CallError:
    """Say that the server could not be reached or hung up before its reply began."""
    words = f"the connection to OpenRouter failed: {_quote(reason.rstrip('.'))}."
    return _of("network", model, f"{words} Check the network (llm reasonkit doctor) and try again")


def timed_out(what: str, seconds: float, model: str) -> CallError:
    """Say `what` is missing after so many `seconds`."""
    return _of("timeout", model, f"{what} within {seconds:g} seconds. {TIMEOUT.remedy}")


def cut_off(reason: str, model: str) -> CallError:
    """Say that a reply broke off in the middle."""
    words = f"the reply broke off: {_quote(reason)}. What came so far is only a part of it;"
    return _of("interrupted_stream", model, f"{words} try again")


def unreadable(body: bytes, model: str) -> CallError:
    """Say that a reply is not what OpenRouter's replies look like."""
    words = f"the reply cannot be read: {_words_of_page(body)}."
    return _of("server", model, f"{words} Try again; if it stays, check OPENROUTER_BASE_URL")


def empty(model: str) -> CallError:
    """Say that the model ended its reply without saying anything."""
    remedy = "Try again, allow a longer one (-o max_tokens N), or take another model"
    return _of("empty", model, f"the reply is empty. {remedy}")


def refused(words: str, model: str) -> CallError:
    """Say that the model declined to answer."""
    said = f"the model declined to answer: {_quote(words)}."
    return _of("refused", model, f"{said} Rephrase it, or take another model")


def _of(code: str, model: str, words: str) -> CallError:
    return CallError(f"{model}: {words}", code=code, model=model)


def failed_attempts(metadata: object) -> Iterator[str]:
    """Yield a line for each attempt of OpenRouter's that failed before a reply came.

    metadata: the reply's `openrouter_metadata`, any part of which may be missing.
    """
    for attempt in map(mapping, items(mapping(metadata).get("attempts"))):
        status = attempt.get("status")
        if isinstance(status, int) and status >= 400:
            who = attempt.get("model") or "a model"
            where = attempt.get("provider") or "a provider"
            yield f"{who} at {where} answered with status {status}"


def _explain(
    status: int, error: Mapping[str, Any], headers: Mapping[str, str], model: str, now: float
) -> CallError:
    # Some put the word for its type where others have its status.
    metadata = {"error_type": error.get("code"), **mapping(error.get("metadata"))}
    words = _words(error, metadata)
    kind = kind_of(status, words, metadata)
    retry_after = _retry_after(error, metadata, headers, now)
    text = f"{model}: {kind.meaning} ({status}): {words.rstrip('.')}{_earlier(metadata)}."
    text += f" {remedy_for(kind, words, model)}"
    if kind is DAILY and (reset := _reset(metadata, headers)):
        text += f" (reset at {datetime.fromtimestamp(reset, UTC):%Y-%m-%d %H:%M} UTC)"
    elif kind.code == "rate_limited" and retry_after:
        text += f" (it asks for {retry_after:.0f} s)"
    result = CallError(
        text,
        code=kind.code,
        model=model,
        status=status,
        retry_after=retry_after,
        billed=not kind.free,
    )
    # What a provider or its model has too much of says nothing about the user's other calls.
    of_model = "raw" in metadata or "limit_rpm/" in words
    result.is_shared = kind.code == "rate_limited" and not of_model
    return result


def _earlier(metadata: Mapping[str, Any]) -> str:
    """Tell how the models failed that were asked before the last one."""
    told = [_words(row, row) for row in map(mapping, items(metadata.get("previous_errors")))]
    return f"; before that: {'; '.join(told)}" if told else ""


def _status_of(error: Mapping[str, Any]) -> int:
    code = error.get("code")
    kind = mapping(error.get("metadata")).get("error_type")
    if isinstance(code, int):
        return code
    if isinstance(code, str) and code.isdecimal():
        return int(code)
    return _STATUS_OF_TYPE.get(str(kind), _STATUS_OF_TYPE.get(str(code), 502))


def _error_object(body: bytes) -> dict[str, Any] | None:
    try:
        reply = parse_json(body)
    except ValueError:
        return None
    error = reply.get("error") if isinstance(reply, dict) else None
    if isinstance(error, str):
        return {"message": error}
    if not isinstance(error, dict):
        return None
    if error.get("name") == "ZodError":
        return {"message": _zod_words(error.get("message"))}
    return error


def _zod_words(message: object) -> str:
    try:
        issues: Any = parse_json(str(message))
        return "; ".join(
            f"{'.'.join(map(str, issue.get('path') or []))}: {issue['message']}" for issue in issues
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return str(message)


def _words(error: Mapping[str, Any], metadata: Mapping[str, Any]) -> str:
    """Return the most telling words of an error; "Provider returned error" alone tells nothing."""
    message = str(error.get("message") or "no reason given")
    raw = metadata.get("raw")
    if not raw:
        return _quote(message)
    provider = metadata.get("provider_name")
    said = _innermost_message(raw)
    return _quote(f"{provider}: {said}" if provider else f"{message}: {said}")


def _innermost_message(raw: object) -> str:
    if isinstance(raw, str):
        try:
            raw = parse_json(raw)
        except ValueError:
            return str(raw)
    while isinstance(raw, dict):
        raw = (
            raw.get("error")
            or raw.get("message")
            or raw.get("detail")
            or json.dumps(raw, default=str)
        )
    return str(raw)


def _words_of_page(body: bytes) -> str:
    text = body[:65536].decode("utf-8", "replace").strip()
    if not text:
        return "an empty reply"
    if text.startswith("<"):
        title = re.search(r"<title[^>]*>(.*?)</title>", text, re.DOTALL | re.IGNORECASE)
        return f"a web page instead of JSON{f': {_quote(title[1])}' if title else ''}"
    return _quote(text)


def _quote(words: str) -> str:
    """Make foreign words fit for one line of a terminal, without anything like a key."""
    line = " ".join("".join(char if char.isprintable() else " " for char in words).split())
    line = _KEY.sub(lambda key: f"…{key[0][-4:]}", line)
    return line if len(line) <= _LONGEST_QUOTE else line[:_LONGEST_QUOTE] + "…"


def _retry_after(
    error: Mapping[str, Any], metadata: Mapping[str, Any], headers: Mapping[str, str], now: float
) -> float | None:
    """Return the seconds to wait, from the first hint that can be read."""
    hinted = mapping(metadata.get("headers"))
    for value in (
        _header(headers, "retry-after"),
        metadata.get("retry_after_seconds"),
        _header(hinted, "retry-after"),
        mapping(error.get("availability")).get("retry_after"),
    ):
        seconds = _seconds(value, now)
        if seconds is not None:
            return seconds
    reset = _reset(metadata, headers)
    return max(0.0, reset - now) if reset and now else None


def _seconds(value: object, now: float) -> float | None:
    if value is None:
        return None
    try:
        seconds = float(str(value))
    except ValueError:
        try:
            seconds = parsedate_to_datetime(str(value)).timestamp() - now
        except ValueError:
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _reset(metadata: Mapping[str, Any], headers: Mapping[str, str]) -> float | None:
    """Return when the limit is lifted, in seconds since 1970 (the server counts milliseconds)."""
    value = _header(headers, "x-ratelimit-reset") or _header(
        mapping(metadata.get("headers")), "x-ratelimit-reset"
    )
    try:
        seconds = float(value or 0) / 1000
    except ValueError:
        return None
    return seconds if 0 < seconds < _YEAR_2100 else None


def _header(headers: Mapping[str, Any], name: str) -> str | None:
    return next((str(value) for key, value in headers.items() if key.lower() == name), None)
