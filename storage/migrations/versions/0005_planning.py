"""Who leads somebody is found in an index."""

from collections.abc import Sequence

from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_index("ix_people_led", "people", ["manager", "gone"])
    op.drop_index("ix_people_manager", table_name="people")


def downgrade() -> None:
    op.create_index("ix_people_manager", "people", ["manager"])
    op.drop_index("ix_people_led", table_name="people")
