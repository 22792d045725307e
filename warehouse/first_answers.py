"""First answers to requests with an Idempotency-Key: `ml.first_answers`, bounded in time and in size.

Belongs here: SQL on that table. Does not: what an answer says, or when one is looked up (`serving.first_answers`).
"""

from dataclasses import dataclass
from datetime import timedelta

from warehouse.database import Statement, command, first_row


@dataclass(frozen=True, slots=True)
class KeyedRequest:
    """A request that carries an Idempotency-Key: whose it is, which model is asked, and the hash of what is asked."""

    key_id: int
    model: str
    idempotency_key: str
    request_sha256: bytes


@dataclass(frozen=True, slots=True)
class FirstAnswer:
    """What was answered first under a key, and the hash of the request that it answers."""

    request_sha256: bytes
    answer: str


def first_answer(request: KeyedRequest) -> Statement[FirstAnswer | None]:
    """What is stored under the request's key, unless that has expired."""
    return first_row(
        FirstAnswer,
        "select request_sha256, answer from ml.first_answers"
        " where key_id = %(key_id)s and model = %(model)s and idempotency_key = %(idempotency_key)s"
        " and expires_at > now()",
        key_id=request.key_id,
        model=request.model,
        idempotency_key=request.idempotency_key,
    )


def store_answer(request: KeyedRequest, answer: str, kept: timedelta) -> Statement[int]:
    """Stores an answer for as long as `kept`. Answers with 1, or 0 where another answer was stored first."""
    return command(
        "insert into ml.first_answers as stored"
        " (key_id, model, idempotency_key, request_sha256, answer, expires_at) values"
        " (%(key_id)s, %(model)s, %(idempotency_key)s, %(request_sha256)s, %(answer)s, now() + %(kept)s)"
        " on conflict (key_id, model, idempotency_key) do update set request_sha256 = excluded.request_sha256,"
        " answer = excluded.answer, answered_at = excluded.answered_at, expires_at = excluded.expires_at"
        " where stored.expires_at <= now()",
        key_id=request.key_id,
        model=request.model,
        idempotency_key=request.idempotency_key,
        request_sha256=request.request_sha256,
        answer=answer,
        kept=kept,
    )


def delete_old_answers(most_bytes: int) -> Statement[int]:
    """Deletes what has expired, and the oldest answers beyond `most_bytes` altogether. Answers with how many."""
    return command(
        "with sized as ("
        " select key_id, model, idempotency_key,"
        " sum(octet_length(answer)) over (order by answered_at desc, key_id, model, idempotency_key) as bytes"
        " from ml.first_answers)"
        " delete from ml.first_answers as stored using sized"
        " where stored.key_id = sized.key_id and stored.model = sized.model"
        " and stored.idempotency_key = sized.idempotency_key"
        " and (stored.expires_at <= now() or sized.bytes > %(most_bytes)s)",
        most_bytes=most_bytes,
    )
