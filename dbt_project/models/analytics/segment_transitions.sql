{{ config(meta={'engine': 'postgres'}) }}

with scores as (

    select * from {{ source('ml', 'segmentation_scores') }}
    where model = 'segmentation'

),

-- Users are compared on two days: a scored day, and the scored day before it.
days as (

    select
        as_of as to_as_of,
        lag(as_of) over (order by as_of) as from_as_of
    from (select distinct as_of from scores) as scored

),

steps as (

    select * from days
    where from_as_of is not null

),

before as (

    select
        steps.from_as_of,
        steps.to_as_of,
        scores.user_id,
        scores.segment_id,
        scores.segment,
        scores.model_version
    from steps
    inner join scores on steps.from_as_of = scores.as_of

),

after as (

    select
        steps.from_as_of,
        steps.to_as_of,
        scores.user_id,
        scores.segment_id,
        scores.segment,
        scores.model_version
    from steps
    inner join scores on steps.to_as_of = scores.as_of

),

moves as (

    select
        coalesce(before.from_as_of, after.from_as_of) as from_as_of,
        coalesce(before.to_as_of, after.to_as_of) as to_as_of,
        before.segment_id as from_segment_id,
        coalesce(before.segment, 'new') as from_segment,
        after.segment_id as to_segment_id,
        coalesce(after.segment, 'gone') as to_segment,
        before.model_version as from_model_version,
        after.model_version as to_model_version
    from before
    full outer join after on before.to_as_of = after.to_as_of and before.user_id = after.user_id

),

counted as (

    select
        from_as_of,
        to_as_of,
        from_segment_id,
        from_segment,
        to_segment_id,
        to_segment,
        max(from_model_version) as from_model_version,
        max(to_model_version) as to_model_version,
        count(*) as users
    from moves
    group by from_as_of, to_as_of, from_segment_id, from_segment, to_segment_id, to_segment

),

final as (

    select
        from_as_of,
        to_as_of,
        from_segment_id,
        from_segment,
        to_segment_id,
        to_segment,
        coalesce(
            max(from_model_version) over (partition by to_as_of) <> max(to_model_version) over (partition by to_as_of),
            false
        ) as is_other_model,
        users,
        {{ ratio('users', 'sum(users) over (partition by to_as_of, from_segment_id)') }} as share
    from counted

)

select * from final
