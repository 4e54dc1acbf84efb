"""The schema's examples in the words of the Teddy domain: they can be sent to this installation as they stand."""

from __future__ import annotations

from typing import Any, Final

from eventstore.api.described import JSON

CONVERSATION: Final = "conversation.conv-1"
CHILD, PARENT = "child-1", "parent-1"

_STARTED: Final[dict[str, Any]] = {
    "type": "ConversationStarted",
    "data": {"child_id": CHILD, "language": "en"},
}
_SPOKE: Final[dict[str, Any]] = {
    "type": "ChildSpoke",
    "data": {"child_id": CHILD, "text": "Hello, Teddy!"},
}
BODIES: Final[dict[str, Any]] = {
    "a new conversation": {"expected_version": "no_stream", "events": [_STARTED]},
    "somebody speaks, whatever was said before": {
        "expected_version": "stream_exists",
        "events": [{**_SPOKE, "occurred_at": "2026-11-23T08:59:59Z"}],
    },
}
_EVENT: Final[dict[str, Any]] = {
    "stream_id": CONVERSATION,
    "type": "ChildSpoke",
    "data": {"child_id": CHILD},
    "position": "eventstore.conversation/3/4711/0",
}
# a value that the store's own words give → what stands for it here
_IN_TEDDYS_WORDS: Final[dict[str, str]] = {
    "order.order-123": CONVERSATION,
    "eventstore.order/3/4711/0": "eventstore.conversation/3/4711/0",
}


def in_teddys_words(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A hook of drf-spectacular: the finished schema, with examples of this domain."""
    for operations in result["paths"].values():
        for operation in operations.values():
            _in_operation(operation)
    return result


def _in_operation(operation: dict[str, Any]) -> None:
    for parameter in operation["parameters"]:
        if "example" in parameter:
            parameter["example"] = _translated(parameter["example"])
    if operation["operationId"] == "append_events":
        content = operation["requestBody"]["content"][JSON]
        content["examples"] = {name: {"value": body} for name, body in BODIES.items()}
    for response in operation["responses"].values():
        for content in response.get("content", {}).values():
            if "example" in content:
                content["example"] = _translated(content["example"])


def _translated(value: Any) -> Any:
    if isinstance(value, dict):
        if value.get("type") == "OrderPlaced":
            value = {**value, **_EVENT}
        return {name: _translated(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_translated(one) for one in value]
    return _IN_TEDDYS_WORDS.get(value, value) if isinstance(value, str) else value
