# Written by `make openapi`; do not edit.
"""What the API can be asked: one function an operation, which the clients have as their method.

The first parameter of each is the client, so that `help` shows the signature of the client's method. A parameter
that is left out has the API's default.
"""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import SecretStr

from api_client import models
from api_client.call import Call, key_or_new, path_of, read_bytes, read_json, read_nothing


def add_list_members(_client: object, list_id: UUID, body: models.MoreMembers) -> Call[models.Addition]:
    """Add users to a list.

    Who is on it already, or was erased, is left out.
    """
    return Call(
        "POST",
        path_of("/user-lists/{list_id}/members", list_id=list_id),
        read_json(models.Addition),
        body=body,
        is_repeatable=False,
    )


def allow_contact(_client: object, user_id: str) -> Call[models.SubscriptionAnswer]:
    """Allow messages to a user again.

    What the user has chosen holds again.
    """
    return Call(
        "DELETE", path_of("/users/{user_id}/do-not-contact", user_id=user_id), read_json(models.SubscriptionAnswer)
    )


def approve_campaign(_client: object, campaign_id: UUID) -> Call[models.CampaignStatus]:
    """Approve a campaign as it is.

    Changing it afterwards ends the approval.
    """
    return Call(
        "POST",
        path_of("/campaigns/{campaign_id}/approve", campaign_id=campaign_id),
        read_json(models.CampaignStatus),
        is_repeatable=False,
    )


def approve_trigger(_client: object, trigger_id: UUID) -> Call[models.TriggerStatus]:
    """Approve a trigger as it is.

    Changing it afterwards ends the approval.
    """
    return Call(
        "POST",
        path_of("/triggers/{trigger_id}/approve", trigger_id=trigger_id),
        read_json(models.TriggerStatus),
        is_repeatable=False,
    )


def ask_what_if(
    _client: object, user_id: str, model: Literal["purchase", "churn"], body: models.Changes
) -> Call[models.WhatIf]:
    """What the model would say with other values.

    The model's response, and not the effect of doing something: that is what campaigns measure.
    """
    return Call(
        "POST",
        path_of("/users/{user_id}/what-if/{model}", user_id=user_id, model=model),
        read_json(models.WhatIf),
        body=body,
        is_repeatable=False,
    )


def browser_login(_client: object, body: models.Login) -> Call[models.AccessToken]:
    """Sign in from a page.

    As `/auth/login`, but the refresh token is set as a cookie.
    """
    return Call("POST", "/auth/browser/login", read_json(models.AccessToken), body=body, is_repeatable=False)


def browser_logout(
    _client: object, body: models.Nothing, *, customer_analyzer_refresh: str | None = None
) -> Call[None]:
    """End the session of a page.

    As `/auth/logout`, with the cookie, which is cleared. Send `{}`.

    customer_analyzer_refresh: set by these routes
    """
    return Call("POST", "/auth/browser/logout", read_nothing, body=body, is_repeatable=False)


def browser_mini_app(_client: object, body: models.MiniApp) -> Call[models.AccessToken]:
    """Sign in from the dashboard opened inside Telegram.

    As `/auth/telegram/mini-app`, but the refresh token is set as a cookie.
    """
    return Call(
        "POST", "/auth/browser/telegram/mini-app", read_json(models.AccessToken), body=body, is_repeatable=False
    )


def browser_refresh(
    _client: object, body: models.Nothing, *, customer_analyzer_refresh: str | None = None
) -> Call[models.AccessToken]:
    """A new access token for a page.

    As `/auth/refresh`, with the cookie. Send `{}`. Pages that refresh at the same moment get the same token.

    customer_analyzer_refresh: set by these routes
    """
    return Call("POST", "/auth/browser/refresh", read_json(models.AccessToken), body=body, is_repeatable=False)


def browser_telegram_complete(
    _client: object, body: models.ReturnedCode, *, customer_analyzer_telegram: str | None = None
) -> Call[models.AccessToken]:
    """Sign in with what Telegram's page sent back.

    As `/auth/telegram/complete`, but the refresh token is set as a cookie.

    customer_analyzer_telegram: set by `start` or `visit`
    """
    return Call(
        "POST", "/auth/browser/telegram/complete", read_json(models.AccessToken), body=body, is_repeatable=False
    )


def browser_telegram_confirm(
    _client: object, body: models.ReturnedCode, *, customer_analyzer_telegram: str | None = None
) -> Call[None]:
    """Link or prove with what Telegram's page sent back.

    By the session that began the visit, which said what it was for.

    customer_analyzer_telegram: set by `start` or `visit`
    """
    return Call("POST", "/auth/browser/telegram/confirm", read_nothing, body=body, is_repeatable=False)


def browser_telegram_start(_client: object, body: models.Nothing) -> Call[models.TelegramVisit]:
    """Begin to sign in at Telegram's page.

    Send `{}`. What proves who began is set as a cookie.
    """
    return Call("POST", "/auth/browser/telegram/start", read_json(models.TelegramVisit), body=body, is_repeatable=False)


def browser_telegram_visit(_client: object, body: models.Purpose) -> Call[models.TelegramVisit]:
    """Go to Telegram's page while signed in.

    To link the Telegram user who confirms there, which needs a fresh proof; or as a proof.
    """
    return Call("POST", "/auth/browser/telegram/visit", read_json(models.TelegramVisit), body=body, is_repeatable=False)


def cancel_campaign(_client: object, campaign_id: UUID) -> Call[models.CampaignStatus]:
    """End a campaign for good.

    Who is still queued is not written to.
    """
    return Call(
        "POST",
        path_of("/campaigns/{campaign_id}/cancel", campaign_id=campaign_id),
        read_json(models.CampaignStatus),
        is_repeatable=False,
    )


def cancel_trigger(_client: object, trigger_id: UUID) -> Call[models.TriggerStatus]:
    """Turn a trigger off for good.

    Who is still queued is not written to.
    """
    return Call(
        "POST",
        path_of("/triggers/{trigger_id}/cancel", trigger_id=trigger_id),
        read_json(models.TriggerStatus),
        is_repeatable=False,
    )


def change_account(_client: object, account_id: UUID, body: models.AccountChange) -> Call[models.AccountAnswer]:
    """Change an account.

    Keys that the account made lose what its role may not do. The last admin stays one.
    """
    return Call(
        "PATCH", path_of("/accounts/{account_id}", account_id=account_id), read_json(models.AccountAnswer), body=body
    )


def change_campaign(_client: object, campaign_id: UUID, body: models.NewCampaign) -> Call[models.CampaignStatus]:
    """Change a campaign that has not begun.

    It is a draft again, because something else was approved.
    """
    return Call(
        "PUT", path_of("/campaigns/{campaign_id}", campaign_id=campaign_id), read_json(models.CampaignStatus), body=body
    )


def change_contact_rules(_client: object, body: models.ShopChange) -> Call[models.ShopSettings]:
    """Change settings of the shop.

    They count within two seconds, without a restart. 409: somebody else has changed them since you looked.

    Another currency changes what pages show, at the newest rate, and nothing else: amounts stay in the base
    currency, as do reports, filters, files, models, and effects of campaigns.
    """
    return Call("PATCH", "/contact-rules", read_json(models.ShopSettings), body=body)


def change_password(_client: object, body: models.NewPassword) -> Call[None]:
    """Change my password.

    Ends all my sessions, this one too: sign in again.
    """
    return Call("POST", "/auth/password", read_nothing, body=body, is_repeatable=False)


