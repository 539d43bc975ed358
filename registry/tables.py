"""The tables of the registry, the same in SQLite and PostgreSQL.

Moments are texts of one form (:mod:`certs.moments`), so that they compare alike everywhere; digests are lower-case
hexadecimal, but in the audit log, whose rows are those of :mod:`certs.audit`. The tables are made by the migrations
alone; a test sees that both say the same.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    Dialect,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Text,
    TypeDecorator,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from certs.moments import read_moment, write_moment

__all__ = [
    "Act", "Actor", "ActorRole", "Approval", "Audit", "Base", "Document", "Meta", "Moment", "Organisation", "Refused",
    "Seal",
]


class Moment(TypeDecorator[dt.datetime]):
    """An aware moment, stored as its text of 24 characters."""

    impl = String(24)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> str | None:
        """Write the moment."""
        del dialect
        return None if value is None else write_moment(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> dt.datetime | None:
        """Read the moment."""
        del dialect
        return None if value is None else read_moment(value)


_Number = BigInteger().with_variant(Integer, "sqlite")      # SQLite numbers rows by INTEGER alone


class Base(DeclarativeBase):
    """What all tables share."""

    metadata = MetaData(naming_convention={
        "ix": "%(table_name)s_by_%(column_0_name)s", "uq": "%(table_name)s_%(column_0_name)s_once",
        "fk": "%(table_name)s_%(column_0_name)s_known", "pk": "%(table_name)s_key",
    })
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text, bytes: LargeBinary, dt.datetime: Moment, dict[str, Any]: JSON,
    }


class Meta(Base):
    """What the registry knows of itself: ``registry`` (12 hexadecimal digits), ``log``, ``created``, ``home``."""

    __tablename__ = "meta"

    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


class Actor(Base):
    """A person with a personal certificate; ``id`` is the certificate's SM3, ``unit`` the USCC of the employer.

    A renewed certificate is another row; :func:`registry.actors.same_person` knows the person again.
    """

    __tablename__ = "actor"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str]
    unit: Mapped[str] = mapped_column(String(18), index=True)
    certificate: Mapped[bytes]
    appointed_at: Mapped[dt.datetime]
    dismissed_at: Mapped[dt.datetime | None]


class ActorRole(Base):
    """One role of an actor; ``region`` is six digits of GB/T 2260 for reviewers, else empty."""

    __tablename__ = "actor_role"

    number: Mapped[int] = mapped_column(_Number, primary_key=True, autoincrement=True)
    actor: Mapped[str] = mapped_column(ForeignKey("actor.id"), index=True)
    role: Mapped[str] = mapped_column(String(32), index=True)
    region: Mapped[str] = mapped_column(String(6))
    since: Mapped[dt.datetime]
    until: Mapped[dt.datetime | None]


class Organisation(Base):
    """An organisation that has, had or asked for a seal; ``code`` is its USCC."""

    __tablename__ = "organisation"

    code: Mapped[str] = mapped_column(String(18), primary_key=True)
    name: Mapped[str]


class Seal(Base):
    """One seal from its application on; ``case`` is its number in the registry (``S2026-000001``).

    ``seal_id`` and all that follows from making are NULL until it is made. ``documents`` maps titles to SM3.
    ``signed_sm3`` is the digest by which the status list names the seal (:func:`certs.status_list.seal_digest`).
    ``in_use_from`` and ``in_use_until`` bound its use where that is set. Persons are ids of :class:`Actor`.
    """

    __tablename__ = "seal"

    case: Mapped[str] = mapped_column(String(16), primary_key=True)
    organisation: Mapped[str] = mapped_column(ForeignKey("organisation.code"), index=True)
    name: Mapped[str]
    type: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(32), index=True)
    seal_id: Mapped[str | None] = mapped_column(unique=True)
    seal_der: Mapped[bytes | None] = mapped_column(deferred=True)
    signed_sm3: Mapped[str | None] = mapped_column(String(64))
    sealing_certificate: Mapped[bytes | None] = mapped_column(deferred=True)
    data_certificate: Mapped[bytes | None] = mapped_column(deferred=True)
    pdf_certificate: Mapped[bytes | None] = mapped_column(deferred=True)
    imprint: Mapped[bytes] = mapped_column(deferred=True)
    imprint_sm3: Mapped[str] = mapped_column(String(64))
    diameter_mm: Mapped[int]
    documents: Mapped[dict[str, Any]]
    applicant: Mapped[str] = mapped_column(ForeignKey("actor.id"))
    county_reviewer: Mapped[str | None] = mapped_column(ForeignKey("actor.id"))
    upper_reviewer: Mapped[str | None] = mapped_column(ForeignKey("actor.id"))
    maker: Mapped[str | None] = mapped_column(ForeignKey("actor.id"))
    custodian: Mapped[str | None] = mapped_column(ForeignKey("actor.id"))
    filing_number: Mapped[str | None]
    reason: Mapped[str | None]
    applied_at: Mapped[dt.datetime]
    made_at: Mapped[dt.datetime | None]
    valid_start: Mapped[dt.datetime | None]
    valid_end: Mapped[dt.datetime | None] = mapped_column(index=True)
    in_use_from: Mapped[dt.datetime | None]
    in_use_until: Mapped[dt.datetime | None]
    predecessor: Mapped[str | None] = mapped_column(ForeignKey("seal.case"), index=True)
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  (as the mapper declares it)


class Document(Base):
    """A document that was given with an act, once for each content."""

    __tablename__ = "document"

    sm3: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str]
    data: Mapped[bytes] = mapped_column(deferred=True)


class Act(Base):
    """A signed statement that was performed, with what came of it; ``digest`` is the SM3 of its content."""

    __tablename__ = "act"

    number: Mapped[int] = mapped_column(_Number, primary_key=True, autoincrement=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    type: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(index=True)
    actor: Mapped[str] = mapped_column(ForeignKey("actor.id"))
    at: Mapped[dt.datetime]
    statement: Mapped[bytes] = mapped_column(deferred=True)
    outcome: Mapped[dict[str, Any]]


class Refused(Base):
    """A statement that was refused, by the SM3 of its content and of its signer's certificate; it stays refused."""

    __tablename__ = "refused"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    certificate: Mapped[str] = mapped_column(String(64), primary_key=True)


class Approval(Base):
    """An approval of sealing (用印审批), given by one person and, from then on in force, confirmed by another.

    Who withdrew it and why is in :class:`Act`.
    """

    __tablename__ = "approval"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    seal_id: Mapped[str] = mapped_column(index=True)
    given: Mapped[bytes]
    given_by: Mapped[str] = mapped_column(ForeignKey("actor.id"))
    given_at: Mapped[dt.datetime]
    confirmed: Mapped[bytes | None]
    confirmed_by: Mapped[str | None] = mapped_column(ForeignKey("actor.id"))
    confirmed_at: Mapped[dt.datetime | None]
    withdrawn_at: Mapped[dt.datetime | None]


class Audit(Base):
    """One entry of the audit log, in the columns of :mod:`certs.audit`."""

    __tablename__ = "audit"

    number: Mapped[int] = mapped_column(_Number, primary_key=True, autoincrement=False)
    at: Mapped[str]
    event: Mapped[str]
    facts: Mapped[str]
    previous: Mapped[bytes]
    digest: Mapped[bytes]
