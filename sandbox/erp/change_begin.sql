-- What the accounts show before the round.
create temporary table accounts_before on commit drop as
select * from sample.accounts;
