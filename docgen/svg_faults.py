"""What is wrong with an artwork file: each fault once, all of them told by one error."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from docgen import markup

__all__ = ["Faults", "SvgError", "SvgErrorCode"]

_MAX_FAULTS = 20
_SAID = 3


class SvgErrorCode(enum.StrEnum):
    """Why a file cannot be artwork."""

    MALFORMED = "svg.malformed"
    UNSUPPORTED = "svg.unsupported"
    ACTIVE_CONTENT = "svg.active-content"
    TOO_LARGE = "svg.too-large"
    OUT_OF_RANGE = "svg.out-of-range"


class SvgError(markup.MarkupError):
    """An artwork file that cannot be drawn exactly as it stands.

    ``parts`` has an error for each of its faults, the first twenty of them; it is empty in an error of one fault.
    """

    parts: tuple[SvgError, ...] = ()


@dataclass(slots=True)
class Faults:
    """The faults of a file, each once, with the line of the first and how often it is there."""

    file: str
    found: dict[tuple[SvgErrorCode, str, str], list[int]] = field(default_factory=dict)

    def add(self, line: int, code: SvgErrorCode, zh: str, en: str) -> None:
        self.found.setdefault((code, zh, en), []).append(line)

    def fail(self, line: int, zh: str, en: str) -> SvgError:
        """The error for what cannot be read as XML."""
        return SvgError(SvgErrorCode.MALFORMED, zh, en, file=self.file, line=line)

    def tell(self, line: int, zh: str, en: str) -> None:
        """Take note of what XML may hold and artwork may not."""
        self.add(line, SvgErrorCode.MALFORMED, zh, en)

    def error(self) -> SvgError:
        """All of them as one error: that of the first, which says the next ones too."""
        told = [(lines[0], code, *_counted(zh, en, len(lines))) for (code, zh, en), lines in self.found.items()]
        parts = tuple(SvgError(code, zh, en, file=self.file, line=line) for line, code, zh, en in told[:_MAX_FAULTS])
        if len(parts) == 1:
            return parts[0]
        line, code, zh, en = told[0]
        for next_line, _, next_zh, next_en in told[1:_SAID]:
            zh, en = f"{zh}；第 {next_line} 行：{next_zh}", f"{en}; line {next_line}: {next_en}"
        if len(told) > _SAID:
            zh, en = f"{zh}；另有 {len(told) - _SAID} 种问题", f"{en}; and {len(told) - _SAID} more faults"
        made = SvgError(code, zh, en, file=self.file, line=line)
        made.parts = parts
        return made


def _counted(zh: str, en: str, count: int) -> tuple[str, str]:
    return (zh, en) if count == 1 else (f"{zh}（共 {count} 处）", f"{en} ({count} times)")
