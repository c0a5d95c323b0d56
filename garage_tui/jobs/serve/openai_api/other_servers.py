"""Routes that other servers have and this one does not, and what to do instead."""

from __future__ import annotations

from collections.abc import Mapping

_OPENAI, _OLLAMA = "use /v1/chat/completions, as most clients can", "use the address that ends in /v1"
_INSTEAD: Mapping[str, str] = {
    "/v1/embeddings": "this server makes no embeddings: its models only chat; ask a server with an embedding model",
    "/v1/rerank": "this server ranks no texts: its models only chat; ask a server with such a model",
    "/v1/responses": f"this server does not have the Responses API; {_OPENAI}",
    "/v1/conversations": f"this server does not have the Responses API; {_OPENAI}",
    "/v1/messages": f"this server does not have Anthropic's API; {_OPENAI}",
    "/v1/moderations": "this server does not moderate; its models only chat",
    "/v1/images": "this server draws no pictures; its models only chat",
    "/v1/videos": "this server makes no films; its models only chat",
    "/v1/audio/speech": "this server does not speak; its models write text only",
    "/v1/audio": "this server hears no sounds; its models read text only",
    "/v1/realtime": "this server hears no sounds; its models read text only",
    "/v1/assistants": "this server has no assistants; use /v1/chat/completions",
    "/v1/threads": "this server has no assistants; use /v1/chat/completions",
    "/v1/files": "this server keeps no files; put the text into a message",
    "/v1/uploads": "this server keeps no files; put the text into a message",
    "/v1/vector_stores": "this server keeps no files; put the text into a message",
    "/v1/batches": "this server takes no batches; send the requests one by one",
    "/v1/fine_tuning": "this server does not train; `garage train lora` does",
    "/api": f"this server does not have Ollama's API; {_OLLAMA}",
    "/chat/completions": f"this server has nothing here; {_OLLAMA}",
    "/completions": f"this server has nothing here; {_OLLAMA}",
    "/models": f"this server has nothing here; {_OLLAMA}",
}
"""Routes, each with all below it, and what to do instead; of two that fit the first counts."""


def instead_of(path: str) -> str:
    """Return what a client of another server's route is to do instead, as a sentence; empty where it is none."""
    path = path.rstrip("/")
    return next((text for route, text in _INSTEAD.items() if path == route or path.startswith(f"{route}/")), "")
