{#
    A snapshot is every row of one as_of date (and, for labels, one horizon). Models of snapshots build the dates named by
    the variable as_of_dates in one pass, and replace them whole.
#}

{# A query of one column, as_of: the dates to build. #}
{% macro as_of_dates() -%}
    {%- set days = var('as_of_dates') -%}
    {%- if days -%}
        {%- for day in days | unique %}
    select cast('{{ day }}' as date) as as_of
    {%- if not loop.last %} union all{% endif %}
        {%- endfor %}
    {%- else %}
    select {{ add_days('max(received_day)', 1) }} as as_of
    from {{ ref('int_user_daily') }}
    having max(received_day) is not null
    {%- endif %}
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
    Incremental strategy: replaces the asked-for snapshots whole. Unlike delete+insert it also removes a snapshot whose
    new version has no rows: labels of a window that, as of this run, has not matured.
#}
{% macro get_incremental_replace_snapshots_sql(arg_dict) -%}
    {%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) -%}
    delete from {{ arg_dict['target_relation'] }}
    where as_of in (select as_of from ({{ as_of_dates() }}) as asked)
    {%- if arg_dict['dest_columns'] | selectattr('name', 'equalto', 'horizon_days') | list %}
    and horizon_days = {{ var('horizon_days') | int }}
    {%- endif %};

    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }} from {{ arg_dict['temp_relation'] }}
{%- endmacro %}
