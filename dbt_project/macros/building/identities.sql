{# How int_identities is written, and what a change of it changes elsewhere. #}

{# Hook before the first build: every identity is new. What was known before the first of them stays as it was. #}
{% macro record_first_identities() -%}
    {{ return(adapter.dispatch('record_first_identities')()) }}
{%- endmacro %}

{% macro default__record_first_identities() -%}
    {{ return(untaught('record_first_identities')) }}
{%- endmacro %}

{# In the lake, other identities count everything anew: the plan of the build says so. #}
{% macro spark__record_first_identities() -%}
{%- endmacro %}

{% macro postgres__record_first_identities() -%}
    {%- if stored_table('int_identities') is none -%}
    insert into {{ source('raw', 'daily_changes') }} (first_known_day)
    select min(merged_day) from {{ source('raw', 'identities') }}
    having count(*) > 0
    {%- endif -%}
{%- endmacro %}

{#
    Incremental strategy: makes the table what the query says, touching no row that stays. Records the first day on which
    what was known has changed, and removes the days of identities that are gone.
#}
{% macro get_incremental_replace_identities_sql(arg_dict) -%}
    {{ return(adapter.dispatch('get_incremental_replace_identities_sql')(arg_dict)) }}
{%- endmacro %}

{% macro default__get_incremental_replace_identities_sql(arg_dict) -%}
    {{ return(untaught('get_incremental_replace_identities_sql')) }}
{%- endmacro %}

{% macro postgres__get_incremental_replace_identities_sql(arg_dict) -%}
    {%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) -%}
    {%- set stored, found = arg_dict['target_relation'], arg_dict['temp_relation'] -%}
    insert into {{ source('raw', 'daily_changes') }} (first_known_day)
    select min(changed_on) - 1
    from (
        select
            case
                when stored.user_id = found.user_id then least(stored.valid_until, found.valid_until)
                else coalesce(stored.valid_from, found.valid_from)
            end as changed_on
        from {{ stored }} as stored
        full outer join {{ found }} as found
            on stored.identity_id = found.identity_id and stored.member_user_id = found.member_user_id
        where
            (stored.user_id, stored.valid_until) is distinct from (found.user_id, found.valid_until)
    ) as changed
    having count(*) > 0;

    {%- if stored_table('int_user_daily') is not none %}

    delete from {{ stored_table('int_user_daily') }}
    where user_id in (select identity_id from {{ stored }} except select identity_id from {{ found }});
    {%- endif %}

    delete from {{ stored }}
    where ({{ columns }}) in (select {{ columns }} from {{ stored }} except select {{ columns }} from {{ found }});

    insert into {{ stored }} ({{ columns }})
    select {{ columns }} from {{ found }}
    except
    select {{ columns }} from {{ stored }}
{%- endmacro %}

{# Identities that were joined after events of a member had been archived, which are still away. A query of identity_id. #}
{% macro uncountable_identities() -%}
    {{ return(adapter.dispatch('uncountable_identities')()) }}
{%- endmacro %}

{% macro default__uncountable_identities() -%}
    {{ return(untaught('uncountable_identities')) }}
{%- endmacro %}

{# Nothing is archived from the lake. #}
{% macro spark__uncountable_identities() -%}
    select cast(null as string) as identity_id where false
{%- endmacro %}

{% macro postgres__uncountable_identities() -%}
    {%- set daily = stored_table('int_user_daily') -%}
    {%- if daily is none %}
    select cast(null as text) as identity_id where false
    {%- else %}
    select distinct identities.identity_id
    from {{ source('raw', 'archives') }} as archives
    inner join {{ source('raw', 'identities') }} as identities on archives.archived_at < identities.stored_at
    inner join {{ daily }} as daily
        on
            identities.member_user_id = daily.user_id
            and archives.month <= daily.occurred_day
            and cast(archives.month + interval '1 month' as date) > daily.occurred_day
    where archives.restored_at is null
    {%- endif %}
{%- endmacro %}
