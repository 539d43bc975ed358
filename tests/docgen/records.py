"""Records for tests of issuing: the worked examples under any number."""

from __future__ import annotations

import json
from typing import Any

from layouts import resource


def record(sequence: int = 90001, *, example: int = 1, **changes: Any) -> dict[str, Any]:
    """A worked example with the number 140100·1·3·2025·sequence and an address to match."""
    values: dict[str, Any] = json.loads(resource("K0", f"samples/example-{example}.json"))
    number = f"140100132025{sequence:05d}"
    return values | {"许可证编号": number, "二维码": f"https://lookup.example.invalid/l/{number}"} | changes


def as_json(values: dict[str, Any]) -> bytes:
    return json.dumps(values, ensure_ascii=False).encode("utf-8")
