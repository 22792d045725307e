{# Numbers that engines write differently, and that must come out equal to the last bit. #}

{# The type of doubles. #}
{% macro double_precision() -%}
    {{ return(adapter.dispatch('double_precision')()) }}
{%- endmacro %}

{% macro default__double_precision() -%}
    {{ return(untaught('double_precision')) }}
{%- endmacro %}

{% macro postgres__double_precision() -%}
    double precision
{%- endmacro %}

{% macro spark__double_precision() -%}
    double
{%- endmacro %}


{# The whole number that is nearest to a double, the even one of two that are equally near; a double. #}
{% macro nearest_whole(number) -%}
    {{ return(adapter.dispatch('nearest_whole')(number)) }}
{%- endmacro %}

{% macro default__nearest_whole(number) -%}
    {{ return(untaught('nearest_whole')) }}
{%- endmacro %}

{% macro postgres__nearest_whole(number) -%}
    round({{ number }})
{%- endmacro %}

{% macro spark__nearest_whole(number) -%}
    rint({{ number }})
{%- endmacro %}


{# An amount or a quantity of an event as a decimal, so that sums are exact. The lake keeps these as doubles. #}
{% macro exact_number(number) -%}
    {{ return(adapter.dispatch('exact_number')(number)) }}
{%- endmacro %}

{% macro default__exact_number(number) -%}
    {{ return(untaught('exact_number')) }}
{%- endmacro %}

{% macro postgres__exact_number(number) -%}
    {{ number }}
{%- endmacro %}

{# 20 digits before the point: a hundred million amounts of the largest that the contract allows. #}
{% macro spark__exact_number(number) -%}
    cast({{ number }} as decimal(38, 18))
{%- endmacro %}


{# A double rounded to ten-thousandths as a person would round its first 15 digits. #}
{% macro in_ten_thousandths(number) -%}
    {{ return(adapter.dispatch('in_ten_thousandths')(number)) }}
{%- endmacro %}

{% macro default__in_ten_thousandths(number) -%}
    {{ return(untaught('in_ten_thousandths')) }}
{%- endmacro %}

{# Postgres takes 15 digits of a double. #}
{% macro postgres__in_ten_thousandths(number) -%}
    cast(round(cast({{ number }} as numeric), 4) as double precision)
{%- endmacro %}

{% macro spark__in_ten_thousandths(number) -%}
    cast(round(cast(format_string('%.14e', {{ number }}) as decimal(38, 18)), 4) as double)
{%- endmacro %}


{# A whole number divided by another, without the rest. #}
{% macro whole_quotient(dividend, divisor) -%}
    {{ return(adapter.dispatch('whole_quotient')(dividend, divisor)) }}
{%- endmacro %}

{% macro default__whole_quotient(dividend, divisor) -%}
    {{ return(untaught('whole_quotient')) }}
{%- endmacro %}

{% macro postgres__whole_quotient(dividend, divisor) -%}
    {{ dividend }} / {{ divisor }}
{%- endmacro %}

{% macro spark__whole_quotient(dividend, divisor) -%}
    cast({{ dividend }} div {{ divisor }} as int)
{%- endmacro %}


{# Money or pieces in ten-thousandths: whole numbers in double precision, which add up to the same in any order. #}
{% macro in_units(amount) -%}
    {{ return(adapter.dispatch('in_units')(amount)) }}
{%- endmacro %}

{% macro default__in_units(amount) -%}
    {{ return(untaught('in_units')) }}
{%- endmacro %}

{% macro postgres__in_units(amount) -%}
    cast(round(10000 * {{ amount }}) as double precision)
{%- endmacro %}

{# Rounded first: a product of Spark's widest decimals would lose digits. #}
{% macro spark__in_units(amount) -%}
    cast(10000 * round({{ amount }}, 4) as double)
{%- endmacro %}
