{#
    An incremental reader of raw.events stores a watermark: the oldest transaction that was still open before it looked. A
    transaction that commits late is at or above the watermark and is read next time; a clock or a sequence would miss it.
    Reading some events twice does no harm, because whole days are replaced, never added to.
#}

{#
    Hooks before the scan: only one reader at a time, and the new watermark is taken before the scan sees anything. They also
    set where the scan starts, and collect what it will read.
#}
{% macro watermark_hooks(reader) -%}
    {{ return(adapter.dispatch('watermark_hooks')(reader)) }}
{%- endmacro %}

{% macro default__watermark_hooks(reader) -%}
    {{ return(untaught('watermark_hooks')) }}
{%- endmacro %}

{#
    Of the lake, one snapshot of the events is read, and the plan of the build says what is new in it (see lake.sql). What an
    earlier pass of the same session has kept is not read again.
#}
{% macro spark__watermark_hooks(reader) -%}
    {{ return(["drop view if exists touched_events", "{{ collect_touched_events('" ~ reader ~ "') }}"]) }}
{%- endmacro %}

{% macro postgres__watermark_hooks(reader) -%}
    {{ return([
        "{{ require_whole_history() }}",
        "select pg_advisory_xact_lock(hashtext('watermark " ~ reader ~ "'))",
        "select set_config('customer_analyzer.watermark', pg_snapshot_xmin(pg_current_snapshot())::text, true)",
        "select set_config('customer_analyzer.read_from', '{{ stored_watermark('" ~ reader ~ "') if is_incremental() else 0 }}', true)",
        "{{ collect_touched_events('" ~ reader ~ "') }}",
    ]) }}
{%- endmacro %}

{#
    Hook after the scan and before the watermark moves: records the first day on which what was known has changed. What was
    known as of that day or earlier stays as it was. A scan of all events may have changed everything.
#}
{% macro record_change() -%}
    {{ return(adapter.dispatch('record_change')()) }}
{%- endmacro %}

{% macro default__record_change() -%}
    {{ return(untaught('record_change')) }}
{%- endmacro %}

{# What has changed was known before the build, and no longer counts as built. #}
{% macro spark__record_change() -%}
{%- endmacro %}

{% macro postgres__record_change() -%}
    {%- set query = "select current_setting('customer_analyzer.read_from')" -%}
    {%- set read_from = run_query(query).columns[0].values()[0] if execute else 0 -%}
    insert into {{ source('raw', 'daily_changes') }} (first_known_day)
    {%- if read_from | int == 0 %}
    values ('0001-01-01')
    {%- else %}
    select min(first_known_day)
    from (
        select {{ utc_day('min(greatest(occurred_at, received_at))') }} as first_known_day
        from {{ source('raw', 'events') }}
        where ingested_xid >= {{ read_from }}
        {%- if is_incremental() %}
        union all
        select min(merged_day) from uncounted_identities
        {%- endif %}
    ) as changes
    having min(first_known_day) is not null
    {%- endif %}
{%- endmacro %}

{#
    Hook after the scan, in the same transaction: the watermark, the rows it stands for and the definition they were counted
    by are committed together or not at all.
#}
{% macro store_watermark(reader) -%}
    {{ return(adapter.dispatch('store_watermark')(reader)) }}
{%- endmacro %}

{% macro default__store_watermark(reader) -%}
    {{ return(untaught('store_watermark')) }}
{%- endmacro %}

{% macro spark__store_watermark(reader) -%}
    {{ store_record({'definition': definition_of(reader), 'events': lake_plan().events}) }}
{%- endmacro %}

{% macro postgres__store_watermark(reader) -%}
    insert into {{ source('raw', 'watermarks') }} (reader, xid, definition)
    values ('{{ reader }}', current_setting('customer_analyzer.watermark')::bigint, '{{ definition_of(reader) }}')
    on conflict (reader) do update set xid = excluded.xid, definition = excluded.definition, moved_at = now()
{%- endmacro %}

{#
    The watermark that the reader stored last, as a number that the planner can compare with its statistics; 0, which reads
    everything again, if it never read. Another reader may move the watermark before this one gets its turn: an older
    watermark reads more than it must, never less.
#}
{% macro stored_watermark(reader) -%}
    {%- if execute -%}
        {{ return(run_query(adapter.dispatch('stored_watermark_query')(reader)).columns[0].values()[0] | int) }}
    {%- else -%}
        {{ return(0) }}
    {%- endif -%}
{%- endmacro %}

{# A watermark from the future was stored by another server, from which the database was restored; it means nothing here. #}
{% macro default__stored_watermark_query(reader) -%}
    {{ return(untaught('stored_watermark_query')) }}
{%- endmacro %}

{% macro postgres__stored_watermark_query(reader) -%}
    select coalesce(max(marks.xid), 0)
    from {{ source('raw', 'watermarks') }} as marks
    where marks.reader = '{{ reader }}' and marks.xid <= pg_snapshot_xmax(pg_current_snapshot())::text::bigint
{%- endmacro %}

{#
    One of the hooks before an incremental build: fills the temporary table touched_events with all events of every day of a
    user, or an identity, that has a new event, and with all events of identities of which no day is counted yet (those in
    uncounted_identities). It is a table because the planner takes whatever is newer than its statistics to be a row or
    two, and would join the steps of a day of 100,000 events with nested loops. The size of a table is known.
#}
{% macro collect_touched_events(reader) -%}
    {{ return(adapter.dispatch('collect_touched_events')(reader)) }}
{%- endmacro %}

{% macro default__collect_touched_events(reader) -%}
    {{ return(untaught('collect_touched_events')) }}
{%- endmacro %}

{#
    On Spark: keeps the events of the days of users with an event that is new or was received since, and lets later steps
    read them by that name. Events of other days are not read: files are pruned by the first of these days.
#}
{% macro spark__collect_touched_events(reader) -%}
    {%- if is_incremental() -%}
    {%- set new = 'events.received_day >= ' ~ first_received_day() -%}
    {%- set first_day -%}
    select cast(min(occurred_day) as string) as first_day from {{ ref('stg_events') }} as events where {{ new }}
    {%- endset -%}
    {%- set first_day = run_query(first_day).columns[0].values()[0] if execute else none -%}
    cache table touched_events as
    select events.*
    from {{ identity_events() }} as events
    left semi join (
        select distinct events.user_id, events.occurred_day from {{ identity_events() }} as events where {{ new }}
    ) as touched
        on events.user_id = touched.user_id and events.occurred_day = touched.occurred_day
    where events.occurred_day >= date'{{ first_day or '9999-12-31' }}'
    {%- endif -%}
{%- endmacro %}

{% macro postgres__collect_touched_events(reader) -%}
    {%- if is_incremental() -%}
    create temporary table uncounted_identities on commit drop as
    select distinct identities.identity_id, identities.merged_day from {{ ref('int_identities') }} as identities
    where not exists (select daily.user_id from {{ this }} as daily where daily.user_id = identities.identity_id);
    create temporary table touched_events on commit drop as
    with new_days as (
        select distinct user_id, occurred_day
        from {{ ref('stg_events') }}
        where ingested_xid >= {{ stored_watermark(reader) }}
    ),
    touched_days as (
        select user_id, occurred_day from new_days
        union
        select identities.identity_id, new_days.occurred_day
        from new_days
        inner join {{ ref('int_identities') }} as identities on new_days.user_id = identities.member_user_id
        where identities.identity_id not in (select identity_id from uncounted_identities)
    )
    -- By moments, not by days, because the partitions and their index hold moments: one lookup a day, no scan of everything.
    select stored_events.*
    from touched_days
    cross join lateral (
        select events.* from {{ identity_events() }} as events
        where
            touched_days.user_id = events.user_id
            and {{ utc_midnight('touched_days.occurred_day') }} <= events.occurred_at
            and {{ utc_midnight(add_days('touched_days.occurred_day', 1)) }} > events.occurred_at
        {{ lookup_per_row() }}
    ) as stored_events
    union all
    select stored_events.*
    from uncounted_identities
    cross join lateral (
        select events.* from {{ identity_events() }} as events
        where uncounted_identities.identity_id = events.user_id
        {{ lookup_per_row() }}
    ) as stored_events;
    analyze touched_events
    {%- endif -%}
{%- endmacro %}

{# When an event was stored, as incremental readers compare it: the transaction, or nothing where snapshots say it. #}
{% macro ingested_at() -%}
    {{ return(adapter.dispatch('ingested_at')()) }}
{%- endmacro %}

{% macro default__ingested_at() -%}
    {{ return(untaught('ingested_at')) }}
{%- endmacro %}

{% macro postgres__ingested_at() -%}
    events.ingested_xid
{%- endmacro %}

{% macro spark__ingested_at() -%}
    cast(null as bigint)
{%- endmacro %}
