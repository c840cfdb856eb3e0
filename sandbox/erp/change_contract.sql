-- The same round on R_ORDER_CUST_INFO, the receipts of contracts and V_ERP_USER, after the orders.
insert into clock
select
    'rental.r_order_cust_info',
    max(updt_dt) + interval '1 second'
from dbo.r_order_cust_info
union all
select
    'rental.r_contract_cancel_receipt',
    max(updt_dt) + interval '1 second'
from dbo.r_contract_cancel_receipt
union all
select
    'rental.r_contract_move_receipt',
    max(updt_dt) + interval '1 second'
from dbo.r_contract_move_receipt
union all
select
    'rental.v_erp_user',
    max(updt_dt) + interval '1 second'
from dbo.v_erp_user;

with removed as (
    delete from dbo.r_order_cust_info
    where
        order_no in (
            select order_no from dbo.r_order_cust_info
            order by sample.draw(order_no, 21)
            limit sample.quota(3)
        )
    returning order_no
)

insert into touched
select 'rental.r_order_cust_info', order_no, 'deleted' from removed;

with removed as (
    delete from dbo.r_contract_cancel_receipt
    where
        cancel_recept_no in (
            select cancel_recept_no from dbo.r_contract_cancel_receipt
            order by sample.draw(cancel_recept_no, 22)
            limit sample.quota(1)
        )
    returning cancel_recept_no
)

insert into touched
select 'rental.r_contract_cancel_receipt', cancel_recept_no, 'deleted' from removed;

with removed as (
    delete from dbo.r_contract_move_receipt
    where
        move_recept_no in (
            select move_recept_no from dbo.r_contract_move_receipt
            order by sample.draw(move_recept_no, 23)
            limit sample.quota(1)
        )
    returning move_recept_no
)

insert into touched
select 'rental.r_contract_move_receipt', move_recept_no, 'deleted' from removed;

-- There are few users whatever the sample's size, so no quota.
with removed as (
    delete from dbo.b_user
    where
        usr_id in (
            select usr_id from dbo.b_user
            where use_yn = 'N'
            order by sample.draw(usr_id, 24)
            limit 1
        )
    returning usr_id
)

insert into touched
select 'rental.v_erp_user', usr_id, 'deleted' from removed;

with chosen as (
    select
        order_no,
        row_number() over (order by sample.draw(order_no, 25)) % 2 = 0 as by_address
    from dbo.r_order_cust_info
    order by sample.draw(order_no, 25)
    limit sample.quota(10)
),

changed as (
    update dbo.r_order_cust_info as i
    set
        addr1 = case
            when c.by_address then sample.new_street(right(i.order_no, 7)::bigint, 620) else i.addr1
        end,
        email = case
            when c.by_address then i.email
            else 'moved' || current_setting('sample.round') || '.' || i.order_no || '@example.com'
        end,
        updt_user_id = 'U00099',
        updt_dt = k.at
    from chosen as c, clock as k
    where i.order_no = c.order_no and k.feed = 'rental.r_order_cust_info'
    returning i.order_no
)

insert into touched
select 'rental.r_order_cust_info', order_no, 'updated' from changed;

with chosen as (
    select
        cancel_recept_no,
        row_number() over (order by sample.draw(cancel_recept_no, 26)) % 2 = 0 as by_refund
    from dbo.r_contract_cancel_receipt
    order by sample.draw(cancel_recept_no, 26)
    limit sample.quota(5)
),

changed as (
    update dbo.r_contract_cancel_receipt as r
    set
        refund_amt = case when c.by_refund then r.refund_amt + 1000 else r.refund_amt end,
        cancel_status_cd = case
            when c.by_refund then r.cancel_status_cd
            else sample.next_code(r.cancel_status_cd, sample.cancel_statuses())
        end,
        updt_user_id = 'U00099',
        updt_dt = k.at
    from chosen as c, clock as k
    where
        r.cancel_recept_no = c.cancel_recept_no
        and k.feed = 'rental.r_contract_cancel_receipt'
    returning r.cancel_recept_no
)

insert into touched
select 'rental.r_contract_cancel_receipt', cancel_recept_no, 'updated' from changed;