def change_subscription(
    _client: object, user_id: str, body: models.SubscriptionChange
) -> Call[models.SubscriptionAnswer]:
    """What a user says about messages.

    The bot registers the chat with this, and passes on what the user chooses. Each change is an event.
    """
    return Call(
        "PATCH",
        path_of("/users/{user_id}/subscription", user_id=user_id),
        read_json(models.SubscriptionAnswer),
        body=body,
    )


def change_trigger(_client: object, trigger_id: UUID, body: models.NewTrigger) -> Call[models.TriggerStatus]:
    """Change a trigger that has not begun.

    It is a draft again, because something else was approved.
    """
    return Call(
        "PUT", path_of("/triggers/{trigger_id}", trigger_id=trigger_id), read_json(models.TriggerStatus), body=body
    )


def clone_campaign(_client: object, campaign_id: UUID) -> Call[models.CampaignStatus]:
    """Make a draft like a campaign.

    The arms are drawn anew.
    """
    return Call(
        "POST",
        path_of("/campaigns/{campaign_id}/clone", campaign_id=campaign_id),
        read_json(models.CampaignStatus),
        is_repeatable=False,
    )


def complete_telegram(_client: object, body: models.TelegramCode) -> Call[models.Tokens]:
    """Sign in with what Telegram's page sent back.

    Takes the `code` once, from whoever has the `binding`.
    """
    return Call("POST", "/auth/telegram/complete", read_json(models.Tokens), body=body, is_repeatable=False)


def count_audience(_client: object, body: models.Audience) -> Call[models.AudienceCount]:
    """How many users an audience has.

    Before anybody is left out; a campaign's preview says who can be reached.
    """
    return Call("POST", "/audiences/count", read_json(models.AudienceCount), body=body, is_repeatable=False)


def delete_account(_client: object, account_id: UUID) -> Call[None]:
    """Delete an account.

    Its sessions end and its keys are revoked. The audit log keeps its name.
    """
    return Call("DELETE", path_of("/accounts/{account_id}", account_id=account_id), read_nothing)


def delete_import(_client: object, upload_id: UUID) -> Call[None]:
    """Delete an uploaded file.

    Events that were imported from it stay.
    """
    return Call("DELETE", path_of("/imports/{upload_id}", upload_id=upload_id), read_nothing)


def delete_push_device(_client: object, subscription_id: UUID) -> Call[None]:
    """Tell a device nothing more.

    One of mine.
    """
    return Call("DELETE", path_of("/push/devices/{subscription_id}", subscription_id=subscription_id), read_nothing)


def delete_user_list(_client: object, list_id: UUID) -> Call[None]:
    """Delete a list of users.

    Campaigns that were sent to it keep their recipients. One that is still to begin would reach nobody.
    """
    return Call("DELETE", path_of("/user-lists/{list_id}", list_id=list_id), read_nothing)


def delete_view(_client: object, view_id: UUID) -> Call[None]:
    """Delete a view of mine.

    Views of others are not found.
    """
    return Call("DELETE", path_of("/views/{view_id}", view_id=view_id), read_nothing)


def drop_list_member(_client: object, list_id: UUID, user_id: str) -> Call[models.UserListAnswer]:
    """Take a user off a list.

    Under any id of the person. A user who is not on it stays off it.
    """
    return Call(
        "DELETE",
        path_of("/user-lists/{list_id}/members/{user_id}", list_id=list_id, user_id=user_id),
        read_json(models.UserListAnswer),
    )


def end_other_sessions(_client: object) -> Call[None]:
    """End all my other sessions.

    The session that asks stays.
    """
    return Call("DELETE", "/auth/sessions", read_nothing)


def end_policy(_client: object) -> Call[models.PolicyList]:
    """Take the policy in use out of use.

    Campaigns draw users by chance again.
    """
    return Call("POST", "/policies/end", read_json(models.PolicyList), is_repeatable=False)


def end_session(_client: object, session_id: UUID) -> Call[None]:
    """End one of my sessions.

    It is refused within seconds.
    """
    return Call("DELETE", path_of("/auth/sessions/{session_id}", session_id=session_id), read_nothing)


def forbid_contact(_client: object, user_id: str, body: models.Prohibition) -> Call[models.SubscriptionAnswer]:
    """Forbid all messages to a user.

    It goes for all ids of the person, whatever the subscription says, and for transactional messages too.
    """
    return Call(
        "PUT",
        path_of("/users/{user_id}/do-not-contact", user_id=user_id),
        read_json(models.SubscriptionAnswer),
        body=body,
    )


def get_account(_client: object, account_id: UUID) -> Call[models.AccountAnswer]:
    """One account.

    Without its password.
    """
    return Call("GET", path_of("/accounts/{account_id}", account_id=account_id), read_json(models.AccountAnswer))


def get_alerts(_client: object, *, limit: int | None = None) -> Call[models.AlertList]:
    """What is wrong with the platform, and lately was.

    Alerts that fire, then those of the last 30 days. Empty where nothing watches the platform.
    """
    return Call("GET", "/alerts", read_json(models.AlertList), query={"limit": limit})


def get_attention(_client: object) -> Call[models.AttentionReport]:
    """What needs a look today, the most urgent first.

    Counted now, and not kept.
    """
    return Call("GET", "/analytics/attention", read_json(models.AttentionReport))


def get_audience_numbers(_client: object) -> Call[list[models.AudienceNumber]]:
    """What a rule of an audience may compare.

    Scores, then the features of the catalogue, family by family.
    """
    return Call("GET", "/audiences/numbers", read_json(list[models.AudienceNumber]))


def get_audit(
    _client: object,
    *,
    before: int | None = None,
    limit: int | None = None,
    actor: str | None = None,
    action: str | None = None,
    subject: str | None = None,
    user_id: str | None = None,
) -> Call[models.AuditPage]:
    """Who did what, newest first.

    Looking at the log is recorded too.

    before: rows with a smaller number
    limit: how many
    actor: such as `account:<uuid>`, `key:7`, `cli`
    action: such as `account:change`
    subject: such as `account:<uuid>`
    user_id: looks at this user, who is named by a hash
    """
    return Call(
        "GET",
        "/audit",
        read_json(models.AuditPage),
        query={
            "before": before,
            "limit": limit,
            "actor": actor,
            "action": action,
            "subject": subject,
            "user_id": user_id,
        },
    )


def get_campaign(_client: object, campaign_id: UUID) -> Call[models.CampaignStatus]:
    """A campaign, and how far it is.

    Its numbers add up: `selected` is the sum of all others.
    """
    return Call("GET", path_of("/campaigns/{campaign_id}", campaign_id=campaign_id), read_json(models.CampaignStatus))


def get_campaign_effect(
    _client: object, campaign_id: UUID, *, window_days: int | None = None, beside: str | None = None
) -> Call[models.EffectAnswer]:
    """What a campaign or trigger did, beside its control group.

    Buyers, orders and revenue, day by day. Look as often as you like: the bounds hold on all days together.

    window_days: outcomes of so many days after the campaign count; decide before you look
    beside: the arm that others are compared with; decide before you look; null: the control group, or the first
        variant where nobody is held out
    """
    return Call(
        "GET",
        path_of("/campaigns/{campaign_id}/effect", campaign_id=campaign_id),
        read_json(models.EffectAnswer),
        query={"window_days": window_days, "beside": beside},
    )


def get_campaign_scorecard(_client: object) -> Call[models.CampaignScorecard]:
    """The scorecard of campaigns: what each did, as last measured.

    The newest fifty campaigns that had a control group.
    """
    return Call("GET", "/analytics/campaigns", read_json(models.CampaignScorecard))


