-- The lake: Apache Iceberg tables in files. Their catalogue is here, so that what is in the lake and what is in Postgres is
-- committed together. Who does not use it has four empty tables.
create schema lake;

-- As pyiceberg's SQL catalogue and Iceberg's JDBC catalogue expect them.
create table lake.iceberg_tables (
    catalog_name varchar(255) not null,
    table_namespace varchar(255) not null,
    table_name varchar(255) not null,
    metadata_location varchar(1000),
    previous_metadata_location varchar(1000),
    iceberg_type varchar(5),
    primary key (catalog_name, table_namespace, table_name)
);
create table lake.iceberg_namespace_properties (
    catalog_name varchar(255) not null,
    namespace varchar(255) not null,
    property_key varchar(255) not null,
    property_value varchar(1000),
    primary key (catalog_name, namespace, property_key)
);

-- The events that the lake has. `said` is a digest of what the sender said: another event under the same id differs.
create table lake.event_ids (
    event_id uuid primary key,
    said bytea not null check (length(said) = 16)
);

create function lake.said(
    user_id text,
    event_type text,
    occurred_at timestamptz,
    order_id text,
    item_id text,
    amount numeric,
    currency text,
    quantity numeric,
    source text,
    properties jsonb
) returns bytea language sql stable parallel safe
return substring(
    sha256(
        convert_to(
            jsonb_build_array(
                user_id, event_type, extract(epoch from occurred_at), order_id, item_id, trim_scale(amount), currency,
                trim_scale(quantity), source, properties
            )::text,
            'UTF8'
        )
    ) for 16
);
