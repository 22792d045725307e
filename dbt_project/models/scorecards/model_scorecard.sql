{%- set group_columns = 'model, kind, is_live, model_version, horizon_days, as_of_week' -%}
{%- set counted_until = '(select max(newest_row_at) from ' ~ this ~ ')' if is_incremental() else 'null' -%}
{{
    config(
        materialized='incremental',
        meta={'engine': 'postgres'},
        incremental_strategy='delete+insert',
        unique_key='as_of_week',
        on_schema_change='append_new_columns'
    )
}}

-- Live is what was said on the day as_of or before: whoever says something later may know how the window went.
with ledger as (

    select
        *,
        {{ utc_day('made_at') }} <= as_of as is_live
    from {{ source('predictions', 'ledger') }}

),

outcomes as (

    select * from {{ ref('outcomes') }}

),

-- Read apart from the two above: Postgres copies a step that is read twice, and these are long.
new_entries as (

    select as_of from {{ source('predictions', 'ledger') }}
    where {{ counted_until }} is null or made_at > {{ counted_until }}

),

new_outcomes as (

    select as_of from {{ ref('outcomes') }}
    where {{ counted_until }} is null or joined_at > {{ counted_until }}

),

-- Only weeks about which something is new; the others stay as they are.
weeks as (

    select distinct {{ week_begin('as_of') }} as as_of_week from new_entries
    union
    select distinct {{ week_begin('as_of') }} as as_of_week from new_outcomes

),

matured as (

    select
        ledger.model,
        ledger.kind,
        ledger.is_live,
        ledger.model_version,
        ledger.horizon_days,
        weeks.as_of_week,
        ledger.user_id,
        ledger.score,
        ledger.expected_value,
        outcomes.purchase_amount,
        ledger.treatment,
        greatest(outcomes.joined_at, ledger.made_at) as row_at,
        {{ own_label('ledger.model', 'outcomes') }} as is_positive,
        row_number() over (
            partition by
                ledger.user_id, weeks.as_of_week, ledger.model_version, ledger.model, ledger.kind, ledger.is_live,
                ledger.horizon_days
            order by ledger.as_of, ledger.made_at, ledger.prediction_id
        ) as place
    from weeks
    inner join ledger
        on weeks.as_of_week <= ledger.as_of and {{ add_days('weeks.as_of_week', 7) }} > ledger.as_of
    inner join outcomes
        on
            ledger.as_of = outcomes.as_of
            and ledger.horizon_days = outcomes.horizon_days
            and ledger.user_id = outcomes.user_id
    -- The first two stand here for the index: only such rows have outcomes.
    where ledger.user_id is not null and ledger.horizon_days > 0 and ledger.score is not null

),

-- Of all that is known of a week, counted or not: what is newer has not been looked at.
newest as (

    select
        {{ group_columns }},
        max(row_at) as newest_row_at
    from matured
    group by {{ group_columns }}

),

-- The first of a user's week: who is asked about often counts no more than others. Each model is judged by its own
-- label, which is null for users it is not about: for churn, those who could not churn.
counted as (

    select
        *,
        cast(case when is_positive then 1 else 0 end as double precision) as outcome,
        count(*) over (partition by {{ group_columns }}) as users
    from matured
    where place = 1 and is_positive is not null

),

ranked as (

    select
        *,
        count(*) over (partition by {{ group_columns }}, score) as tied_users,
        rank() over (partition by {{ group_columns }} order by score) as rank_from_lowest,
        rank() over (partition by {{ group_columns }} order by score desc) as rank_from_highest,
        greatest(1, round(cast(0.1 as double precision) * users)) as tenth,
        ntile(cast(least(10, greatest(3, users / 250)) as integer)) over (
            partition by {{ group_columns }} order by score, user_id
        ) as bin,
        case when treatment = 'treated' then outcome end as treated_label,
        case when treatment = 'control' then outcome end as control_label
    from counted

),

-- The gap between predicted and observed in each bin, as `ml.evaluation` takes it.
bins as (

    select
        {{ group_columns }},
        abs(sum(score - outcome)) as gap
    from ranked
    group by {{ group_columns }}, bin

),

calibration as (

    select
        {{ group_columns }},
        sum(gap) as gaps
    from bins
    group by {{ group_columns }}

),

-- Ties share: half a pair each for the AUC, and what is left of the best tenth.
sums as (

    select
        {{ group_columns }},
        count(*) as users,
        sum(outcome) as positives,
        sum(score) as predicted,
        sum((score - outcome) * (score - outcome)) as squared_errors,
        -- Of all users or of none: money of some would be compared with money of others.
        case when count(expected_value) = count(*) then sum(expected_value) end as predicted_amount,
        case
            when count(expected_value) = count(*) then sum(coalesce(cast(purchase_amount as double precision), 0))
        end as observed_amount,
        sum(outcome * (rank_from_lowest + (tied_users - 1) / 2.0)) as ranks_of_positives,
        max(tenth) as tenth,
        sum(outcome * greatest(0, least(1, (tenth - rank_from_highest + 1) / tied_users))) as positives_in_tenth,
        count(treated_label) as treated_users,
        count(control_label) as control_users,
        avg(treated_label) as treated_rate,
        avg(control_label) as control_rate
    from ranked
    group by {{ group_columns }}

),

final as (

    select
        sums.model,
        sums.kind,
        sums.is_live,
        sums.model_version,
        sums.horizon_days,
        sums.as_of_week,
        sums.users,
        cast(sums.positives as integer) as positives,
        {{ ratio('sums.positives', 'sums.users') }} as observed_rate,
        {{ ratio('sums.predicted', 'sums.users') }} as predicted_rate,
        sums.observed_amount,
        sums.predicted_amount,
        {{ ratio(
            'sums.ranks_of_positives - sums.positives * (sums.positives + 1) / 2',
            'sums.positives * (sums.users - sums.positives)'
        ) }} as auc,
        {{ ratio('sums.squared_errors', 'sums.users') }} as brier,
        {{ ratio('calibration.gaps', 'sums.users') }} as calibration_error,
        {{ ratio('sums.positives_in_tenth * sums.users', 'sums.tenth * sums.positives') }} as lift_at_10,
        cast(sums.treated_users as integer) as treated_users,
        cast(sums.control_users as integer) as control_users,
        sums.treated_rate,
        sums.control_rate,
        sums.treated_rate - sums.control_rate as uplift,
        sqrt(
            {{ ratio('sums.treated_rate * (1 - sums.treated_rate)', 'sums.treated_users') }}
            + {{ ratio('sums.control_rate * (1 - sums.control_rate)', 'sums.control_users') }}
        ) as uplift_standard_error,
        newest.newest_row_at
    from sums
    inner join calibration
        on
            sums.model = calibration.model
            and sums.kind = calibration.kind
            and sums.is_live = calibration.is_live
            and sums.model_version = calibration.model_version
            and sums.horizon_days = calibration.horizon_days
            and sums.as_of_week = calibration.as_of_week
    inner join newest
        on
            sums.model = newest.model
            and sums.kind = newest.kind
            and sums.is_live = newest.is_live
            and sums.model_version = newest.model_version
            and sums.horizon_days = newest.horizon_days
            and sums.as_of_week = newest.as_of_week

)

select * from final
