-- The stair's schemas, and the state of the extraction. Applied once, in one transaction, by
-- `make db`; never by a run.
create schema if not exists ops;
create schema if not exists stage;
create schema if not exists lv0;
create schema if not exists lv1;
create schema if not exists lv2;

comment on schema ops is 'State of the runs: what was read, published, rejected, and when.';
comment on schema stage is 'Pages of unfinished extractions. Nobody reads here.';

create table ops.migrations (
    version integer primary key,
    applied_at timestamptz not null default clock_timestamp()
);

-- One row per feed: who holds it, how far it has come, where the next run starts.
create table ops.feeds (
    feed text primary key,
    -- The fence: a page is committed only while this is still the run that writes it.
    run_id uuid,
    -- The lease ends when it expires or when its holder's server process is gone.
    holder_pid integer,
    holder_started_at timestamptz,
    lease_expires_at timestamptz,
    -- The checkpoint of the unfinished run; null when the feed is at rest.
    checkpoint jsonb,
    -- What the last published run left behind.
    last_mark text,
    last_published_at timestamptz,
    last_swept_at timestamptz,
    last_complete_at timestamptz
);

create table ops.runs (
    run_id uuid primary key,
    feed text not null,
    mode text not null,
    is_complete boolean not null,
    state text not null check (state in ('running', 'published', 'failed', 'interrupted')),
    started_at timestamptz not null default clock_timestamp(),
    finished_at timestamptz,
    -- The interrupted run whose pages this one keeps; the figures below count the whole pass.
    resumes uuid,
    lower_mark text,
    upper_mark text,
    pages integer not null default 0,
    rows_read bigint not null default 0,
    bytes_read bigint not null default 0,
    nul_removed bigint not null default 0,
    rows_inserted bigint not null default 0,
    rows_updated bigint not null default 0,
    rows_unchanged bigint not null default 0,
    rows_deleted bigint not null default 0,
    rows_rejected bigint not null default 0,
    drift text[] not null default '{}',
    error text
);

create index runs_feed_started_at on ops.runs (feed, started_at desc);

create table ops.pages (
    run_id uuid not null references ops.runs on delete cascade,
    page_no integer not null,
    segment text not null,
    rows bigint not null,
    bytes bigint not null,
    last_key jsonb,
    committed_at timestamptz not null default clock_timestamp(),
    primary key (run_id, page_no)
);

-- What each dbt model that publishes by difference wrote, one row per run of the model.
create table ops.model_loads (
    load_id bigint generated always as identity primary key,
    invocation_id text not null,
    model text not null,
    relation text not null,
    rows_inserted bigint not null,
    rows_updated bigint not null,
    rows_unchanged bigint not null,
    rows_deleted bigint not null,
    finished_at timestamptz not null default clock_timestamp()
);

create index model_loads_invocation_id on ops.model_loads (invocation_id);

create table lv0._rejected (
    feed text not null,
    run_id uuid not null,
    -- Key columns by name, as text. No other value of the row is kept: it may be personal.
    key jsonb not null,
    column_name text not null,
    reason text not null,
    rejected_at timestamptz not null default clock_timestamp()
);

create index _rejected_feed on lv0._rejected (feed, rejected_at);
