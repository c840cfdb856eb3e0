-- Dates and times of translated statements.

create function tds.days(year int, month int, day int) returns int language sql immutable as
    $$ select make_date(year, month, day) - date '0001-01-01' $$;

create function tds.to_date(days bigint) returns date language sql immutable as
    $$ select date '0001-01-01' + days::int $$;

create function tds.pow10(n int) returns bigint language sql immutable as
    $$ select (array[1, 10, 100, 1000, 10000, 100000, 1000000, 10000000])[n + 1]::bigint $$;

create function tds.round_ticks(x bigint, scale int) returns bigint language sql immutable as $$
    select case when scale = 7 then x else
        (x + tds.pow10(7 - scale) / 2) / tds.pow10(7 - scale) * tds.pow10(7 - scale) end $$;

-- What a string says: {days, ticks of the day, offset}; null where it says nothing.
create function tds.parse_moment(x text) returns bigint[] language plpgsql immutable as $$
declare
    m text[];
    days bigint;
    ticks bigint := 0;
    shift bigint;
begin
    m := regexp_match(btrim(x), '^(?:(\d{4})-?(\d\d)-?(\d\d)(?:[ T]+|$))?(?:(\d\d?):(\d\d)(?::(\d\d)'
        '(?:[.:](\d{1,9}))?)?)?\s*(Z|[-+]\d\d:\d\d)?$');
    if m is null then return null; end if;
    if m[1] is not null then
        if m[2]::int not between 1 and 12 or m[3]::int not between 1 and 31 then return null; end if;
        begin
            days := tds.days(m[1]::int, m[2]::int, m[3]::int);
        exception when others then return null;
        end;
    end if;
    if m[4] is not null then
        if m[4]::int > 23 or m[5]::int > 59 or coalesce(m[6], '0')::int > 59 then return null; end if;
        ticks := ((m[4]::bigint * 60 + m[5]::int) * 60 + coalesce(m[6], '0')::int) * 10000000
            + round(rpad(coalesce(m[7], '0'), 9, '0')::numeric / 100)::bigint;
    end if;
    if m[8] = 'Z' then shift := 0;
    elsif m[8] is not null then
        shift := (substr(m[8], 2, 2)::int * 60 + substr(m[8], 5, 2)::int)
            * case when left(m[8], 1) = '-' then -1 else 1 end;
    end if;
    return array[days, ticks, shift];
end $$;

create function tds.moment(x text, tries bool) returns bigint[] language plpgsql stable as $$
declare
    parsed bigint[] := tds.parse_moment(x);
begin
    if x is not null and parsed is null and not tries then
        perform tds.fail(241, 16,
            'Conversion failed when converting date and/or time from character string.');
    end if;
    return parsed;
end $$;

-- Local ticks; a time alone is one of 1900-01-01.
create function tds.s2ticks(x text, tries bool) returns bigint language sql stable as $$
    select case when btrim(x) = '' then 693595 * 864000000000 else
        coalesce(m[1], 693595) * 864000000000 + m[2] end
    from (select tds.moment(x, tries) as m offset 0) as t $$;

create function tds.s2offset(x text, tries bool) returns numeric language sql stable as $$
    select (coalesce(m[1], 693595) * 864000000000 + m[2] - coalesce(m[3], 0) * 600000000)::numeric
        * 10000 + coalesce(m[3], 0) + 5000
    from (select tds.moment(x, tries) as m offset 0) as t $$;

create function tds.offset_minutes(x numeric) returns int language sql immutable as
    $$ select (mod(x, 10000) - 5000)::int $$;

create function tds.offset_utc(x numeric) returns bigint language sql immutable as
    $$ select div(x, 10000)::bigint $$;

create function tds.offset_local(x numeric) returns bigint language sql immutable as
    $$ select tds.offset_utc(x) + tds.offset_minutes(x) * 600000000::bigint $$;

create function tds.to_offset(ticks bigint, minutes int) returns numeric language sql immutable as
    $$ select (ticks - minutes * 600000000::bigint)::numeric * 10000 + minutes + 5000 $$;

create function tds.round_offset(x numeric, scale int) returns numeric language sql immutable as $$
    select tds.round_ticks(tds.offset_utc(x), scale)::numeric * 10000 + mod(x, 10000) $$;

-- To the 300ths of a second of datetime, and to the minutes of smalldatetime.
create function tds.to_datetime(x bigint, tries bool) returns bigint language plpgsql immutable as $$
declare
    days bigint := x / 864000000000;
    parts bigint := ((x % 864000000000) * 3 + 50000) / 100000;
begin
    if days < 639905 then
        if tries then return null; end if;
        perform tds.fail(242, 16, 'The conversion of a datetime2 data type to a datetime data type '
            'resulted in an out-of-range value.');
    end if;
    return days * 864000000000 + (parts * 100000 + 1) / 3;
end $$;

create function tds.to_smalldatetime(x bigint, tries bool) returns bigint
language plpgsql immutable as $$
begin
    if x / 864000000000 not between 693595 and 759130 then
        if tries then return null; end if;
        perform tds.fail(242, 16, 'The conversion of a datetime2 data type to a smalldatetime data '
            'type resulted in an out-of-range value.');
    end if;
    return (x + 300000000) / 600000000 * 600000000;
end $$;

create function tds.time_text(ticks bigint, scale int) returns text language sql immutable as $$
    select lpad((ticks / 36000000000)::text, 2, '0') || ':'
        || lpad((ticks / 600000000 % 60)::text, 2, '0') || ':'
        || lpad((ticks / 10000000 % 60)::text, 2, '0')
        || case when scale > 0
            then '.' || left(lpad((ticks % 10000000)::text, 7, '0'), scale) else '' end $$;

