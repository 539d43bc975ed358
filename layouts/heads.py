"""Heads: the fields, roles, metadata and rules that many kinds share, kept once in ``common.json``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["with_head"]


def with_head(data: Mapping[str, Any], heads: Mapping[str, Any]) -> dict[str, Any]:
    """The data of a kind with those of its ``head`` put before them.

    A field, role or metadata item of the kind takes the place of the head's with the same name; a field that
    names only what differs (``{"label": …, "constant": …}``) keeps the rest of the head's. The kind leaves out
    a field of its head with ``{"label": …, "omit": true}``, and with it its roles and metadata.
    """
    if "head" not in data:
        return dict(data)
    head = heads[data["head"]]
    omitted = {field["label"] for field in data["fields"] if field.get("omit")}
    merged = {key: value for key, value in data.items() if key != "head"}
    merged["fields"] = [
        field for field in _merged(head["fields"], data["fields"], "label") if field["label"] not in omitted
    ]
    merged["roles"] = {
        role: label for role, label in {**head["roles"], **data.get("roles", {})}.items() if label not in omitted
    }
    merged["metadata"] = [
        item for item in _merged(head["metadata"], data.get("metadata", ()), "name")
        if item.get("field") not in omitted
    ]
    merged["rules"] = [
        rule for rule in head.get("rules", ()) if omitted.isdisjoint({rule["field"], *rule.get("other", ())})
    ] + list(data.get("rules", ()))
    return merged


def _merged(
    first: Iterable[Mapping[str, Any]], then: Iterable[Mapping[str, Any]], key: str,
) -> list[Mapping[str, Any]]:
    """The entries of both, those of the same name once: at the first's place, with what the second says.

    A metadata item says where its value is from, so that one replaces the other whole.
    """
    entries = {entry[key]: entry for entry in first}
    for entry in then:
        whole = key != "label" or "format" in entry or entry[key] not in entries
        entries[entry[key]] = dict(entry) if whole else {**entries[entry[key]], **entry}
    return list(entries.values())
