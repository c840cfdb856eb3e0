-- What translated statements call. Dates are days since 0001-01-01; times and date-times are ticks
-- of 100 ns; a datetimeoffset is its UTC ticks * 10000 + its offset in minutes + 5000.
create schema tds;

create function tds.fail(number int, severity int, message text) returns void language plpgsql as $$
begin
    raise exception using errcode = 'TD001', message = message, detail = number || ',' || severity;
end $$;

-- Text

-- The sort key of a case-insensitive collation, blind to trailing blanks.
create function tds.k(x text) returns text language sql immutable parallel safe as
    $$ select lower(rtrim(x) collate "{lower_case}") collate "C" $$;

create function tds.len16(x text) returns int language sql immutable parallel safe as $$
    select case when octet_length(x) = length(x) then length(x)
        else length(x) + length(regexp_replace(x, '[^\U00010000-\U0010FFFF]', '', 'g')) end $$;

create function tds.substr16(x text, start int, count int) returns text
language plpgsql immutable as $$
declare
    result text := '';
    unit int := 1;
    c text;
begin
    if count < 0 then
        perform tds.fail(537, 16, 'Invalid length parameter passed to the LEFT or SUBSTRING function.');
    end if;
    if x is null or octet_length(x) = length(x) or tds.len16(x) = length(x) then
        return substr(x, start, count);
    end if;
    foreach c in array string_to_array(x, null) loop
        if unit >= start and unit < start::bigint + count then result := result || c; end if;
        unit := unit + case when ascii(c) > 65535 then 2 else 1 end;
    end loop;
    return result;
end $$;

-- Cuts to n UTF-16 units, or refuses what is longer.
create function tds.nfit(x text, n int, assign bool, pad bool) returns text
language plpgsql immutable as $$
begin
    if tds.len16(x) > n then
        if assign and tds.len16(rtrim(x)) > n then
            perform tds.fail(2628, 16, 'String or binary data would be truncated.');
        end if;
        x := tds.substr16(x, 1, n);
    end if;
    if pad then x := x || repeat(' ', n - tds.len16(x)); end if;
    return x;
end $$;

-- What the code page lacks becomes a question mark, as on the server.
create function tds.to_cp(x text, encoding text) returns text language plpgsql immutable as $$
declare
    c text;
    result text := '';
begin
    if x is null or octet_length(x) = length(x) then return x; end if;
    begin
        perform convert_to(replace(x, U&'\FDD0', ''), encoding);
        return x;
    exception when untranslatable_character then null;
    end;
    foreach c in array string_to_array(x, null) loop
        if c = U&'\FDD0' then result := result || c; continue; end if;
        begin
            perform convert_to(c, encoding);
            result := result || c;
        exception when untranslatable_character then
            result := result || case when ascii(c) > 65535 then '??' else '?' end;
        end;
    end loop;
    return result;
end $$;

create function tds.cp_bytes(x text, encoding text) returns bytea language sql immutable as $$
    select convert_to(replace(x, U&'\FDD0', ' '), encoding) $$;

create function tds.cp_len(x text, encoding text) returns int language sql immutable as $$
    select case when octet_length(x) = length(x) then length(x)
        else octet_length(tds.cp_bytes(x, encoding)) end $$;

create function tds.cfit(x text, n int, encoding text, assign bool, pad bool) returns text
language plpgsql immutable as $$
begin
    if x is null then return null; end if;
    x := tds.to_cp(x, encoding);
    if tds.cp_len(x, encoding) > n then
        if assign and tds.cp_len(rtrim(x), encoding) > n then
            perform tds.fail(2628, 16, 'String or binary data would be truncated.');
        end if;
        x := left(x, n);
        while tds.cp_len(x, encoding) > n loop x := left(x, -1); end loop;
    end if;
    if pad then x := x || repeat(' ', n - tds.cp_len(x, encoding)); end if;
    return x;
end $$;

create function tds.utf16(x text) returns bytea language sql immutable as $$
    with units as (
        select i, u
        from (select i, case ascii(c) when 64976 then 0 else ascii(c) end as a
              from string_to_table(x, null) with ordinality as t(c, i)) as chars
        cross join lateral unnest(case when a < 65536 then array[a]
            else array[55296 + ((a - 65536) >> 10), 56320 + ((a - 65536) & 1023)] end)
            with ordinality as v(u, j)
        order by i, j
    )
    select case when x is null then null when x = '' then ''::bytea else
        (select decode(string_agg(lpad(to_hex(((u & 255) << 8) | (u >> 8)), 4, '0'), ''), 'hex')
         from units) end $$;

