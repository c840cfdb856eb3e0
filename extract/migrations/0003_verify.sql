-- What each comparison of a source with lv0 found.
create table ops.verifications (
    verification_id bigint generated always as identity primary key,
    feed text not null,
    state text not null check (state in ('equal', 'different', 'failed')),
    verified_at timestamptz not null default clock_timestamp(),
    seconds double precision not null,
    source_rows bigint,
    lv0_rows bigint,
    only_source bigint not null default 0,
    only_lv0 bigint not null default 0,
    different bigint not null default 0,
    -- Changed since the last run: no difference.
    newer bigint not null default 0,
    -- Set aside in lv0._rejected.
    rejected bigint not null default 0,
    -- The columns that differ, of the rows that are named.
    columns text[] not null default '{}',
    -- Some of the rows: kind, key (masked where it is personal), columns. No other value.
    keys jsonb not null default '[]',
    error text
);

create index verifications_feed_verified_at on ops.verifications (feed, verified_at desc);
