"""电子证照标识 (licence identifier), GB/T 36904-2018.

``1.2.156.3005.2.TYPE.ISSUER.SERIAL.VERSION.CHECK``, where CHECK is ISO 7064 hybrid MOD 37,36 over the four
parts without dots and without the root.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

from codes.errors import EngineError

__all__ = ["ROOT", "Identifier", "IdentifierError", "IdentifierErrorCode", "check_character"]

ROOT = "1.2.156.3005.2"
"""The object identifier under which GB/T 36904 places licence identifiers."""

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_VALUE = {character: value for value, character in enumerate(ALPHABET)}
_SHAPES = {
    "type_code": re.compile(r"[0-9A-Z]{21}"),
    "issuer": re.compile(r"[0-9A-Z]{18}"),
    "serial": re.compile(r"[0-9A-Z]{1,64}"),
    "version": re.compile(r"[0-9]{3}"),
}
_NAMES = {
    "type_code": ("证照类型代码", "21 characters 0-9A-Z"),
    "issuer": ("颁发机构代码", "18 characters 0-9A-Z"),
    "serial": ("流水号", "1 to 64 characters 0-9A-Z"),
    "version": ("版本号", "3 digits"),
}


class IdentifierErrorCode(enum.StrEnum):
    """Stable codes of what can be wrong with an identifier."""

    PART = "identifier.part"
    FORM = "identifier.form"
    CHECK = "identifier.check"


class IdentifierError(EngineError):
    """A text that is no licence identifier, or parts that make none."""


def check_character(body: str) -> str:
    """ISO 7064 hybrid MOD 37,36 over ``body``, characters 0-9A-Z.

    Raises:
        KeyError: another character.
    """
    remainder = 36
    for character in body:
        total = (remainder + _VALUE[character]) % 36 or 36
        remainder = 2 * total % 37
    return ALPHABET[(37 - remainder) % 36]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifier:
    """The parts of an identifier; refuses parts of the wrong form.

    Raises:
        IdentifierError: ``identifier.part``.
    """

    type_code: str
    issuer: str
    serial: str
    version: str = "001"

    def __post_init__(self) -> None:
        for name, shape in _SHAPES.items():
            if not shape.fullmatch(getattr(self, name)):
                zh, form = _NAMES[name]
                raise IdentifierError(
                    IdentifierErrorCode.PART, f"电子证照标识的{zh}不合规定（{form}）",
                    f"the {name} of the licence identifier must be {form}", part=name,
                )

    @property
    def check(self) -> str:
        """The check character."""
        return check_character(self.type_code + self.issuer + self.serial + self.version)

    def text(self) -> str:
        """The identifier as it is written, root and check character included."""
        return ".".join((ROOT, self.type_code, self.issuer, self.serial, self.version, self.check))

    @classmethod
    def parse(cls, text: str) -> Identifier:
        """Read an identifier; strict (capitals, no blanks, right check character).

        Raises:
            IdentifierError: ``identifier.form``, ``identifier.part`` or ``identifier.check``.
        """
        parts = text.removeprefix(ROOT + ".").split(".")
        if not text.startswith(ROOT + ".") or len(parts) != 5:
            raise IdentifierError(
                IdentifierErrorCode.FORM, f"不是电子证照标识，应为 {ROOT}.类型.机构.流水号.版本.校验位",
                f"this is no licence identifier: {ROOT}.TYPE.ISSUER.SERIAL.VERSION.CHECK is wanted",
            )
        found = cls(type_code=parts[0], issuer=parts[1], serial=parts[2], version=parts[3])
        if found.check != parts[4]:
            raise IdentifierError(
                IdentifierErrorCode.CHECK, "电子证照标识的校验位不符，请核对是否抄错",
                "the check character of the licence identifier does not fit; look for a slip in copying",
            )
        return found
