"""How often somebody may try to sign in: for each account and each network address.

Belongs here: counting, before a password is looked at, and waiting times. Counts are in the warehouse, so all processes
share them, and while they cannot be counted nobody signs in.

The lock is gentle: it never lasts longer than a minute, so nobody can keep somebody else out for long, and a guesser
still gets about one guess a minute.
"""

import hashlib
import ipaddress

from backend.database import DatabasePool
from backend.errors import TooMany
from warehouse.database import command, value

_FREE = {"account": 5, "address": 30}
"""Attempts without a wait, after a quarter of an hour without any."""
_MOST_SECONDS = 60

# Counts and decides in one statement, so that attempts at the same moment are counted one after the other. Returns how
# long the caller has to wait; an attempt that has to wait is not counted.
_COUNT = """
with counted as (
    insert into app.login_attempts as known (subject, attempts, last_at, blocked_until)
    values (%(subject)s, 1, now(), now())
    on conflict (subject) do update set
        attempts = case when known.last_at < now() - interval '15 minutes' then 1 else known.attempts + 1 end,
        last_at = now(),
        blocked_until = case
            when known.last_at < now() - interval '15 minutes' or known.attempts + 1 < %(free)s then now()
            else now() + make_interval(secs => least(%(most)s, 2 ^ least(known.attempts + 1 - %(free)s, 20)))
        end
    where known.blocked_until <= now()
    returning subject
)
select case when exists (select from counted) then 0 else greatest(1, (
    select ceil(extract(epoch from blocked_until - now()))::integer
    from app.login_attempts where subject = %(subject)s
)) end
"""


async def count_attempt(database: DatabasePool, email: str, address: str) -> None:
    """Counts an attempt to sign in. Raises TooMany where it comes too early, for everyone alike."""
    for kind, subject in _subjects(email, address):
        statement = value(int, _COUNT, subject=subject, free=_FREE[kind], most=_MOST_SECONDS)
        seconds = await database.run(statement)
        if seconds > 0:
            raise TooMany("Too many attempts to sign in; try again later.", seconds)


async def forgive(database: DatabasePool, email: str, address: str) -> None:
    """After a good attempt: the account starts anew, and the address has one attempt less."""
    (_, account), (_, network) = _subjects(email, address)
    await database.run(command("delete from app.login_attempts where subject = %(subject)s", subject=account))
    await database.run(
        command(
            "update app.login_attempts set attempts = greatest(attempts - 1, 0) where subject = %(subject)s",
            subject=network,
        )
    )
    await database.run(command("delete from app.login_attempts where last_at < now() - interval '1 day'"))


def _subjects(email: str, address: str) -> tuple[tuple[str, bytes], tuple[str, bytes]]:
    # Hashed, since people type passwords into the wrong field.
    return (
        ("account", hashlib.sha256(f"account {email.casefold()}".encode()).digest()),
        ("address", hashlib.sha256(f"address {network_of(address)}".encode()).digest()),
    )


def network_of(address: str) -> str:
    """Whom an address belongs to: an IPv4 address to itself, an IPv6 address to its /64, of which one home has all."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if parsed.version == 4:
        return str(parsed)
    return str(ipaddress.ip_network((parsed, 64), strict=False))
