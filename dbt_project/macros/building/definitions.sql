{#
    What the rows of a model are made by, as one digest: its SQL and that of every model upstream, the content of the seeds,
    the macros of macros/calculation that any of these use, and the columns that are summed. Snapshots of another definition
    are built anew, and so is int_user_daily.

    Comments and line breaks do not count. Neither do the macros of macros/building, which say how tables are written: after
    mending a mistake there, run dbt with --full-refresh.
#}
{% macro definition_of(model_name) -%}
    {%- set parts = {} -%}
    {%- do add_upstream('model.' ~ project_name ~ '.' ~ model_name, parts) -%}
    {%- for text in parts.values() | list -%}
        {%- do add_macros(text, parts) -%}
    {%- endfor -%}
    {%- if 'summed_columns' in parts -%}
        {%- do parts.update({'columns': summed_columns() | string}) -%}
    {%- endif -%}
    {{ return(local_md5(parts.values() | sort | join(' '))) }}
{%- endmacro %}

{# Adds the text of a model or seed and of everything upstream of it to `parts`, by id. #}
{% macro add_upstream(unique_id, parts) -%}
    {%- if unique_id in graph.nodes and unique_id not in parts -%}
        {%- set node = graph.nodes[unique_id] -%}
        {%- set is_seed = node.resource_type == 'seed' -%}
        {%- do parts.update({unique_id: node.checksum.checksum if is_seed else without_comments(node.raw_code)}) -%}
        {%- for upstream in node.depends_on.nodes or [] -%}
            {%- do add_upstream(upstream, parts) -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{#
    Adds the macros of macros/calculation that a text names, and those that they name, to `parts`, by name. A dispatched
    macro has a prefix for its adapter (postgres__) that callers do not write.
#}
{% macro add_macros(text, parts) -%}
    {%- for name, macro in context[project_name].items() -%}
        {%- if name not in parts and 'calculation' in macro.macro.original_file_path
               and modules.re.search('\\b' ~ name.split('__')[-1] ~ '\\b', text) -%}
            {%- do parts.update({name: without_comments(macro.macro.macro_sql)}) -%}
            {%- do add_macros(parts[name], parts) -%}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}

{% macro without_comments(code) -%}
    {{ return(modules.re.sub('(?s:{#.*?#})|--[^\n]*|\\s+', ' ', code).split() | join(' ')) }}
{%- endmacro %}

{#
    Overrides dbt's own: whether a table is made anew. Beside --full-refresh, a table that remembers by which definition its
    rows were counted (see store_watermark) is made anew when it is now defined otherwise.
#}
{% macro should_full_refresh() -%}
    {%- set is_asked = dbt.should_full_refresh() -%}
    {%- if is_asked or not execute or model.config.materialized != 'incremental' -%}
        {{ return(is_asked) }}
    {%- endif -%}
    {{ return(adapter.dispatch('is_defined_otherwise')(model.name)) }}
{%- endmacro %}

{# Whether the rows of an incremental reader were counted by another definition than the present one. #}
{% macro default__is_defined_otherwise(reader) -%}
    {{ return(untaught('is_defined_otherwise')) }}
{%- endmacro %}

{% macro postgres__is_defined_otherwise(reader) -%}
    {%- set query -%}
    select count(*) from {{ source('raw', 'watermarks') }}
    where reader = '{{ reader }}' and definition is distinct from '{{ definition_of(reader) }}'
    {%- endset -%}
    {{ return(run_query(query).columns[0].values()[0] > 0) }}
{%- endmacro %}

{# What was counted from events that are not known, or that are gone, is counted anew as well. #}
{% macro spark__is_defined_otherwise(reader) -%}
    {%- if reader != 'int_user_daily' -%}
        {{ return(false) }}
    {%- endif -%}
    {{ return(record_of(reader).definition != definition_of(reader) or lake_plan().received_from is none) }}
{%- endmacro %}
