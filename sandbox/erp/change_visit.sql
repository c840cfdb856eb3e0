-- The same round on the tables of rental_visit.sql, after the orders and customers. What is deleted
-- here is referred to by no row that lives or was deleted: promotions of no order, closed lounges.

-- Deletes, edits and adds rows of a table that no other statement changes, and writes down which.
-- `doomed` says which rows may go, `edit` what becomes of a row `t`; the new rows' numbers follow
-- `last`.
create function pg_temp.change_table(
    feed text, base text, key text, salt integer, doomed text, edit text, last bigint,
    gone bigint, edited bigint, added bigint
) returns void
language plpgsql as $$
declare
    moment timestamp;
begin
    execute format('select max(updt_dt) + interval ''1 second'' from dbo.%I', base) into moment;
    execute format(
        'with removed as ('
        '  delete from dbo.%1$I where %2$I in ('
        '    select %2$I from dbo.%1$I where %3$s'
        '    order by sample.draw(%2$I::text, $1) limit $2'
        '  ) returning %2$I'
        ') insert into touched select $3, %2$I, ''deleted'' from removed',
        base, key, doomed
    ) using salt, gone, feed;
    execute format(
        'with chosen as ('
        '  select %2$I from dbo.%1$I order by sample.draw(%2$I::text, $1) limit $2'
        '), changed as ('
        '  update dbo.%1$I as t set %3$s, updt_dt = $4 from chosen as c'
        '  where t.%2$I = c.%2$I returning t.%2$I'
        ') insert into touched select $3, %2$I, ''updated'' from changed',
        base, key, edit
    ) using salt + 1, edited, feed, moment;
    truncate sample.batch;
    insert into sample.batch
    select last + (current_setting('sample.round')::bigint - 1) * added + i, moment
    from generate_series(1, added) as i;
    execute format(
        'with added as (insert into dbo.%1$I select * from sample.%1$I_rows returning %2$I)'
        ' insert into touched select $1, %2$I, ''inserted'' from added',
        base, key
    ) using feed;
    truncate sample.batch;
end
$$;

select pg_temp.change_table(
    'rental.r_promotion', 'r_promotion', 'promotion_cd', 60, 'length(promotion_cd) > 4',
    'discount_amt = coalesce(t.discount_amt, 0) + 1000', sample.promotions(), 1, 3, 1
);

select pg_temp.change_table(
    'rental.v_sales_lounge', 'b_sales_lounge', 'lounge_cd', 62, 'use_yn = ''N''',
    'tel_no = ''02-0000-'' || lpad(((right(t.tel_no, 4)::integer + 1) % 10000)::text, 4, ''0'')',
    sample.lounges(), 1, 2, 1
);

select pg_temp.change_table(
    'rental.r_trans_homepage', 'r_trans_homepage', 'trans_no', 64, 'true',
    'retry_qty = t.retry_qty + 1', sample.size() * 3 / 20,
    sample.quota(1), sample.quota(3), sample.quota(2)
);

select pg_temp.change_table(
    'rental.r_acq_intro', 'r_acq_intro', 'intro_seq', 66, 'true',
    'reward_amt = t.reward_amt + 10000', sample.size() / 10,
    sample.quota(1), sample.quota(2), sample.quota(1)
);

select pg_temp.change_table(
    'rental.r_biz_msg_template', 'r_biz_msg_template', 'template_cd', 68, 'true',
    'body_memo = t.body_memo || chr(10) || current_setting(''sample.round'')', 30, 1, 2, 1
);

select pg_temp.change_table(
    'rental.r_crm_info', 'r_crm_info', 'zip_seq', 70, 'true',
    'visit_day_qty = t.visit_day_qty % 6 + 1', sample.size() / 4,
    sample.quota(1), sample.quota(2), sample.quota(1)
);

-- Care contracts of any age change, and the day of none of them does.
select pg_temp.change_table(
    'rental.v_home_care', 'r_home_care', 'care_no', 72, 'true',
    'month_amt = t.month_amt + 1000', sample.size() / 5,
    sample.quota(1), sample.quota(2), sample.quota(1)
);

insert into clock
select
    'rental.r_experience_reservation' as feed,
    max(updt_dt) + interval '1 second' as at
from dbo.r_experience_reservation
union all
select
    'rental.r_exhibition_visit_history' as feed,
    max(updt_dt) + interval '1 second' as at
from dbo.r_exhibition_visit_history;

create temporary table reserving_before on commit drop as
select * from sample.reserving_persons;

create temporary table visiting_before on commit drop as
select * from sample.visiting_persons;

create temporary table leads_before on commit drop as
select * from sample.leads;

with removed as (
    delete from dbo.r_experience_reservation
    where
        (order_no, seq) in (
            select
                order_no,
                seq
            from dbo.r_experience_reservation
            order by sample.draw(order_no || '/' || seq, 74)
            limit sample.quota(3)
        )
    returning order_no || '/' || seq as key
)

insert into touched
select 'rental.r_experience_reservation', key, 'deleted' from removed;