create function tds.from_utf16(x bytea) returns text language plpgsql immutable as $$
declare
    result text := '';
    unit int;
    high int := 0;
begin
    if x is null then return null; end if;
    for i in 0 .. length(x) / 2 - 1 loop
        unit := get_byte(x, 2 * i) + get_byte(x, 2 * i + 1) * 256;
        if unit = 0 then result := result || U&'\FDD0';
        elsif unit between 55296 and 56319 then high := unit;
        elsif unit between 56320 and 57343 then
            result := result || chr(65536 + ((high - 55296) << 10) + unit - 56320);
        else result := result || chr(unit);
        end if;
    end loop;
    return result;
end $$;

-- LIKE as a regular expression; `escape` is '' where there is none.
create function tds.like_re(pattern text, escape text) returns text
language plpgsql immutable as $$
declare
    result text := '^';
    c text;
    at int := 1;
    stop int;
begin
    while at <= length(pattern) loop
        c := substr(pattern, at, 1);
        if c = escape and escape <> '' then
            at := at + 1;
            result := result || regexp_replace(substr(pattern, at, 1), '(\W)', '\\\1');
        elsif c = '%' then result := result || '.*';
        elsif c = '_' then result := result || '.';
        elsif c = '[' and position(']' in substr(pattern, at)) > 0 then
            stop := at + position(']' in substr(pattern, at)) - 1;
            result := result || replace(substr(pattern, at, stop - at + 1), '\', '\\');
            at := stop;
        else result := result || regexp_replace(c, '(\W)', '\\\1');
        end if;
        at := at + 1;
    end loop;
    return result || '$';
end $$;

-- Numbers

create function tds.int_in(x numeric, low bigint, high bigint, kind text) returns bigint
language plpgsql immutable as $$
begin
    if x < low or x > high then
        perform tds.fail(8115, 16, 'Arithmetic overflow error converting expression to data type '
            || kind || '.');
    end if;
    return x;
end $$;

create function tds.s2i(x text, tries bool, kind text) returns numeric language plpgsql stable as $$
begin
    if btrim(x) = '' then return 0; end if;
    if btrim(x) !~ '^[-+]?\s*[0-9]+$' then
        if tries then return null; end if;
        perform tds.fail(245, 16, 'Conversion failed when converting the varchar value to data type '
            || kind || '.');
    end if;
    return replace(btrim(x), ' ', '')::numeric;
end $$;

create function tds.s2n(x text, tries bool) returns numeric language plpgsql stable as $$
begin
    if replace(btrim(x), ',', '') !~ '^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)$' then
        if tries then return null; end if;
        perform tds.fail(8114, 16, 'Error converting data type varchar to numeric.');
    end if;
    return replace(btrim(x), ',', '')::numeric;
end $$;

create function tds.s2f(x text, tries bool) returns float8 language plpgsql stable as $$
begin
    if btrim(x) = '' then return 0; end if;
    if btrim(x) !~* '^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[-+]?[0-9]+)?$' then
        if tries then return null; end if;
        perform tds.fail(8114, 16, 'Error converting data type varchar to float.');
    end if;
    return btrim(x)::float8;
end $$;

create function tds.s2bit(x text, tries bool) returns int language plpgsql stable as $$
begin
    if lower(btrim(x)) in ('true', 'false') then return (lower(btrim(x)) = 'true')::int; end if;
    return (tds.s2i(x, tries, 'bit') <> 0)::int;
end $$;

create function tds.money_text(x numeric, style int) returns text language sql immutable as $$
    select case style when 0 then round(x, 2)::text when 2 then round(x, 4)::text
        when 1 then btrim(to_char(round(x, 2), 'FM999,999,999,999,999,990.00'))
        else round(x, 4)::text end $$;

-- Styles: 0 at most six digits, 1 eight, 2 sixteen, 3 seventeen; exponents have three digits.
create function tds.float_text(x float8, style int) returns text language plpgsql immutable as $$
declare
    digits int := case style when 1 then 8 when 2 then 16 when 3 then 17 else 6 end;
    n numeric;
    e int;
begin
    if x is null then return null; end if;
    n := x::text::numeric;
    e := case when n = 0 then 0 else floor(log(abs(n)))::int end;
    if abs(n) >= 10::numeric ^ (e + 1) then e := e + 1; end if;
    n := round(n * 10::numeric ^ (-e), digits - 1);
    if abs(n) >= 10 then
        n := round(n / 10, digits - 1);
        e := e + 1;
    end if;
    if style = 0 and e between -5 and 14 and (e < 6 or x = trunc(x)) then
        return trim_scale(round(x::text::numeric, greatest(digits - 1 - e, 0)))::text;
    end if;
    if style = 0 then n := trim_scale(n); end if;
    return n::text || 'e' || case when e < 0 then '-' else '+' end || lpad(abs(e)::text, 3, '0');
end $$;

-- Binary

create function tds.s2b(x text, style int, encoding text, tries bool) returns bytea
language plpgsql stable as $$
begin
    if style = 0 then
        return case when encoding = '' then tds.utf16(x) else tds.cp_bytes(x, encoding) end;
    end if;
    if x !~* (case style when 1 then '^0x' else '^' end || '([0-9a-f]{2})*$') then
        if tries then return null; end if;
        perform tds.fail(8114, 16, 'Error converting data type varchar to varbinary.');
    end if;
    return decode(case style when 1 then substr(x, 3) else x end, 'hex');
end $$;

create function tds.b2s(x bytea, style int, encoding text) returns text
language plpgsql immutable as $$
begin
    if style > 0 then
        return case style when 1 then '0x' else '' end || upper(encode(x, 'hex'));
    end if;
    return case when encoding = '' then tds.from_utf16(x) else convert_from(x, encoding) end;
end $$;

create function tds.bfit(x bytea, n int, assign bool, pad bool) returns bytea
language plpgsql immutable as $$
begin
    if length(x) > n then
        if assign then perform tds.fail(2628, 16, 'String or binary data would be truncated.'); end if;
        x := substr(x, 1, n);
    end if;
    if pad then x := x || decode(repeat('00', n - length(x)), 'hex'); end if;
    return x;
end $$;

-- A number's bytes, cut or padded on the left.
create function tds.i2b(x bigint, size int, n int, pad bool) returns bytea
language plpgsql immutable as $$
declare
    bytes bytea := substr(int8send(x), 9 - size);
begin
    if length(bytes) > n then return substr(bytes, length(bytes) - n + 1); end if;
    if pad then bytes := decode(repeat('00', n - length(bytes)), 'hex') || bytes; end if;
    return bytes;
end $$;

create function tds.b2i(x bytea) returns bigint language plpgsql immutable as $$
declare
    result bigint := 0;
begin
    if x is null then return null; end if;
    for i in greatest(length(x) - 8, 0) .. length(x) - 1 loop
        result := (result << 8) | get_byte(x, i);
    end loop;
    return result;
end $$;

create function tds.u2b(x uuid) returns bytea language sql immutable as $$
    select decode(substr(h, 7, 2) || substr(h, 5, 2) || substr(h, 3, 2) || substr(h, 1, 2)
        || substr(h, 11, 2) || substr(h, 9, 2) || substr(h, 15, 2) || substr(h, 13, 2)
        || substr(h, 17), 'hex')
    from (select replace(x::text, '-', '') as h) as t $$;

create function tds.b2u(x bytea) returns uuid language sql immutable as $$
    select encode(tds.u2b(encode(substr(x || decode(repeat('00', 16), 'hex'), 1, 16), 'hex')::uuid),
        'hex')::uuid $$;

create function tds.s2u(x text, tries bool) returns uuid language plpgsql stable as $$
begin
    if btrim(x) !~* '^\{?[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}\}?' then
        if tries then return null; end if;
        perform tds.fail(8169, 16,
            'Conversion failed when converting from a character string to uniqueidentifier.');
    end if;
    return substr(replace(btrim(x), '{', ''), 1, 36)::uuid;
end $$;

-- The order of uniqueidentifier: the last six bytes count first.
create function tds.uk(x uuid) returns bytea language sql immutable parallel safe as $$
    select substr(b, 11, 6) || substr(b, 9, 2) || substr(b, 7, 2) || substr(b, 5, 2) || substr(b, 1, 4)
    from (select tds.u2b(x) as b) as t $$;