def get_campaigns(_client: object, *, limit: int | None = None, cursor: str | None = None) -> Call[models.CampaignPage]:
    """A page of campaigns, newest first.

    Without numbers; `GET /campaigns/{campaign_id}` has them.

    limit: entries a page
    cursor: the `next_cursor` of the page before; none: the first
    """
    return Call("GET", "/campaigns", read_json(models.CampaignPage), query={"limit": limit, "cursor": cursor})


def get_contact_rules(_client: object) -> Call[models.ShopSettings]:
    """Caps, quiet hours, time zone and currency of the shop.

    Caps and hours hold for users who have chosen nothing of their own.
    """
    return Call("GET", "/contact-rules", read_json(models.ShopSettings))


def get_dashboard(
    _client: object,
    *,
    time_zone: str | None = None,
    week_starts_on: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] | None = None,
    first_day: date | None = None,
    last_day: date | None = None,
) -> Call[models.Dashboard]:
    """What a day begins with: figures, days, segments, risks, models.

    The last 30 days known, beside the 30 before, and what the services said of their models seconds ago.

    time_zone: IANA name, as in `Europe/Moscow`
    first_day: default: as many periods as fit a page
    last_day: this day is included; default: the last one known
    """
    return Call(
        "GET",
        "/analytics/dashboard",
        read_json(models.Dashboard),
        query={"time_zone": time_zone, "week_starts_on": week_starts_on, "first_day": first_day, "last_day": last_day},
    )


def get_data_health(_client: object) -> Call[models.DataHealth]:
    """Data: freshness, imports, what was held back and why.

    As recorded up to now. Uploads are for whoever has `imports:manage`.
    """
    return Call("GET", "/analytics/data-health", read_json(models.DataHealth))


def get_data_job(_client: object, job_id: UUID) -> Call[models.DataJob]:
    """How a rehearsal, an import or a repair is.

    Ask again until it is done or failed.
    """
    return Call("GET", path_of("/data-jobs/{job_id}", job_id=job_id), read_json(models.DataJob))


def get_feedback(
    _client: object,
    *,
    is_answered: bool | None = None,
    most_stars: int | None = None,
    limit: int | None = None,
    cursor: str | None = None,
) -> Call[models.FeedbackPage]:
    """The inbox: what users say, newest first.

    With the answers and how sending them went.

    is_answered: only with, or only without an answer
    most_stars: only with so many stars or fewer
    limit: entries a page
    cursor: the `next_cursor` of the page before
    """
    return Call(
        "GET",
        "/feedback",
        read_json(models.FeedbackPage),
        query={"is_answered": is_answered, "most_stars": most_stars, "limit": limit, "cursor": cursor},
    )


def get_funnel(
    _client: object,
    *,
    time_zone: str | None = None,
    week_starts_on: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] | None = None,
    first_day: date | None = None,
    last_day: date | None = None,
    period: Literal["day", "week", "month"] | None = None,
) -> Call[models.FunnelReport]:
    """How many users came how far, from a view to an order.

    Different users of each period, and of the whole range.

    time_zone: IANA name, as in `Europe/Moscow`
    first_day: default: as many periods as fit a page
    last_day: this day is included; default: the last one known
    """
    return Call(
        "GET",
        "/analytics/funnel",
        read_json(models.FunnelReport),
        query={
            "time_zone": time_zone,
            "week_starts_on": week_starts_on,
            "first_day": first_day,
            "last_day": last_day,
            "period": period,
        },
    )


def get_global_control(_client: object) -> Call[models.GlobalControlAnswer]:
    """The users whom no campaign reaches: how many, since when.

    And which campaigns use the group now.
    """
    return Call("GET", "/experiments/global-control", read_json(models.GlobalControlAnswer))


def get_holdout(_client: object) -> Call[models.HoldoutAnswer]:
    """What all campaigns together did, beside the global control group.

    Per user since the group began, as of the last run. Look as often as you like.
    """
    return Call("GET", "/experiments/holdout", read_json(models.HoldoutAnswer))


def get_import(_client: object, upload_id: UUID) -> Call[models.Upload]:
    """An uploaded file, and what was done with it.

    While a job runs, its progress is here.
    """
    return Call("GET", path_of("/imports/{upload_id}", upload_id=upload_id), read_json(models.Upload))


def get_imports(_client: object) -> Call[models.Uploads]:
    """The newest uploaded files, and what was done with them.

    Files that were imported on the command line are in `GET /analytics/data-health`.
    """
    return Call("GET", "/imports", read_json(models.Uploads))


def get_job(_client: object, job_id: UUID) -> Call[models.Job]:
    """How a job is.

    Ask again until it is done or failed.
    """
    return Call("GET", path_of("/jobs/{job_id}", job_id=job_id), read_json(models.Job))


def get_job_export(_client: object, job_id: UUID) -> Call[bytes]:
    """The text of an export that is done.

    JSON: the user's ids and, by table, all rows about the user.
    """
    return Call("GET", path_of("/jobs/{job_id}/export", job_id=job_id), read_bytes)


def get_levers(_client: object, user_id: str, model: Literal["purchase", "churn"]) -> Call[models.Levers]:
    """What can be tried on a user's features.

    Features that the model reads and someone can act on, each within what has been seen of any user.
    """
    return Call(
        "GET", path_of("/users/{user_id}/what-if/{model}", user_id=user_id, model=model), read_json(models.Levers)
    )


def get_model_change(_client: object, change_id: UUID) -> Call[models.ModelChange]:
    """How a promotion or rollback is.

    Ask again until it is done, refused or failed.
    """
    return Call("GET", path_of("/models/changes/{change_id}", change_id=change_id), read_json(models.ModelChange))


def get_model_versions(_client: object) -> Call[models.ModelsAnswer]:
    """Champion beside challenger: figures, verdicts, curves, backtests.

    As the pipeline published them; `GET /analytics/models` has what came true since.
    """
    return Call("GET", "/models", read_json(models.ModelsAnswer))


def get_models(_client: object) -> Call[models.ModelsReport]:
    """Models: versions, changes of champions, scorecard, calibration, drift.

    As recorded by the pipeline up to now; `GET /analytics/dashboard` says which services are up.
    """
    return Call("GET", "/analytics/models", read_json(models.ModelsReport))


def get_notices(_client: object, *, before: int | None = None, limit: int | None = None) -> Call[models.NoticePage]:
    """What happened, newest first.

    Ends of runs, confirmed drift and early warnings; jobs for who may read users. Kept for seven days.

    The WebSocket at the same path tells them as they happen; docs/api.md has the messages.

    before: notices with a smaller number
    limit: how many
    """
    return Call("GET", "/notices", read_json(models.NoticePage), query={"before": before, "limit": limit})


def get_plan(
    _client: object,
    *,
    base: float | None = None,
    effect: float | None = None,
    users: int | None = None,
    control_share: float | None = None,
    variants: int | None = None,
    window_days: int | None = None,
    users_a_week: int | None = None,
) -> Call[models.PlanAnswer]:
    """How many users and weeks an effect takes, or what so many users can show.

    An effect is found with a probability of 80 %, by intervals that hold however often you look.

    base: of users without a message, the share that buys
    effect: the effect to find, on that share
    users: of all arms
    control_share: held out by chance
    window_days: purchases of so many days count
    users_a_week: how many users are drawn
    """
    return Call(
        "GET",
        "/experiments/plan",
        read_json(models.PlanAnswer),
        query={
            "base": base,
            "effect": effect,
            "users": users,
            "control_share": control_share,
            "variants": variants,
            "window_days": window_days,
            "users_a_week": users_a_week,
        },
    )


