{#
    How int_user_sums gets from one day to another. A row of int_user_daily enters every sum on the first of the plan's
    days as of which it is known, and leaves the sum of a window on the first for which it is too old. Sums are whole
    numbers in double precision, which add up to the same in any order: sums carried on equal sums made anew, bit for bit.
#}

{#
    What int_user_sums builds. `days`: ascending, with a day in between where two that are asked for lie more than 180 days
    apart (see day_weight). `asked`: those of them that user_features needs. `base`: a day whose sums are stored, still
    true, and near enough to go on from, or none. `kept`: a later day whose sums stay, as tomorrow's are made from them.
#}
{% macro sums_plan() -%}
    {%- set asked = days_to_build('user_features') -%}
    {%- set stored = true_days('int_user_sums') if not is_from_scratch('int_user_sums') else [] -%}
    {%- set walk = namespace(base=none, days=[]) -%}
    {%- if asked -%}
        {%- for day in stored if day <= asked[0] and days_apart(day, asked[0]) <= 180 -%}
            {%- set walk.base = day -%}
        {%- endfor -%}
    {%- endif -%}
    {%- for day in asked -%}
        {%- if walk.days -%}
            {%- set previous = walk.days[-1] -%}
            {%- for distance in range(180, days_apart(previous, day), 180) -%}
                {%- do walk.days.append(day_after(previous, distance)) -%}
            {%- endfor -%}
        {%- endif -%}
        {%- do walk.days.append(day) -%}
    {%- endfor -%}
    {%- set is_latest = stored and (not asked or stored[-1] > asked[-1]) -%}
    {{ return({
        'asked': asked, 'days': walk.days, 'base': walk.base, 'kept': stored[-1] if is_latest else none
    }) }}
{%- endmacro %}

{% macro days_apart(first_day, last_day) -%}
    {%- set parse = modules.datetime.date.fromisoformat -%}
    {{ return((parse(last_day) - parse(first_day)).days) }}
{%- endmacro %}

{% macro day_after(day, days) -%}
    {{ return((modules.datetime.date.fromisoformat(day) + modules.datetime.timedelta(days=days)).isoformat()) }}
{%- endmacro %}

{#
    Whether a row of int_user_daily counts in any sum of a window of so many days; most leave most windows unnoticed. What
    is summed is a count, and money that comes with order lines; `made_of`: what int_user_sums derives its own from.
#}
{% macro counts_within(length) -%}
    {%- set made_of = {
        'active_weight': 'active_days', 'purchase_weight': 'purchase_days', 'purchase_slow_weight': 'purchase_days',
        'purchase_units': 'order_lines',
    } -%}
    {%- set columns = [] -%}
    {%- for column, lengths in summed_columns().windows.items() if length in lengths -%}
        {%- do columns.append('daily.' ~ made_of.get(column, column) ~ ' > 0') -%}
    {%- endfor -%}
    ({{ columns | unique | join(' or ') }})
{%- endmacro %}

{# The first of some days, which ascend, that is later than a date; null when none is. It is looked for by halves. #}
{% macro first_later(days, date) -%}
    {%- set ascending = "cast('{" ~ days | join(',') ~ "}' as date [])" -%}
    ({{ ascending }})[width_bucket({{ date }}, {{ ascending }}) + 1]
{%- endmacro %}

{# An aggregate of a user's days so far, over the window so_far. Of a single day it is the day's value, without sorting. #}
{% macro so_far(aggregate, value, days) -%}
    {{ value if days | length == 1 else aggregate ~ '(' ~ value ~ ') over so_far' }}
{%- endmacro %}

{# What moves into a sum of all rows. Expects the column left_days: 0 where a row enters. #}
{% macro moved(column) -%}
    cast(sum(case when left_days = 0 then {{ column }} else 0 end) as double precision)
{%- endmacro %}

{# What moves into the sum of a window, less what moves out. Expects left_days and, where a row enters, days_ago. #}
{% macro moved_in_window(column, days) -%}
    cast(sum(case
        when left_days = 0 and days_ago <= {{ days }} then {{ column }} when left_days = {{ days }} then -{{ column }} else 0
    end) as double precision)
{%- endmacro %}

{#
    What a day counts in a sum in which days weigh half as much for every `half_life` days they lie back: a weight that
    doubles every half_life days, from 1970 on, so that the past need not be weighed again every day. Only the last 20
    half lives count; the rest is a millionth.

    Weights are whole multiples of a power of two, that of the oldest day that counts. A sum over the window, and what
    enters and leaves it in a step of up to 180 days, spans less than 2**53 of these: no bit is lost, in any order.
#}
{% macro day_weight(day, half_life) -%}
    {%- set age = days_between("cast('1970-01-01' as date)", day) -%}
    {%- set halvings = 'floor(cast(' ~ age ~ ' as double precision) / ' ~ half_life ~ ')' -%}
    round(1048576 * exp(({{ age }} - {{ half_life }} * {{ halvings }}) * cast({{ 0.6931471805599453 / half_life }} as double precision)))
    * power(cast(2 as double precision), {{ halvings }})
{%- endmacro %}

{# A sum of day_weights as of a day, in days, to six digits. #}
{% macro days_weighed(sum, as_of, half_life) -%}
    round(1000000 * ({{ sum }}) / (1048576 * power(
        cast(2 as double precision),
        cast({{ days_between("cast('1970-01-01' as date)", as_of) }} as double precision) / {{ half_life }}
    ))) / 1000000
{%- endmacro %}

{# The earlier, or the later, of two dates; the other where one is null. #}
{% macro earlier(one, other) -%}
    least(coalesce({{ one }}, {{ other }}), coalesce({{ other }}, {{ one }}))
{%- endmacro %}

{% macro later(one, other) -%}
    greatest(coalesce({{ one }}, {{ other }}), coalesce({{ other }}, {{ one }}))
{%- endmacro %}

{#
    What int_user_sums adds up over all days (`totals`), and over the last so many (`windows`), and whose first and last
    day it keeps; `names`: the columns that are sums.
#}
{% macro summed_columns() -%}
    {%- set totals = [
        'active_days', 'activity_events', 'purchase_days', 'orders', 'purchase_units', 'refund_units', 'refunds',
        'order_lines', 'quantity_units', 'purchased_items', 'weekend_events', 'night_events', 'morning_events',
        'afternoon_events', 'evening_events', 'telegram_events', 'web_events', 'mobile_events', 'sessions', 'carts',
        'feedback',
    ] -%}
    {%- set windows = {
        'active_days': [7, 14, 30, 60, 90, 180, 365], 'active_weight': [600], 'activity_events': [30, 90],
        'purchase_weight': [600], 'purchase_slow_weight': [2400], 'orders': [7, 14, 30, 60, 90, 180, 335, 365],
        'purchase_units': [30, 90, 180, 365], 'refunds': [90], 'order_lines': [90], 'items': [30],
        'purchased_items': [90], 'telegram_events': [30], 'web_events': [30], 'mobile_events': [30],
        'sessions': [7, 30], 'commands': [30], 'messages': [30], 'views': [30], 'searches': [30], 'carts': [30],
        'checkouts': [30], 'other_events': [30], 'notifications_sent': [30, 90], 'notifications_opened': [30, 90],
        'feedback': [90],
    } -%}
    {%- set names = [] -%}
    {%- for column in totals -%}
        {%- do names.append(column ~ '_total') -%}
    {%- endfor -%}
    {%- for column, lengths in windows.items() -%}
        {%- for days in lengths -%}
            {%- do names.append(column ~ '_' ~ days ~ 'd') -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- do names.extend(['gap_square_sum', 'gap_max']) -%}
    {{ return({
        'totals': totals,
        'windows': windows,
        'firsts': {'seen': 'events', 'activity': 'activity_events', 'purchase': 'order_lines'},
        'lasts': {
            'activity': 'activity_events', 'purchase': 'order_lines', 'refund': 'refunds', 'session': 'sessions',
            'cart': 'carts', 'notification_opened': 'notifications_opened',
        },
        'names': names,
    }) }}
{%- endmacro %}
