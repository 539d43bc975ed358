"""The page of publication: one static file, Chinese first, that needs no script, no font and no other server."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from certs.demo_pki import CHINA_TIME
from certs.status_list import SealState, StatusList
from certs.trust import STATUS_LIST
from registry.public_seals import PublicSeal
from registry.states import Phase

if TYPE_CHECKING:
    from jinja2 import Template

__all__ = ["draw_page"]

_WORDS: Final = {
    "in-use": ("在用", "in use"), "scheduled": ("待启用", "scheduled"), "made": ("尚未启用", "not in use"),
    "retired": ("已换发", "replaced"), "expired": ("已到期", "expired"), "suspended": ("停用", "suspended"),
    "lost": ("挂失", "reported lost"), "cancelled": ("注销", "cancelled"),
}
_STOPPED: Final = (SealState.LOST, SealState.SUSPENDED, SealState.CANCELLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One seal as it stands on the page."""

    seal: PublicSeal
    state: str                          # a key of _WORDS
    when: str

    @property
    def words(self) -> tuple[str, str]:
        """The state in Chinese and English."""
        return _WORDS[self.state]


def draw_page(seals: Sequence[PublicSeal], listed: StatusList, *, office: str, demo: bool) -> str:
    """Return the page (HTML).

    Args:
        seals: by organisation; listed: the list that is published with the page.
        office: who publishes; demo: whether the seals are a demonstration's.
    """
    rows = [_row(seal, listed.this_update) for seal in seals]
    counts = Counter(row.state for row in rows)
    signer = listed.signed.certificate
    return _template().render(
        rows=rows, stopped=[row for row in rows if row.seal.status.state in _STOPPED], office=office, demo=demo,
        counts=[(state, *words, counts[state]) for state, words in _WORDS.items() if counts[state]],
        organisations=len({seal.code for seal in seals}), sequence=listed.sequence, file=STATUS_LIST,
        published=_time(listed.this_update), until=_time(listed.next_update), signer=signer.subject_cn,
        fingerprint=_groups(signer.fingerprint))


def _row(seal: PublicSeal, now: datetime) -> _Row:
    status = seal.status
    state, since, until = status.state.value, status.since, status.until
    if status.awaiting(now):
        state = Phase.SCHEDULED.value
    elif status.state is SealState.RETIRED:
        state, since = ("expired" if until == seal.valid_end else "retired"), None
    elif status.state in _STOPPED:
        until = None
    when = (f"{_time(since)} 起" if since else "", f"至 {_time(until)}" if until else "")
    return _Row(seal=seal, state=state, when=" ".join(part for part in when if part))


def _time(moment: datetime) -> str:
    """A moment in China Standard Time, to the minute."""
    return moment.astimezone(CHINA_TIME).strftime("%Y-%m-%d %H:%M")


def _groups(digest: str) -> str:
    return " ".join(digest[place:place + 8] for place in range(0, len(digest), 8))


@functools.cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined  # slow to import, needed by publication alone

    text = files("registry").joinpath("page", "index.html").read_text(encoding="utf-8")
    return Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
                       keep_trailing_newline=True).from_string(text)
