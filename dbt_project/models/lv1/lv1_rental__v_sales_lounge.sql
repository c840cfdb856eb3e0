{{ config(unique_key='lounge_code', difference_deletes=true, on_schema_change='sync_all_columns') }}

with

lounges as (
    select * from {{ source('rental', 'v_sales_lounge') }}
),

cleaned as (
    select
        {{ clean_code('lounge_cd') }} as lounge_code,
        {{ clean_code('lounge_type_cd') }} as lounge_type_code,
        {{ clean_code('sales_grp_cd') }} as sales_group_code,
        {{ clean_text('lounge_nm') }} as lounge_name,
        {{ clean_text('tel_no') }} as phone,
        {{ clean_code('zip_cd') }} as postal_code,
        {{ clean_text('addr1') }} as address1,
        {{ clean_text('addr2') }} as address2,
        {{ clean_text('holiday_nm') }} as holiday_name,
        {{ clean_text('homepage_url') }} as homepage_url,
        {{ clean_memo('guide_memo') }} as guide,
        map_lat as latitude_deg,
        map_lng as longitude_deg,
        {{ yn_to_boolean('parking_yn') }} as has_parking,
        {{ yn_to_boolean('use_yn') }} as is_in_use,
        _deleted_at is not null as is_deleted,
        open_tm as open_time,
        close_tm as close_time,
        {{ erp_date('open_dt') }} as opening_date,
        {{ erp_date('close_dt') }} as closing_date,
        {{ kst_to_utc('insrt_dt') }} as created_at,
        {{ kst_to_utc('updt_dt') }} as updated_at,
        _extracted_at
    from lounges
)

select * from cleaned
