{#
    What int_user_sums adds up: whatever the SQL of user_features names. For each COUNT, a column of int_user_daily:

    COUNT_total               the sum over all days
    COUNT_30d                 the sum over the last 30 days (or any other number)
    COUNT_weights_30d         the sum of the weights of days, with a half-life of 30 days or more (see day_weight); only
                              for a COUNT that is 0 or 1
    first_COUNT_day           the first day on which COUNT is positive
    last_COUNT_day            the last such day

    Names must be written out in the SQL: one that a loop puts together is not found. Returns `totals`, `firsts`, `lasts`
    (lists of COUNT), `windows` and `weights` (COUNT to a list of numbers of days), all in alphabetical order.
#}
{% macro summed_columns() -%}
    {#- The day a user was first seen decides whether there is a row, whatever features use. -#}
    {%- set summed = {'totals': [], 'firsts': ['events'], 'lasts': [], 'windows': {}, 'weights': {}} -%}
    {#- While dbt parses a model, it knows no others. -#}
    {%- if not execute -%}
        {{ return(summed) }}
    {%- endif -%}
    {%- set model = 'model.' ~ project_name ~ '.' -%}
    {%- set sql = without_comments(graph.nodes[model ~ 'user_features'].raw_code) -%}
    {#- The name that a feature gets says nothing about what it is made of. -#}
    {%- set sql = modules.re.sub('\\bas \\w+', '', sql) -%}
    {%- set counts = graph.nodes[model ~ 'int_user_daily'].columns -%}
    {%- for name in modules.re.findall('\\w+', sql) | unique | sort -%}
        {%- set first_or_last = modules.re.fullmatch('(first|last)_(\\w+)_day', name) -%}
        {%- set total = modules.re.fullmatch('(\\w+)_total', name) -%}
        {%- set weights = modules.re.fullmatch('(\\w+)_weights_(\\d+)d', name) -%}
        {%- set window = modules.re.fullmatch('(\\w+)_(\\d+)d', name) -%}
        {%- if first_or_last and first_or_last[2] in counts and name != 'first_events_day' -%}
            {%- do summed[first_or_last[1] ~ 's'].append(first_or_last[2]) -%}
        {%- elif total and total[1] in counts -%}
            {%- do summed.totals.append(total[1]) -%}
        {%- elif weights and weights[1] in counts -%}
            {%- if weights[2] | int < 30 -%}
                {%- do exceptions.raise_compiler_error(name ~ ': sums of weights are exact from a half-life of 30 days on') -%}
            {%- endif -%}
            {%- do summed.weights.setdefault(weights[1], []).append(weights[2] | int) -%}
        {%- elif window and window[1] in counts -%}
            {%- do summed.windows.setdefault(window[1], []).append(window[2] | int) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(summed) }}
{%- endmacro %}