def get_policies(_client: object) -> Call[models.PolicyList]:
    """Whom to treat: the policies that were learned, and the one in use.

    The newest fifty. The newest one is in use if it is better than every constant choice.
    """
    return Call("GET", "/policies", read_json(models.PolicyList))


def get_policy(_client: object, policy_id: int) -> Call[models.PolicyReport]:
    """A policy, and how it was judged.

    On decisions that it had not seen.
    """
    return Call("GET", path_of("/policies/{policy_id}", policy_id=policy_id), read_json(models.PolicyReport))


def get_push(_client: object) -> Call[models.Push]:
    """My devices, and what they can be told.

    With the key that a browser needs to subscribe.
    """
    return Call("GET", "/push", read_json(models.Push))


def get_quarantine(
    _client: object,
    *,
    reason: str | None = None,
    waits_for: str | None = None,
    import_id: int | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Call[models.HeldRows]:
    """A page of rows that are held back.

    Each whole, as it came, and as the event that it would be.

    reason: held for this reason, word by word
    waits_for: that wait for a rate of this currency
    cursor: `next_cursor` of the page before
    limit: how many
    """
    return Call(
        "GET",
        "/quarantine",
        read_json(models.HeldRows),
        query={"reason": reason, "waits_for": waits_for, "import_id": import_id, "cursor": cursor, "limit": limit},
    )


def get_quarantine_reasons(_client: object) -> Call[models.HeldReasons]:
    """Why rows are held back.

    Counts, and no row.
    """
    return Call("GET", "/quarantine/reasons", read_json(models.HeldReasons))


def get_quarantined_row(_client: object, quarantine_id: UUID) -> Call[models.HeldRow]:
    """One row that is held back, or was until it was repaired.

    Whole, as it came.
    """
    return Call("GET", path_of("/quarantine/{quarantine_id}", quarantine_id=quarantine_id), read_json(models.HeldRow))


def get_recipients(
    _client: object,
    campaign_id: UUID,
    *,
    limit: int | None = None,
    cursor: str | None = None,
    state: Literal[
        "control",
        "left_alone",
        "opted_out",
        "unreachable",
        "queued",
        "sending",
        "capped",
        "sent",
        "failed",
        "unknown",
        "cancelled",
    ]
    | None = None,
) -> Call[models.RecipientPage]:
    """The people behind a number.

    By user; of one state where one is named.

    limit: entries a page
    cursor: the `next_cursor` of the page before; none: the first
    state: only these; all others add up to `selected`
    """
    return Call(
        "GET",
        path_of("/campaigns/{campaign_id}/recipients", campaign_id=campaign_id),
        read_json(models.RecipientPage),
        query={"limit": limit, "cursor": cursor, "state": state},
    )


def get_repaired(_client: object) -> Call[models.RepairedRows]:
    """The rows that were repaired last.

    Each as it came, with what was changed, by whom, and the event that it became.
    """
    return Call("GET", "/quarantine/repaired", read_json(models.RepairedRows))


def get_retention(
    _client: object,
    *,
    time_zone: str | None = None,
    week_starts_on: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] | None = None,
    first_day: date | None = None,
    last_day: date | None = None,
) -> Call[models.RetentionReport]:
    """Who came back, by the week of the first event.

    Cohorts of the weeks of the range, each with every week since.

    time_zone: IANA name, as in `Europe/Moscow`
    first_day: default: as many periods as fit a page
    last_day: this day is included; default: the last one known
    """
    return Call(
        "GET",
        "/analytics/retention",
        read_json(models.RetentionReport),
        query={"time_zone": time_zone, "week_starts_on": week_starts_on, "first_day": first_day, "last_day": last_day},
    )


def get_revenue(
    _client: object,
    *,
    time_zone: str | None = None,
    week_starts_on: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] | None = None,
    first_day: date | None = None,
    last_day: date | None = None,
    period: Literal["day", "week", "month"] | None = None,
) -> Call[models.RevenueReport]:
    """Users, orders and money by day, week or month of a time zone.

    Days are those of the time zone, 23 or 25 hours long when its clocks change.

    time_zone: IANA name, as in `Europe/Moscow`
    first_day: default: as many periods as fit a page
    last_day: this day is included; default: the last one known
    """
    return Call(
        "GET",
        "/analytics/revenue",
        read_json(models.RevenueReport),
        query={
            "time_zone": time_zone,
            "week_starts_on": week_starts_on,
            "first_day": first_day,
            "last_day": last_day,
            "period": period,
        },
    )


def get_rfm(_client: object) -> Call[models.RfmReport]:
    """Buyers by recency, frequency and monetary value.

    The cells of the last run.
    """
    return Call("GET", "/analytics/rfm", read_json(models.RfmReport))


def get_run(_client: object, run_id: UUID) -> Call[models.Run]:
    """How a run is.

    As Dagster knows it now.
    """
    return Call("GET", path_of("/runs/{run_id}", run_id=run_id), read_json(models.Run))


def get_runs(_client: object, *, limit: int | None = None) -> Call[models.Runs]:
    """The newest runs of the pipeline.

    As Dagster knows them now, also those of schedules and of the command line. 503 while Dagster does not answer.
    """
    return Call("GET", "/runs", read_json(models.Runs), query={"limit": limit})


def get_segments(_client: object, *, days: int | None = None) -> Call[models.SegmentReport]:
    """Segments, and who moved between them.

    Sizes and means as of the last run; moves on the newest scored days.

    days: scored days, the newest ones
    """
    return Call("GET", "/analytics/segments", read_json(models.SegmentReport), query={"days": days})


def get_stopped_variants(_client: object) -> Call[models.StoppedVariants]:
    """Variants that were stopped because they do harm.

    The newest fifty, with the messages that were not sent.
    """
    return Call("GET", "/experiments/stopped-variants", read_json(models.StoppedVariants))


def get_subscription(_client: object, user_id: str) -> Call[models.SubscriptionAnswer]:
    """Whether, about what and when a user may be written to.

    Under any id of the person. A user without a chat has the state `none`.
    """
    return Call("GET", path_of("/users/{user_id}/subscription", user_id=user_id), read_json(models.SubscriptionAnswer))


def get_template_versions(_client: object, name: str) -> Call[models.TemplateVersions]:
    """All versions of a template.

    Newest first. An old version is used again by storing its content anew.
    """
    return Call("GET", path_of("/templates/{name}/versions", name=name), read_json(models.TemplateVersions))


def get_templates(_client: object) -> Call[models.Templates]:
    """The words of personal answers.

    Every template as it is now, and the variables that texts may use.
    """
    return Call("GET", "/templates", read_json(models.Templates))


def get_trigger(_client: object, trigger_id: UUID) -> Call[models.TriggerStatus]:
    """A trigger, and whom it has reached.

    Its numbers add up: `selected` is the sum of all others.
    """
    return Call("GET", path_of("/triggers/{trigger_id}", trigger_id=trigger_id), read_json(models.TriggerStatus))


def get_trigger_recipients(
    _client: object,
    trigger_id: UUID,
    *,
    limit: int | None = None,
    cursor: str | None = None,
    state: Literal[
        "control",
        "left_alone",
        "opted_out",
        "unreachable",
        "queued",
        "sending",
        "capped",
        "sent",
        "failed",
        "unknown",
        "cancelled",
    ]
    | None = None,
) -> Call[models.RecipientPage]:
    """Whom a trigger has reached.

    By user and occasion; of one state where one is named.

    limit: entries a page
    cursor: the `next_cursor` of the page before; none: the first
    state: only these; all others add up to `selected`
    """
    return Call(
        "GET",
        path_of("/triggers/{trigger_id}/recipients", trigger_id=trigger_id),
        read_json(models.RecipientPage),
        query={"limit": limit, "cursor": cursor, "state": state},
    )


