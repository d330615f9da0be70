"""What can be read without asking a model: the catalogue, the account, what a reply cost."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from . import billing, models, routing
from .behaviours import Raw, Refuse
from .refusals import management_only, refuse

if TYPE_CHECKING:
    from .server import Server

Query = Mapping[str, list[str]]

NO_SUCH_PATH = Refuse(404, body=b"<html><title>404</title></html>", content_type="text/html")
_MANAGEMENT = ("/activity", "/keys", "/workspaces", "/guardrails", "/byok")
PRIVATE = (*_MANAGEMENT, "/key", "/auth/key", "/credits", "/generation")
_LARGEST_PAGE = 1000
_USUAL_PAGE = 500


def public(server: Server, path: str, query: Query) -> Raw | Refuse | None:
    """Answer what needs no key; None for every other path."""
    if path == "/models":
        return _models(server, query)
    if path.startswith("/models/") and path.endswith("/endpoints"):
        return _endpoints(path.removeprefix("/models/").removesuffix("/endpoints"))
    if path.startswith("/model/"):
        row = models.find(path.removeprefix("/model/"))
        return told(row) if row else refuse(404, "Model not found")
    return None


def private(server: Server, path: str, query: Query, key: str) -> Raw | Refuse:
    """Answer one of the paths that need a key, which is known to be right."""
    manages = key == server.management_key
    ledger = server.told_ledger
    if path.startswith(_MANAGEMENT):
        return told([]) if manages else management_only()
    if path in ("/key", "/auth/key"):
        account = server.account
        return told(account.describe_key(key, ledger, server.now, manages=manages))
    if path == "/credits":
        if server.credits_are_secret and not manages:
            return management_only()
        bought, used = float(server.account.credits), float(ledger.total)
        return told({"total_credits": bought, "total_usage": used})
    generation = query.get("id", [""])[0]
    facts = server.generation(generation)
    return told(facts) if facts else refuse(404, f"Generation {generation} not found")


def told(data: object, **more: Any) -> Raw:
    """Wrap data as OpenRouter does."""
    return Raw([json.dumps({"data": data, **more}).encode()], 200, "application/json")


def _models(server: Server, query: Query) -> Raw | Refuse:
    rows = list(models.MODELS.values())
    caching = {"cache-control": "public, max-age=300, stale-while-revalidate=3600"}
    total = {"total_count": len(rows)}
    numbers: dict[str, int] = {}
    for name in ("limit", "offset"):
        for text in query.get(name, ()):
            if not text.isdigit() or (name == "limit" and not 0 < int(text) <= _LARGEST_PAGE):
                return _zod(name, f"Number must be less than or equal to {_LARGEST_PAGE}")
            numbers[name] = int(text)
    following = None
    if numbers:
        start = numbers.get("offset", 0)
        end = start + numbers.get("limit", _USUAL_PAGE)
        if end < len(rows):
            following = f"{server.base_url}/models?limit={end - start}&offset={end}"
        rows = rows[start:end]
    page = told(rows) if server.plain_models else told(rows, **total, links={"next": following})
    return Raw(page.writes, 200, "application/json", caching)


def _zod(name: str, message: str) -> Refuse:
    issues = json.dumps([{"code": "too_big", "path": [name], "message": message}])
    error = {"success": False, "error": {"name": "ZodError", "message": issues}}
    return Refuse(400, body=json.dumps(error).encode())


def _endpoints(model_id: str) -> Raw | Refuse:
    row = models.MODELS.get(model_id)
    if row is None and not models.has_base(model_id):
        return refuse(404, "Model not found")
    base = row or models.MODELS[model_id.split(":")[0]]
    found = [_endpoint(base, endpoint) for endpoint in routing.endpoints_of(base)] if row else []
    return told({"id": model_id, "name": base["name"], "endpoints": found})


def _endpoint(row: Mapping[str, Any], endpoint: routing.Endpoint) -> dict[str, Any]:
    pricing = billing.scaled(row["pricing"], endpoint.factor)
    return {
        "name": f"{endpoint.name} | {row['id']}",
        "tag": f"{endpoint.slug}/{endpoint.quantization}",
        "provider_name": endpoint.name,
        "context_length": row["context_length"],
        "max_completion_tokens": row["top_provider"]["max_completion_tokens"],
        "pricing": {**pricing, "discount": 0},
        "quantization": endpoint.quantization,
        "supported_parameters": row["supported_parameters"],
        "status": endpoint.status,
        "uptime_last_30m": 100 if endpoint.status == 0 else 12.5,
    }
