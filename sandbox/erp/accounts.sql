-- What an account shows beside the columns of its own row of V_CUSTOMER: the contact that an order
-- lent it, the number that it was merged into, whether it is dormant (docs/adr/0012). Written from
-- the rules, not from the models: a round of changes foretells with it which accounts are written.
create view sample.accounts as
with
contacts as (
    select distinct on (trim(cust_no))
        trim(cust_no) as cust_no,
        trim(tel_no) as tel_no,
        trim(hand_tel_no) as hand_tel_no,
        trim(email) as email,
        zip_cd,
        trim(addr1) as addr1,
        trim(addr2) as addr2
    from dbo.r_order_cust_info
    where concat(trim(tel_no), trim(hand_tel_no), trim(email), trim(addr1)) <> ''
    order by trim(cust_no), insrt_dt desc, order_no desc
),

customers as (
    select
        cust_no,
        trim(cust_grade_cd) = 'E' as is_dormant,
        last_value(cust_no) over (
            partition by coalesce(
                substring(regexp_replace(biz_no, '\D', '', 'g') from '.*[1-9].*'),
                nullif(replace(cust_nm, ' ', ''), '')
                || '/' || nullif(regexp_replace(hand_tel_no, '\D', '', 'g'), ''),
                '/' || cust_no
            )
            order by insrt_dt, cust_no
            rows between unbounded preceding and unbounded following
        ) as latest_cust_no
    from dbo.v_customer
),

holders as (
    select distinct c.latest_cust_no as cust_no
    from customers as c
    inner join (
        select trim(cust_no) as cust_no from dbo.r_order_contract
        union
        select trim(cust_no) from dbo.r_service_receipt
        union
        select trim(cust_no) from dbo.r_exhibition_visit_history
    ) as held on c.cust_no = held.cust_no
)

select
    v.cust_no,
    case when coalesce(trim(v.tel_no), '') = '' then nullif(t.tel_no, '') end as tel_no,
    case when coalesce(trim(v.hand_tel_no), '') = '' then nullif(t.hand_tel_no, '') end
        as hand_tel_no,
    case when coalesce(trim(v.email), '') = '' then nullif(t.email, '') end as email,
    case
        when coalesce(trim(v.addr1), '') = '' and t.addr1 <> ''
            then concat_ws(' ', t.zip_cd, t.addr1, t.addr2)
    end as address,
    nullif(c.latest_cust_no, v.cust_no) as merged_into,
    coalesce(c.is_dormant, false)
    and c.latest_cust_no = v.cust_no
    and h.cust_no is null as is_dormant
from dbo.v_customer as v
inner join customers as c on v.cust_no = c.cust_no
left join contacts as t on v.cust_no = t.cust_no
left join holders as h on v.cust_no = h.cust_no;