def get_triggers(_client: object, *, limit: int | None = None, cursor: str | None = None) -> Call[models.TriggerPage]:
    """A page of triggers, newest first.

    Without numbers; `GET /triggers/{trigger_id}` has them.

    limit: entries a page
    cursor: the `next_cursor` of the page before; none: the first
    """
    return Call("GET", "/triggers", read_json(models.TriggerPage), query={"limit": limit, "cursor": cursor})


def get_user(
    _client: object, user_id: str, *, freshness: Literal["snapshot", "live"] | None = None
) -> Call[models.User]:
    """One user: who, features in words, predictions with reasons.

    Predictions are asked from the services now, from features as fresh as was asked for.

    freshness: `snapshot`: features of the last run; `live`: of everything until now
    """
    return Call(
        "GET", path_of("/users/{user_id}", user_id=user_id), read_json(models.User), query={"freshness": freshness}
    )


def get_user_contacts(_client: object, user_id: str) -> Call[models.Contacts]:
    """Messages to a user, experiments, lists and feedback.

    Also those who were held out or could not be written to. Feedback is for who may read the inbox.
    """
    return Call("GET", path_of("/users/{user_id}/contacts", user_id=user_id), read_json(models.Contacts))


def get_user_events(
    _client: object, user_id: str, *, limit: int | None = None, cursor: str | None = None
) -> Call[models.Timeline]:
    """A page of a user's events, newest first.

    Events as they were stored, also those that came a second ago.

    limit: entries a page
    cursor: the `next_cursor` of the page before; none: the first
    """
    return Call(
        "GET",
        path_of("/users/{user_id}/events", user_id=user_id),
        read_json(models.Timeline),
        query={"limit": limit, "cursor": cursor},
    )


def get_user_lists(_client: object) -> Call[list[models.UserListAnswer]]:
    """Lists of users.

    The newest hundred.
    """
    return Call("GET", "/user-lists", read_json(list[models.UserListAnswer]))


def get_user_orders(
    _client: object, user_id: str, *, limit: int | None = None, cursor: str | None = None
) -> Call[models.OrderPage]:
    """A page of a user's orders, newest first.

    Under any id of the person, also those of a second ago. Somebody without orders gets an empty page.

    limit: entries a page
    cursor: the `next_cursor` of the page before; none: the first
    """
    return Call(
        "GET",
        path_of("/users/{user_id}/orders", user_id=user_id),
        read_json(models.OrderPage),
        query={"limit": limit, "cursor": cursor},
    )


def get_user_predictions(
    _client: object, user_id: str, *, limit: int | None = None, cursor: str | None = None, model: str | None = None
) -> Call[models.HistoryPage]:
    """A page of what models said of a user, newest first.

    Batch scores and served predictions from the ledger, with the outcome once the horizon is over.

    limit: entries a page
    cursor: the `next_cursor` of the page before; none: the first
    model: of one model only, such as `churn`
    """
    return Call(
        "GET",
        path_of("/users/{user_id}/predictions", user_id=user_id),
        read_json(models.HistoryPage),
        query={"limit": limit, "cursor": cursor, "model": model},
    )


def get_user_recommendations(
    _client: object, user_id: str, *, limit: int | None = None
) -> Call[models.Recommendations]:
    """What may be offered to a user.

    Nothing that the user has given back, also a second ago. A new user gets what is popular.

    What the user has bought before is offered again only by a learned recommender, where people do buy it again.
    `recommender` says whether there is one, and if not, why.

    limit: items at most
    """
    return Call(
        "GET",
        path_of("/users/{user_id}/recommendations", user_id=user_id),
        read_json(models.Recommendations),
        query={"limit": limit},
    )


def get_users(
    _client: object,
    *,
    search: str | None = None,
    segment: str | None = None,
    risk: Literal["low", "medium", "high"] | None = None,
    source: Literal["telegram", "web", "mobile", "other"] | None = None,
    min_purchase_probability: float | None = None,
    max_purchase_probability: float | None = None,
    min_churn_probability: float | None = None,
    max_churn_probability: float | None = None,
    min_expected_value: float | None = None,
    max_expected_value: float | None = None,
    active_since: date | None = None,
    silent_since: date | None = None,
    first_seen_from: date | None = None,
    first_seen_until: date | None = None,
    did: Literal["been_active", "viewed", "filled_cart", "checked_out", "bought"] | None = None,
    did_not: Literal["been_active", "viewed", "filled_cart", "checked_out", "bought"] | None = None,
    from_day: date | None = None,
    until_day: date | None = None,
    segment_before: str | None = None,
    segment_before_on: date | None = None,
    rfm_cell: str | None = None,
    recency_score: int | None = None,
    value_score: int | None = None,
    list_id: UUID | None = None,
    property: list[str] | None = None,
    rules: str | None = None,
    sort: Literal[
        "user_id",
        "expected_value",
        "purchase_probability",
        "churn_probability",
        "last_active_day",
        "purchase_amount_total",
    ]
    | None = None,
    order: Literal["asc", "desc"] | None = None,
    limit: int | None = None,
    cursor: str | None = None,
    facets: bool | None = None,
) -> Call[models.UserPage]:
    """A page of users: found, filtered, in an order.

    Users as the last run saw them. The page at the millionth user costs what the first one costs.

    search: how the user's id begins
    segment: the segment's name
    risk: the risk of leaving; users who can leave only
    source: where the user is most active
    min_expected_value: in the base currency
    max_expected_value: in the base currency
    active_since: active on that day (UTC) or later
    silent_since: not active on that day (UTC) or later
    first_seen_from: first event on that day (UTC) or later
    first_seen_until: first event on that day (UTC) or earlier
    did: in the days from `from_day` to `until_day`
    did_not: the same, and did not
    from_day: of `did` and `did_not`, UTC; none: from the beginning
    until_day: this day is included; none: until the list's day
    segment_before: the segment's name on an earlier scored day
    segment_before_on: that day; none: the scored day before this one
    rfm_cell: a cell of `GET /analytics/rfm`
    recency_score: 5: bought most recently; buyers only
    value_score: 5: most orders and money; buyers only
    list_id: members of this list
    property: `name:value`; users with an event whose `properties` have it, as of the day of the list. Given several
        times: with an event for each
    rules: JSON, as the `rules` of an audience
    sort: equal users come in the order of their ids
    order: what is not known counts as least
    limit: users a page
    cursor: the `next_cursor` of the page before; none: the first
    facets: also answer by what the list can be filtered
    """
    return Call(
        "GET",
        "/users",
        read_json(models.UserPage),
        query={
            "search": search,
            "segment": segment,
            "risk": risk,
            "source": source,
            "min_purchase_probability": min_purchase_probability,
            "max_purchase_probability": max_purchase_probability,
            "min_churn_probability": min_churn_probability,
            "max_churn_probability": max_churn_probability,
            "min_expected_value": min_expected_value,
            "max_expected_value": max_expected_value,
            "active_since": active_since,
            "silent_since": silent_since,
            "first_seen_from": first_seen_from,
            "first_seen_until": first_seen_until,
            "did": did,
            "did_not": did_not,
            "from_day": from_day,
            "until_day": until_day,
            "segment_before": segment_before,
            "segment_before_on": segment_before_on,
            "rfm_cell": rfm_cell,
            "recency_score": recency_score,
            "value_score": value_score,
            "list_id": list_id,
            "property": property,
            "rules": rules,
            "sort": sort,
            "order": order,
            "limit": limit,
            "cursor": cursor,
            "facets": facets,
        },
    )


