-- A pass is read in segments, each with its own worker and its own place: key ranges of one
-- table can be read at once, by threads of one process or by several processes.
create table ops.segments (
    feed text not null,
    segment_no integer not null,
    kind text not null,
    -- The fence: a page is committed only while this is still the worker that reads the segment.
    worker_id uuid,
    holder_pid integer,
    holder_started_at timestamptz,
    lease_expires_at timestamptz,
    -- The order of the last committed row, as the source printed it.
    after text[],
    is_done boolean not null default false,
    pages integer not null default 0,
    rows bigint not null default 0,
    bytes bigint not null default 0,
    nul_removed bigint not null default 0,
    rejected bigint not null default 0,
    staged bigint not null default 0,
    primary key (feed, segment_no)
);

-- An unfinished pass of the release before is read anew.
update ops.feeds set checkpoint = null;

-- Mode, key and cursor of the last published run; and the keys that existed in lv0 after it, as
-- their number, the sum of their hashes, and the hash that it is.
alter table ops.feeds add column definition jsonb;
alter table ops.feeds add column keys_count bigint;
alter table ops.feeds add column keys_sum numeric;
alter table ops.feeds add column keys_hashing text;

-- What a person should know of the run: rows set aside, pages tried again, marked columns.
alter table ops.runs add column notes text[] not null default '{}';

alter table ops.pages drop constraint pages_pkey;
alter table ops.pages rename column segment to kind;
alter table ops.pages add column segment_no integer not null default 0;
alter table ops.pages add primary key (run_id, segment_no, page_no);
