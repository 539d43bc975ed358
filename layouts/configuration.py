"""What a deployment adds to a kind: more 经营方式, and for each the list of its items (decision 17)."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from layouts.kind import Kind, KindError, KindErrorCode

__all__ = ["configure"]


def configure(kind: Kind, settings: Mapping[str, Any]) -> Kind:
    """The kind with a deployment's lists.

    Args:
        kind: a kind whose 许可范围 has groups.
        settings: ``modes``, a list of ``{"id": …, "name": …}`` that are added to the kind's own; ``lists``,
            per name of a mode a list of such items. A mode with a list takes only its items.

    Raises:
        KindError: ``kind.duplicate-id`` (an id or a name occurs twice in one list), ``kind.data``.
    """
    if kind.scope is None:
        raise _data_error(kind, "许可范围")
    unknown = set(settings) - {"modes", "lists"}
    if unknown:
        raise _data_error(kind, "、".join(sorted(unknown)))
    modes = kind.field(kind.scope.modes)
    ids, names = _pairs(kind, modes.label, settings.get("modes", ()), modes.ids, modes.values)
    lists = dict(kind.scope.lists)
    for mode, entries in dict(settings.get("lists", {})).items():
        if mode not in names:
            raise _data_error(kind, str(mode))
        lists[mode] = _pairs(kind, mode, entries, (), ())[1]
    changed = dataclasses.replace(modes, ids=ids, values=names)
    return dataclasses.replace(
        kind,
        fields=tuple(changed if field.label == modes.label else field for field in kind.fields),
        scope=dataclasses.replace(kind.scope, lists=lists),
    )


def _pairs(
    kind: Kind, label: str, entries: Sequence[Mapping[str, Any]],
    ids: tuple[str, ...], names: tuple[str, ...],
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    for entry in entries:
        try:
            number, name = str(entry["id"]), str(entry["name"])
        except (KeyError, TypeError) as error:
            raise _data_error(kind, label) from error
        if number in ids or name in names:
            raise KindError(
                KindErrorCode.DUPLICATE_ID, f"“{label}”的清单中代码{number}或名称“{name}”重复",
                f"id {number} or name “{name}” occurs twice in the list of “{label}”", kind=kind.code,
            )
        ids, names = (*ids, number), (*names, name)
    return ids, names


def _data_error(kind: Kind, what: str) -> KindError:
    return KindError(
        KindErrorCode.DATA, f"证照种类{kind.code}的部署配置有误：{what}",
        f"the deployment's settings for kind {kind.code} are wrong: {what}", kind=kind.code,
    )
