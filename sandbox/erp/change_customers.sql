-- The same round on V_CUSTOMER's base tables and R_GOODS, after the orders: what is deleted here is
-- referred to by no order and no receipt, whether it lives or was deleted, in this round or before.
create temporary table leavers on commit drop as
select c.cust_no
from dbo.b_cust as c
where
    right(c.cust_no, 1) <> '0'
    and not exists (
        select 1 from dbo.r_order_contract as o
        where trim(o.cust_no) = c.cust_no
    )
    and not exists (
        select 1 from dbo.r_service_receipt as r
        where trim(r.cust_no) = c.cust_no
    )
    and not exists (
        select 1 from sample.gone as g
        where g.cust_no = c.cust_no
    )
order by sample.draw(c.cust_no, 10)
limit sample.quota(2);

delete from dbo.b_cust_contact
where cust_no in (select cust_no from leavers);

with removed as (
    delete from dbo.b_cust
    where cust_no in (select cust_no from leavers)
    returning cust_no
)

insert into touched
select 'rental.v_customer', cust_no, 'deleted' from removed;

with chosen as (
    select
        cust_no,
        row_number() over (order by sample.draw(cust_no, 11)) % 3 as kind
    from dbo.b_cust_contact
    order by sample.draw(cust_no, 11)
    limit sample.quota(12)
),

changed as (
    update dbo.b_cust_contact as t
    set
        hand_tel_no = case
            when c.kind = 0
                then '010-0000-' || lpad(
                        (
                            (coalesce(nullif(right(trim(t.hand_tel_no), 4), ''), '0')::integer + 1)
                            % 10000
                        )::text,
                        4,
                        '0'
                    )
            else t.hand_tel_no
        end,
        addr1 = case
            when c.kind = 1 then sample.new_street(substr(t.cust_no, 2)::bigint, 610)
            else t.addr1
        end,
        email = case
            when c.kind = 2
                then 'moved' || current_setting('sample.round') || '.'
                    || substr(t.cust_no, 2)::bigint || '@example.com'
            else t.email
        end,
        updt_user_id = 'U00099',
        updt_dt = k.at
    from chosen as c, clock as k
    where t.cust_no = c.cust_no and k.feed = 'rental.v_customer'
    returning t.cust_no
)

insert into touched
select 'rental.v_customer', cust_no, 'updated' from changed;

-- A customer without a contact gets one: an insert below the view, an update of its row.
with chosen as (
    select c.cust_no from dbo.b_cust as c
    where
        not exists (
            select 1 from dbo.b_cust_contact as t
            where t.cust_no = c.cust_no
        )
    order by sample.draw(c.cust_no, 12)
    limit sample.quota(1)
),

added as (
    insert into dbo.b_cust_contact (
        cust_no, hand_tel_no, email, insrt_user_id, insrt_dt, updt_user_id, updt_dt
    )
    select
        c.cust_no,
        '010-0000-0000',
        'new' || substr(c.cust_no, 2)::bigint || '@example.com',
        'U00099',
        k.at,
        'U00099',
        k.at
    from chosen as c, clock as k
    where k.feed = 'rental.v_customer'
    returning cust_no
)

insert into touched
select 'rental.v_customer', cust_no, 'updated' from added;

truncate sample.batch;

insert into sample.batch
select
    sample.customers() + (current_setting('sample.round')::bigint - 1) * sample.quota(4) + i,
    k.at
from generate_series(1, sample.quota(4)) as i, clock as k
where k.feed = 'rental.v_customer';

insert into dbo.b_cust_contact
select * from sample.b_cust_contact_rows;

with added as (
    insert into dbo.b_cust
    select * from sample.b_cust_rows
    returning cust_no
)

insert into touched
select 'rental.v_customer', cust_no, 'inserted' from added;

-- There are few goods whatever the sample's size, so no quota.
with removed as (
    delete from dbo.r_goods
    where
        goods_cd in (
            select g.goods_cd from dbo.r_goods as g
            where
                g.use_yn = 'N'
                and not exists (
                    select 1 from dbo.r_order_contract as o
                    where o.goods_cd = g.goods_cd
                )
                and not exists (
                    select 1
                    from dbo.r_service_receipt as r
                    where trim(r.goods_cd) = trim(g.goods_cd)
                )
                and not exists (
                    select 1 from sample.gone as x
                    where x.goods_cd = trim(g.goods_cd)
                )
            order by sample.draw(g.goods_cd, 13)
            limit 1
        )
    returning goods_cd
)

insert into touched
select 'rental.r_goods', goods_cd, 'deleted' from removed;

with chosen as (
    select goods_cd from dbo.r_goods
    order by sample.draw(goods_cd, 14)
    limit 3
),

changed as (
    update dbo.r_goods as g
    set
        month_price_amt = coalesce(g.month_price_amt, 0) + 1000,
        updt_user_id = 'U00099',
        updt_dt = k.at
    from chosen as c, clock as k
    where g.goods_cd = c.goods_cd and k.feed = 'rental.r_goods'
    returning g.goods_cd
)

insert into touched
select 'rental.r_goods', goods_cd, 'updated' from changed;

truncate sample.batch;

insert into sample.batch
select
    sample.goods() + current_setting('sample.round')::bigint,
    k.at
from clock as k
where k.feed = 'rental.r_goods';

with added as (
    insert into dbo.r_goods
    select * from sample.r_goods_rows
    returning goods_cd
)

insert into touched
select 'rental.r_goods', goods_cd, 'inserted' from added;

truncate sample.batch;
