"""What a later revision of a PDF did to what was signed before: the words that it is told in."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Final

from verify.foreign.pdf_fields import FormField

__all__ = ["Change", "Changes", "Effect", "Kind", "Stamp"]

_SHOWN: Final = 12                      # details that are told


class Kind(enum.StrEnum):
    """What a revision did."""

    EVIDENCE = "dss"
    TIMESTAMP = "timestamp"
    SIGNATURE = "signature"
    FORM = "form-fill"
    ANNOTATION = "annotation"
    METADATA = "metadata"
    SAVED = "saved"                     # the time and the program of saving, nothing else
    OTHER = "other"
    NOTHING = "nothing"


_WORDS: Final = {
    Kind.EVIDENCE: "验证资料", Kind.TIMESTAMP: "文档时间戳", Kind.SIGNATURE: "签名", Kind.FORM: "填写表单",
    Kind.ANNOTATION: "批注", Kind.METADATA: "文档信息", Kind.SAVED: "重新保存", Kind.OTHER: "其他改动",
    Kind.NOTHING: "没有改动",
}


class Effect(enum.StrEnum):
    """What a change outside the list may do."""

    PICTURE = "picture"                 # an object that pages are drawn from has changed
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """A signature that became visible: on which page, where (mm, from the lower left corner).

    ``prepared``: in a field that stood there before, on at most an eighth of the page. ``drawn``: by an appearance of
    its own; otherwise readers draw what they like.
    """

    field: str
    page: int
    box: tuple[float, float, float, float]
    prepared: bool
    drawn: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One revision beside the one before it. ``details`` say what changed, in Chinese and English."""

    kinds: tuple[Kind, ...]
    details: tuple[tuple[Kind, str, str], ...]
    effect: Effect | None = None
    signed: tuple[str, ...] = ()        # fields that got their signature
    touched: tuple[str, ...] = ()       # names of fields that changed otherwise
    stamps: tuple[Stamp, ...] = ()
    objects: tuple[int, ...] = ()       # numbers that differ or are new

    @property
    def words(self) -> tuple[str, str]:
        """The kinds in Chinese and English."""
        return "、".join(_WORDS[kind] for kind in self.kinds), ", ".join(self.kinds)

    def told(self, *kinds: Kind) -> tuple[str, str]:
        """The details of some kinds as one phrase in Chinese and English; of all when none is given."""
        chosen = [each for each in self.details if not kinds or each[0] in kinds][:_SHOWN]
        return ("；".join(zh for _, zh, _ in chosen) or "没有改动", "; ".join(en for _, _, en in chosen) or "no change")


@dataclass(slots=True)
class Changes:
    """What a comparison collects. ``explained`` are objects whose change is on the list."""

    details: dict[tuple[Kind, str, str], None] = field(default_factory=dict)
    effect: Effect | None = None
    signed: list[FormField] = field(default_factory=list)
    touched: dict[str, None] = field(default_factory=dict)
    explained: set[int] = field(default_factory=set)

    def add(self, kind: Kind, zh: str, en: str) -> None:
        """Keep one detail."""
        self.details.setdefault((kind, zh, en))

    def other(self, zh: str, en: str, *, picture: bool) -> None:
        """Keep a change that is not on the list."""
        self.add(Kind.OTHER, zh, en)
        if picture or self.effect is None:
            self.effect = Effect.PICTURE if picture else Effect.UNCLEAR

    def change(self, stamps: tuple[Stamp, ...], objects: tuple[int, ...]) -> Change:
        """All of it as a value."""
        kinds = tuple(dict.fromkeys(kind for kind, _, _ in self.details)) or (Kind.NOTHING,)
        return Change(kinds=kinds, details=tuple(self.details), effect=self.effect, stamps=stamps, objects=objects,
                      signed=tuple(each.name for each in self.signed), touched=tuple(self.touched))
