{#
    A snapshot is all rows of one as_of date (and, for labels, of one horizon). Models of snapshots build the dates that the
    variable as_of_dates names in one pass, and replace each as a whole. A snapshot that is stored and still valid is left as
    it is: its definition is the same, and nothing that was known as of its day has changed since (see raw.daily_changes).
#}

{# The requested days, ascending, as ISO dates. By default, the day after the newest event was received. #}
{% macro requested_days() -%}
    {%- set days = var('as_of_dates') | map('string') | unique | sort -%}
    {%- set daily = none if days else stored_table('int_user_daily') -%}
    {%- if daily is none -%}
        {{ return(days) }}
    {%- endif -%}
    {%- set newest -%}
    select {{ add_days('max(received_day)', 1) }} from {{ daily }}
    where not {{ is_identity('user_id') }} having max(received_day) is not null
    {%- endset -%}
    {{ return(run_query(newest).columns[0].values() | map('string') | list) }}
{%- endmacro %}

{# The table of a model, found by name so that dbt sees no dependency on it; none if it does not exist. #}
{% macro stored_table(model) -%}
    {%- if execute -%}
        {%- set node = graph.nodes['model.' ~ project_name ~ '.' ~ model] -%}
        {{ return(adapter.get_relation(node.database, node.schema, node.alias)) }}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}

{# Whether all requested snapshots of a model are built, whatever is stored. #}
{% macro is_from_scratch(mart) -%}
    {{ return(var('rebuild') or should_full_refresh() or stored_table(mart) is none) }}
{%- endmacro %}

{# The days of `mart` to build: those requested that are not stored, or no longer valid. #}
{% macro days_to_build(mart, horizon_days=0, where='true') -%}
    {%- set days = requested_days() -%}
    {%- if is_from_scratch(mart) -%}
        {{ return(days) }}
    {%- endif -%}
    {{ return(days | reject('in', valid_days(mart, horizon_days, where)) | list) }}
{%- endmacro %}

{# The days of which `mart` stores a snapshot that is still valid, ascending. #}
{% macro valid_days(mart, horizon_days=0, where='true') -%}
    {%- if not execute -%}
        {{ return([]) }}
    {%- endif -%}
    {{ return(adapter.dispatch('valid_days')(mart, horizon_days, where)) }}
{%- endmacro %}

{% macro default__valid_days(mart, horizon_days, where) -%}
    {{ return(untaught('valid_days')) }}
{%- endmacro %}

{% macro spark__valid_days(mart, horizon_days, where) -%}
    {%- set record = record_of(mart) -%}
    {%- if record.definition != definition_of(mart) -%}
        {{ return([]) }}
    {%- endif -%}
    {{ return(days_where(record.days.get(horizon_days | string, []), where)) }}
{%- endmacro %}

{% macro postgres__valid_days(mart, horizon_days, where) -%}
    {%- set query -%}
    select snapshots.as_of from {{ source('raw', 'snapshots') }} as snapshots
    where
        snapshots.mart = '{{ mart }}' and snapshots.horizon_days = {{ horizon_days }}
        and snapshots.definition = '{{ definition_of(mart) }}'
        and {{ where }}
        and not exists (
            select 1 from {{ source('raw', 'daily_changes') }} as changes
            where
                changes.change_id > snapshots.change_id
                and changes.first_known_day < {{ add_days('snapshots.as_of', 'snapshots.horizon_days') }}
        )
    order by snapshots.as_of
    {%- endset -%}
    {{ return(run_query(query).columns[0].values() | map('string') | list) }}
{%- endmacro %}

{# A query of one column, as_of: the given days. #}
{% macro as_of_dates(days) -%}
    {%- for day in days %}
    select cast('{{ day }}' as date) as as_of
        {%- if not loop.last %} union all{% endif %}
    {%- else %}
    select cast(null as date) as as_of where false
    {%- endfor %}
{%- endmacro %}

{# Scalar: the first day about which nothing is known yet. #}
{% macro known_until() -%}
    {%- if var('known_until') -%}
    cast('{{ var("known_until") }}' as date)
    {%- else -%}
    (select {{ add_days('max(received_day)', 1) }} from {{ ref('int_user_daily') }} where not {{ is_identity('user_id') }})
    {%- endif -%}
{%- endmacro %}

{#
    Incremental strategy: replaces each snapshot to build as a whole. Unlike delete+insert it also removes a snapshot whose
    new version has no rows: the labels of a window that is open as of this run.
#}
{% macro get_incremental_replace_snapshots_sql(arg_dict) -%}
    {%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) -%}
    {%- set has_horizon = arg_dict['dest_columns'] | selectattr('name', 'equalto', 'horizon_days') | list -%}
    {%- set horizon_days = var('horizon_days') | int if has_horizon else 0 -%}
    {%- set days = label_days_to_build() if has_horizon else days_to_build(this.identifier) -%}
    delete from {{ arg_dict['target_relation'] }}
    where as_of in (select days.as_of from ({{ as_of_dates(days) }}) as days)
    {%- if has_horizon %}
    and horizon_days = {{ horizon_days }}
    {%- endif %};

    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }} from {{ arg_dict['temp_relation'] }}
    {%- if target.type == 'postgres' %};

    drop view {{ arg_dict['temp_relation'] }}
    {%- endif %}
{%- endmacro %}

{#
    Overrides dbt's own: what dbt makes before it inserts. For snapshots it is a view and not a table, so that a row is
    written once. Writing rows twice took a third of the time of many snapshots.
#}
{% macro postgres__create_table_as(temporary, relation, sql) -%}
    {%- if temporary and config.get('incremental_strategy') == 'replace_snapshots' -%}
    create temporary view {{ relation }} as (
        {{ sql }}
    );
    {%- else -%}
    {{ dbt.postgres__create_table_as(temporary, relation, sql) }}
    {%- endif -%}
{%- endmacro %}

{# Hook before a build: remembers the newest change that the build can have seen. A new table has no snapshots yet. #}
{% macro remember_change() -%}
    {{ return(adapter.dispatch('remember_change')()) }}
{%- endmacro %}

{% macro default__remember_change() -%}
    {{ return(untaught('remember_change')) }}
{%- endmacro %}

{# The plan of the build has it. #}
{% macro spark__remember_change() -%}
{%- endmacro %}

{% macro postgres__remember_change() -%}
    select set_config('customer_analyzer.change', coalesce(max(change_id), 0)::text, true)
    from {{ source('raw', 'daily_changes') }}
    {%- if should_full_refresh() or stored_table(this.identifier) is none %};
    delete from {{ source('raw', 'snapshots') }} where mart = '{{ this.identifier }}'
    {%- endif %}
{%- endmacro %}

{# Hook after a build, in its transaction: a snapshot and the record of it are stored together or not at all. #}
{% macro record_snapshots(days, horizon_days=0, where='true') -%}
    {{ return(adapter.dispatch('record_snapshots')(days, horizon_days, where)) }}
{%- endmacro %}

{% macro default__record_snapshots(days, horizon_days, where) -%}
    {{ return(untaught('record_snapshots')) }}
{%- endmacro %}

{% macro spark__record_snapshots(days, horizon_days, where) -%}
    {{ store_record(record_with_days(this.identifier, days_where(days, where), horizon_days)) }}
{%- endmacro %}

{% macro postgres__record_snapshots(days, horizon_days, where) -%}
    {%- set built = as_of_dates(days) -%}
    delete from {{ source('raw', 'snapshots') }}
    where
        mart = '{{ this.identifier }}' and horizon_days = {{ horizon_days }}
        and as_of in (select days.as_of from ({{ built }}) as days);
    insert into {{ source('raw', 'snapshots') }} (mart, as_of, horizon_days, change_id, definition)
    select
        '{{ this.identifier }}', as_of, {{ horizon_days }},
        current_setting('customer_analyzer.change')::bigint, '{{ definition_of(this.identifier) }}'
    from ({{ built }}) as days where {{ where }}
{%- endmacro %}

{# Hook before user_features: refuses to build a snapshot whose sums are missing, which would come out empty. #}
{% macro require_sums() -%}
    {%- set missing = days_to_build('user_features') | reject('in', days_with_sums()) | list -%}
    {%- if missing and execute -%}
        {%- do exceptions.raise_compiler_error(
            'The sums of ' ~ missing | join(', ') ~ ' are missing; build int_user_sums with user_features: --select +user_features'
        ) -%}
    {%- endif -%}
{%- endmacro %}

{# The days of which int_user_sums has valid sums now, which may have been built a moment ago. #}
{% macro days_with_sums() -%}
    {{ return(adapter.dispatch('days_with_sums')()) }}
{%- endmacro %}

{% macro default__days_with_sums() -%}
    {{ return(untaught('days_with_sums')) }}
{%- endmacro %}

{% macro postgres__days_with_sums() -%}
    {{ return(valid_days('int_user_sums')) }}
{%- endmacro %}

{% macro spark__days_with_sums() -%}
    {%- set table = stored_table('int_user_sums') -%}
    {%- if table is none -%}
        {{ return([]) }}
    {%- endif -%}
    {%- set stored = run_query("show tblproperties " ~ table ~ " ('customer-analyzer.record')").columns[1].values()[0] -%}
    {%- set record = fromjson(stored) -%}
    {{ return(record.days['0'] if record.definition == definition_of('int_user_sums') else []) }}
{%- endmacro %}

{# Hook after int_user_sums, which keeps no other days than those of its plan. #}
{% macro record_sums() -%}
    {{ return(adapter.dispatch('record_sums')()) }}
{%- endmacro %}

{% macro default__record_sums() -%}
    {{ return(untaught('record_sums')) }}
{%- endmacro %}

{# The statement that makes the table stores its record. #}
{% macro spark__record_sums() -%}
{%- endmacro %}

{% macro postgres__record_sums() -%}
    {%- set plan = sums_plan() -%}
    {%- set stored = plan.requested + ([plan.kept] if plan.kept else []) -%}
    delete from {{ source('raw', 'snapshots') }}
    where mart = 'int_user_sums' and as_of not in (select days.as_of from ({{ as_of_dates(stored) }}) as days);
    {{ record_snapshots(plan.requested) }}
{%- endmacro %}

{# The days of user_labels to build. A window that is open has no labels, also where some are stored. #}
{% macro label_days_to_build() -%}
    {{ return(days_to_build('user_labels', var('horizon_days') | int, window_has_closed())) }}
{%- endmacro %}

{# Hook after user_labels: records only days that have labels, so that the others are looked at again. #}
{% macro record_labels() -%}
    {{ record_snapshots(label_days_to_build(), var('horizon_days') | int, window_has_closed()) }}
{%- endmacro %}

{# Whether the label window of a day has closed. Expects the column as_of. #}
{% macro window_has_closed() -%}
    {{ add_days('as_of', var('horizon_days') | int) }} <= {{ known_until() }}
{%- endmacro %}
