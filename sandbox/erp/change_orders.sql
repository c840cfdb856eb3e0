-- One round of changes on R_ORDER_CONTRACT, R_ORDER_CONTRACT_ADD and R_SERVICE_RECEIPT: deletes,
-- then updates, then inserts, so that no statement meets a row of an earlier one. What is touched
-- is written down by the statement that touches it; the primary key holds each row to one touch.
create temporary table touched (
    feed text not null,
    key text not null,
    action text not null,
    primary key (feed, key)
) on commit drop;

-- The time of the round on each table, taken before the deletes: it never goes back.
create temporary table clock on commit drop as
select
    'rental.r_order_contract' as feed,
    max(updt_dt) + interval '1 second' as at
from dbo.r_order_contract
union all
select
    'rental.r_order_contract_add' as feed,
    max(updt_dt) + interval '1 second' as at
from dbo.r_order_contract_add
union all
select
    'rental.r_service_receipt' as feed,
    max(updt_dt) + interval '1 second' as at
from dbo.r_service_receipt
union all
select
    'rental.v_customer' as feed,
    max(updt_dt) + interval '1 second' as at
from dbo.v_customer
union all
select
    'rental.r_goods' as feed,
    max(updt_dt) + interval '1 second' as at
from dbo.r_goods;

-- Half of the deleted orders take their ADD row and receipts along, half leave them as orphans.
create temporary table victims on commit drop as
select
    order_no,
    row_number() over (order by sample.draw(order_no, 1)) % 2 = 0 as takes_along
from dbo.r_order_contract
order by sample.draw(order_no, 1)
limit sample.quota(4);

with removed as (
    delete from dbo.r_order_contract as o
    using victims as v
    where o.order_no = v.order_no
    returning o.order_no, o.cust_no, o.goods_cd
),

noted as (
    insert into sample.gone
    select
        'rental.r_order_contract',
        order_no,
        trim(cust_no),
        trim(goods_cd)
    from removed
)

insert into touched
select 'rental.r_order_contract', order_no, 'deleted' from removed;

with removed as (
    delete from dbo.r_order_contract_add
    where
        order_no in (select order_no from victims where takes_along)
        or order_no in (
            select order_no from dbo.r_order_contract_add
            where right(order_no, 7) >= '9000000'
            order by sample.draw(order_no, 2)
            limit sample.quota(1)
        )
    returning order_no
)

insert into touched
select 'rental.r_order_contract_add', order_no, 'deleted' from removed;

with removed as (
    delete from dbo.r_service_receipt
    where
        trim(order_no) in (select order_no from victims where takes_along)
        or recept_no in (
            select recept_no from dbo.r_service_receipt
            order by sample.draw(recept_no, 3)
            limit sample.quota(3)
        )
    returning recept_no, cust_no, goods_cd
),

noted as (
    insert into sample.gone
    select
        'rental.r_service_receipt',
        recept_no,
        trim(cust_no),
        trim(goods_cd)
    from removed
)

insert into touched
select 'rental.r_service_receipt', recept_no, 'deleted' from removed;

-- One half gets another monthly price, the other another status.
with chosen as (
    select
        order_no,
        row_number() over (order by sample.draw(order_no, 4)) % 2 = 0 as by_price
    from dbo.r_order_contract
    order by sample.draw(order_no, 4)
    limit sample.quota(20)
),

drafted as (
    select
        o.order_no,
        case when c.by_price then coalesce(o.month_amt, 0) + 1000 else o.month_amt end as month_amt,
        case
            when c.by_price then o.order_status_cd
            else sample.next_code(o.order_status_cd, sample.order_statuses())
        end as order_status_cd
    from dbo.r_order_contract as o
    inner join chosen as c on o.order_no = c.order_no
),

changed as (
    update dbo.r_order_contract as o
    set
        month_amt = d.month_amt,
        total_amt = d.month_amt * o.rental_month_qty,
        order_status_cd = d.order_status_cd,
        cancel_yn = case when d.order_status_cd = '80' then 'Y' else 'N' end,
        updt_user_id = 'U00099',
        updt_dt = k.at
    from drafted as d, clock as k
    where o.order_no = d.order_no and k.feed = 'rental.r_order_contract'
    returning o.order_no
)

insert into touched
select 'rental.r_order_contract', order_no, 'updated' from changed;

