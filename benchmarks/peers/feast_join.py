"""Feast's point-in-time join of one source in Postgres, as documented. Run by `benchmarks.snapshots`.

python feast_join.py NAME SOURCE_QUERY TTL_DAYS ENTITY_QUERY RESULT.parquet

The source has user_id, event_timestamp and features. The last query returns user_id and event_timestamp of the wanted
rows. Prints the seconds of the join, until the frame is there, and the peak memory of this process in bytes.
"""

import json
import os
import resource
import sys
import time
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from feast import Entity, FeatureStore, FeatureView, RepoConfig, ValueType
from feast.infra.offline_stores.contrib.postgres_offline_store.postgres import PostgreSQLOfflineStoreConfig
from feast.infra.offline_stores.contrib.postgres_offline_store.postgres_source import PostgreSQLSource


def main() -> None:
    """Declares the features, joins, and writes the result."""
    name, query, ttl_days, entities, result = sys.argv[1:]
    with TemporaryDirectory() as folder:
        store = FeatureStore(config=config(Path(folder)))
        user = Entity(name="user", join_keys=["user_id"], value_type=ValueType.STRING)
        source = PostgreSQLSource(name=f"{name}_source", query=query, timestamp_field="event_timestamp")
        view = FeatureView(name=name, entities=[user], ttl=timedelta(days=int(ttl_days)), source=source)
        store.apply([user, source, view])
        known = store.get_feature_view(view.name)
        features = [f"{known.name}:{field.name}" for field in known.features]
        begin = time.monotonic()
        frame = store.get_historical_features(entity_df=entities, features=features).to_df()
        seconds = time.monotonic() - begin
    frame.to_parquet(result)
    print(json.dumps({"seconds": seconds, "bytes": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}))


def config(folder: Path) -> RepoConfig:
    """A store whose offline part is the warehouse that dbt's environment variables name."""
    offline = PostgreSQLOfflineStoreConfig(
        host=os.environ["DBT_HOST"],
        port=int(os.environ["DBT_PORT"]),
        user=os.environ["DBT_USER"],
        password=os.environ["DBT_ENV_SECRET_PASSWORD"],
        database=os.environ["DBT_DBNAME"],
        sslmode="disable",
    )
    return RepoConfig(
        project="benchmark",
        provider="local",
        registry=str(folder / "registry.db"),
        offline_store=offline,
        online_store=None,
        entity_key_serialization_version=3,
    )


if __name__ == "__main__":
    main()
