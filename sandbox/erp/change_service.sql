-- The same round on shipping, the evaluations and the lists of area service. Whom these rows refer
-- to stays known when it is deleted, so a round never reaches further than the rows it touches.
insert into clock
select
    'rental.r_shipping_info' as feed,
    max(updt_dt) + interval '1 second' as at
from dbo.r_shipping_info
union all
select
    'rental.r_shipping_evaluation' as feed,
    max(updt_dt) + interval '1 second' as at
from dbo.r_shipping_evaluation
union all
select
    'rental.r_service_evaluation' as feed,
    max(updt_dt) + interval '1 second' as at
from dbo.r_service_evaluation
union all
select
    'rental.r_prod_symptom_dtl' as feed,
    max(updt_dt) + interval '1 second' as at
from dbo.r_prod_symptom_dtl
union all
select
    'rental.r_prod_symptom_sml' as feed,
    max(updt_dt) + interval '1 second' as at
from dbo.r_prod_symptom_sml
union all
select
    'rental.r_call_group' as feed,
    max(updt_dt) + interval '1 second' as at
from dbo.r_call_group
union all
select
    'rental.r_install_fee' as feed,
    max(updt_dt) + interval '1 second' as at
from dbo.r_install_fee;

with removed as (
    delete from dbo.r_shipping_info
    where
        ship_no in (
            select ship_no from dbo.r_shipping_info
            order by sample.draw(ship_no, 20)
            limit sample.quota(2)
        )
    returning ship_no
)

insert into touched
select 'rental.r_shipping_info', ship_no, 'deleted' from removed;

-- One half moves on, of the other the driver says something.
with chosen as (
    select
        ship_no,
        row_number() over (order by sample.draw(ship_no, 21)) % 2 = 0 as by_memo
    from dbo.r_shipping_info
    order by sample.draw(ship_no, 21)
    limit sample.quota(10)
),

changed as (
    update dbo.r_shipping_info as s
    set
        ship_status_cd = case
            when c.by_memo then s.ship_status_cd
            else sample.next_code(s.ship_status_cd, sample.shipping_statuses())
        end,
        ship_memo = case
            when c.by_memo
                then '[' || current_setting('sample.round') || '차] 기사 통화' || coalesce(
                        chr(10) || s.ship_memo, ''
                    )
            else s.ship_memo
        end,
        updt_user_id = 'U00099',
        updt_dt = k.at
    from chosen as c, clock as k
    where s.ship_no = c.ship_no and k.feed = 'rental.r_shipping_info'
    returning s.ship_no
)

insert into touched
select 'rental.r_shipping_info', ship_no, 'updated' from changed;

truncate sample.batch;

insert into sample.batch
select
    sample.shippings() + (current_setting('sample.round')::bigint - 1) * sample.quota(5) + i,
    k.at
from generate_series(1, sample.quota(5)) as i, clock as k
where k.feed = 'rental.r_shipping_info';

with added as (
    insert into dbo.r_shipping_info
    select * from sample.r_shipping_info_rows
    returning ship_no
)

insert into touched
select 'rental.r_shipping_info', ship_no, 'inserted' from added;

with removed as (
    delete from dbo.r_shipping_evaluation
    where
        eval_seq in (
            select eval_seq from dbo.r_shipping_evaluation
            order by sample.draw(eval_seq::text, 22)
            limit sample.quota(1)
        )
    returning eval_seq
)

insert into touched
select 'rental.r_shipping_evaluation', eval_seq::text, 'deleted' from removed;

-- Somebody was reached at last, or thought better of it.
with chosen as (
    select eval_seq from dbo.r_shipping_evaluation
    order by sample.draw(eval_seq::text, 23)
    limit sample.quota(4)
),

changed as (
    update dbo.r_shipping_evaluation as e
    set
        eval_grade_cd = sample.next_code(e.eval_grade_cd, sample.evaluation_grades()),
        total_score_qty = coalesce(e.total_score_qty, 3) / 2 + 1,
        complete_yn = 'Y',
        updt_user_id = 'U00099',
        updt_dt = k.at
    from chosen as c, clock as k
    where e.eval_seq = c.eval_seq and k.feed = 'rental.r_shipping_evaluation'
    returning e.eval_seq
)

insert into touched
select 'rental.r_shipping_evaluation', eval_seq::text, 'updated' from changed;

truncate sample.batch;

insert into sample.batch
select
    sample.shipping_evaluations()
    + (current_setting('sample.round')::bigint - 1) * sample.quota(3)
    + i,
    k.at
from generate_series(1, sample.quota(3)) as i, clock as k
where k.feed = 'rental.r_shipping_evaluation';

with added as (
    insert into dbo.r_shipping_evaluation
    select * from sample.r_shipping_evaluation_rows
    returning eval_seq
)

insert into touched
select 'rental.r_shipping_evaluation', eval_seq::text, 'inserted' from added;

with removed as (
    delete from dbo.r_service_evaluation
    where
        eval_seq in (
            select eval_seq from dbo.r_service_evaluation
            order by sample.draw(eval_seq::text, 24)
            limit sample.quota(1)
        )
    returning eval_seq
)

insert into touched
select 'rental.r_service_evaluation', eval_seq::text, 'deleted' from removed;

