{#
    How tables are built in the lake, by Spark. What is built and still true is a record in each table's properties (JSON):

    definition  the digest of what its rows are made by (see definition_of)
    events      of int_user_daily: the snapshot of the events that its rows were counted from
    days        of snapshots: by horizon, the days that are stored and true

    Whoever starts dbt reads the records, drops from them the days that are no longer true, and passes the rest as the
    variable `lake` (lake.marts): {events, received_from, records}. A record is stored with the table it is about, or after
    its rows; a build that is killed in between leaves a record that says less than there is.
#}

{# The plan of this build, as lake.marts made it. #}
{% macro lake_plan() -%}
    {%- if not execute -%}
        {{ return({'events': '0', 'received_from': none, 'records': {}}) }}
    {%- endif -%}
    {%- if not var('lake') -%}
        {%- do exceptions.raise_compiler_error('On Spark, dbt is started with the variable lake; see lake.marts') -%}
    {%- endif -%}
    {{ return(var('lake')) }}
{%- endmacro %}

{% macro record_of(table_name) -%}
    {%- set none_yet = {'definition': none, 'events': none, 'days': {}} -%}
    {{ return(lake_plan().records.get(table_name) or none_yet) }}
{%- endmacro %}

{# The first UTC day of receipt from which events differ from those that were counted. #}
{% macro first_received_day() -%}
    date'{{ (lake_plan().received_from or '9999-12-31')[:10] }}'
{%- endmacro %}

{# Those of some days of which a condition on as_of is true. #}
{% macro days_where(days, where) -%}
    {%- if where == 'true' or not days or not execute -%}
        {{ return(days) }}
    {%- endif -%}
    {%- set query -%}
    select cast(days.as_of as string) as as_of from ({{ as_of_dates(days) }}) as days where {{ where }}
    {%- endset -%}
    {{ return(run_query(query).columns[0].values() | map('string') | sort) }}
{%- endmacro %}

{# The record of a table after some days of it were built, one of a horizon. #}
{% macro record_with_days(table_name, built, horizon_days) -%}
    {%- set definition = definition_of(table_name) -%}
    {%- set old = record_of(table_name) -%}
    {%- set days = {} -%}
    {%- if old.definition == definition and not is_from_scratch(table_name) -%}
        {%- do days.update(old.days) -%}
    {%- endif -%}
    {%- set horizon = horizon_days | string -%}
    {%- do days.update({horizon: (days.get(horizon, []) + built) | unique | sort}) -%}
    {{ return({'definition': definition, 'days': days}) }}
{%- endmacro %}

{# Hook: a statement that stores the record of the table that was built. #}
{% macro store_record(record) -%}
    alter table {{ this }} set tblproperties ('customer-analyzer.record' = '{{ tojson(record) }}')
{%- endmacro %}

{#
    Overrides dbt-spark's own: the properties of a table that is made or replaced, in the same commit as its rows. Bounds of
    columns are not kept, since those of ids would name users; partitions are what files are found by.
#}
{% macro spark__tblproperties_clause() -%}
    {%- set record = {} -%}
    {%- if this.identifier == 'int_user_sums' -%}
        {%- set plan = sums_plan() -%}
        {%- set days = plan.requested + ([plan.kept] if plan.kept else []) -%}
        {%- set record = {'definition': definition_of('int_user_sums'), 'days': {'0': days | unique | sort}} -%}
    {%- endif -%}
    tblproperties (
        'format-version' = '2',
        'write.parquet.compression-codec' = 'zstd',
        'write.metadata.delete-after-commit.enabled' = 'true',
        'write.metadata.metrics.default' = 'none',
        'customer-analyzer.record' = '{{ tojson(record) }}'
    )
{%- endmacro %}

{#
    The incremental tables of the lake. Makes a table or replaces it as a whole, in one commit, or writes what the strategy
    says. dbt-spark's own drops the table first, and knows no strategies but its own.
#}
{% materialization incremental, adapter='spark' -%}
    {%- set existing = load_relation(this) -%}
    {%- set strategy = config.require('incremental_strategy') -%}
    {%- set is_whole = existing is none or should_full_refresh() or strategy == 'replace_identities' -%}
    {%- set found = this.incorporate(path={'identifier': this.identifier ~ '__found'}).include(database=false, schema=false) -%}
    {{ run_hooks(pre_hooks) }}
    {%- if is_whole -%}
        {%- call statement('main') -%}
            {{ create_table_as(false, this, compiled_code) }}
        {%- endcall -%}
    {%- else -%}
        {%- call statement('found') -%}
            {{ create_table_as(true, found, compiled_code) }}
        {%- endcall -%}
        {%- do process_schema_changes(config.get('on_schema_change'), found, existing) -%}
        {%- set columns = adapter.get_columns_in_relation(this) | map(attribute='name') | list -%}
        {%- call statement('main') -%}
            {{ rows_of_day_merged(found, columns) if strategy == 'delete+insert' else snapshots_replaced(found, columns) }}
        {%- endcall -%}
    {%- endif -%}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [this]}) }}
{%- endmaterialization %}

{#
    What was received earlier is as it was. A row of a later day is replaced where there is one: no row ever goes, because
    events are only added to the lake. An erasure deletes from this table too.
#}
{% macro rows_of_day_merged(found, columns) -%}
    {%- set since = first_received_day() -%}
    merge into {{ this }} as stored
    using (select * from {{ found }} where received_day >= {{ since }}) as found
    on
        stored.received_day >= {{ since }}
        and stored.user_id = found.user_id
        and stored.occurred_day = found.occurred_day
        and stored.received_day = found.received_day
    when matched then update set {% for column in columns %}{{ column }} = found.{{ column }}{{ ', ' if not loop.last }}{% endfor %}
    when not matched then insert ({{ columns | join(', ') }}) values (found.{{ columns | join(', found.') }})
{%- endmacro %}

{# Replaces each snapshot to build as a whole, in one commit, also where its new version has no rows. #}
{% macro snapshots_replaced(found, columns) -%}
    {%- set has_horizon = 'horizon_days' in columns -%}
    {%- set days = label_days_to_build() if has_horizon else days_to_build(this.identifier) -%}
    insert into {{ this }}
    replace where
        as_of in (date'{{ (days or ['0001-01-01']) | join("', date'") }}')
        {%- if has_horizon %} and horizon_days = {{ var('horizon_days') | int }}{% endif %}
    select {{ columns | join(', ') }} from {{ found }}
{%- endmacro %}

{# After the name of the events: all models of a build on Spark see one snapshot of them. #}
{% macro at_snapshot() -%}
    {{ return(adapter.dispatch('at_snapshot')()) }}
{%- endmacro %}

{% macro default__at_snapshot() -%}
    {{ return(untaught('at_snapshot')) }}
{%- endmacro %}

{% macro postgres__at_snapshot() -%}
{%- endmacro %}

{% macro spark__at_snapshot() -%}
    {{ return(' version as of ' ~ lake_plan().events) }}
{%- endmacro %}
