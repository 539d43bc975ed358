"""Everything that is wrong with a record, told at once."""

from __future__ import annotations

from codes.errors import EngineError, Fault
from docgen.fault_codes import RecordCode
from docgen.fault_sentences import SENTENCES

__all__ = ["RecordError", "fault"]


class RecordError(EngineError):
    """A record that cannot become a licence; ``faults`` lists everything that is wrong, field by field."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        labels = list(dict.fromkeys(entry.field or "JSON" for entry in faults))
        zh, en = SENTENCES[RecordCode.INVALID]
        super().__init__(
            RecordCode.INVALID,
            zh.format(count=len(faults), labels="、".join(labels)),
            en.format(count=len(faults), labels=", ".join(labels)),
            count=str(len(faults)), codes=" ".join(dict.fromkeys(entry.code for entry in faults)),
        )
        self.faults = faults


def fault(code: RecordCode, field: str, **facts: object) -> Fault:
    """The fault with this code at this field; ``facts`` fill its sentences."""
    zh, en = SENTENCES[code]
    values = {"label": field, **facts}
    return Fault(field=field, code=code.value, zh=zh.format(**values), en=en.format(**values))
