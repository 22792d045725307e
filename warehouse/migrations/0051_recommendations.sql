-- What recommendations are made of: tables of items that are made again every night by the recipe in use. They name no user.
create table ml.recommended_items (
    item_id text primary key,
    -- Users who ever bought it.
    buyers integer not null,
    -- Purchases that fade by half in 7, 30 and 365 days, as a number in a month.
    popular_week double precision not null,
    popular_month double precision not null,
    popular_year double precision not null
);
create index recommended_items_popular_idx on ml.recommended_items (popular_month desc, item_id);

create table ml.related_items (
    item_id text not null,
    other_item_id text not null,
    weight double precision not null,
    primary key (item_id, other_item_id)
);

-- The recipe in use, or why there is none and what is popular is recommended instead.
create table ml.recommender (
    is_only boolean primary key default true check (is_only),
    -- The day as of which the tables of items were made; null: there are none.
    as_of date,
    -- The registered version and what it says; null: no version may be used.
    model_version integer,
    recipe jsonb,
    verdict text not null,
    -- The champion that was not shown to be better than doing without when it was judged last; null: none.
    refused_version integer,
    changed_at timestamptz not null default now(),
    check ((model_version is null) = (recipe is null) and (recipe is null or as_of is not null))
);