def get_views(_client: object) -> Call[list[models.View]]:
    """My saved views of the list of users.

    By name.
    """
    return Call("GET", "/views", read_json(list[models.View]))


def hold_slots(_client: object, body: models.Flood) -> Call[None]:
    """Telegram asked to wait.

    Nobody is given a slot for so long, campaigns and replies alike.
    """
    return Call("POST", "/telegram/slots/floods", read_nothing, body=body, is_repeatable=False)


def list_accounts(_client: object) -> Call[list[models.AccountAnswer]]:
    """All accounts.

    Oldest first, disabled ones too.
    """
    return Call("GET", "/accounts", read_json(list[models.AccountAnswer]))


def list_keys(_client: object) -> Call[list[models.KeyAnswer]]:
    """My keys.

    Those that I made, oldest first; an admin sees all. No secret is shown.
    """
    return Call("GET", "/keys", read_json(list[models.KeyAnswer]))


def livez(_client: object) -> Call[dict[str, str]]:
    """Whether the process lives.

    200 as long as the process answers at all.
    """
    return Call("GET", "/livez", read_json(dict[str, str]))


def login(_client: object, body: models.Login) -> Call[models.Tokens]:
    """Sign in with e-mail address and password.

    Begins a session. Failed attempts make the next ones wait, a minute at most (429).
    """
    return Call("POST", "/auth/login", read_json(models.Tokens), body=body, is_repeatable=False)


def logout(_client: object, body: models.Refresh) -> Call[None]:
    """End a session.

    Ends the session of a refresh token. An access token of it is refused within seconds.
    """
    return Call("POST", "/auth/logout", read_nothing, body=body, is_repeatable=False)


def make_account(_client: object, body: models.NewAccount) -> Call[models.AccountAnswer]:
    """Make an account.

    Its owner should change the password.
    """
    return Call("POST", "/accounts", read_json(models.AccountAnswer), body=body, is_repeatable=False)


def make_campaign(_client: object, body: models.NewCampaign) -> Call[models.CampaignStatus]:
    """Make a campaign.

    A draft, which reaches nobody until it is approved and started.
    """
    return Call("POST", "/campaigns", read_json(models.CampaignStatus), body=body, is_repeatable=False)


def make_key(_client: object, body: models.NewKey) -> Call[models.MadeKey]:
    """Make a key.

    The secret is in this answer alone.
    """
    return Call("POST", "/keys", read_json(models.MadeKey), body=body, is_repeatable=False)


def make_trigger(_client: object, body: models.NewTrigger) -> Call[models.TriggerStatus]:
    """Make a trigger.

    A draft, which reaches nobody until it is approved and started.
    """
    return Call("POST", "/triggers", read_json(models.TriggerStatus), body=body, is_repeatable=False)


def make_user_list(_client: object, body: models.NewList) -> Call[models.Addition]:
    """Make a list of users.

    Of an audience as it is now, of a file, or from somewhere else. More users can be added later.
    """
    return Call("POST", "/user-lists", read_json(models.Addition), body=body, is_repeatable=False)


def may_open_operations(_client: object, *, customer_analyzer_operations: str | None = None) -> Call[None]:
    """Whether this browser may open them.

    For the gateway, which asks before each request to the pages. 401: not allowed, or no longer.

    customer_analyzer_operations: set by this path
    """
    return Call("GET", "/auth/browser/operations", read_nothing)


def me(_client: object) -> Call[models.Me]:
    """Who I am and what I may do.

    For accounts and keys.
    """
    return Call("GET", "/auth/me", read_json(models.Me))


def metrics(_client: object) -> Call[bytes]:
    """Figures in Prometheus' text format.

    What this API has counted.
    """
    return Call("GET", "/metrics", read_bytes)


def open_mini_app(_client: object, body: models.MiniApp) -> Call[models.Tokens]:
    """Sign in from the shop's Mini App.

    `initData` is good for ten minutes after Telegram signed it.
    """
    return Call("POST", "/auth/telegram/mini-app", read_json(models.Tokens), body=body, is_repeatable=False)


def open_operations(_client: object, body: models.Nothing) -> Call[models.OperationsPages]:
    """Open MLflow's and Dagster's pages.

    Says where the pages are, and sets a cookie with which a browser may open them for an hour. Send `{}`.

    404 where the platform has no gateway: the pages are then on their own machine alone.
    """
    return Call("POST", "/auth/browser/operations", read_json(models.OperationsPages), body=body, is_repeatable=False)


def pause_campaign(_client: object, campaign_id: UUID) -> Call[models.CampaignStatus]:
    """Pause a campaign.

    What is in flight arrives; nothing else leaves.
    """
    return Call(
        "POST",
        path_of("/campaigns/{campaign_id}/pause", campaign_id=campaign_id),
        read_json(models.CampaignStatus),
        is_repeatable=False,
    )


def pause_trigger(_client: object, trigger_id: UUID) -> Call[models.TriggerStatus]:
    """Pause a trigger.

    Nothing leaves, and its rule is not asked.
    """
    return Call(
        "POST",
        path_of("/triggers/{trigger_id}/pause", trigger_id=trigger_id),
        read_json(models.TriggerStatus),
        is_repeatable=False,
    )


def post_alerts(_client: object, body: models.AlertGroup) -> Call[models.AlertsRecorded]:
    """Record alerts that fire or are over.

    The webhook of Alertmanager, which posts an alert again and again while it fires.
    """
    return Call("POST", "/alerts", read_json(models.AlertsRecorded), body=body, is_repeatable=False)


def post_answer_outcome(_client: object, feedback_id: UUID, body: models.AnswerOutcome) -> Call[models.OutcomeReceipt]:
    """Say how sending an answer went.

    Where nothing is said, the answer stays in `sending`.
    """
    return Call(
        "POST",
        path_of("/telegram/answers/{feedback_id}/outcome", feedback_id=feedback_id),
        read_json(models.OutcomeReceipt),
        body=body,
        is_repeatable=False,
    )


def post_events(
    _client: object, body: models.Event | list[models.Event], *, idempotency_key: str | None = None
) -> Call[models.EventResults]:
    """Store up to a thousand events.

    Answers after the commit, with what became of each event. `received_at` is the server's.

    Send one event, an array of them, or a line of JSON for each (`application/x-ndjson`). Good events are stored
    though others are refused. Sending events again changes nothing, by their `event_id` or by the Idempotency-Key.

    idempotency_key: the same for a request that is sent again; gives ids to events without one
    """
    return Call(
        "POST",
        "/events",
        read_json(models.EventResults),
        headers={"idempotency-key": key_or_new(idempotency_key)},
        body=body,
    )


def post_feedback_answer(_client: object, feedback_id: UUID, body: models.NewAnswer) -> Call[models.FeedbackEntry]:
    """Answer a user through the bot.

    The bot sends it within seconds, once. Only an answer that failed can be replaced by another.
    """
    return Call(
        "POST",
        path_of("/feedback/{feedback_id}/answer", feedback_id=feedback_id),
        read_json(models.FeedbackEntry),
        body=body,
        is_repeatable=False,
    )


def post_handled_update(_client: object, update_id: int, body: models.Handled) -> Call[models.HandledReceipt]:
    """Say that an update is handled.

    From then on only its number is kept, for a day, so that it is known when Telegram sends it again.
    """
    return Call(
        "POST",
        path_of("/telegram/updates/{update_id}/handled", update_id=update_id),
        read_json(models.HandledReceipt),
        body=body,
        is_repeatable=False,
    )


