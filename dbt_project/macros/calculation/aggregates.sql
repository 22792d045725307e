{# A quotient in double precision; null when the divisor is 0. #}
{% macro ratio(dividend, divisor) -%}
    cast({{ dividend }} as double precision) / nullif(cast({{ divisor }} as double precision), 0)
{%- endmacro %}

{#
    Change from one period to the next, from -1 (stopped) over 0 (same) to 1 (new); null when both are empty. Sums beyond
    what doubles hold exactly may leave less than nothing when they leave a window, so the bounds are set here.
#}
{% macro trend(recent, previous) -%}
    case
        when {{ recent }} + {{ previous }} > 0 then least(1, greatest(
            -1, cast({{ recent }} - {{ previous }} as double precision) / cast({{ recent }} + {{ previous }} as double precision)
        ))
    end
{%- endmacro %}

{# Money or pieces in ten-thousandths: whole numbers in double precision, which add up to the same in any order. #}
{% macro in_units(amount) -%}
    cast(round(10000 * {{ amount }}) as double precision)
{%- endmacro %}

{# The odds of a probability; those of 1 are finite. #}
{% macro odds(probability) -%}
    cast({{ probability }} as double precision) / (1 - least(cast({{ probability }} as double precision), 0.999999999))
{%- endmacro %}
