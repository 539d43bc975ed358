"""The registry as first released.

Revision ID: 0001
"""

import sqlalchemy as sa
from alembic import op

from certs.audit import SQLITE_SCHEMA

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")

# PostgreSQL's counterpart of the triggers in certs.audit.SQLITE_SCHEMA.
_POSTGRESQL_GUARD = (
    """CREATE FUNCTION audit_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last record;
BEGIN
    IF TG_OP <> 'INSERT' THEN
        RAISE EXCEPTION 'the audit log is never changed';
    END IF;
    SELECT number, digest INTO last FROM audit ORDER BY number DESC LIMIT 1;
    IF NEW.number IS DISTINCT FROM coalesce(last.number, 0) + 1
            OR (last.number IS NOT NULL AND NEW.previous IS DISTINCT FROM last.digest) THEN
        RAISE EXCEPTION 'the audit log takes the next entry only';
    END IF;
    RETURN NEW;
END $$""",
    "CREATE TRIGGER audit_rows BEFORE INSERT OR UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_guard()",
    "CREATE TRIGGER audit_whole BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_guard()",
)


def upgrade() -> None:
    """Make all tables, and the guard of the audit log."""
    _make_persons()
    _make_seals()
    _make_acts()
    if op.get_bind().dialect.name == "sqlite":
        for statement in SQLITE_SCHEMA:
            op.get_bind().exec_driver_sql(statement)
        return
    op.create_table(
        "audit",
        sa.Column("number", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("facts", sa.Text, nullable=False),
        sa.Column("previous", sa.LargeBinary, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("number", name="audit_key"),
    )
    for statement in _POSTGRESQL_GUARD:
        op.get_bind().exec_driver_sql(statement)


def _make_persons() -> None:
    op.create_table(
        "meta",
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("key", name="meta_key"),
    )
    op.create_table(
        "actor",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("unit", sa.String(18), nullable=False),
        sa.Column("certificate", sa.LargeBinary, nullable=False),
        sa.Column("appointed_at", sa.String(24), nullable=False),
        sa.Column("dismissed_at", sa.String(24)),
        sa.PrimaryKeyConstraint("id", name="actor_key"),
    )
    op.create_index("actor_by_unit", "actor", ["unit"])
    op.create_table(
        "actor_role",
        sa.Column("number", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("region", sa.String(6), nullable=False),
        sa.Column("since", sa.String(24), nullable=False),
        sa.Column("until", sa.String(24)),
        sa.PrimaryKeyConstraint("number", name="actor_role_key"),
        sa.ForeignKeyConstraint(["actor"], ["actor.id"], name="actor_role_actor_known"),
    )
    op.create_index("actor_role_by_actor", "actor_role", ["actor"])
    op.create_index("actor_role_by_role", "actor_role", ["role"])


def _make_seals() -> None:
    persons = ("applicant", "county_reviewer", "upper_reviewer", "maker", "custodian")
    op.create_table(
        "organisation",
        sa.Column("code", sa.String(18), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("code", name="organisation_key"),
    )
    op.create_table(
        "seal",
        sa.Column("case", sa.String(16), nullable=False),
        sa.Column("organisation", sa.String(18), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("type", sa.String(16), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("seal_id", sa.Text),
        sa.Column("seal_der", sa.LargeBinary),
        sa.Column("signed_sm3", sa.String(64)),
        sa.Column("sealing_certificate", sa.LargeBinary),
        sa.Column("data_certificate", sa.LargeBinary),
        sa.Column("pdf_certificate", sa.LargeBinary),
        sa.Column("imprint", sa.LargeBinary, nullable=False),
        sa.Column("imprint_sm3", sa.String(64), nullable=False),
        sa.Column("diameter_mm", sa.Integer, nullable=False),
        sa.Column("documents", sa.JSON, nullable=False),
        sa.Column("applicant", sa.String(64), nullable=False),
        sa.Column("county_reviewer", sa.String(64)),
        sa.Column("upper_reviewer", sa.String(64)),
        sa.Column("maker", sa.String(64)),
        sa.Column("custodian", sa.String(64)),
        sa.Column("filing_number", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("applied_at", sa.String(24), nullable=False),
        sa.Column("made_at", sa.String(24)),
        sa.Column("valid_start", sa.String(24)),
        sa.Column("valid_end", sa.String(24)),
        sa.Column("in_use_from", sa.String(24)),
        sa.Column("in_use_until", sa.String(24)),
        sa.Column("predecessor", sa.String(16)),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("case", name="seal_key"),
        sa.UniqueConstraint("seal_id", name="seal_seal_id_once"),
        sa.ForeignKeyConstraint(["organisation"], ["organisation.code"], name="seal_organisation_known"),
        sa.ForeignKeyConstraint(["predecessor"], ["seal.case"], name="seal_predecessor_known"),
        *(sa.ForeignKeyConstraint([one], ["actor.id"], name=f"seal_{one}_known") for one in persons),
    )
    for column in ("organisation", "state", "valid_end", "predecessor"):
        op.create_index(f"seal_by_{column}", "seal", [column])


def _make_acts() -> None:
    op.create_table(
        "document",
        sa.Column("sm3", sa.String(64), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("sm3", name="document_key"),
    )
    op.create_table(
        "act",
        sa.Column("number", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("type", sa.String(32), nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("at", sa.String(24), nullable=False),
        sa.Column("statement", sa.LargeBinary, nullable=False),
        sa.Column("outcome", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("number", name="act_key"),
        sa.UniqueConstraint("digest", name="act_digest_once"),
        sa.ForeignKeyConstraint(["actor"], ["actor.id"], name="act_actor_known"),
    )
    op.create_index("act_by_subject", "act", ["subject"])
    op.create_table(
        "approval",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("seal_id", sa.Text, nullable=False),
        sa.Column("given", sa.LargeBinary, nullable=False),
        sa.Column("given_by", sa.String(64), nullable=False),
        sa.Column("given_at", sa.String(24), nullable=False),
        sa.Column("confirmed", sa.LargeBinary),
        sa.Column("confirmed_by", sa.String(64)),
        sa.Column("confirmed_at", sa.String(24)),
        sa.PrimaryKeyConstraint("id", name="approval_key"),
        sa.ForeignKeyConstraint(["given_by"], ["actor.id"], name="approval_given_by_known"),
        sa.ForeignKeyConstraint(["confirmed_by"], ["actor.id"], name="approval_confirmed_by_known"),
    )
    op.create_index("approval_by_seal_id", "approval", ["seal_id"])
