with daily as (

    {{ days_of_persons() }}

),

active_weeks as (

    select distinct
        user_id,
        {{ week_begin('occurred_day') }} as active_week
    from daily
    where active_days > 0

),

cohorts as (

    select
        user_id,
        min(active_week) as cohort_week
    from active_weeks
    group by user_id

),

cohort_sizes as (

    select
        cohort_week,
        count(*) as cohort_users
    from cohorts
    group by cohort_week

),

weeks as (

    select distinct active_week from active_weeks

),

returned as (

    select
        cohorts.cohort_week,
        active_weeks.active_week,
        count(*) as active_users
    from active_weeks
    inner join cohorts on active_weeks.user_id = cohorts.user_id
    group by cohorts.cohort_week, active_weeks.active_week

),

-- A week in which no user of a cohort came back is a row with 0, not a missing row.
final as (

    select
        cohort_sizes.cohort_week,
        {{ whole_quotient(days_between('cohort_sizes.cohort_week', 'weeks.active_week'), 7) }} as week_number,
        cohort_sizes.cohort_users,
        coalesce(returned.active_users, 0) as active_users,
        {{ ratio('coalesce(returned.active_users, 0)', 'cohort_sizes.cohort_users') }} as retention
    from cohort_sizes
    inner join weeks on cohort_sizes.cohort_week <= weeks.active_week
    left join returned on cohort_sizes.cohort_week = returned.cohort_week and weeks.active_week = returned.active_week

)

select * from final
