"""A licence kind: everything that distinguishes one licence from another, as frozen data.

A kind is a folder (``K0/kind.json`` and its artwork); nothing in Python knows a kind by name. Its fields and faces
have modules of their own and are named here too.
"""

from __future__ import annotations

import enum
import functools
from collections.abc import Mapping
from dataclasses import dataclass

from codes.errors import EngineError
from codes.number import NumberPattern
from layouts.faces import FOLIOS, Face, Line, Part, SealRule
from layouts.fields import Condition, Field, Format, Table, Value

__all__ = [
    "FOLIOS", "Check", "Condition", "Delay", "Face", "Field", "Format", "Kind", "KindError", "KindErrorCode",
    "Line", "Metadata", "Part", "Pattern", "Renewal", "Rule", "ScopeRule", "SealRule", "Serial", "Table",
    "UnitNames", "Validity", "Value",
]


class KindErrorCode(enum.StrEnum):
    """Stable codes of what can be wrong with a kind's data."""

    UNKNOWN = "kind.unknown"
    VERSION = "kind.version"
    RELEASED = "kind.released"
    UNDECIDED = "kind.undecided"
    DATA = "kind.data"
    LEGAL_BASIS = "kind.no-legal-basis"
    RESOURCE = "kind.resource"
    UNREADABLE = "kind.unreadable"
    FOLDER = "kind.folder"
    TWICE = "kind.twice"
    DUPLICATE_ID = "kind.duplicate-id"


class KindError(EngineError):
    """A kind that is not there, or whose data make no sense."""


class Check(enum.StrEnum):
    """What a rule over several fields demands. ``other`` are the labels it compares with."""

    EQUAL = "equal"                     # field = each of other
    DIFFERS = "differs"                 # field ≠ each of other
    ISSUE_ONLY = "issue-only"           # issued only when field = value
    NOT_BEFORE = "not-before"           # date of field ≥ first given date of other
    NOT_AFTER = "not-after"             # date of field ≤ first given date of other
    EMPTY_WHEN = "empty-when"           # field is empty when ``when`` holds
    REQUIRED_WHEN = "required-when"     # field is given when ``when`` holds
    YEARS = "years"                     # other (start) + years = field (end), same day or the day before
    NUMBER_YEAR = "number-year"         # part ``value`` of the number ≤ year of the date other
    NUMBER_REGION = "number-region"     # part ``value`` of the number = region inside the code other
    ALLOWED = "allowed"                 # field is one of ``values``
    BARRED = "barred"                   # field is none of ``values``
    AT_LEAST = "at-least"               # field's place among its values ≥ that of ``value``
    ONE_OF = "one-of"                   # field or one of other is given
    COUNT = "count"                     # ``minimum`` ≤ rows (or choices) of field ≤ ``maximum``
    LENGTH = "length"                   # characters of field (of its column ``value``, in each row) ≤ ``maximum``
    AGE = "age"                         # ``minimum`` ≤ years from field (birth, identity) to other ≤ ``maximum``
    IDENTITY_BIRTH = "identity-birth"   # date of field = date of birth inside the identity number other
    IDENTITY_SEX = "identity-sex"       # 男/女 of field = sex inside the identity number other
    DERIVED = "derived"                 # field = ``value`` and 16 digits that follow from other (16 of their SM3)
    ROW_EQUAL = "row-equal"             # column ``value`` of each row of field = other
    ROW_NOT_AFTER = "row-not-after"     # date of column ``value`` of each row of field ≤ other
    LEVEL = "level"                     # level (省级, 市级, 县级) of the authority code field is of ``values``


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """How an age limit rises with the month of birth (渐进式延迟法定退休年龄).

    Who is born in the month ``since`` (YYYY-MM) or later stays one month longer for every ``every`` months begun
    since then, ``most`` months at most.
    """

    since: str
    every: int
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A demand over several fields, with its source; ``zh`` and ``en`` add to the check's own words."""

    check: Check
    field: str
    source: str
    other: tuple[str, ...] = ()
    value: str = ""
    values: tuple[str, ...] = ()
    when: tuple[Condition, ...] = ()    # the rule binds where all of these hold
    years: int = 0
    minimum: int | None = None
    maximum: int | None = None
    delay: Delay | None = None          # of an age: by how much the maximum rises
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
    form: str | None = None             # ``masked``: the one form in which an identity number may stand here


@dataclass(frozen=True, slots=True, kw_only=True)
class Serial:
    """SERIAL of the identifier: the value of ``field``, or these ``parts`` of the number joined.

    A part that is a sequence of one to n digits is filled up with zeros to n. Deterministic (decision 18).
    """

    field: str
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Validity:
    """How long a licence of the kind holds: ``years`` where the source says so; ``text`` for people."""

    text: str
    source: str
    years: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """When renewal may be applied for: ``months`` or ``days`` before the last day; ``text`` for people."""

    text: str
    source: str
    months: int | None = None
    days: int | None = None


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


@dataclass(frozen=True, kw_only=True, eq=False)
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
    serial: Serial
    number: NumberPattern
    fields: tuple[Field, ...]
    roles: Mapping[str, str]            # role (issuer_name, holder_code, …) → label
    rules: tuple[Rule, ...]
    scope: ScopeRule | None
    metadata: tuple[Metadata, ...]
    faces: tuple[Face, ...]
    patterns: Mapping[str, Pattern]
    unit_names: UnitNames
    validity: Validity | None = None
    renewal: Renewal | None = None
    statuses: tuple[str, ...] = ()      # that a licence of the kind may take

    def field(self, label: str) -> Field:
        """The field with this label.

        Raises:
            KeyError: the kind has no such field.
        """
        return self._by_label[label]

    @functools.cached_property
    def _by_label(self) -> Mapping[str, Field]:
        return {field.label: field for field in reversed(self.fields)}

    def face(self, role: str) -> Face:
        """The face with this role (正本, 副本, 附页, …).

        Raises:
            KeyError: the kind has no such face.
        """
        for face in self.faces:
            if face.role == role:
                return face
        raise KeyError(role)

    @functools.cached_property
    def labels(self) -> tuple[str, ...]:
        """The labels of all fields in their order."""
        return tuple(field.label for field in self.fields)

    @property
    def has_qr(self) -> bool:
        """Whether documents of this kind carry a QR code."""
        return "qr" in self.roles

    @property
    def holder_is_person(self) -> bool:
        """Whether the holder's code is a person's identity number: it reaches neither QR code nor look-up."""
        label = self.roles.get("holder_code")
        return label is not None and self.field(label).format is Format.IDENTITY

    @property
    def earlier(self) -> Mapping[str, Field]:
        """The fields that refer to an earlier document, by the key of its attachment."""
        return {field.attachment: field for field in self.fields if field.format is Format.DIGEST_OF}

    @property
    def drawn(self) -> frozenset[str]:
        """The labels of the fields that some face prints."""
        return frozenset(label for face in self.faces for line in face.lines for label in line.fields)