-- Some that are open become contracts (of orders that are there); of the others, contracts among
-- them, a third each gets another state, a corrected number, another remark. The number is one that
-- nobody had, so the person starts anew.
with chosen as (
    select
        order_no,
        seq,
        contract_yn is distinct from 'Y' as is_open,
        row_number() over (order by sample.draw(order_no || '/' || seq, 75)) as place
    from dbo.r_experience_reservation
    order by sample.draw(order_no || '/' || seq, 75)
    limit sample.quota(12)
),

orders as (
    select
        order_no,
        row_number() over (order by sample.draw(order_no, 76)) as place
    from dbo.r_order_contract
    order by sample.draw(order_no, 76)
    limit sample.quota(12)
),

drafted as (
    select
        c.order_no,
        c.seq,
        c.place,
        o.order_no as new_order_no,
        case
            when
                c.is_open
                and row_number() over (partition by c.is_open order by c.place) <= sample.quota(3)
                then 'contract'
            else (array['status', 'number', 'remark'])[1 + c.place % 3]
        end as kind
    from chosen as c
    inner join orders as o on c.place = o.place
),

changed as (
    update dbo.r_experience_reservation as r
    set
        visit_status = case
            when d.kind = 'status' then sample.next_code(r.visit_status, sample.visit_statuses())
            else r.visit_status
        end,
        contract_yn = case when d.kind = 'contract' then 'Y' else r.contract_yn end,
        contract_date = case when d.kind = 'contract' then k.at else r.contract_date end,
        contract_order_no = case
            when d.kind = 'contract' then d.new_order_no
            else r.contract_order_no
        end,
        tel_no = case
            when d.kind = 'number'
                then '010-0000-9' || lpad(
                        (
                            (current_setting('sample.round')::bigint * sample.quota(12) + d.place)
                            % 1000
                        )::text,
                        3,
                        '0'
                    )
            else r.tel_no
        end,
        remark = case
            when d.kind = 'remark'
                then '[' || current_setting('sample.round') || '차] 통화 완료' || coalesce(
                        chr(10) || r.remark, ''
                    )
            else r.remark
        end,
        updt_user_id = 'U00099',
        updt_dt = k.at
    from drafted as d, clock as k
    where
        r.order_no = d.order_no
        and r.seq = d.seq
        and k.feed = 'rental.r_experience_reservation'
    returning r.order_no || '/' || r.seq as key, r.contract_yn
),

noted as (
    insert into sample.converted
    select changed.key from changed
    inner join leads_before as l on changed.key = l.key
    where changed.contract_yn = 'Y'
    on conflict do nothing
)

insert into touched
select 'rental.r_experience_reservation', key, 'updated' from changed;

truncate sample.batch;

insert into sample.batch
select
    sample.reservations() + (current_setting('sample.round')::bigint - 1) * sample.quota(6) + i,
    k.at
from generate_series(1, sample.quota(6)) as i, clock as k
where k.feed = 'rental.r_experience_reservation';

with added as (
    insert into dbo.r_experience_reservation
    select * from sample.r_experience_reservation_rows
    returning order_no || '/' || seq as key
)

insert into touched
select 'rental.r_experience_reservation', key, 'inserted' from added;

with removed as (
    delete from dbo.r_exhibition_visit_history
    where
        visit_no in (
            select visit_no from dbo.r_exhibition_visit_history
            order by sample.draw(visit_no, 77)
            limit sample.quota(3)
        )
    returning visit_no
)

insert into touched
select 'rental.r_exhibition_visit_history', visit_no, 'deleted' from removed;

with chosen as (
    select
        visit_no,
        row_number() over (order by sample.draw(visit_no, 78)) as place
    from dbo.r_exhibition_visit_history
    order by sample.draw(visit_no, 78)
    limit sample.quota(12)
),

changed as (
    update dbo.r_exhibition_visit_history as v
    set
        visit_status_cd = case
            when c.place % 3 = 0 then sample.next_code(v.visit_status_cd, sample.visit_statuses())
            else v.visit_status_cd
        end,
        hand_tel_no = case
            when c.place % 3 = 1
                then '010-0000-9' || lpad(
                        (
                            (current_setting('sample.round')::bigint * sample.quota(12) + c.place)
                            % 1000
                        )::text,
                        3,
                        '0'
                    )
            else v.hand_tel_no
        end,
        visit_memo = case
            when c.place % 3 = 2
                then '[' || current_setting('sample.round') || '차] 재방문 예정' || coalesce(
                        chr(10) || v.visit_memo, ''
                    )
            else v.visit_memo
        end,
        updt_user_id = 'U00099',
        updt_dt = k.at
    from chosen as c, clock as k
    where v.visit_no = c.visit_no and k.feed = 'rental.r_exhibition_visit_history'
    returning v.visit_no
)

insert into touched
select 'rental.r_exhibition_visit_history', visit_no, 'updated' from changed;

truncate sample.batch;

insert into sample.batch
select
    sample.visits() + (current_setting('sample.round')::bigint - 1) * sample.quota(6) + i,
    k.at
from generate_series(1, sample.quota(6)) as i, clock as k
where k.feed = 'rental.r_exhibition_visit_history';

with added as (
    insert into dbo.r_exhibition_visit_history
    select * from sample.r_exhibition_visit_history_rows
    returning visit_no
)

insert into touched
select 'rental.r_exhibition_visit_history', visit_no, 'inserted' from added;

truncate sample.batch;
