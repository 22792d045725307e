"""SQL of saved views: `app.saved_views`. Everybody sees and changes their own."""

from uuid import UUID

from backend.views.schemas import View
from warehouse.database import Statement, command, first_row, rows

MOST_VIEWS = 200


def views_of(account_id: UUID) -> Statement[list[View]]:
    """The views of an account, by name."""
    return rows(
        lambda *row: View(**dict(zip(View.model_fields, row, strict=True))),
        "select view_id, name, query, made_at from app.saved_views where account_id = %(account_id)s order by name",
        account_id=account_id,
    )


def save_view(account_id: UUID, name: str, query: str) -> Statement[View | None]:
    """Saves a view in place of one of the same name; None where the account has as many as it may."""
    return first_row(
        lambda *row: View(**dict(zip(View.model_fields, row, strict=True))),
        """
        insert into app.saved_views (account_id, name, query)
        select %(account_id)s, %(name)s, %(query)s
        where (select count(*) from app.saved_views where account_id = %(account_id)s and name <> %(name)s) < %(most)s
        on conflict (account_id, name) do update set query = excluded.query, made_at = now()
        returning view_id, name, query, made_at
        """,
        account_id=account_id,
        name=name,
        query=query,
        most=MOST_VIEWS,
    )


def drop_view(account_id: UUID, view_id: UUID) -> Statement[int]:
    """Deletes a view of an account; 0 where it has no such view."""
    return command(
        "delete from app.saved_views where account_id = %(account_id)s and view_id = %(view_id)s",
        account_id=account_id,
        view_id=view_id,
    )
