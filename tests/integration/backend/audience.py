"""A list of users and their subscriptions, made by SQL, for tests of campaigns."""

from uuid import uuid4

from psycopg import Connection

FIRST_CHAT = 1_000_000


def make_users(connection: Connection[tuple[object, ...]], users: int) -> None:
    """`analytics.user_list` with users `u1` to `uN`, as the pipeline's login; none of them has a chat."""
    connection.execute("drop table if exists analytics.user_list")
    connection.execute(
        "create table analytics.user_list as"
        " select 'u' || n as user_id, current_date as as_of, date '2024-01-01' as first_seen_day,"
        " date '2024-01-01' + n %% 100 as last_active_day, n %% 5 as orders_total, n %% 1000 as purchase_amount_total,"
        " 'telegram' as main_source, n %% 3 as segment_id, 'segment ' || n %% 3 as segment,"
        " (n %% 100) / 100.0::double precision as purchase_probability,"
        " (n %% 1000)::double precision as expected_value,"
        " (n %% 50) / 50.0::double precision as churn_probability,"
        " (array['low', 'medium', 'high'])[n %% 3 + 1] as churn_risk from generate_series(1, %s::integer) as n",
        [users],
    )
    connection.execute("create index on analytics.user_list (segment)")
    connection.execute("analyze analytics.user_list")


def subscribe(connection: Connection[tuple[object, ...]], users: int, first: int = 1) -> None:
    """Chats with everybody from `u<first>` on, who want offers at any time and in any number."""
    connection.execute(
        "insert into app.subscriptions (user_id, chat_id, language, topics, quiet_from, quiet_until, most_a_day,"
        " most_a_week) select 'u' || n, %s + n, 'en', '{offers}', '00:00', '00:00', 1000, 1000"
        " from generate_series(%s::integer, %s) as n",
        [FIRST_CHAT, first, first + users - 1],
    )


def forget_campaigns(connection: Connection[tuple[object, ...]]) -> None:
    """As if nobody had ever been written to."""
    connection.execute(
        "truncate app.restorations, app.campaign_effects, app.campaigns, app.recipients, app.subscriptions,"
        " app.do_not_contact, app.user_lists, app.user_list_members, app.send_slots, app.global_control,"
        " app.global_control_uses, app.shop_settings, ml.excluded_users, ml.policies, ml.user_effects"
    )


def draft(**given: object) -> dict[str, object]:
    """A campaign to everybody, without a control group, unless something else is given."""
    return {
        "name": f"test {uuid4().hex[:8]}",
        "topic": "offers",
        "audience": {},
        "variants": [{"name": "plain", "texts": {"en": "Hello!", "ru": "Привет!"}}],
        "control_share": 0,
        **given,
    }
