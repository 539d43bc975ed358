"""The least sizes and contrasts that a page may have, out of ``floors.json``."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from importlib import resources
from typing import Any

from docgen.page import Page

__all__ = ["floors", "floors_of"]


@functools.cache
def floors() -> Mapping[str, Any]:
    """All floors, with their sources."""
    data: dict[str, Any] = json.loads(resources.files(__package__).joinpath("floors.json").read_bytes())
    return data


def floors_of(page: Page) -> Mapping[str, Any]:
    """The least sizes on a page of this size: ``value_mm``, ``label_mm``, ``qr_mm``."""
    longest = max(page.width_mm, page.height_mm)
    found: Mapping[str, Any] = next(one for one in floors()["sizes"] if longest <= one["longest_side_mm"])
    return found
