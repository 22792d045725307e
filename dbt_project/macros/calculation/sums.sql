{#
    How int_user_sums gets from one day to another. A row of int_user_daily enters every sum on the first of the plan's days
    as of which it is known, and leaves the sum of a window on the first for which it is too old. Sums are whole numbers in
    double precision, which add up to the same in any order: sums that are carried forward equal sums built from scratch, bit
    for bit.
#}

{# The names of the sums in the table int_user_sums, in its order; the first and last days stand before them. #}
{% macro names_of_sums(summed) -%}
    {%- set names = [] -%}
    {%- for count in summed.totals -%}
        {%- do names.append(count ~ '_total') -%}
    {%- endfor -%}
    {%- for count, lengths in summed.windows.items() -%}
        {%- for length in lengths -%}
            {%- do names.append(count ~ '_' ~ length ~ 'd') -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- for count, half_lives in summed.weights.items() -%}
        {%- for half_life in half_lives -%}
            {%- do names.append(count ~ '_weights_' ~ half_life ~ 'd') -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(names + ['gap_square_sum', 'gap_max']) }}
{%- endmacro %}

{#
    Whether a row counts in any sum over so many days. Most rows leave most windows without a change, and are not read for
    them.
#}
{% macro counts_in_window(length, summed) -%}
    {%- set counts = [] -%}
    {%- for count, lengths in summed.windows.items() if length in lengths -%}
        {%- do counts.append(count) -%}
    {%- endfor -%}
    {%- for count, half_lives in summed.weights.items() if length in days_with_weight(half_lives) -%}
        {%- do counts.append(count) -%}
    {%- endfor -%}
    ({% for count in counts | unique %}{{ count }} <> 0{{ ' or ' if not loop.last }}{% endfor %})
{%- endmacro %}

{# The lengths of all windows, ascending, and with them how long days have a weight. #}
{% macro window_lengths(summed) -%}
    {%- set half_lives = summed.weights.values() | sum(start=[]) -%}
    {{ return((summed.windows.values() | sum(start=[]) + days_with_weight(half_lives)) | unique | sort) }}
{%- endmacro %}

{# A running aggregate over a user's days, in the window `so_far`. Of a single day it is the day's value, without sorting. #}
{% macro running(aggregate, value, days) -%}
    {{ value if days | length == 1 else aggregate ~ '(' ~ value ~ ') over so_far' }}
{%- endmacro %}

{# How a sum over all days changes. Expects left_days: 0 where a row enters. #}
{% macro change_of_total(value) -%}
    cast(sum(case when left_days = 0 then {{ value }} else 0 end) as {{ double_precision() }})
{%- endmacro %}

{#
    How a sum over the last so many days changes: what enters less what leaves. Expects left_days (0 where a row enters, the
    length of the window that it leaves otherwise) and days_ago.
#}
{% macro change_in_window(value, length) -%}
    cast(sum(case
        when left_days = 0 and days_ago <= {{ length }} then {{ value }} when left_days = {{ length }} then -{{ value }} else 0
    end) as {{ double_precision() }})
{%- endmacro %}

{# The days for which days of these half-lives have a weight: 20 half-lives. The rest, a millionth, is cut off. #}
{% macro days_with_weight(half_lives) -%}
    {%- set days = [] -%}
    {%- for half_life in half_lives -%}
        {%- do days.append(20 * half_life) -%}
    {%- endfor -%}
    {{ return(days) }}
{%- endmacro %}

{#
    The weight of a day in a sum in which a day weighs half as much for every `half_life` days it lies back. The weight
    itself doubles every half_life days, from 1970 on, so that weights of the past stay as they are.

    Weights are whole multiples of a power of two, that of the oldest day that counts. A sum over the window, and what
    enters and leaves it in a step of up to 180 days, spans less than 2**53 of these: no bit is lost, in any order.
#}
{% macro day_weight(day, half_life) -%}
    {%- set age = days_between("cast('1970-01-01' as date)", day) -%}
    {%- set halvings = 'floor(cast(' ~ age ~ ' as ' ~ double_precision() ~ ') / ' ~ half_life ~ ')' -%}
    {%- set rate = 'cast(' ~ 0.6931471805599453 / half_life ~ ' as ' ~ double_precision() ~ ')' -%}
    {{ nearest_whole('1048576 * exp((' ~ age ~ ' - ' ~ half_life ~ ' * ' ~ halvings ~ ') * ' ~ rate ~ ')') }}
    * power(cast(2 as {{ double_precision() }}), {{ halvings }})
{%- endmacro %}

{# A sum of such weights in days, as of a day, to six digits: each day counts 1 / 2**(age / half_life). #}
{% macro decayed_days(weights, as_of, half_life) -%}
    {%- set age = days_between("cast('1970-01-01' as date)", as_of) -%}
    {%- set weight_of_day -%}
        power(cast(2 as {{ double_precision() }}), cast({{ age }} as {{ double_precision() }}) / {{ half_life }})
    {%- endset -%}
    {{ nearest_whole('1000000 * (' ~ weights ~ ') / (1048576 * ' ~ weight_of_day ~ ')') }} / 1000000
{%- endmacro %}

{# The earlier, or the later, of two dates; the other where one is null. #}
{% macro earlier(one, other) -%}
    least(coalesce({{ one }}, {{ other }}), coalesce({{ other }}, {{ one }}))
{%- endmacro %}

{% macro later(one, other) -%}
    greatest(coalesce({{ one }}, {{ other }}), coalesce({{ other }}, {{ one }}))
{%- endmacro %}