-- Some of these are of orders that were just updated: two touched rows, one opportunity. ADD rows
-- that a deleted order left behind stay as they are, for nobody works on such an order.
with chosen as (
    (
        select a.order_no from dbo.r_order_contract_add as a
        where
            not exists (
                select 1 from sample.gone as g
                where g.feed = 'rental.r_order_contract' and g.key = a.order_no
            )
        order by sample.draw(a.order_no, 5)
        limit sample.quota(8)
    )
    union
    (
        select a.order_no from dbo.r_order_contract_add as a
        inner join touched as t on a.order_no = t.key
        where t.feed = 'rental.r_order_contract' and t.action = 'updated'
        order by sample.draw(a.order_no, 6)
        limit sample.quota(2)
    )
),

changed as (
    update dbo.r_order_contract_add as a
    set
        install_addr1 = sample.new_street(right(a.order_no, 7)::bigint, 600),
        updt_user_id = 'U00099',
        updt_dt = k.at
    from chosen as c, clock as k
    where a.order_no = c.order_no and k.feed = 'rental.r_order_contract_add'
    returning a.order_no
)

insert into touched
select 'rental.r_order_contract_add', order_no, 'updated' from changed;

with chosen as (
    select
        recept_no,
        row_number() over (order by sample.draw(recept_no, 7)) % 2 = 0 as by_memo
    from dbo.r_service_receipt
    order by sample.draw(recept_no, 7)
    limit sample.quota(15)
),

changed as (
    update dbo.r_service_receipt as r
    set
        recept_memo = case
            when c.by_memo
                then '[' || current_setting('sample.round') || '차] 재통화 완료' || coalesce(
                        chr(10) || r.recept_memo, ''
                    )
            else r.recept_memo
        end,
        svc_status_cd = case
            when c.by_memo then r.svc_status_cd
            else sample.next_code(r.svc_status_cd, sample.service_statuses())
        end,
        updt_user_id = 'U00099',
        updt_dt = k.at
    from chosen as c, clock as k
    where r.recept_no = c.recept_no and k.feed = 'rental.r_service_receipt'
    returning r.recept_no
)

insert into touched
select 'rental.r_service_receipt', recept_no, 'updated' from changed;

-- The ADD rows to come: of three in four of the new orders, of old orders that had none, and of
-- orders that nobody entered.
create temporary table add_batch on commit drop as
select sample.size() + (current_setting('sample.round')::bigint - 1) * sample.quota(8) + i as n
from generate_series(1, sample.quota(8)) as i
where i % 4 <> 0
union all
(
    select right(o.order_no, 7)::bigint as n
    from dbo.r_order_contract as o
    where
        not exists (
            select 1 from dbo.r_order_contract_add as a
            where a.order_no = o.order_no
        )
    order by sample.draw(o.order_no, 8)
    limit sample.quota(1)
)
union all
select 9200000 + (current_setting('sample.round')::bigint - 1) * sample.quota(1) + i as n
from generate_series(1, sample.quota(1)) as i;

truncate sample.batch;

insert into sample.batch
select
    sample.size() + (current_setting('sample.round')::bigint - 1) * sample.quota(8) + i,
    k.at
from generate_series(1, sample.quota(8)) as i, clock as k
where k.feed = 'rental.r_order_contract';

with added as (
    insert into dbo.r_order_contract
    select * from sample.r_order_contract_rows
    returning order_no
)

insert into touched
select 'rental.r_order_contract', order_no, 'inserted' from added;

truncate sample.batch;

insert into sample.batch
select
    b.n,
    k.at
from add_batch as b, clock as k
where k.feed = 'rental.r_order_contract_add';

with added as (
    insert into dbo.r_order_contract_add
    select * from sample.r_order_contract_add_rows
    returning order_no
)

insert into touched
select 'rental.r_order_contract_add', order_no, 'inserted' from added;

truncate sample.batch;

insert into sample.batch
select
    sample.receipts() + (current_setting('sample.round')::bigint - 1) * sample.quota(6) + i,
    k.at
from generate_series(1, sample.quota(6)) as i, clock as k
where k.feed = 'rental.r_service_receipt';

with added as (
    insert into dbo.r_service_receipt
    select * from sample.r_service_receipt_rows
    returning recept_no
)

insert into touched
select 'rental.r_service_receipt', recept_no, 'inserted' from added;
