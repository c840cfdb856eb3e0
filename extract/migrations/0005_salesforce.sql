-- What `hc_upsert` last published of each Salesforce record: the md5 of its fields.
create table ops.hc_published (
    relation text not null,
    external_id text not null,
    payload uuid not null,
    primary key (relation, external_id)
);

-- Fields that came back from Salesforce with another value while the ERP's record stayed as it was,
-- so that they were written again: how often, and since when.
create table ops.hc_contests (
    relation text not null,
    external_id text not null,
    field text not null,
    rounds integer not null default 1,
    first_at timestamptz not null default clock_timestamp(),
    last_at timestamptz not null default clock_timestamp(),
    primary key (relation, external_id, field)
);
