{# Incremental strategy: leaves a row as it is if its unique key is stored already, even when two runs insert it at once. #}
{% macro get_incremental_insert_once_sql(arg_dict) -%}
    {{ return(adapter.dispatch('get_incremental_insert_once_sql')(arg_dict)) }}
{%- endmacro %}

{% macro default__get_incremental_insert_once_sql(arg_dict) -%}
    {{ return(untaught('get_incremental_insert_once_sql')) }}
{%- endmacro %}

{% macro postgres__get_incremental_insert_once_sql(arg_dict) -%}
    {%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) -%}
    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }} from {{ arg_dict['temp_relation'] }}
    on conflict ({{ arg_dict['unique_key'] | join(', ') }}) do nothing
{%- endmacro %}