with chosen as (
    select eval_seq from dbo.r_service_evaluation
    order by sample.draw(eval_seq::text, 25)
    limit sample.quota(4)
),

changed as (
    update dbo.r_service_evaluation as e
    set
        eval_grade_cd = sample.next_code(e.eval_grade_cd, sample.evaluation_grades()),
        total_score_qty = coalesce(e.total_score_qty, 3) / 2 + 1,
        complete_yn = 'Y',
        updt_user_id = 'U00099',
        updt_dt = k.at
    from chosen as c, clock as k
    where e.eval_seq = c.eval_seq and k.feed = 'rental.r_service_evaluation'
    returning e.eval_seq
)

insert into touched
select 'rental.r_service_evaluation', eval_seq::text, 'updated' from changed;

truncate sample.batch;

insert into sample.batch
select
    sample.service_evaluations()
    + (current_setting('sample.round')::bigint - 1) * sample.quota(3)
    + i,
    k.at
from generate_series(1, sample.quota(3)) as i, clock as k
where k.feed = 'rental.r_service_evaluation';

with added as (
    insert into dbo.r_service_evaluation
    select * from sample.r_service_evaluation_rows
    returning eval_seq
)

insert into touched
select 'rental.r_service_evaluation', eval_seq::text, 'inserted' from added;

-- Symptoms that no receipt has: a name that changes would reach every receipt that holds its code.
truncate sample.batch;

insert into sample.batch
select
    100 + current_setting('sample.round')::bigint,
    k.at
from clock as k
where k.feed = 'rental.r_prod_symptom_dtl';

with added as (
    insert into dbo.r_prod_symptom_dtl
    select * from sample.r_prod_symptom_dtl_rows
    returning symptom_dtl_cd
)

insert into touched
select 'rental.r_prod_symptom_dtl', symptom_dtl_cd, 'inserted' from added;

update sample.batch
set at = k.at
from clock as k
where k.feed = 'rental.r_prod_symptom_sml';

with added as (
    insert into dbo.r_prod_symptom_sml
    select * from sample.r_prod_symptom_sml_rows
    returning symptom_sml_cd
)

insert into touched
select 'rental.r_prod_symptom_sml', symptom_sml_cd, 'inserted' from added;

-- These lists are small whatever the sample's size, so no quota.
with removed as (
    delete from dbo.r_call_group
    where
        call_grp_cd in (
            select call_grp_cd from dbo.r_call_group
            order by sample.draw(call_grp_cd, 26)
            limit 1
        )
    returning call_grp_cd
)

insert into touched
select 'rental.r_call_group', call_grp_cd, 'deleted' from removed;

with chosen as (
    select call_grp_cd from dbo.r_call_group
    order by sample.draw(call_grp_cd, 27)
    limit 2
),

changed as (
    update dbo.r_call_group as g
    set
        agent_qty = g.agent_qty + 1,
        updt_user_id = 'U00099',
        updt_dt = k.at
    from chosen as c, clock as k
    where g.call_grp_cd = c.call_grp_cd and k.feed = 'rental.r_call_group'
    returning g.call_grp_cd
)

insert into touched
select 'rental.r_call_group', call_grp_cd, 'updated' from changed;

truncate sample.batch;

insert into sample.batch
select
    40 + current_setting('sample.round')::bigint,
    k.at
from clock as k
where k.feed = 'rental.r_call_group';

with added as (
    insert into dbo.r_call_group
    select * from sample.r_call_group_rows
    returning call_grp_cd
)

insert into touched
select 'rental.r_call_group', call_grp_cd, 'inserted' from added;

create temporary table fees on commit drop as
select
    goods_grp_cd,
    install_type_cd,
    start_dt,
    goods_grp_cd || '/' || trim(install_type_cd) || '/' || start_dt::date as key,
    row_number() over (
        order by sample.draw(goods_grp_cd || '/' || install_type_cd || '/' || start_dt::date, 28)
    ) as place
from dbo.r_install_fee;

with removed as (
    delete from dbo.r_install_fee as t
    using fees as f
    where
        t.goods_grp_cd = f.goods_grp_cd
        and t.install_type_cd = f.install_type_cd
        and t.start_dt = f.start_dt
        and f.place = 1
    returning f.key
)

insert into touched
select 'rental.r_install_fee', key, 'deleted' from removed;

with changed as (
    update dbo.r_install_fee as t
    set
        fee_amt = t.fee_amt + 1000,
        updt_user_id = 'U00099',
        updt_dt = k.at
    from fees as f, clock as k
    where
        t.goods_grp_cd = f.goods_grp_cd
        and t.install_type_cd = f.install_type_cd
        and t.start_dt = f.start_dt
        and f.place in (2, 3)
        and k.feed = 'rental.r_install_fee'
    returning f.key
)

insert into touched
select 'rental.r_install_fee', key, 'updated' from changed;

truncate sample.batch;

insert into sample.batch
select
    60 + current_setting('sample.round')::bigint,
    k.at
from clock as k
where k.feed = 'rental.r_install_fee';

with added as (
    insert into dbo.r_install_fee
    select * from sample.r_install_fee_rows
    returning goods_grp_cd, install_type_cd, start_dt
)

insert into touched
select
    'rental.r_install_fee',
    goods_grp_cd || '/' || trim(install_type_cd) || '/' || start_dt::date,
    'inserted'
from added;

truncate sample.batch;
