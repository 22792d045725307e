with daily as (

    {{ days_of_persons() }}

),

user_days as (

    select
        user_id,
        occurred_day,
        max(active_days) as is_active,
        max(case when views > 0 then 1 else 0 end) as has_viewed,
        max(case when carts > 0 then 1 else 0 end) as has_filled_cart,
        max(case when checkouts > 0 then 1 else 0 end) as has_checked_out,
        max(purchase_days) as has_bought
    from daily
    group by user_id, occurred_day

),

users as (

    select
        occurred_day,
        sum(is_active) as active_users,
        sum(has_viewed) as viewers,
        sum(has_filled_cart) as cart_users,
        sum(has_checked_out) as checkout_users,
        sum(has_bought) as buyers
    from user_days
    group by occurred_day

),

final as (

    select
        occurred_day as activity_day,
        active_users,
        viewers,
        cart_users,
        checkout_users,
        buyers,
        {{ ratio('cart_users', 'viewers') }} as carts_per_viewer,
        {{ ratio('checkout_users', 'cart_users') }} as checkouts_per_cart_user,
        {{ ratio('buyers', 'checkout_users') }} as buyers_per_checkout_user,
        {{ ratio('buyers', 'active_users') }} as buyers_per_active_user
    from users

)

select * from final
