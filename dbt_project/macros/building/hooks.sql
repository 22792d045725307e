{#
    What only one engine needs. Files of the lake have no indexes, no keys and no statistics to refresh, and Spark plans no
    nested loops: there these are empty.
#}

{# The default of every dispatched macro: no engine does without it silently. #}
{% macro untaught(macro_name) -%}
    {%- do exceptions.raise_compiler_error(
        'The macro ' ~ macro_name ~ ' does not say what it is on ' ~ target.type ~ '; write ' ~ target.type ~ '__' ~ macro_name
    ) -%}
{%- endmacro %}

{# Hook: makes the database refuse a row without its keys; a unique index alone lets nulls through. #}
{% macro require_keys(columns) -%}
    {{ return(adapter.dispatch('require_keys')(columns)) }}
{%- endmacro %}

{% macro default__require_keys(columns) -%}
    {{ return(untaught('require_keys')) }}
{%- endmacro %}

{% macro spark__require_keys(columns) -%}
{%- endmacro %}

{% macro postgres__require_keys(columns) -%}
    alter table {{ this }}
    {%- for column in columns %} alter column {{ column }} set not null{{ ',' if not loop.last }}{% endfor %}
{%- endmacro %}

{#
    Hook: indexes each user's days with a purchase, so that gaps between purchases are counted without reading other days.
    dbt itself makes no partial indexes. The index has no name of its own, because the table that is being replaced has an
    index with the same name.
#}
{% macro index_purchases() -%}
    {{ return(adapter.dispatch('index_purchases')()) }}
{%- endmacro %}

{% macro default__index_purchases() -%}
    {{ return(untaught('index_purchases')) }}
{%- endmacro %}

{% macro spark__index_purchases() -%}
{%- endmacro %}

{% macro postgres__index_purchases() -%}
    do $$
    begin
        if not exists (select from pg_index where indrelid = '{{ this }}'::regclass and indpred is not null) then
            create index on {{ this }} (user_id) include (occurred_day, known_day) where purchase_days > 0;
        end if;
    end
    $$
{%- endmacro %}

{#
    Hook: an index for each order of user_list. What is unknown comes last, as the least, and users who are equal come in
    the order of the bytes of their ids: so the key of a page's last user says where the next page begins. dbt itself
    indexes columns only.
#}
{% macro index_user_list() -%}
    {{ return(adapter.dispatch('index_user_list')()) }}
{%- endmacro %}

{% macro default__index_user_list() -%}
    {{ return(untaught('index_user_list')) }}
{%- endmacro %}

{% macro spark__index_user_list() -%}
{%- endmacro %}

{% macro postgres__index_user_list() -%}
    create index on {{ this }} (user_id collate "C");
    create index on {{ this }} (coalesce(expected_value, '-infinity'), user_id collate "C");
    create index on {{ this }} (coalesce(purchase_probability, '-infinity'), user_id collate "C");
    create index on {{ this }} (coalesce(churn_probability, '-infinity'), user_id collate "C");
    create index on {{ this }} (coalesce(last_active_day, '-infinity'), user_id collate "C");
    create index on {{ this }} (coalesce(purchase_amount_total, '-infinity'), user_id collate "C");
    create index on {{ this }} (segment)
{%- endmacro %}

{#
    Hook: has the database take no samples of a column's values, where ids of few users would stay in them although the table
    is empty again.
#}
{% macro keep_no_samples(columns) -%}
    {{ return(adapter.dispatch('keep_no_samples')(columns)) }}
{%- endmacro %}

{% macro default__keep_no_samples(columns) -%}
    {{ return(untaught('keep_no_samples')) }}
{%- endmacro %}

{% macro spark__keep_no_samples(columns) -%}
{%- endmacro %}

{% macro postgres__keep_no_samples(columns) -%}
    alter table {{ this }}
    {%- for column in columns %} alter column {{ column }} set statistics 0{{ ',' if not loop.last }}{% endfor %}
{%- endmacro %}

{# Hook: updates the statistics of some columns, or all, so that readers in the same run are planned for the true size. #}
{% macro refresh_statistics(columns=[]) -%}
    {{ return(adapter.dispatch('refresh_statistics')(columns)) }}
{%- endmacro %}

{% macro default__refresh_statistics(columns) -%}
    {{ return(untaught('refresh_statistics')) }}
{%- endmacro %}

{% macro spark__refresh_statistics(columns) -%}
{%- endmacro %}

{% macro postgres__refresh_statistics(columns) -%}
    analyze {{ this }}{% if columns %} ({{ columns | join(', ') }}){% endif %}
{%- endmacro %}

{#
    Hook before a build whose steps have a size that the planner cannot know. It takes some for a row or two, and would join
    them with nested loops, for hours. Where a lookup per row is right, the query says so with lookup_per_row.
#}
{% macro forbid_nested_loops() -%}
    {{ return(adapter.dispatch('forbid_nested_loops')()) }}
{%- endmacro %}

{% macro default__forbid_nested_loops() -%}
    {{ return(untaught('forbid_nested_loops')) }}
{%- endmacro %}

{% macro spark__forbid_nested_loops() -%}
{%- endmacro %}

{% macro postgres__forbid_nested_loops() -%}
    set local enable_nestloop = off
{%- endmacro %}

{# At the end of a lateral query: runs it once per row, however expensive the planner takes that to be. #}
{% macro lookup_per_row() -%}
    {{ return(adapter.dispatch('lookup_per_row')()) }}
{%- endmacro %}

{% macro default__lookup_per_row() -%}
    {{ return(untaught('lookup_per_row')) }}
{%- endmacro %}

{% macro spark__lookup_per_row() -%}
{%- endmacro %}

{% macro postgres__lookup_per_row() -%}
    offset 0
{%- endmacro %}

{# Hook before a full refresh of a table that is made of all events: refuses it while some of them are archived. #}
{% macro require_whole_history() -%}
    {{ return(adapter.dispatch('require_whole_history')()) }}
{%- endmacro %}

{% macro default__require_whole_history() -%}
    {{ return(untaught('require_whole_history')) }}
{%- endmacro %}

{% macro spark__require_whole_history() -%}
{%- endmacro %}

{% macro postgres__require_whole_history() -%}
    {%- if not is_incremental() -%}
    select raw.demand_whole_history()
    {%- endif -%}
{%- endmacro %}

{# The last lines of a query: the order in which rows lie in the table. #}
{% macro lie_in_order(columns) -%}
    {{ return(adapter.dispatch('lie_in_order')(columns)) }}
{%- endmacro %}

{% macro default__lie_in_order(columns) -%}
    {{ return(untaught('lie_in_order')) }}
{%- endmacro %}

{# The rows of a day lie together, also after a full refresh, because a snapshot reads few days of all users. #}
{% macro postgres__lie_in_order(columns) -%}
    order by {{ columns }}
{%- endmacro %}

{# Partitions keep days apart. Sorting everything took a quarter of a build. #}
{% macro spark__lie_in_order(columns) -%}
{%- endmacro %}

{# Whether a lookup per row is quick: there is an index to look in. #}
{% macro has_lookups() -%}
    {{ return(adapter.dispatch('has_lookups')()) }}
{%- endmacro %}

{% macro default__has_lookups() -%}
    {{ return(untaught('has_lookups')) }}
{%- endmacro %}

{% macro postgres__has_lookups() -%}
    {{ return(true) }}
{%- endmacro %}

{% macro spark__has_lookups() -%}
    {{ return(false) }}
{%- endmacro %}
