{# A quotient in double precision; null when the divisor is 0. #}
{% macro ratio(dividend, divisor) -%}
    cast({{ dividend }} as {{ double_precision() }}) / nullif(cast({{ divisor }} as {{ double_precision() }}), 0)
{%- endmacro %}

{#
    Change from one period to the next, from -1 (stopped) over 0 (same) to 1 (new); null when both are empty. Sums beyond
    what doubles hold exactly may leave less than nothing when they leave a window, so the bounds are set here.
#}
{% macro trend(recent, previous) -%}
    case
        when {{ recent }} + {{ previous }} > 0 then least(1, greatest(
            -1,
            cast({{ recent }} - {{ previous }} as {{ double_precision() }})
            / cast({{ recent }} + {{ previous }} as {{ double_precision() }})
        ))
    end
{%- endmacro %}

{# The odds of a probability; those of 1 are finite. #}
{% macro odds(probability) -%}
    cast({{ probability }} as {{ double_precision() }})
    / (1 - least(cast({{ probability }} as {{ double_precision() }}), 0.999999999))
{%- endmacro %}