create function tds.date_text(days bigint, style int) returns text language sql immutable as $$
    select case style
        when 112 then to_char(tds.to_date(days), 'YYYYMMDD')
        when 111 then to_char(tds.to_date(days), 'YYYY/MM/DD')
        when 101 then to_char(tds.to_date(days), 'MM/DD/YYYY')
        when 102 then to_char(tds.to_date(days), 'YYYY.MM.DD')
        when 103 then to_char(tds.to_date(days), 'DD/MM/YYYY')
        else to_char(tds.to_date(days), 'YYYY-MM-DD') end $$;

-- `scale` is 3 for datetime and 0 for smalldatetime, whose default style is 0 and not 121.
create function tds.moment_text(x bigint, scale int, style int) returns text
language plpgsql immutable as $$
declare
    days bigint := x / 864000000000;
    ticks bigint := x % 864000000000;
begin
    if scale = 3 then ticks := (ticks + 5000) / 10000 * 10000; end if;
    if style = 0 then
        return to_char(tds.to_date(days), 'Mon ')
            || lpad(extract(day from tds.to_date(days))::text, 2) || to_char(tds.to_date(days), ' YYYY ')
            || lpad(((ticks / 36000000000 + 11) % 12 + 1)::text, 2)
            || to_char(time '00:00' + ticks / 10 * interval '1 microsecond', ':MIAM');
    elsif style in (23, 112, 111, 101, 102, 103) then return tds.date_text(days, style);
    elsif style in (8, 108, 24) then return tds.time_text(ticks, 0);
    elsif style in (14, 114) then return tds.time_text(ticks, scale);
    elsif style in (20, 120) then return tds.date_text(days, 23) || ' ' || tds.time_text(ticks, 0);
    elsif style in (126, 127) then
        return tds.date_text(days, 23) || 'T'
            || tds.time_text(ticks, case when ticks % 10000000 = 0 then 0 else scale end);
    end if;
    return tds.date_text(days, 23) || ' ' || tds.time_text(ticks, scale);
end $$;

create function tds.offset_text(x numeric, scale int, style int) returns text
language sql immutable as $$
    select case when style = 127 then tds.moment_text(tds.offset_utc(x), scale, 126) || 'Z'
        else tds.moment_text(tds.offset_local(x), scale, style)
            || case when style in (126) then '' else ' ' end
            || case when tds.offset_minutes(x) < 0 then '-' else '+' end
            || lpad((abs(tds.offset_minutes(x)) / 60)::text, 2, '0') || ':'
            || lpad((abs(tds.offset_minutes(x)) % 60)::text, 2, '0') end $$;

create function tds.now_ticks() returns bigint language sql volatile as $$
    select (extract(epoch from clock_timestamp()) * 10000000)::bigint + 621355968000000000 $$;

-- Moves a moment by n of `unit`: months keep within the month they reach.
create function tds.add(x bigint, unit text, n bigint) returns bigint
language plpgsql immutable as $$
declare
    result bigint;
begin
    if x is null or n is null then return null; end if;
    if unit in ('year', 'quarter', 'month') then
        n := n * case unit when 'year' then 12 when 'quarter' then 3 else 1 end;
        result := ((tds.to_date(x / 864000000000) + make_interval(months => n::int))::date
            - date '0001-01-01')::bigint * 864000000000 + x % 864000000000;
    else
        result := x + case unit
            when 'week' then n * 7 * 864000000000 when 'day' then n * 864000000000
            when 'hour' then n * 36000000000 when 'minute' then n * 600000000
            when 'second' then n * 10000000 when 'millisecond' then n * 10000
            when 'microsecond' then n * 10 when 'nanosecond' then n / 100 end;
    end if;
    if result < 0 or result >= 3155378976000000000 then
        perform tds.fail(517, 16, 'Adding a value to a ''datetime2'' column caused an overflow.');
    end if;
    return result;
end $$;

-- The boundaries of `unit` between two moments.
create function tds.diff(unit text, a bigint, b bigint) returns bigint
language sql immutable as $$
    select case unit
        when 'year' then extract(year from tds.to_date(b / 864000000000))
            - extract(year from tds.to_date(a / 864000000000))
        when 'month' then (extract(year from tds.to_date(b / 864000000000))
            - extract(year from tds.to_date(a / 864000000000))) * 12
            + extract(month from tds.to_date(b / 864000000000))
            - extract(month from tds.to_date(a / 864000000000))
        when 'week' then (b / 864000000000 + 1) / 7 - (a / 864000000000 + 1) / 7
        when 'day' then b / 864000000000 - a / 864000000000
        when 'hour' then b / 36000000000 - a / 36000000000
        when 'minute' then b / 600000000 - a / 600000000
        when 'second' then b / 10000000 - a / 10000000
        when 'millisecond' then b / 10000 - a / 10000
        when 'microsecond' then b / 10 - a / 10
        when 'nanosecond' then (b - a) * 100 end::bigint $$;

create function tds.part(unit text, x bigint) returns int language sql immutable as $$
    select case
        when unit in ('year', 'month', 'day', 'quarter', 'week')
            then date_part(unit, tds.to_date(x / 864000000000))
        when unit = 'dayofyear' then extract(doy from tds.to_date(x / 864000000000))
        when unit = 'weekday' then extract(dow from tds.to_date(x / 864000000000)) + 1
        when unit = 'hour' then x % 864000000000 / 36000000000
        when unit = 'minute' then x / 600000000 % 60
        when unit = 'second' then x / 10000000 % 60
        when unit = 'millisecond' then x % 10000000 / 10000
        when unit = 'microsecond' then x % 10000000 / 10
        when unit = 'nanosecond' then x % 10000000 * 100 end::int $$;
