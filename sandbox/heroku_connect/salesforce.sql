-- Functions of one session of the drain; they end with it.

-- An 18-character record id: object prefix, a number in base 62, and three characters which say
-- which of the first 15 are capitals.
create function pg_temp.make_sfid(prefix text, number bigint) returns text
language sql immutable as $$
    with recursive
    base62 (rest, digits) as (
        select number, ''
        union all
        select
            rest / 62,
            substr(
                '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz',
                (rest % 62)::integer + 1, 1
            ) || digits
        from base62
        where rest > 0
    ),
    short (id) as (
        select prefix || lpad(digits, 12, '0') from base62 where rest = 0
    ),
    capitals (block, bits) as (
        select
            position / 5,
            sum(case when substr(id, position + 1, 1) between 'A' and 'Z' then 1 << position % 5 else 0 end)
        from short, generate_series(0, 14) as position
        group by position / 5
    )
    select
        (select id from short)
        || string_agg(substr('ABCDEFGHIJKLMNOPQRSTUVWXYZ012345', bits::integer + 1, 1), '' order by block)
    from capitals
$$;

create function pg_temp.salesforce_text(value text) returns text
language sql immutable as $$
    select nullif(btrim(value, e' \t\n\r\f\x0b'), '')
$$;
