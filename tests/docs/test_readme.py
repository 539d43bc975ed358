"""What the two front pages say of the network and of the Chinese pages is so."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("archive", "certs", "cli", "codes", "docgen", "fonts", "layouts", "registry", "reports", "service", "signer",
         "verify")
LINK = re.compile(r"\]\(([^)#]+)\)")


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
        elif isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
    return found


def test_every_page_in_chinese_is_named_in_the_chinese_readme() -> None:
    linked = set(LINK.findall((ROOT / "README.zh.md").read_text().split("\n## 文档\n")[1]))
    assert {str(page.relative_to(ROOT)) for page in (ROOT / "docs").rglob("*.zh.md")} <= linked
    assert all((ROOT / page).exists() for page in linked)


@pytest.mark.parametrize(("name", "revocation"), [("README.md", "docs/revocation.md"),
                                                  ("README.zh.md", "docs/revocation.zh.md")])
def test_all_that_goes_to_the_network_is_named(name: str, revocation: str) -> None:
    limits = (ROOT / name).read_text().split("\n## ")
    (limit,) = [part for part in limits if part.startswith(("Limits", "尚有的限制"))]
    for word in ("config.toml", "keys.", "signer.", "certs refresh", "verify --online", "seals due --webhook",
                 revocation):
        assert word in limit
    askers = {str(path.relative_to(ROOT)) for room in ROOMS for path in (ROOT / room).rglob("*.py")
              if imported(path) & {"certs.http_client", "http.client", "urllib.request"}}
    assert askers == {"certs/http_client.py", "certs/tsa.py", "certs/http_key.py", "certs/revocation_fetch.py",
                      "registry/reminders.py"}
