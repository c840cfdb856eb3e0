{{
    config(
        unique_key='visit_no',
        indexes=[
            {'columns': ['visit_no'], 'unique': true},
            {'columns': ['_extracted_at']},
        ],
    )
}}

with

visits as (
    select mirror.*
    from {{ source('rental', 'r_exhibition_visit_history') }} as mirror
    {{ where_changed(key='visit_no', source_key='visit_no') }}
),

cleaned as (
    select
        {{ clean_code('visit_no') }} as visit_no,
        {{ clean_code('lounge_cd') }} as lounge_code,
        {{ clean_code('cust_no') }} as customer_no,
        {{ clean_code('contract_order_no') }} as order_no,
        {{ clean_code('goods_cd') }} as goods_code,
        {{ clean_code('visit_status_cd') }} as visit_status_code,
        {{ clean_code('visit_route_cd') }} as visit_route_code,
        {{ clean_code('visit_purpose_cd') }} as visit_purpose_code,
        {{ clean_code('sales_grp_cd') }} as sales_group_code,
        {{ clean_text('cust_nm') }} as customer_name,
        {{ clean_text('tel_no') }} as phone,
        {{ mobile_number('hand_tel_no') }} as mobile_number,
        {{ clean_email('email') }} as email,
        {{ clean_memo('visit_memo') }} as memo,
        visit_num as visitor_count,
        trial_min_qty as trial_minutes,
        {{ yn_to_boolean('contract_yn') }} as is_contracted,
        {{ yn_to_boolean('mkt_agree_yn') }} as has_marketing_consent,
        _deleted_at is not null as is_deleted,
        {{ kst_to_utc('visit_dt') }} as visited_at,
        {{ kst_to_utc('insrt_dt') }} as created_at,
        {{ kst_to_utc('updt_dt') }} as updated_at,
        _extracted_at
    from visits
)

select * from cleaned
