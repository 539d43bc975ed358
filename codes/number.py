"""许可证编号 (licence numbers) by a pattern that is data: a row of parts, each with its own rule.

A pattern belongs to a licence kind (``layouts``), with the source that published it; a kind without a
published pattern has one that is marked provisional (decision 8).
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from codes.errors import EngineError
from codes.region import region

__all__ = ["NumberError", "NumberErrorCode", "NumberFault", "NumberPart", "NumberPattern", "PartRule"]

_NEAR_MISS = 3      # digits, and at most this many too few or too many: a slip, not a provisional number


class NumberErrorCode(enum.StrEnum):
    """Stable codes of faults in a licence number or in a pattern."""

    PROVISIONAL = "number.provisional"
    LENGTH = "number.length"
    DIGIT = "number.digit"
    CONSTANT = "number.constant"
    REGION = "number.region"
    YEAR = "number.year"
    SEQUENCE = "number.sequence"
    FORM = "number.form"
    PATTERN = "number.pattern"


class PartRule(enum.StrEnum):
    """What a part of a number may hold."""

    REGION = "region"           # GB/T 2260, six digits
    CONSTANT = "constant"       # one of ``values``
    YEAR = "year"               # four digits between ``minimum`` and ``maximum``
    SEQUENCE = "sequence"       # digits, counted from ``minimum``
    TEXT = "text"               # ideographs, letters A-Z, full-width brackets: the 机关代字 of a 文号


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberPart:
    """One part: its name as the seed has it, its rule, its length in characters.

    ``longest`` is more than ``length`` where the length varies: ``〔2025〕7号``, ``〔2025〕112号``.
    """

    name: str
    rule: PartRule
    length: int
    longest: int
    values: tuple[str, ...] = ()
    minimum: int = 0
    maximum: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberFault:
    """What is wrong with one part; ``part`` is empty when the whole number is meant."""

    code: NumberErrorCode
    part: str
    found: str
    zh: str
    en: str


class NumberError(EngineError):
    """A number that does not follow its pattern, or a pattern that makes no sense."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberPattern:
    """The parts of a licence number in their order.

    ``provisional`` marks a pattern for which no published source is known; ``source`` says where it is from.
    """

    parts: tuple[NumberPart, ...]
    source: str
    provisional: bool = False

    @property
    def names_region(self) -> bool:
        """Whether a number tells the place that allocated it; others may be given twice by two authorities."""
        return any(part.rule is PartRule.REGION for part in self.parts)

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> NumberPattern:
        """Build a pattern from a kind's data: ``source``, ``provisional``, ``parts``.

        Raises:
            NumberError: ``number.pattern``, the data make no pattern.
        """
        try:
            parts = tuple(_part(entry) for entry in data["parts"])
            pattern = cls(
                parts=parts, source=str(data["source"]), provisional=bool(data.get("provisional", False)),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise _bad_pattern(repr(error)) from error
        if not parts or not pattern.source:
            raise _bad_pattern("no parts, or no source")
        return pattern

    @property
    def length(self) -> int:
        """How many characters a number has at least."""
        return sum(part.length for part in self.parts)

    @property
    def longest(self) -> int:
        """How many characters a number has at most."""
        return sum(part.longest for part in self.parts)

    @property
    def form(self) -> str:
        """The form of a number for people: ``[机关代字 2–6位]〔[年度 4位]〕[顺序号 1–5位]号``."""
        return "".join(_form(part) for part in self.parts)

    def serial(self, number: str, names: Sequence[str]) -> str:
        """The named parts of ``number`` joined, sequences filled up with zeros to their longest.

        Raises:
            NumberError: the first fault that :meth:`check` finds.
            KeyError: no part has such a name.
        """
        pieces = self.split(number)
        longest = {part.name: part.longest for part in self.parts}
        return "".join(pieces[name].rjust(longest[name], "0") for name in names)

    def split(self, number: str) -> dict[str, str]:
        """The parts of ``number`` by name.

        Raises:
            NumberError: the first fault that :meth:`check` finds.
        """
        for fault in self.check(number):
            raise NumberError(fault.code, fault.zh, fault.en, part=fault.part)
        return {part.name: text for part, text in self._pieces(number)}

    def check(self, number: str) -> tuple[NumberFault, ...]:
        """Every fault of ``number``, part by part; an empty tuple when it is a final number.

        A text that is no row of digits of about the right length is named as a provisional number
        (seed 000 手册 3.1: free text at entry, replaced by the allocated number; R-000-02, R-000-04).
        """
        shape = self._shape_fault(number)
        if shape is not None:
            return (shape,)
        faults = (_check_part(part, text) for part, text in self._pieces(number))
        return tuple(fault for fault in faults if fault is not None)

    def _shape_fault(self, number: str) -> NumberFault | None:
        length = self.length
        digits = number.isascii() and number.isdigit()
        if not self._all_digits:
            if self._pieces(number):
                return None
            return NumberFault(
                code=NumberErrorCode.FORM, part="", found=number[:40],
                zh=f"编号“{number[:40]}”不符合本种证照的编号规则：{self.form}",
                en=f"the number “{number[:40]}” has not the form of this kind: {self.form}",
            )
        if len(number) == length:
            return None
        if digits and abs(len(number) - length) <= _NEAR_MISS:
            return NumberFault(
                code=NumberErrorCode.LENGTH, part="", found=number,
                zh=f"编号应为{length}位，现为{len(number)}位，请核对是否漏写或多写",
                en=f"the number must have {length} characters, not {len(number)}; is one lost or doubled?",
            )
        return NumberFault(
            code=NumberErrorCode.PROVISIONAL, part="", found=number[:20],
            zh=f"编号“{number[:20]}”是临时编号，不是统一配号的{length}位正式编号；"
               "取得正式编号并替换之前不得制证、签章",
            en=f"“{number[:20]}” is a provisional number, not the allocated number of {length} characters; "
               "replace it by the allocated one before issuing",
        )

    @property
    def _all_digits(self) -> bool:
        """Whether a number is a row of digits of one length."""
        return all(
            part.length == part.longest and part.rule is not PartRule.TEXT
            and all(value.isascii() and value.isdigit() for value in part.values)
            for part in self.parts)

    def _pieces(self, number: str) -> list[tuple[NumberPart, str]]:
        """The parts with their pieces of ``number``; empty when it has not their form."""
        if self._all_digits:
            pieces, start = [], 0
            for part in self.parts:
                pieces.append((part, number[start:start + part.length]))
                start += part.length
            return pieces
        found = re.fullmatch("".join(f"({_regex(part)})" for part in self.parts), number)
        return [] if found is None else list(zip(self.parts, found.groups(), strict=True))


_TEXT = "[A-Z\u4e00-\u9fff\u3400-\u4dbf（）]"


def _regex(part: NumberPart) -> str:
    """What the part looks like; whether the value is right is checked afterwards."""
    if part.rule is PartRule.CONSTANT:
        return "|".join(map(re.escape, part.values))
    each = _TEXT if part.rule is PartRule.TEXT else "[0-9]"
    return f"{each}{{{part.length},{part.longest}}}"


def _form(part: NumberPart) -> str:
    if part.rule is PartRule.CONSTANT:
        return part.values[0] if len(part.values) == 1 else f"[{'|'.join(part.values)}]"
    count = str(part.length) if part.length == part.longest else f"{part.length}–{part.longest}"
    return f"[{part.name} {count}位]"


def _part(entry: Mapping[str, Any]) -> NumberPart:
    rule = PartRule(entry["rule"])
    values = tuple(str(value) for value in entry.get("values", ()))
    maximum = entry.get("maximum")
    length = int(entry["length"])
    part = NumberPart(
        name=str(entry["name"]), rule=rule, length=length, longest=int(entry.get("longest", length)), values=values,
        minimum=int(entry.get("minimum", 0)), maximum=None if maximum is None else int(maximum),
    )
    varies = part.longest != length
    if not 1 <= length <= part.longest <= 30 or (rule is PartRule.REGION and length != 6):
        raise ValueError(f"length of {part.name}")
    if varies and rule not in (PartRule.SEQUENCE, PartRule.TEXT):
        raise ValueError(f"only a sequence or a text may vary in length, not {part.name}")
    if rule is PartRule.CONSTANT and (not values or any(len(value) != part.length for value in values)):
        raise ValueError(f"values of {part.name}")
    return part


def _bad_pattern(why: str) -> NumberError:
    return NumberError(
        NumberErrorCode.PATTERN, f"证照种类的编号规则有误：{why}",
        f"the number pattern of the kind is wrong: {why}",
    )


def _check_part(part: NumberPart, text: str) -> NumberFault | None:
    def fault(code: NumberErrorCode, zh: str, en: str) -> NumberFault:
        return NumberFault(
            code=code, part=part.name, found=text,
            zh=f"编号的“{part.name}”部分{zh}", en=f"the part “{part.name}” of the number {en}",
        )

    if part.rule is PartRule.CONSTANT:
        if text in part.values:
            return None
        return fault(
            NumberErrorCode.CONSTANT, f"应为{'或'.join(part.values)}，现为“{text}”",
            f"must be {' or '.join(part.values)}, not “{text}”",
        )
    if part.rule is PartRule.TEXT:
        return None
    if not (text.isascii() and text.isdigit()):
        return fault(
            NumberErrorCode.DIGIT, f"只能是半角数字，现为“{text}”", f"must be digits 0 to 9, not “{text}”",
        )
    if part.rule is PartRule.REGION:
        if region(text) is not None:
            return None
        return fault(
            NumberErrorCode.REGION, f"{text}不是GB/T 2260行政区划代码",
            f"is {text}, which is no GB/T 2260 region code",
        )
    value, top = int(text), part.maximum
    if part.longest > part.length and text.startswith("0"):
        return fault(NumberErrorCode.SEQUENCE, f"{text}不应以0开头", f"is {text} and must not begin with 0")
    if value >= part.minimum and (top is None or value <= top):
        return None
    upper = "" if top is None else f"–{top}"
    code = NumberErrorCode.YEAR if part.rule is PartRule.YEAR else NumberErrorCode.SEQUENCE
    bounds = f"{part.minimum:0{part.length}d}{upper}" if upper else f"≥ {part.minimum:0{part.length}d}"
    return fault(code, f"{text}超出范围（{bounds}）", f"is {text}, outside the range ({bounds})")
