-- The same round on UNIERP5: a reason to cancel (R0010) that no contract gives yet. A round that
-- died between the two databases has left its code here already.
with added as (
    insert into dbo.b_minor
    select
        'R0010',
        'Z' || lpad(current_setting('sample.round'), 3, '0'),
        '신규 사유 ' || current_setting('sample.round'),
        'U',
        'U00099',
        max(updt_dt) + interval '1 second',
        'U00099',
        max(updt_dt) + interval '1 second'
    from dbo.b_minor
    on conflict do nothing
    returning minor_cd
)

select count(*) from added;
