{{
    config(
        unique_key='evaluation_no',
        indexes=[
            {'columns': ['evaluation_no'], 'unique': true},
            {'columns': ['_extracted_at']},
        ],
    )
}}

with

evaluations as (
    select mirror.*
    from {{ source('rental', 'r_shipping_evaluation') }} as mirror
    {{ where_changed(key='evaluation_no', source_key='eval_seq', is_number=true) }}
),

cleaned as (
    select
        eval_seq as evaluation_no,
        {{ clean_code('ship_no') }} as shipping_no,
        {{ clean_code('order_no') }} as order_no,
        {{ clean_code('cust_no') }} as customer_no,
        {{ clean_code('eval_method_cd') }} as evaluation_method_code,
        {{ clean_code('eval_grade_cd') }} as evaluation_grade_code,
        {{ clean_memo('eval_memo') }} as memo,
        {{ score('total_score_qty') }} as total_score,
        {{ score('time_score_qty') }} as punctuality_score,
        {{ score('kind_score_qty') }} as kindness_score,
        {{ score('install_score_qty') }} as installation_score,
        {{ score('explain_score_qty') }} as explanation_score,
        -- Here 0 is an answer: never.
        recommend_score_qty as recommendation_score,
        {{ yn_to_boolean('complete_yn') }} as is_completed,
        {{ yn_to_boolean('claim_yn') }} as has_claim,
        _deleted_at is not null as is_deleted,
        {{ kst_to_utc('eval_dt') }} as evaluated_at,
        {{ kst_to_utc('insrt_dt') }} as created_at,
        {{ kst_to_utc('updt_dt') }} as updated_at,
        _extracted_at
    from evaluations
)

select * from cleaned