def post_import(_client: object, body: bytes, *, file_name: str | None = None) -> Call[models.Upload]:
    """Upload a file of events.

    The body is the file: CSV, JSON lines, a JSON array or Parquet; text may be packed (gzip, Zstandard, zip).

    Nothing of it is an event yet. It is kept until it is imported, for a week at most.

    file_name: as in `orders.csv.gz`; its end counts
    """
    return Call(
        "POST", "/imports", read_json(models.Upload), query={"file_name": file_name}, body=body, is_repeatable=False
    )


def post_model_promotion(_client: object, model: str, body: models.NewPromotion) -> Call[models.ModelChange]:
    """Make a version the champion.

    Done by the worker in some seconds; `GET /models/changes/{change_id}` says what it came to. 409: another
    champion than you saw, the gate's refusal, or a promotion that is under way.
    """
    return Call(
        "POST",
        path_of("/models/{model}/promotions", model=model),
        read_json(models.ModelChange),
        body=body,
        is_repeatable=False,
    )


def post_model_rollback(_client: object, model: str, body: models.NewRollback) -> Call[models.ModelChange]:
    """Make the champion before this one champion again.

    Nothing is trained. Done and refused as a promotion is.
    """
    return Call(
        "POST",
        path_of("/models/{model}/rollbacks", model=model),
        read_json(models.ModelChange),
        body=body,
        is_repeatable=False,
    )


def post_predictions(_client: object, body: models.PredictionsRequest) -> Call[models.PredictionsResponse]:
    """What every model says of some users now.

    With `live`, an event that was stored a moment ago counts. Each prediction says until when events counted.
    """
    return Call("POST", "/predictions", read_json(models.PredictionsResponse), body=body, is_repeatable=False)


def post_run(_client: object, body: models.NewRun) -> Call[models.Run]:
    """Start a run.

    It waits while another one runs. 409: Dagster refused it, and `detail` says why.
    """
    return Call("POST", "/runs", read_json(models.Run), body=body, is_repeatable=False)


def post_run_cancel(_client: object, run_id: UUID) -> Call[models.Run]:
    """Ask a run to end.

    It is `canceled` within some seconds. 409: it has ended.
    """
    return Call("POST", path_of("/runs/{run_id}/cancel", run_id=run_id), read_json(models.Run), is_repeatable=False)


def post_telegram_event(
    _client: object, body: models.AddressedEvent, *, idempotency_key: str | None = None
) -> Call[models.TelegramAnswer]:
    """Store what a user did, and answer the user.

    One event as in `POST /events`, from the bot (`source` is `telegram` unless it says otherwise).

    The event is stored, then every model is asked with features that count it. Models that do not answer are named;
    the event is stored all the same.

    idempotency_key: the same for a request that is sent again; gives ids to events without one
    """
    return Call(
        "POST",
        "/telegram/event",
        read_json(models.TelegramAnswer),
        headers={"idempotency-key": key_or_new(idempotency_key)},
        body=body,
    )


def post_telegram_feedback(_client: object, body: models.NewFeedback) -> Call[models.FeedbackReceipt]:
    """What a user says to the shop.

    For the bot. It is an event too, which says how many stars and characters, and not the words.
    """
    return Call("POST", "/telegram/feedback", read_json(models.FeedbackReceipt), body=body, is_repeatable=False)


def post_telegram_updates(_client: object, body: models.PolledUpdates) -> Call[models.StoredUpdates]:
    """Updates that the bot has fetched from Telegram.

    For a bot that polls: it passes on what it gets, and confirms it to Telegram once it is stored here.
    """
    return Call("POST", "/telegram/updates", read_json(models.StoredUpdates), body=body, is_repeatable=False)


def post_telegram_webhook(
    _client: object, body: models.Update, *, x_telegram_bot_api_secret_token: SecretStr | None = None
) -> Call[models.UpdateReceipt]:
    """An update from Telegram itself.

    Answers once the update is stored. An update that Telegram sends again is known by its number.

    x_telegram_bot_api_secret_token: the secret that the webhook was registered with
    """
    return Call(
        "POST",
        "/telegram/webhook",
        read_json(models.UpdateReceipt),
        headers={"x-telegram-bot-api-secret-token": x_telegram_bot_api_secret_token},
        body=body,
        is_repeatable=False,
    )


def post_user_erasure(_client: object, user_id: str) -> Call[models.Job]:
    """Ask for a user to be erased.

    Done by the worker, everywhere and for good, with all ids of the person; the job then has the receipt.
    """
    return Call(
        "POST", path_of("/users/{user_id}/erasures", user_id=user_id), read_json(models.Job), is_repeatable=False
    )


def post_user_export(_client: object, user_id: str) -> Call[models.Job]:
    """Ask for all that is held about a user.

    Done by the worker; `GET /jobs/{job_id}/export` then has the text, for a week.
    """
    return Call(
        "POST", path_of("/users/{user_id}/exports", user_id=user_id), read_json(models.Job), is_repeatable=False
    )


def preview_campaign(_client: object, campaign_id: UUID) -> Call[models.Preview]:
    """Whom a campaign would reach now.

    How the audience is divided, why some cannot be reached, and some of those who would be written to.
    """
    return Call(
        "POST",
        path_of("/campaigns/{campaign_id}/preview", campaign_id=campaign_id),
        read_json(models.Preview),
        is_repeatable=False,
    )


def preview_import(_client: object, upload_id: UUID, body: models.PreviewRequest) -> Call[models.ImportPreview]:
    """The first rows of a file as events.

    With a proposal of how to read the file, where none is given. Nothing is stored.
    """
    return Call(
        "POST",
        path_of("/imports/{upload_id}/preview", upload_id=upload_id),
        read_json(models.ImportPreview),
        body=body,
        is_repeatable=False,
    )


def preview_template(_client: object, body: models.TemplatePreviewRequest) -> Call[models.TemplatePreviews]:
    """Try a template with real users.

    Nothing is stored or sent. First names are not kept, so everybody is called Anna.
    """
    return Call("POST", "/templates/preview", read_json(models.TemplatePreviews), body=body, is_repeatable=False)


def proof_state(_client: object) -> Call[models.ProofState]:
    """How I can prove who I am, and for how long the last proof is good.

    A sign-in is a proof too; refreshing is none.
    """
    return Call("GET", "/auth/proof", read_json(models.ProofState))


def prove(_client: object, body: models.Proof) -> Call[None]:
    """Prove who I am before a dangerous act.

    Good for some minutes and for this session alone. Attempts are counted like sign-ins.
    """
    return Call("POST", "/auth/proof", read_nothing, body=body, is_repeatable=False)


def put_global_control(_client: object, body: models.NewGlobalControl) -> Call[models.GlobalControlAnswer]:
    """Change the share of users whom no campaign reaches.

    Refused while a campaign uses the group: its members must stay the same until the effect is measured.
    """
    return Call("PUT", "/experiments/global-control", read_json(models.GlobalControlAnswer), body=body)


def put_push_device(_client: object, body: models.NewDevice) -> Call[models.Push]:
    """Tell a device of notices.

    Adds a device, or changes what it is told. It ends with the session that asks.
    """
    return Call("PUT", "/push/devices", read_json(models.Push), body=body)


def put_template(_client: object, name: str, body: models.TemplateContent) -> Call[models.Template]:
    """Change a template, or add one.

    Makes a new version, which counts from the next answer on. A text that could not be sent is refused.
    """
    return Call("PUT", path_of("/templates/{name}", name=name), read_json(models.Template), body=body)


