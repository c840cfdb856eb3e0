"""Models that the tests of `hc_upsert` publish, what they read, and what refusals must say."""

from __future__ import annotations

__all__ = [
    "CHILD",
    "COLUMNS",
    "MODELS",
    "MODEL_TYPES",
    "PUBLISHED",
    "REFUSED",
    "SMALL",
    "SOURCE",
    "TIDY",
]

SMALL = {"k__c": "varchar(20)", "name": "varchar(5)", "amount": "double precision"}
TIDY = {
    "k__c": "varchar(20)", "name": "varchar(255)", "memo__c": "text", "won__c": "double precision",
    "share__c": "double precision", "ok__c": "boolean", "on_date": "date",
    "at_time": "timestamp without time zone", "seen_at": "timestamp without time zone",
}  # fmt: skip
CHILD = {"no__c": "varchar(20)", "account__r__k__c": "varchar(20)", "rank__c": "double precision"}
# Salesforce's side of a model's column, where the two differ on purpose.
MODEL_TYPES = {"seen_at": "timestamp with time zone"}

GOOD = "{{ config(external_id='k__c', scales={'amount': 2}) }} "
ROWS = "select 'K' || i as k__c, 'new' as name, i::double precision as amount"
LATE = "{{ config(external_id='k__c', scales={'amount': 2}, late_fields=['amount']) }} "
THREE = f"{ROWS} from generate_series(1, 3) as i"
# The model, and what its refusal must say.
REFUSED = {
    "no_contract": (GOOD + THREE, "hc.no_contract: the contract is not enforced."),
    "no_external_id": (
        "{{ config(scales={'amount': 2}) }} " + THREE,
        "hc.no_external_id: the config `external_id` is missing.",
    ),
    "odd_names": (
        "{{ config(external_id='q__c', order_by='r__c', scales={'amount': 2, 'z': 0},"
        " late_fields=['y']) }} " + THREE,
        "`scales` and `late_fields` name q__c, r__c, z, y, which the model does not have.",
    ),
    "missing_table": (
        GOOD + THREE,
        "hc.missing_table does not exist, and only Heroku Connect may create it. Map the object"
        " `missing_table` there with the fields k__c, name, amount (External ID: k__c).",
    ),
    "plain_table": (
        GOOD + THREE,
        "hc.plain_table is not a table of Heroku Connect: it has no sfid, systemmodstamp,",
    ),
    "extra_column": (
        GOOD + f"select *, 1 as nick, 'x' as sfid from ({THREE}) as r",
        "Not mapped: nick. System columns, which only Heroku Connect writes: sfid."
        " Mapped but not in the model: none.",
    ),
    "odd_type": (
        "{{ config(external_id='k__c') }} select 'K1' as k__c, date '2020-01-01' as name",
        "the types do not fit: name is date in the model and character varying(5) in the table.",
    ),
    "no_scale": (
        "{{ config(external_id='k__c') }} " + THREE,
        "the config `scales` lacks amount. Give the decimal places",
    ),
    "no_index": (
        "{{ config(external_id='name', scales={'amount': 2}) }} " + THREE,
        "name has no unique index in the table.",
    ),
    "broken_contract": (GOOD + THREE.replace("'new'", "true"), "contract"),
    "null_keys": (
        GOOD + THREE + " union all select v, 'x', 1 from unnest(array[null, '', ' ']) as v",
        "hc.null_keys: 3 row(s) have no k__c.",
    ),
    "double_keys": (
        GOOD + THREE + " union all select v, 'x', 1 from unnest('{K1,K2,K7,K7}'::text[]) as v",
        "hc.double_keys: 3 value(s) of k__c come more than once, such as K1; K2; K7.",
    ),
    "too_long": (
        GOOD + THREE + " union all select 'K4', '  12345 ', 1 union all select 'K5', '123456', 1",
        "hc.too_long: name is longer than the 5 characters of its field in 1 row(s).",
    ),
    "hidden": (
        "{{ config(pre_hook=\"set local xmlbinary = 'hex'\") }}" + GOOD + THREE,
        "hc.hidden: this session hides its writes from Heroku Connect (xmlbinary is hex,",
    ),
    "failing_hook": (
        "{{ config(post_hook='select 1 / 0') }}" + GOOD + THREE,
        "division by zero",
    ),
    "large_change": (
        GOOD + f"{ROWS} from generate_series(1, 31) as i where i > 20",
        "hc.large_change: 10 of 30 rows would be updated, more than the share of 0.3",
    ),
    "late_change": (
        LATE + "select 'K' || i as k__c, 'old' as name, i + 1.0::double precision as amount"
        " from generate_series(1, 30) as i",
        "hc.late_change: 30 of 30 rows would be updated, more than the share of 0.3",
    ),
}  # fmt: skip
COLUMNS = {
    "extra_column": SMALL | {"nick": "integer", "sfid": "text"},
    "odd_type": {"k__c": "text", "name": "date"},
}
TIDY_ROWS = r"""
{{ config(external_id='k__c', scales={'won__c': 0, 'share__c': 3}) }}
select
    ' T' || i || e'\t' as k__c, (array['  a b ', e' \n', null])[i] as name,
    (array[e'\r\nline\n', '', e'\x0bvisit v'])[i] as memo__c,
    (array[10.5, -0.4, null])[i]::double precision as won__c,
    (array[1.0005, 0.1 + 0.2, 2e9 / 3])[i]::double precision as share__c,
    (array[true, false, null])[i] as ok__c,
    (array['1700-01-01', '1699-12-31', '9999-12-31'])[i]::date as on_date,
    (array['4000-12-31 23:59:59.9', '4001-01-01', '0001-01-01'])[i]::timestamp as at_time,
    (array['2026-01-01 00:00:00.25+09', 'infinity', null])[i]::timestamptz as seen_at
from generate_series(1, 3) as i
"""
CHILDREN = "{{ config(external_id='no__c', order_by='account__r__k__c', scales={'rank__c': 0}) }}"
MODELS = {
    **{name: text for name, (text, _) in REFUSED.items()},
    "account": GOOD + "select k as k__c, name, amount from public.account",
    "contract__c": CHILDREN + " select no as no__c, k as account__r__k__c, rank as rank__c"
    " from public.contract -- after {{ ref('account') }}",
    "tidy": TIDY_ROWS,
    "refused": GOOD + "select k as k__c, name, amount from public.refused",
    "contested": GOOD + "select k as k__c, name, amount from public.contested",
    "paused": GOOD + THREE,
    "late": LATE + f"{ROWS} from generate_series(1, 30) as i",
}
PUBLISHED = ("account", "contract__c", "tidy")
SOURCE = """
create table public.account as
select 'K' || i as k, 'n' || i % 100 as name, i / 3.0::double precision as amount
from generate_series(1, 10000) as i;
create table public.refused as
select 'K' || i as k, 'n' as name, i::double precision as amount from generate_series(1, 3) as i;
create table public.contested as table public.refused;
create table public.contract as
select 'C' || i as no, 'K' || 1 + i % 7 as k, i::double precision as rank
from generate_series(1, 100) as i;
"""
