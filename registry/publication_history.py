"""What earlier publications said, held against the list that is about to be made: none of it is taken back.

A registry that comes back from a backup has forgotten the losses since. The lists that were published have not.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from certs.seal_status import SealState, SealStatus, join_stops
from certs.status_list import StatusList, name_seals
from registry.errors import RegistryError
from registry.words import state_zh

__all__ = ["HistoryCode", "Kept", "keep_published"]


class HistoryCode(enum.StrEnum):
    """The code of a refusal to take back what was published."""

    TAKEN_BACK = "publication.taken-back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The entries of a list, and which of them stand for seals that the registry does not know (any more)."""

    seals: Mapping[str, SealStatus]
    unknown: tuple[str, ...]


def keep_published(seals: Mapping[str, SealStatus], earlier: Sequence[StatusList], *, at: datetime) -> Kept:
    """Return the entries of the next list: what the registry says, and what was said for good before.

    A loss counts from the earliest moment that was published, an end of use likewise, and a suspension that was
    published was one, even where the registry knows nothing of it. A seal that the registry does not know stays in
    the list as lost, cancelled or retired; it must not be forgotten because its case was.

    Args:
        seals: by identifier, as the registry has them; earlier: genuine lists; at: the moment of publication.

    Raises:
        RegistryError: ``publication.taken-back``, the registry has in use again what was lost, cancelled or retired.
    """
    kept, unknown, back = dict(seals), set[str](), dict[str, SealState]()
    for listed in earlier:
        for seal_id, before in listed.seals.items():
            present = kept.get(seal_id)
            if present == before:
                continue
            if present is None or present.digest != before.digest:
                if before.for_good(listed.this_update) and seal_id not in unknown:
                    kept[seal_id] = before
                    unknown.add(seal_id)
            elif before.for_good(listed.this_update) and not _holds(before, present):
                back[seal_id] = before.state
            else:
                kept[seal_id] = _joined(present, before, listed.this_update, at)
    if back:
        ended = sorted(back.items())
        named_zh = name_seals([f"{seal_id}（{state_zh(state)}）" for seal_id, state in ended])
        named = name_seals([f"{seal_id} ({state})" for seal_id, state in ended])
        raise RegistryError(
            HistoryCode.TAKEN_BACK,
            f"已公示的列表载明下列印章已挂失、注销或换发，登记库中却仍可使用：{named_zh}。登记库可能来自旧备份，"
            "请先重新办理挂失、注销或换发，再公示",
            f"a published list says that these seals are lost, cancelled or retired, and the registry has them in use: "
            f"{named}. It may come from an old backup: record the loss, the cancelling or the renewal again, then "
            "publish", seals=named)
    return Kept(seals=kept, unknown=tuple(sorted(unknown)))


def _holds(before: SealStatus, present: SealStatus) -> bool:
    """Whether the registry, too, knows of an end: at which moment says the earlier list."""
    return present.state.is_final or (not before.state.is_final and present.until is not None)


def _joined(present: SealStatus, before: SealStatus, published: datetime, at: datetime) -> SealStatus:
    """Return what the registry says of a seal together with what was published at ``published``."""
    since, until, state = present.since, present.until, present.state
    if before.state.is_final and before.since is not None and since is not None:
        since = min(since, before.since)
    if before.until is not None and before.until <= published:
        until = before.until if until is None else min(until, before.until)
    if state is SealState.IN_USE and until is not None and until <= at:
        state = SealState.RETIRED
    stops = [*present.stops, *before.stops]
    if before.state is SealState.SUSPENDED and before.since is not None and not (
            state in (SealState.SUSPENDED, SealState.LOST, SealState.CANCELLED)
            and since is not None and since <= before.since):
        stops.append((before.since, published.replace(microsecond=0)))
    return replace(present, state=state, since=since, until=until, stops=join_stops(stops))
