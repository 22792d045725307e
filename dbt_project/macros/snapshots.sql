{#
    A snapshot is every row of one as_of date (and, for labels, one horizon). Models of snapshots build the dates named by
    the variable as_of_dates in one pass, and replace them whole. A snapshot that is there and still true is left as it is:
    it was made by the same SQL, and nothing that was known as of its day has changed since (see raw.daily_changes).
#}

{# The days asked for, ascending, as ISO dates. Unless told, the day after the newest event was received. #}
{% macro asked_days() -%}
    {%- set days = var('as_of_dates') | map('string') | unique | sort -%}
    {%- set daily = none if days else stored_table('int_user_daily') -%}
    {%- if daily is none -%}
        {{ return(days) }}
    {%- endif -%}
    {%- set newest -%}
    select {{ add_days('max(received_day)', 1) }} from {{ daily }} having max(received_day) is not null
    {%- endset -%}
    {{ return(run_query(newest).columns[0].values() | map('string') | list) }}
{%- endmacro %}

{# The table of a model, by name and without a dependency on it, or none while there is none. #}
{% macro stored_table(model) -%}
    {%- if execute -%}
        {%- set node = graph.nodes['model.' ~ project_name ~ '.' ~ model] -%}
        {{ return(adapter.get_relation(node.database, node.schema, node.alias)) }}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}

{# Whether a model's snapshots are to be made anew, whatever is stored. #}
{% macro is_from_scratch(mart) -%}
    {{ return(var('rebuild') or should_full_refresh() or stored_table(mart) is none) }}
{%- endmacro %}

{# The days of `mart` to build: asked for, and not there or no longer true. #}
{% macro days_to_build(mart, horizon_days=0, where='true') -%}
    {%- set days = asked_days() -%}
    {%- if is_from_scratch(mart) -%}
        {{ return(days) }}
    {%- endif -%}
    {{ return(days | reject('in', true_days(mart, horizon_days, where)) | list) }}
{%- endmacro %}

{# The days of which `mart` has a snapshot that is still true, ascending. #}
{% macro true_days(mart, horizon_days=0, where='true') -%}
    {%- if not execute -%}
        {{ return([]) }}
    {%- endif -%}
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

{# What a mart is made by: a digest of its SQL and of what it reads. #}
{% macro definition_of(mart) -%}
    {%- set made_of = {
        'int_user_sums': ['int_user_daily', 'int_user_sums'],
        'user_features': ['int_user_daily', 'int_user_sums', 'user_features'],
        'user_labels': ['int_user_daily', 'user_labels'],
    } -%}
    {%- set sql = [summed_columns() | string] -%}
    {%- for model in made_of[mart] if execute -%}
        {%- do sql.append(graph.nodes['model.' ~ project_name ~ '.' ~ model].raw_code) -%}
    {%- endfor -%}
    {{ return(local_md5(sql | join('\n'))) }}
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
    (select {{ add_days('max(received_day)', 1) }} from {{ ref('int_user_daily') }})
    {%- endif -%}
{%- endmacro %}

{#
    Incremental strategy: replaces the snapshots to build whole. Unlike delete+insert it also removes a snapshot whose new
    version has no rows: labels of a window that, as of this run, has not matured.
#}
{% macro get_incremental_replace_snapshots_sql(arg_dict) -%}
    {%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) -%}
    {%- set has_horizon = arg_dict['dest_columns'] | selectattr('name', 'equalto', 'horizon_days') | list -%}
    {%- set horizon_days = var('horizon_days') | int if has_horizon else 0 -%}
    {%- set days = labels_to_build() if has_horizon else days_to_build(this.identifier) -%}
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
    What dbt makes before it inserts: for snapshots a view and not a table, so that a row is written once, not twice. They
    are a third of what building many snapshots takes.
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

{# Hook before a build: the changes it can have seen are those up to now; a new table has no snapshots yet. #}
{% macro remember_change() -%}
    select set_config('customer_analyzer.change', coalesce(max(change_id), 0)::text, true)
    from {{ source('raw', 'daily_changes') }}
    {%- if should_full_refresh() or stored_table(this.identifier) is none %};
    delete from {{ source('raw', 'snapshots') }} where mart = '{{ this.identifier }}'
    {%- endif %}
{%- endmacro %}

{# Hook after a build, in its transaction: a snapshot and the record of it are there together or not at all. #}
{% macro record_snapshots(days, horizon_days=0, where='true') -%}
    {%- set asked = as_of_dates(days) -%}
    delete from {{ source('raw', 'snapshots') }}
    where
        mart = '{{ this.identifier }}' and horizon_days = {{ horizon_days }}
        and as_of in (select days.as_of from ({{ asked }}) as days);
    insert into {{ source('raw', 'snapshots') }} (mart, as_of, horizon_days, change_id, definition)
    select
        '{{ this.identifier }}', as_of, {{ horizon_days }},
        current_setting('customer_analyzer.change')::bigint, '{{ definition_of(this.identifier) }}'
    from ({{ asked }}) as days where {{ where }}
{%- endmacro %}

{# Hook before user_features: a snapshot whose sums are missing would come out empty. #}
{% macro demand_sums() -%}
    {%- set missing = days_to_build('user_features') | reject('in', true_days('int_user_sums')) | list -%}
    {%- if missing and execute -%}
        {%- do exceptions.raise_compiler_error(
            'The sums of ' ~ missing | join(', ') ~ ' are missing; build int_user_sums with user_features: --select +user_features'
        ) -%}
    {%- endif -%}
{%- endmacro %}

{# Hook after int_user_sums, which keeps no more than the days of its plan. #}
{% macro record_sums() -%}
    {%- set plan = sums_plan() -%}
    {%- set there = plan.asked + ([plan.kept] if plan.kept else []) -%}
    delete from {{ source('raw', 'snapshots') }}
    where mart = 'int_user_sums' and as_of not in (select days.as_of from ({{ as_of_dates(there) }}) as days);
    {{ record_snapshots(plan.asked) }}
{%- endmacro %}

{# The days of user_labels to build. A window that is open has no labels, also where there were some. #}
{% macro labels_to_build() -%}
    {{ return(days_to_build('user_labels', var('horizon_days') | int, has_closed())) }}
{%- endmacro %}

{# Hook after user_labels: what has no labels yet is looked at again. #}
{% macro record_labels() -%}
    {{ record_snapshots(labels_to_build(), var('horizon_days') | int, has_closed()) }}
{%- endmacro %}

{# Whether the label window of a day has closed. Expects the column as_of. #}
{% macro has_closed() -%}
    {{ add_days('as_of', var('horizon_days') | int) }} <= {{ known_until() }}
{%- endmacro %}
