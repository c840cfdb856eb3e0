-- How Heroku Connect notices a write: two triggers on each mapped table and one log for all.
create schema if not exists hc;

create table if not exists hc._trigger_log (
    id bigserial primary key,
    txid bigint not null default txid_current(),
    created_at timestamptz not null default clock_timestamp(),
    updated_at timestamptz not null default clock_timestamp(),
    processed_at timestamptz,
    table_name varchar(128) not null,
    record_id bigint not null,
    sfid varchar(18),
    action varchar(7) not null check (action in ('INSERT', 'UPDATE', 'DELETE')),
    -- Heroku Connect holds these two as hstore. That is an extension which an embedded Postgres may
    -- lack, and jsonb says the same.
    values jsonb,
    old jsonb,
    state varchar(8) not null default 'NEW'
        check (state in ('NEW', 'IGNORE', 'PENDING', 'SUCCESS', 'FAILED')),
    sf_message text,
    sf_result integer
);

create index if not exists hc_idx__trigger_log_state_id on hc._trigger_log (state, id);
create index if not exists hc_idx__trigger_log_record on hc._trigger_log (table_name, record_id);

create or replace function hc.hc_mark_pending() returns trigger language plpgsql as $$
begin
    new._hc_lastop := 'PENDING';
    new._hc_err := null;
    return new;
end
$$;

create or replace function hc.hc_log_change() returns trigger language plpgsql as $$
declare
    system constant text[] := '{id,sfid,systemmodstamp,isdeleted,_hc_lastop,_hc_err}';
    before jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) - system end;
    after jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) - system end;
    changed jsonb;
begin
    if tg_op = 'DELETE' then
        -- Salesforce has never heard of a record without an sfid.
        if old.sfid is not null then
            insert into hc._trigger_log (table_name, record_id, sfid, action, old)
            values (tg_table_name, old.id, old.sfid, tg_op, jsonb_strip_nulls(before));
        end if;
        return null;
    end if;

    if tg_op = 'INSERT' then
        insert into hc._trigger_log (table_name, record_id, sfid, action, values)
        values (tg_table_name, new.id, new.sfid, tg_op, jsonb_strip_nulls(after));
        return null;
    end if;

    select coalesce(jsonb_object_agg(field.key, field.value), '{}')
    into changed
    from jsonb_each(after) as field
    where field.value is distinct from before -> field.key;

    insert into hc._trigger_log (table_name, record_id, sfid, action, values, old, state)
    values (
        tg_table_name, new.id, new.sfid, tg_op, changed,
        (
            select coalesce(jsonb_object_agg(field.key, field.value), '{}')
            from jsonb_each(before) as field
            where changed ? field.key
        ),
        case when changed = '{}' then 'IGNORE' else 'NEW' end
    );
    return null;
end
$$;

-- What Heroku Connect offers to queue a row again. It takes an hstore; here the function of that name
-- gives what this log holds, so that a call reads the same on both.
create or replace function public.hstore(anyelement) returns jsonb language sql immutable as $$
    select to_jsonb($1)
$$;

create or replace function hc.hc_capture_insert_from_row(
    source_row jsonb, table_name varchar, excluded_cols text[] default '{}'
) returns integer language sql as $$
    insert into hc._trigger_log (table_name, record_id, action, values)
    select
        table_name,
        (source_row ->> 'id')::bigint,
        'INSERT',
        jsonb_strip_nulls(source_row - excluded_cols - '{_hc_lastop,_hc_err}'::text[])
    where source_row ->> 'id' is not null
    returning id::integer
$$;

-- Without `columns_to_include` it queues every column, and Salesforce refuses those that it computes.
create or replace function hc.hc_capture_update_from_row(
    source_row jsonb, table_name varchar, columns_to_include text[] default '{}'
) returns integer language sql as $$
    insert into hc._trigger_log (table_name, record_id, sfid, action, values)
    select
        table_name,
        (source_row ->> 'id')::bigint,
        source_row ->> 'sfid',
        'UPDATE',
        (
            select jsonb_object_agg(field.key, field.value)
            from jsonb_each(source_row - '{_hc_lastop,_hc_err}'::text[]) as field
            where columns_to_include = '{}' or field.key = any(columns_to_include)
        )
    where source_row ->> 'id' is not null
    returning id::integer
$$;
