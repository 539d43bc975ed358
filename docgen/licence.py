"""A checked licence: what a record becomes once every rule of its kind holds. Frozen."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from codes.errors import Fault
from codes.identifier import Identifier
from layouts import Groups, Kind, Table, Value, printed, scope_summary

__all__ = ["Licence"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence:
    """One licence, ready to be drawn and sealed.

    ``values`` has an entry for every field of the kind, None where the record gives nothing; dates are
    ``YYYY-MM-DD``, several choices a tuple. ``photos`` are the very bytes of the photo fields, by label.
    ``digest`` is the SM3 of the canonical JSON of the record. ``warnings`` have the form of faults and forbid
    nothing.
    """

    kind: Kind
    values: Mapping[str, Value]
    scope: Groups
    identifier: Identifier
    warnings: tuple[Fault, ...]
    digest: bytes
    photos: Mapping[str, bytes] = field(default_factory=dict)

    def text(self, label: str) -> str | None:
        """The value of a field that holds one text; None where nothing is given.

        Raises:
            KeyError: the kind has no such field.
            TypeError: the field holds several texts or a table.
        """
        value = self.values[label]
        if isinstance(value, tuple | Table):
            raise TypeError(f"{label} holds several texts")
        return value

    def joined(self, label: str) -> str | None:
        """The value of a field as one text, several texts joined with ``/``; None where nothing is given."""
        value = self.values[label]
        if isinstance(value, Table):
            return printed(value, "table")
        return "/".join(value) if isinstance(value, tuple) else value

    def by_role(self, role: str) -> str | None:
        """The value of the field that plays ``role`` (``holder_name``); None where there is none."""
        label = self.kind.roles.get(role)
        return None if label is None else self.text(label)

    def _needed(self, role: str) -> str:
        value = self.by_role(role)
        if value is None:
            raise LookupError(f"a checked licence without {role}")
        return value

    def _date(self, role: str) -> dt.date | None:
        value = self.by_role(role)
        return None if value is None else dt.date.fromisoformat(value)

    @property
    def title(self) -> str:
        """Name of the document, e.g. 危险化学品经营许可证."""
        return self._needed("title")

    @property
    def number(self) -> str:
        """许可证编号."""
        return self._needed("number")

    @property
    def issuer_name(self) -> str:
        """发证机关, the authority whose name is printed and whose seal is set."""
        return self._needed("issuer_name")

    @property
    def issuer_code(self) -> str:
        """发证机关代码."""
        return self._needed("issuer_code")

    @property
    def holder_name(self) -> str:
        """Name of the holder as printed."""
        return self._needed("holder_name")

    @property
    def holder_code(self) -> str | None:
        """统一社会信用代码 of the holder; None for a holder that has none, or is a person (R-003-03)."""
        return None if self.kind.holder_is_person else self.by_role("holder_code")

    @property
    def issued(self) -> dt.date:
        """发证日期."""
        return dt.date.fromisoformat(self._needed("issued"))

    @property
    def valid_from(self) -> dt.date | None:
        """First day in force; None for a document without validity."""
        return self._date("valid_from")

    @property
    def valid_to(self) -> dt.date | None:
        """有效期截止日期, without the extension."""
        return self._date("valid_to")

    @property
    def extended_to(self) -> dt.date | None:
        """有效期延续至, None when not extended."""
        return self._date("extended_to")

    @property
    def qr_address(self) -> str | None:
        """The allocated address, verbatim (field 34); None for a document without QR code."""
        return self.by_role("qr")

    @property
    def version(self) -> str:
        """版本号, three digits."""
        return self.identifier.version

    @property
    def serial(self) -> str:
        """SERIAL of the identifier (decision 18)."""
        return self.identifier.serial

    @property
    def scope_text(self) -> str | None:
        """The whole 许可范围 as printed; None where the kind has none."""
        return self.by_role("scope")

    @property
    def scope_summary(self) -> str | None:
        """Each 经营方式 with its number of items; None where the kind's 许可范围 has no groups."""
        return scope_summary(self.scope) if self.scope else None

    @property
    def metadata(self) -> tuple[tuple[str, str], ...]:
        """元数据 as (short name, value) in the kind's order; what has no value is left out."""
        sources = {
            "identifier": self.identifier.text(), "type_code": self.identifier.type_code,
            "version": self.version,
        }
        found: list[tuple[str, str]] = []
        for item in self.kind.metadata:
            if item.field is not None:
                text = self.joined(item.field)
                if item.form is not None and text is not None:
                    text = printed(text, item.form)
            else:
                text = item.constant if item.source is None else sources[item.source]
            if text is not None:
                found.append((item.name, text))
        return tuple(found)
