{{
    config(
        unique_key=['reservation_no', 'reservation_seq'],
        difference_deletes=true,
        on_schema_change='sync_all_columns',
    )
}}

with

reservations as (
    select * from {{ source('rental', 'r_experience_reservation') }}
),

cleaned as (
    select
        {{ clean_code('order_no') }} as reservation_no,
        seq as reservation_seq,
        {{ clean_code('ref_order_no') }} as previous_reservation_no,
        {{ clean_code('contract_order_no') }} as order_no,
        {{ clean_code('recommend_order_no') }} as recommending_order_no,
        {{ clean_code('goods_cd') }} as goods_code,
        {{ clean_code('sales_channel') }} as sales_channel_code,
        {{ clean_code('sales_grp') }} as sales_group_code,
        {{ clean_code('visit_status') }} as visit_status_code,
        {{ clean_code('route_cd') }} as visit_route_code,
        {{ clean_code('input_type') }} as input_type_code,
        {{ clean_text('homepage_id') }} as homepage_id,
        {{ clean_text('cust_nm') }} as customer_name,
        {{ clean_text('tel_no') }} as phone,
        {{ clean_text('tel_no2') }} as phone2,
        coalesce({{ mobile_number('tel_no') }}, {{ mobile_number('tel_no2') }}) as mobile_number,
        {{ clean_text('massage_point') }} as massage_point,
        {{ clean_text('massage_exp') }} as massage_experience,
        {{ clean_memo('remark') }} as remark,
        visit_num as visitor_count,
        {{ yn_to_boolean('contract_yn') }} as is_contracted,
        {{ yn_to_boolean('mkt_flag') }} as has_marketing_consent,
        _deleted_at is not null as is_deleted,
        {{ kst_to_utc('visit_dt') }} as reserved_at,
        {{ erp_date('visit_complate_date') }} as visit_date,
        {{ erp_date('contract_date') }} as contract_date,
        {{ kst_to_utc('mkt_dt') }} as marketing_consent_at,
        {{ kst_to_utc('insrt_dt') }} as created_at,
        {{ kst_to_utc('updt_dt') }} as updated_at,
        _extracted_at
    from reservations
)

select * from cleaned
