#!/bin/sh
# What the official image of PostgreSQL does at its first start, as far as compose.yaml uses it. Other programs just run.
set -eu
if [ "${1:-}" != postgres ]; then
    exec "$@"
fi
PATH=$(echo /usr/lib/postgresql/*/bin):$PATH
export PATH
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    # shellcheck disable=SC2086
    initdb --username=postgres --pwfile="$POSTGRES_PASSWORD_FILE" --encoding=UTF8 --locale=C.UTF-8 $POSTGRES_INITDB_ARGS
    echo "host all all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
fi
exec postgres -c listen_addresses='*'