def readyz(_client: object) -> Call[models.Health]:
    """Whether the API can work, and which of what it needs is away.

    200 if the warehouse answers, else 503. A service that is away does not make the API unready.
    """
    return Call("GET", "/readyz", read_json(models.Health))


def refresh(_client: object, body: models.Refresh) -> Call[models.Tokens]:
    """A new access token.

    Replaces the refresh token. The same request sent again within ten seconds gets the same answer.

    A refresh token that had been used earlier ends the whole session.
    """
    return Call("POST", "/auth/refresh", read_json(models.Tokens), body=body, is_repeatable=False)


def rehearse_import(_client: object, upload_id: UUID, body: models.ImportRequest) -> Call[models.DataJob]:
    """Count what an import would do.

    Done by the worker, over the whole file. Nothing is stored.
    """
    return Call(
        "POST",
        path_of("/imports/{upload_id}/rehearsal", upload_id=upload_id),
        read_json(models.DataJob),
        body=body,
        is_repeatable=False,
    )


def repair_quarantine(_client: object, body: models.RepairRequest) -> Call[models.DataJob]:
    """Try rows again, with something changed.

    Done by the worker: rows that keep the contract now become events; the others stay, with their reason.
    """
    return Call("POST", "/quarantine/repairs", read_json(models.DataJob), body=body, is_repeatable=False)


def resume_campaign(_client: object, campaign_id: UUID) -> Call[models.CampaignStatus]:
    """Let a paused campaign go on.

    With those who were not written to before.
    """
    return Call(
        "POST",
        path_of("/campaigns/{campaign_id}/resume", campaign_id=campaign_id),
        read_json(models.CampaignStatus),
        is_repeatable=False,
    )


def resume_trigger(_client: object, trigger_id: UUID) -> Call[models.TriggerStatus]:
    """Let a paused trigger go on.

    It does not make up for what it missed meanwhile.
    """
    return Call(
        "POST",
        path_of("/triggers/{trigger_id}/resume", trigger_id=trigger_id),
        read_json(models.TriggerStatus),
        is_repeatable=False,
    )


def retry_unknown_recipients(_client: object, campaign_id: UUID) -> Call[models.CampaignStatus]:
    """Send to those who may have got it, once more.

    Whose sender was lost in flight may have got the message, and would then get it twice.
    """
    return Call(
        "POST",
        path_of("/campaigns/{campaign_id}/retry-unknown", campaign_id=campaign_id),
        read_json(models.CampaignStatus),
        is_repeatable=False,
    )


def revoke_key(_client: object, key_id: int) -> Call[None]:
    """Revoke a key.

    It is refused within seconds, by the services too.
    """
    return Call("DELETE", path_of("/keys/{key_id}", key_id=key_id), read_nothing)


def rotate_key(_client: object, key_id: int, body: models.Rotation) -> Call[models.MadeKey]:
    """Replace a key.

    The new key may do what the old one may. Both are valid for `overlap_hours`.
    """
    return Call(
        "POST",
        path_of("/keys/{key_id}/rotate", key_id=key_id),
        read_json(models.MadeKey),
        body=body,
        is_repeatable=False,
    )


def save_view(_client: object, body: models.NewView) -> Call[models.View]:
    """Save a view.

    In place of my view of the same name, if there is one.
    """
    return Call("POST", "/views", read_json(models.View), body=body, is_repeatable=False)


def sessions(_client: object) -> Call[list[models.SessionAnswer]]:
    """My sessions.

    The open ones, the one used last first.
    """
    return Call("GET", "/auth/sessions", read_json(list[models.SessionAnswer]))


def start_campaign(_client: object, campaign_id: UUID) -> Call[models.CampaignStatus]:
    """Start an approved campaign, at its time or now.

    Also lets a campaign go on that is overdue: nobody saw to it for an hour, so it asked.
    """
    return Call(
        "POST",
        path_of("/campaigns/{campaign_id}/start", campaign_id=campaign_id),
        read_json(models.CampaignStatus),
        is_repeatable=False,
    )


def start_import(_client: object, upload_id: UUID, body: models.ImportRequest) -> Call[models.DataJob]:
    """Import a file.

    Done by the worker. Rows that break the contract go to quarantine; an import that was cut off goes on.
    """
    return Call(
        "POST",
        path_of("/imports/{upload_id}/start", upload_id=upload_id),
        read_json(models.DataJob),
        body=body,
        is_repeatable=False,
    )


def start_telegram(_client: object) -> Call[models.TelegramSignIn]:
    """Begin to sign in at Telegram's page.

    OpenID Connect. A page must compare the `state` that comes back with the one it has kept.
    """
    return Call("POST", "/auth/telegram/start", read_json(models.TelegramSignIn), is_repeatable=False)


def start_trigger(_client: object, trigger_id: UUID) -> Call[models.TriggerStatus]:
    """Turn an approved trigger on.

    It reaches those for whom its rule fires from now on. Also lets one go on that is overdue.
    """
    return Call(
        "POST",
        path_of("/triggers/{trigger_id}/start", trigger_id=trigger_id),
        read_json(models.TriggerStatus),
        is_repeatable=False,
    )


def take_answers(_client: object, body: models.AnswersWanted) -> Call[models.AnswersToSend]:
    """Take answers to be sent.

    Each answer is given to one bot, once.
    """
    return Call("POST", "/telegram/answers/take", read_json(models.AnswersToSend), body=body, is_repeatable=False)


def take_back_addition(_client: object, list_id: UUID, addition_id: UUID) -> Call[models.UserListAnswer]:
    """Take back what was added to a list.

    Those who were on it before stay.
    """
    return Call(
        "DELETE",
        path_of("/user-lists/{list_id}/additions/{addition_id}", list_id=list_id, addition_id=addition_id),
        read_json(models.UserListAnswer),
    )


def take_slot(_client: object, body: models.SlotWanted) -> Call[models.SlotAnswer]:
    """When a reply may be sent.

    Replies come before campaigns: while any waits, campaigns are given no slot.
    """
    return Call("POST", "/telegram/slots", read_json(models.SlotAnswer), body=body, is_repeatable=False)


def take_telegram_updates(_client: object, body: models.UpdatesWanted) -> Call[models.TakenUpdates]:
    """Take updates to be handled.

    Each update is given to one bot, whichever way it came. Where it is not marked as handled within a minute, it is
    given out again, three times in all.
    """
    return Call("POST", "/telegram/updates/take", read_json(models.TakenUpdates), body=body, is_repeatable=False)


def try_campaign(_client: object, campaign_id: UUID, body: models.TestMessage) -> Call[models.TestReceipt]:
    """Send a campaign's message to one user.

    Outside of the campaign: it is not counted, and no event. Waits for Telegram's answer.
    """
    return Call(
        "POST",
        path_of("/campaigns/{campaign_id}/test", campaign_id=campaign_id),
        read_json(models.TestReceipt),
        body=body,
        is_repeatable=False,
    )


def try_trigger(_client: object, trigger_id: UUID) -> Call[models.DryRun]:
    """Whom a trigger would have reached in the last 30 days.

    By what was known at each moment, after cool-down and cap; whether they could be written to is not looked at.
    """
    return Call(
        "POST",
        path_of("/triggers/{trigger_id}/dry-run", trigger_id=trigger_id),
        read_json(models.DryRun),
        is_repeatable=False,
    )


def unlink_telegram(_client: object) -> Call[None]:
    """Sign in without Telegram from now on.

    Refused where the account has no password.
    """
    return Call("DELETE", "/auth/telegram", read_nothing)


def ways(_client: object) -> Call[models.Ways]:
    """How people may sign in.

    Beside their password.
    """
    return Call("GET", "/auth/ways", read_json(models.Ways))
