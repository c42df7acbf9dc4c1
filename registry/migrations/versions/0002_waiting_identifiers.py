"""waiting identifiers"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "waiting_identifiers",
        sa.Column("delivery_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("row_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("identifier_mac", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("delivery_no", "row_no", name=op.f("pk_waiting_identifiers")),
    )
    with op.batch_alter_table("waiting_identifiers", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_waiting_identifiers_identifier_mac"), ["identifier_mac"], unique=False)


def downgrade() -> None:
    op.drop_table("waiting_identifiers")
