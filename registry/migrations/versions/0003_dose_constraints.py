"""dose constraints"""

import sqlalchemy as sa
from alembic import op

from registry.tables import Key, UtcDateTime

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "dose_constraints",
        sa.Column("constraint_id", Key, autoincrement=True, nullable=False),
        sa.Column("establishment_key", Key, nullable=False),
        sa.Column("team", sa.String(length=120), nullable=False),
        sa.Column("limit_quantity", sa.String(length=20), nullable=False),
        sa.Column("level_usv", sa.BigInteger(), nullable=True),
        sa.Column("set_at", UtcDateTime(), nullable=False),
        sa.Column("account_id", Key, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name=op.f("fk_dose_constraints_account_id_accounts")
        ),
        sa.PrimaryKeyConstraint("constraint_id", name=op.f("pk_dose_constraints")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("dose_constraints", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_dose_constraints_establishment_key"), ["establishment_key"], unique=False)


def downgrade() -> None:
    op.drop_table("dose_constraints")