with chosen as (
    select
        move_recept_no,
        row_number() over (order by sample.draw(move_recept_no, 27)) % 2 = 0 as by_address
    from dbo.r_contract_move_receipt
    order by sample.draw(move_recept_no, 27)
    limit sample.quota(4)
),

changed as (
    update dbo.r_contract_move_receipt as r
    set
        to_addr1 = case
            when c.by_address then sample.new_street(right(r.move_recept_no, 7)::bigint, 630)
            else r.to_addr1
        end,
        move_status_cd = case
            when c.by_address then r.move_status_cd
            else sample.next_code(r.move_status_cd, sample.move_statuses())
        end,
        updt_user_id = 'U00099',
        updt_dt = k.at
    from chosen as c, clock as k
    where r.move_recept_no = c.move_recept_no and k.feed = 'rental.r_contract_move_receipt'
    returning r.move_recept_no
)

insert into touched
select 'rental.r_contract_move_receipt', move_recept_no, 'updated' from changed;

with chosen as (
    select usr_id from dbo.b_user
    order by sample.draw(usr_id, 28)
    limit 2
),

changed as (
    update dbo.b_user as u
    set
        position_nm = case when u.position_nm = '팀장' then '부장' else '팀장' end,
        updt_user_id = 'U00099',
        updt_dt = k.at
    from chosen as c, clock as k
    where u.usr_id = c.usr_id and k.feed = 'rental.v_erp_user'
    returning u.usr_id
)

insert into touched
select 'rental.v_erp_user', usr_id, 'updated' from changed;

truncate sample.batch;

-- Contacts of the round's new orders and of old orders that had none.
insert into sample.batch
select
    n,
    k.at
from (
    select sample.size() + (current_setting('sample.round')::bigint - 1) * sample.quota(8) + i as n
    from generate_series(1, sample.quota(8)) as i
    where i % 2 = 0
    union all
    (
        select right(o.order_no, 7)::bigint
        from dbo.r_order_contract as o
        where
            not exists (
                select 1 from dbo.r_order_cust_info as i
                where i.order_no = o.order_no
            )
            and not exists (
                select 1 from touched as t
                where t.feed = 'rental.r_order_cust_info' and t.key = o.order_no
            )
            and right(o.order_no, 7)::bigint <= sample.size()
        order by sample.draw(o.order_no, 29)
        limit sample.quota(3)
    )
) as numbers
cross join clock as k
where k.feed = 'rental.r_order_cust_info';

with added as (
    insert into dbo.r_order_cust_info
    select * from sample.r_order_cust_info_rows
    returning order_no
)

insert into touched
select 'rental.r_order_cust_info', order_no, 'inserted' from added;

truncate sample.batch;

insert into sample.batch
select
    sample.cancel_receipts()
    + (current_setting('sample.round')::bigint - 1) * sample.quota(3) + i,
    k.at
from generate_series(1, sample.quota(3)) as i, clock as k
where k.feed = 'rental.r_contract_cancel_receipt';

with added as (
    insert into dbo.r_contract_cancel_receipt
    select * from sample.r_contract_cancel_receipt_rows
    returning cancel_recept_no
)

insert into touched
select 'rental.r_contract_cancel_receipt', cancel_recept_no, 'inserted' from added;

truncate sample.batch;

insert into sample.batch
select
    sample.move_receipts()
    + (current_setting('sample.round')::bigint - 1) * sample.quota(2) + i,
    k.at
from generate_series(1, sample.quota(2)) as i, clock as k
where k.feed = 'rental.r_contract_move_receipt';

with added as (
    insert into dbo.r_contract_move_receipt
    select * from sample.r_contract_move_receipt_rows
    returning move_recept_no
)

insert into touched
select 'rental.r_contract_move_receipt', move_recept_no, 'inserted' from added;

truncate sample.batch;

insert into sample.batch
select
    sample.users() + current_setting('sample.round')::bigint,
    k.at
from clock as k
where k.feed = 'rental.v_erp_user';

with added as (
    insert into dbo.b_user
    select * from sample.b_user_rows
    returning usr_id
)

insert into touched
select 'rental.v_erp_user', usr_id, 'inserted' from added;

truncate sample.batch;
