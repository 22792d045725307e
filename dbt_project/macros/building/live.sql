{# How the function of live features is made from the models that it is the live form of. #}

{#
    The SQL of a model with other inputs than its own: `inputs` says what stands in place of each text of its Jinja. The
    model's configuration is left out. A text that is not there, because the model was rewritten, is an error.
#}
{% macro sql_with_inputs(model_name, inputs) -%}
    {%- if not execute -%}
        {{ return('select 1') }}
    {%- endif -%}
    {%- set code = graph.nodes['model.' ~ project_name ~ '.' ~ model_name].raw_code -%}
    {%- set code = modules.re.sub('(?s)\{\{\s*config\(.*?\n\s*\)\n\}\}', '', code) -%}
    {%- set sql = namespace(code=code) -%}
    {%- for text, input in inputs.items() -%}
        {%- if text not in sql.code -%}
            {%- do exceptions.raise_compiler_error(model_name ~ ' no longer contains ' ~ text) -%}
        {%- endif -%}
        {%- set sql.code = sql.code | replace(text, input) -%}
    {%- endfor -%}
    {{ return(render(sql.code)) }}
{%- endmacro %}

{#
    The SQL of a model for the single day `as_of`, an SQL expression, which it computes from scratch. The model is rendered
    for a day that nobody asks for, and the expression then takes that day's place.
#}
{% macro sql_for_day(model_name, inputs, as_of) -%}
    {%- set day = '9998-12-31' -%}
    {%- set days = "['" ~ day ~ "']" -%}
    {%- set inputs = inputs | items | list -%}
    {%- set for_day = {} -%}
    {%- for text, input in inputs -%}
        {%- do for_day.update({text: input | replace('DAYS', days)}) -%}
    {%- endfor -%}
    {%- set sql = sql_with_inputs(model_name, for_day) -%}
    {{ return(sql | replace("cast('{" ~ day ~ "}' as date [])", 'array[' ~ as_of ~ ']') | replace("'" ~ day ~ "'", as_of)) }}
{%- endmacro %}

{#
    A function that returns rows of a table, for what depends on arguments. `returns` is the table whose rows it returns, and
    `arguments` are its arguments as SQL. It runs with the rights of its owner, because its callers may not read events.
#}
{% materialization table_function, adapter='postgres' %}
    {%- set returned = config.require('returns') -%}
    {%- set columns = adapter.get_columns_in_relation(ref(returned)) | map(attribute='quoted') | join(', ') -%}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {% call statement('main') -%}
        create or replace function {{ this.schema }}.{{ this.identifier }}({{ config.require('arguments') }})
        returns setof {{ ref(returned) }}
        language plpgsql stable security definer
        set search_path = pg_catalog
        set plan_cache_mode = force_generic_plan
        set jit = off
        as $function$
        #variable_conflict use_column
        begin
            return query
            select {{ columns }} from ({{ sql }}) as rows_of_mart;
        end
        $function$
    {%- endcall %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ return({'relations': []}) }}
{% endmaterialization %}

{# The columns of int_user_daily, in its order; while dbt parses, there is no table. #}
{% macro daily_columns() -%}
    {%- if not execute -%}
        {{ return(['user_id']) }}
    {%- endif -%}
    {{ return(adapter.get_columns_in_relation(ref('int_user_daily')) | map(attribute='name') | list) }}
{%- endmacro %}

{# Hook: who may call the function. The roles are there where warehouse/roles.py could make them. #}
{% macro let_services_call() -%}
    do $$
    declare
        caller text;
    begin
        revoke all on function {{ this.schema }}.{{ this.identifier }} from public;
        for caller in select rolname from pg_roles
            where rolname in ('customer_analyzer_serving', 'customer_analyzer_backend')
        loop
            execute format('grant execute on function {{ this.schema }}.{{ this.identifier }} to %I', caller);
        end loop;
    end
    $$
{%- endmacro %}
