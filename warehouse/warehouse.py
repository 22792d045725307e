"""The warehouse as the pipeline sees it: frames of marts out, scores and deployments in.

Belongs here: SQL that reads finished marts or records what the models did. Does not: arithmetic on rows
(`dbt_project`), the import of events (`ingestion`), making databases and tables (`standalone`).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl
import psycopg
from psycopg import sql
from psycopg.rows import class_row, dict_row, scalar_row

from core.errors import UserError
from core.settings import TRAINING_ROWS
from warehouse.ledger import record_scores
from warehouse.training_frame import read_training_frame

Connection = psycopg.Connection[tuple[object, ...]]

SCORE_COLUMNS = ("user_id", "score", "expected_value", "segment_id", "segment", "basis")


@dataclass(frozen=True)
class EventRange:
    """The first day anything was known, and the last day anything happened (UTC).

    `first` is by arrival: history that is brought in later must not change the plan of a day before it came. Months
    that were archived count, as the marts still know them.
    """

    first: date
    last: date


@dataclass(frozen=True)
class DeploymentRow:
    """The newest row of `ml.deployments` for a model."""

    deployment_id: int
    model_version: int
    digest: str
    bento_tag: str


@dataclass(frozen=True)
class Warehouse:
    """Reads through Arrow (ADBC), writes with COPY. `url` names the database and carries no password.

    `training_rows` bounds training frames, and with them the memory of whatever learns.
    """

    url: str
    training_rows: int = TRAINING_ROWS

    def read(self, query: str) -> pl.DataFrame:
        """Runs a query of our own making and returns its rows, typed as Postgres types them."""
        return pl.read_database_uri(query, self.url, engine="adbc")

    def connect(self) -> Connection:
        """A connection whose block is one transaction."""
        return psycopg.connect(self.url)

    def event_range(self) -> EventRange:
        """First and last day with events; a clear error when there are none.

        The days that the daily roll-up has come from its indexes, so only events that it has not seen are read.
        """
        is_built = self.read("select to_regclass('intermediate.int_user_daily') is not null").item()
        seen = self.watermark("int_user_daily") if is_built else 0
        built = "select min(known_day) as first, max(occurred_day) as last from intermediate.int_user_daily union all"
        frame = self.read(
            "with days as ("  # noqa: S608 - a number and our own names
            f"{built if is_built else ''}"
            " select min(greatest(occurred_at, received_at) at time zone 'UTC')::date as first,"
            f" max(occurred_at at time zone 'UTC')::date as last from raw.events where ingested_xid >= {seen}"
            " union all select min(first_known_day), null from raw.archives"
            ") select min(first) as first, max(last) as last from days"
        )
        first, last = frame.row(0)
        if last is None:
            raise UserError("There are no events yet; bring some in: customer-analyzer events import FILE")
        return EventRange(first, last)

    def about_events(self) -> int:
        """How many events there are, by the planner's statistics: a count would read them all."""
        months = "pg_partition_tree('raw.events') join pg_class on oid = relid where isleaf"
        return int(self.read(f"select coalesce(sum(greatest(reltuples, 0)), 0)::bigint from {months}").item())  # noqa: S608

    def archived_months(self) -> tuple[str, ...]:
        """The months (YYYY-MM) whose events are in files and not in `raw.events`; the marts keep what they knew."""
        with self.connect() as connection, connection.cursor(row_factory=scalar_row) as cursor:
            query = "select distinct to_char(month, 'YYYY-MM') from raw.archives where restored_at is null order by 1"
            return tuple(cursor.execute(query).fetchall())

    def training_frame(self, cutoffs: Sequence[date], horizon_days: int) -> pl.DataFrame:
        """Features joined with their labels: one row a user and cutoff, ordered by both.

        Only matured labels exist, so a cutoff whose window is still open brings no rows. More than `training_rows` are
        cut to a part of the users.
        """
        return read_training_frame(self.url, cutoffs, horizon_days, self.training_rows)

    def snapshot(self, as_of: date) -> pl.DataFrame:
        """The features of everyone seen before `as_of`, one row a user, ordered by user."""
        return self.read(
            f"select * from marts.user_features where as_of = date '{as_of.isoformat()}' order by user_id"  # noqa: S608
        )

    def sample_snapshot(self, as_of: date, rows: int, *, active_within_days: int) -> pl.DataFrame:
        """About `rows` users active within some days before `as_of`, drawn by a hash: of two days, the same users."""
        return self.read(
            "with chosen as (select *, count(*) over () as available from marts.user_features"  # noqa: S608
            f" where as_of = date '{as_of.isoformat()}' and days_since_last_activity <= {int(active_within_days)})"
            f" select * from chosen where mod(abs(hashtext(user_id)::bigint), greatest(1, available / {int(rows)})) = 0"
            " order by user_id"
        ).drop("available")

    def matured_scores(self, model: str, label: str, horizon_days: int, as_of: date) -> pl.DataFrame:
        """The newest scores whose horizon closed in the week before `as_of`: user_id, score, model_version and `label`.

        Users whom the label does not ask about are left out; empty where nothing has matured.
        """
        newest = as_of - timedelta(days=horizon_days)
        return self.read(
            "with labelled as ("  # noqa: S608 - dates and our own names
            f"select user_id, as_of, {label} as label from marts.user_labels where horizon_days = {horizon_days}"
            f" and as_of between date '{newest - timedelta(days=6)}' and date '{newest}'"
            "), matured as ("
            "select scores.user_id, scores.as_of, score, model_version, label from ml.scores join labelled"
            f" using (user_id, as_of) where model = '{model}' and horizon_days = {horizon_days} and label is not null"
            ") select user_id, score, model_version, label from matured"
            " where as_of = (select max(as_of) from matured) order by user_id"
        )

    def write_scores(
        self,
        model: str,
        as_of: date,
        horizon_days: int,
        model_version: int,
        scores: pl.DataFrame,
        *,
        feature_hash: str,
    ) -> int:
        """Replaces the scores of one model, day and horizon and enters them into the ledger, in one transaction.

        `scores` has user_id, score, basis, and for the segmentation segment_id and segment. Returns how many there are.
        """
        columns = [name for name in SCORE_COLUMNS if name in scores.columns]
        key = (model, as_of, horizon_days)
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute("delete from ml.scores where model = %s and as_of = %s and horizon_days = %s", key)
            copy = sql.SQL("copy ml.scores (model, as_of, horizon_days, model_version, {}) from stdin").format(
                sql.SQL(", ").join(map(sql.Identifier, columns))
            )
            with cursor.copy(copy) as rows:
                for row in scores.select(columns).iter_rows():
                    rows.write_row((*key, model_version, *row))
            record_scores(connection, model, as_of, horizon_days, feature_hash)
        return scores.height

    def read_scores(self, model: str, as_of: date) -> pl.DataFrame:
        """The stored scores of one model and day, ordered by user; empty when there are none."""
        named = "segment_id, segment" if model == "segmentation" else "score"
        return self.read(
            f"select user_id, as_of, horizon_days, {named}, model_version from ml.scores"  # noqa: S608
            f" where model = '{model}' and as_of = date '{as_of.isoformat()}' order by user_id"
        )

    def quarantined(self) -> int:
        """How many rows are in quarantine."""
        with self.connect() as connection, connection.cursor(row_factory=scalar_row) as cursor:
            return int(cursor.execute("select count(*) from raw.events_quarantine").fetchall()[0])

    def oldest_open_transaction(self) -> int:
        """Every transaction below this number has ended: its rows are all there, or never will be."""
        with self.connect() as connection, connection.cursor(row_factory=scalar_row) as cursor:
            return int(cursor.execute("select pg_snapshot_xmin(pg_current_snapshot())::text").fetchall()[0])

    def watermark(self, reader: str) -> int:
        """The transaction number from which `reader` has not seen everything; 0 at the beginning."""
        with self.connect() as connection, connection.cursor(row_factory=scalar_row) as cursor:
            # A mark from another server's future, after a restore, says nothing about this one.
            found = cursor.execute(
                "select xid from raw.watermarks where reader = %s"
                " and xid <= pg_snapshot_xmax(pg_current_snapshot())::text::bigint",
                (reader,),
            ).fetchone()
        return 0 if found is None else int(found)

    def move_watermark(self, reader: str, xid: int) -> None:
        """Remembers that `reader` has seen every transaction below `xid`."""
        with self.connect() as connection:
            connection.execute(
                "insert into raw.watermarks (reader, xid) values (%s, %s)"
                " on conflict (reader) do update set xid = excluded.xid, moved_at = now()",
                (reader, xid),
            )

    def imported_files(self) -> set[str]:
        """The names of the files that events were imported from."""
        with self.connect() as connection, connection.cursor(row_factory=scalar_row) as cursor:
            return set(cursor.execute("select distinct file_name from raw.imports").fetchall())

    def example_users(self, model: str) -> list[str]:
        """Two users to show a model with: the one with the highest newest score, and the one in the middle."""
        with self.connect() as connection, connection.cursor(row_factory=scalar_row) as cursor:
            users = cursor.execute(
                "select user_id from ml.scores where model = %s"
                " and as_of = (select max(as_of) from ml.scores where model = %s)"
                " order by basis, score desc, user_id",
                (model, model),
            ).fetchall()
        return [users[0], users[len(users) // 2]] if users else []

    def scored_days(self, model: str) -> list[date]:
        """The days that have scores of this model, oldest first."""
        with self.connect() as connection, connection.cursor(row_factory=scalar_row) as cursor:
            return cursor.execute(
                "select distinct as_of from ml.scores where model = %s order by as_of", (model,)
            ).fetchall()

    def newest_scores(self, model: str) -> date | None:
        """The newest day that has scores of this model."""
        return max(self.scored_days(model), default=None)

    def deployment(self, model: str) -> DeploymentRow | None:
        """What the services of this model were last told to run."""
        with self.connect() as connection, connection.cursor(row_factory=class_row(DeploymentRow)) as cursor:
            return cursor.execute(
                "select deployment_id, model_version, digest, bento_tag from ml.deployments"
                " where model = %s order by deployment_id desc limit 1",
                (model,),
            ).fetchone()

    def record_deployment(
        self,
        transaction: Connection,
        model: str,
        model_version: int,
        digest: str,
        artifact_path: str,
        bento_tag: str,
        deployed_by: str,
    ) -> int:
        """Tells the services of a model which version to run; they pick it up by themselves. Returns its id."""
        cursor = transaction.execute(
            "insert into ml.deployments"
            " (model, model_version, digest, artifact_path, bento_tag, deployed_by) values (%s, %s, %s, %s, %s, %s)"
            " returning deployment_id",
            (model, model_version, digest, artifact_path, bento_tag, deployed_by),
        )
        return int(str(cursor.fetchall()[0][0]))

    def add_service_key(self, name: str, key_sha256: bytes) -> int:
        """Lets whoever has the key with this hash call the services; returns the key's id."""
        with self.connect() as connection, connection.cursor(row_factory=scalar_row) as cursor:
            added = "insert into ml.service_keys (name, key_sha256) values (%s, %s) returning key_id"
            return int(cursor.execute(added, (name, key_sha256)).fetchall()[0])

    def service_keys(self) -> list[dict[str, object]]:
        """Every key ever made, without its hash, oldest first."""
        with self.connect() as connection, connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(
                "select key_id, name, created_at, revoked_at from ml.service_keys order by key_id"
            ).fetchall()

    def revoke_service_key(self, key_id: int) -> bool:
        """Ends a key; False where there is no valid one of that id."""
        with self.connect() as connection:
            ended = "update ml.service_keys set revoked_at = now() where key_id = %s and revoked_at is null"
            return connection.execute(ended, (key_id,)).rowcount == 1

    @contextmanager
    def promotion(self, model: str) -> Iterator[Connection]:
        """A transaction that only one promoter of a model can be in; a second one is told, and does not wait."""
        with self.connect() as connection:
            row = connection.execute(
                "select pg_try_advisory_xact_lock(hashtext('promotion'), hashtext(%s))", (model,)
            ).fetchone()
            if row is None or not row[0]:
                raise UserError(f"Somebody else is promoting {model} right now; try again when they are done.")
            yield connection

    @contextmanager
    def building_marts(self) -> Iterator[None]:
        """Held while dbt builds. A second builder is refused at once: both would replace the same tables."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            row = connection.execute("select pg_try_advisory_lock(hashtext('marts'))").fetchone()
            if row is None or not row[0]:
                raise UserError("Another run is building the marts of this warehouse; try again when it has ended.")
            yield
