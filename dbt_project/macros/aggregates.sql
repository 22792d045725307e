{# Sum of a column over the days less than `days` + 1 before as_of. Expects the column days_ago: 1 is the day before as_of. #}
{% macro sum_last(column, days, after=0) -%}
    sum(case when days_ago <= {{ days }}{% if after %} and days_ago > {{ after }}{% endif %} then {{ column }} else 0 end)
{%- endmacro %}

{# Days since the newest day on which the column is positive. #}
{% macro days_since_last(column) -%}
    min(case when {{ column }} > 0 then days_ago end)
{%- endmacro %}

{# Days since the oldest day on which the column is positive. #}
{% macro days_since_first(column) -%}
    max(case when {{ column }} > 0 then days_ago end)
{%- endmacro %}

{# A quotient in double precision; null when the divisor is 0. #}
{% macro ratio(dividend, divisor) -%}
    cast({{ dividend }} as double precision) / nullif(cast({{ divisor }} as double precision), 0)
{%- endmacro %}

{# Change from one period to the next, from -1 (stopped) over 0 (same) to 1 (new); null when both are empty. #}
{% macro trend(recent, previous) -%}
    cast({{ recent }} - {{ previous }} as double precision)
    / nullif(cast({{ recent }} + {{ previous }} as double precision), 0)
{%- endmacro %}

{#
    Sum of a column's days, each weighing half as much for every `half_life` days it lies back, in whole millionths: whole
    numbers add up to the same sum in any order, and a snapshot must not depend on the plan that built it. After 50 half
    lives nothing is left; further back exp() would fail for being too small.
#}
{% macro sum_decayed(days_column, half_life) -%}
    sum({{ days_column }} * round(1000000 * exp(
        least(days_ago, {{ 50 * half_life }}) * cast({{ -0.6931471805599453 / half_life }} as double precision)
    )))
{%- endmacro %}
