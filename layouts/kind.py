"""A licence kind: everything that distinguishes one licence from another, as frozen data.

A kind is a folder (``K0/kind.json`` and its artwork); nothing in Python knows a kind by name.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from codes.errors import EngineError
from codes.number import NumberPattern

__all__ = [
    "Check", "Face", "Field", "Format", "Kind", "KindError", "KindErrorCode", "Line", "Metadata", "Part",
    "Pattern", "Rule", "ScopeRule", "UnitNames", "Value",
]

Value = str | tuple[str, ...] | None
"""A field's value in a checked record: a text, several texts, or nothing. Dates are ``YYYY-MM-DD``."""


class KindErrorCode(enum.StrEnum):
    """Stable codes of what can be wrong with a kind's data."""

    UNKNOWN = "kind.unknown"
    DATA = "kind.data"
    LEGAL_BASIS = "kind.no-legal-basis"
    RESOURCE = "kind.resource"
    DUPLICATE_ID = "kind.duplicate-id"


class KindError(EngineError):
    """A kind that is not there, or whose data make no sense."""


class Format(enum.StrEnum):
    """What a field holds."""

    TEXT = "text"
    UNIT = "unit"               # full name of an authority (R-001-04)
    USCC = "uscc"               # GB 32100
    NUMBER = "number"           # the kind's number pattern
    DATE = "date"               # YYYY-MM-DD
    ENUM = "enum"               # one of ``values``
    CHOICES = "choices"         # one or more of ``values``, a list
    PATTERN = "pattern"         # a named pattern: phone, digits, ids
    ADDRESS = "address"         # https address that the QR code opens
    SCOPE = "scope"             # 许可范围, see ScopeRule


class Check(enum.StrEnum):
    """What a rule over several fields demands. ``other`` are the labels it compares with."""

    EQUAL = "equal"                     # field = each of other
    ISSUE_ONLY = "issue-only"           # issued only when field = value
    NOT_BEFORE = "not-before"           # date of field ≥ first given date of other
    NOT_AFTER = "not-after"             # date of field ≤ first given date of other
    EMPTY_WHEN = "empty-when"           # field is empty when ``when`` holds
    REQUIRED_WHEN = "required-when"     # field is given when ``when`` holds
    YEARS = "years"                     # other (start) + years = field (end), same day or the day before
    NUMBER_YEAR = "number-year"         # part ``value`` of the number ≤ year of the date other
    NUMBER_REGION = "number-region"     # part ``value`` of the number = region inside the code other


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of the record. ``private`` ones never reach a public view, a QR code or 元数据 (R-003-03)."""

    label: str
    format: Format
    required: bool = False
    private: bool = False
    max_length: int = 60                # characters
    constant: str | None = None
    values: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()           # ids of ``values`` in the issuing system
    pattern: str | None = None
    metadata: str | None = None         # short name, e.g. ZZBH

    @property
    def printed_as(self) -> str:
        """The format in which a page shows the value; see :func:`layouts.printed`."""
        if self.format is Format.DATE:
            return "date-zh"
        return "join-slash" if self.format is Format.CHOICES else "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A piece of a line: the value of ``field``, or the fixed ``text``."""

    field: str | None = None
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a face: a label (may be empty) and what stands behind it.

    ``style`` is ``line``, ``title``, ``subtitle`` or ``maker`` (the 监制 line).
    """

    label: str
    parts: tuple[Part, ...]
    style: str = "line"

    @property
    def fields(self) -> tuple[str, ...]:
        """Labels of the fields that this line prints, in their order."""
        return tuple(part.field for part in self.parts if part.field is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """One page of the document with its lines in their exact order (R-000-15).

    ``summary``: the 许可范围 may stand as a summary with 详见附页 (decision 5).
    ``repeats``: over as many pages as the 许可范围 needs.
    """

    role: str
    lines: tuple[Line, ...]
    summary: bool = False
    repeats: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A demand over several fields, with its source; ``zh`` and ``en`` add to the check's own words."""

    check: Check
    field: str
    source: str
    other: tuple[str, ...] = ()
    value: str = ""
    when: tuple[str, str] | None = None
    years: int = 0
    warning: bool = False
    zh: str = ""
    en: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeRule:
    """How the 许可范围 is built: per mode of ``modes`` a group of items.

    ``lists``: per mode the items that a deployment allows; a mode without a list takes any well-formed
    item, with a warning (decision 17).
    """

    field: str
    items: str                          # key of the record that may hold the groups
    modes: str
    max_groups: int
    max_items: int                      # in all groups together
    max_item_length: int
    lists: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """One 元数据 item: from a field, a constant, or the ``identifier``, ``type_code``, ``version``."""

    name: str
    field: str | None = None
    constant: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """A named form of text: a regular expression over the whole value, and its description."""

    regex: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitNames:
    """What makes the full name of an authority (001 附件2 注3, R-001-04)."""

    abbreviations: Mapping[str, str]    # abbreviation → what it stands for
    endings: tuple[str, ...]
    bare: str                           # regular expression of names without a place


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Kind:
    """A licence kind. Two kinds are equal when they are the same object; loading is cached."""

    code: str
    version: str
    name: str
    name_en: str
    source: str
    legal_basis: tuple[str, ...]
    type_code: str                      # 21 characters, GB/T 36904
    type_code_provisional: bool
    serial_field: str                   # label of the field whose value is SERIAL of the identifier
    number: NumberPattern
    fields: tuple[Field, ...]
    roles: Mapping[str, str]            # role (issuer_name, holder_code, …) → label
    rules: tuple[Rule, ...]
    scope: ScopeRule | None
    metadata: tuple[Metadata, ...]
    faces: tuple[Face, ...]
    patterns: Mapping[str, Pattern]
    unit_names: UnitNames

    def field(self, label: str) -> Field:
        """The field with this label.

        Raises:
            KeyError: the kind has no such field.
        """
        for field in self.fields:
            if field.label == label:
                return field
        raise KeyError(label)

    def face(self, role: str) -> Face:
        """The face with this role (正本, 副本, 附页, …).

        Raises:
            KeyError: the kind has no such face.
        """
        for face in self.faces:
            if face.role == role:
                return face
        raise KeyError(role)

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of all fields in their order."""
        return tuple(field.label for field in self.fields)

    @property
    def drawn(self) -> frozenset[str]:
        """The labels of the fields that some face prints."""
        return frozenset(label for face in self.faces for line in face.lines for label in line.fields)
