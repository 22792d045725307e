{#
    What a run builds of int_user_sums. `requested`: the days that user_features needs. `days`: these, with a day in between
    where two of them lie more than 180 days apart (see day_weight); ascending. `base`: a day whose sums are stored, still
    valid, and near enough to start from, or none. `kept`: a later day whose sums stay, because tomorrow's start from them.
#}
{% macro sums_plan() -%}
    {%- set requested = days_to_build('user_features') -%}
    {%- set stored = valid_days('int_user_sums') if not is_from_scratch('int_user_sums') else [] -%}
    {%- set plan = namespace(base=none, days=[]) -%}
    {%- if requested -%}
        {%- for day in stored if day <= requested[0] and days_apart(day, requested[0]) <= 180 -%}
            {%- set plan.base = day -%}
        {%- endfor -%}
    {%- endif -%}
    {%- for day in requested -%}
        {%- if plan.days -%}
            {%- set previous = plan.days[-1] -%}
            {%- for distance in range(180, days_apart(previous, day), 180) -%}
                {%- do plan.days.append(day_after(previous, distance)) -%}
            {%- endfor -%}
        {%- endif -%}
        {%- do plan.days.append(day) -%}
    {%- endfor -%}
    {%- set has_later_day = stored and (not requested or stored[-1] > requested[-1]) -%}
    {{ return({
        'requested': requested, 'days': plan.days, 'base': plan.base, 'kept': stored[-1] if has_later_day else none
    }) }}
{%- endmacro %}

{# Whole days from one ISO date to another. #}
{% macro days_apart(first_day, last_day) -%}
    {%- set parse = modules.datetime.date.fromisoformat -%}
    {{ return((parse(last_day) - parse(first_day)).days) }}
{%- endmacro %}

{# The ISO date some days after another. #}
{% macro day_after(day, days) -%}
    {{ return((modules.datetime.date.fromisoformat(day) + modules.datetime.timedelta(days=days)).isoformat()) }}
{%- endmacro %}
