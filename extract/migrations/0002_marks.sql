-- A cursor may have several columns: its marks are lists.
alter table ops.feeds alter column last_mark type text[] using array[last_mark];
update ops.feeds set last_mark = null where last_mark = array[null::text];
alter table ops.runs alter column lower_mark type text[] using array[lower_mark];
alter table ops.runs alter column upper_mark type text[] using array[upper_mark];
