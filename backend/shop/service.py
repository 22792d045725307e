"""What is decided about the shop's settings: which hold, and what a change of them needs."""

from dataclasses import asdict, replace
from typing import Any

from psycopg.errors import InvalidParameterValue

from backend.access.origin import Origin
from backend.access.principal import Principal
from backend.audit.recording import entry
from backend.errors import Conflict, Invalid
from backend.resources import Resources
from backend.shop.schemas import Money, Shop, ShopChange, ShopRules, ShopSettings
from backend.subscriptions.rules import ContactRules, Topic
from backend.subscriptions.schemas import QuietHours
from core.problems import FieldError
from warehouse import exchange_rates
from warehouse import shop_settings as store
from warehouse.database import Steps, execute_async, execute_steps_async
from warehouse.shop_settings import UNCHANGED, Chosen


async def shop(resources: Resources) -> Shop:
    """What pages need to know of the shop."""

    def steps() -> Steps[Shop]:
        newest = (yield store.newest_settings()) or UNCHANGED
        money = yield from _money(newest.chosen)
        return Shop(time_zone=resources.contact_rules.changed_by(newest).time_zone, money=money)

    async with resources.database.connection() as connection:
        return await execute_steps_async(connection, steps())


async def settings(resources: Resources) -> ShopSettings:
    """The settings that hold now."""
    async with resources.database.transaction() as connection:
        return await execute_steps_async(connection, _settings(resources.contact_rules))


async def change(resources: Resources, principal: Principal, origin: Origin, given: ShopChange) -> ShopSettings:
    """Makes a new version. Raises Conflict where somebody else has made one, Invalid for what cannot be."""
    wanted = columns_of(given)
    try:
        async with resources.database.transaction() as connection:
            before = await execute_async(connection, store.newest_settings()) or UNCHANGED
            if wanted.get("currency") is not None:
                known = await execute_steps_async(connection, _currencies())
                if wanted["currency"] not in known:
                    raise _no_rate(wanted["currency"], known)
            chosen = replace(before.chosen, **wanted)
            added = 0
            if before.version == given.version:
                added = await execute_async(connection, store.add_settings(given.version + 1, chosen, principal.name))
            if not added:
                raise Conflict(
                    "Somebody else has changed the settings meanwhile; look at them again.",
                    [FieldError("version", "is not the newest one")],
                )
            answer = await execute_steps_async(connection, _settings(resources.contact_rules))
            old, new = _shown(before.chosen), _shown(chosen)
            names = [name for name in new if old[name] != new[name]]
            await execute_async(
                connection,
                entry(
                    principal,
                    origin,
                    "settings:change",
                    "settings",
                    before={name: old[name] for name in names},
                    after={name: new[name] for name in names},
                ),
            )
    except InvalidParameterValue:
        raise Invalid(
            "The database does not know this time zone; use another name of it.",
            [FieldError("time_zone", "is not known to the database")],
        ) from None
    return answer


def columns_of(given: ShopChange) -> dict[str, Any]:
    """The columns that a change sets; None where the environment's value holds again."""
    columns = given.model_dump(exclude_unset=True, exclude={"version"})
    if "quiet_hours" in columns:
        hours = columns.pop("quiet_hours") or {"start": None, "end": None}
        columns |= {"quiet_from": hours["start"], "quiet_until": hours["end"]}
    return columns


def _settings(environment: ContactRules) -> Steps[ShopSettings]:
    newest = (yield store.newest_settings()) or UNCHANGED
    money = yield from _money(newest.chosen)
    currencies = yield from _currencies()
    shown = {"quiet_from": "quiet_hours", "quiet_until": "quiet_hours"}
    changed = [shown.get(name, name) for name, value in asdict(newest.chosen).items() if value is not None]
    return ShopSettings(
        version=newest.version,
        changed_by=newest.changed_by,
        changed_at=newest.changed_at,
        **dict(_rules(environment.changed_by(newest))),
        environment=_rules(environment),
        changed=list(dict.fromkeys(changed)),
        topics=[*Topic],
        currency=money.base,
        money=money,
        currencies=currencies,
    )


def _money(chosen: Chosen) -> Steps[Money]:
    base: str | None = yield exchange_rates.base_currency()
    if chosen.currency is not None and chosen.currency != base:
        rate = yield exchange_rates.newest_rate_of(chosen.currency)
        if rate is not None:
            return Money(base=base, shown=chosen.currency, rate=rate.rate, rate_day=rate.day)
    return Money(base=base, shown=base, rate=1.0, rate_day=None)


def _currencies() -> Steps[list[str]]:
    base: str | None = yield exchange_rates.base_currency()
    rated: list[str] = yield exchange_rates.rated_currencies()
    return sorted({*rated, *([] if base is None else [base])})


def _rules(rules: ContactRules) -> ShopRules:
    return ShopRules(
        most_a_day=rules.most_a_day,
        most_a_week=rules.most_a_week,
        quiet_hours=QuietHours(start=rules.quiet_from, end=rules.quiet_until),
        time_zone=rules.time_zone,
    )


def _shown(chosen: Chosen) -> dict[str, Any]:
    """As the audit log says it."""
    return {
        name: value if value is None or isinstance(value, int) else str(value) for name, value in asdict(chosen).items()
    }


def _no_rate(currency: str, known: list[str]) -> Invalid:
    named = ", ".join(known) or "none yet"
    return Invalid(
        f"No rate of {currency} is known; add some with `events rates`. Known: {named}.",
        [FieldError("currency", "has no rate")],
    )
