-- Drops the months of the audit log that ended more than so many months ago. The chain of what is left begins where they
-- end (app.drop_audit). The pipeline may call it, so it keeps a year whatever it is asked for.
create function app.trim_audit(kept_months integer) returns integer
language plpgsql security definer set search_path = pg_catalog as $$
begin
    if kept_months is null or kept_months < 12 then
        raise exception 'the audit log is kept for 12 months at least' using errcode = 'check_violation';
    end if;
    return app.drop_audit(
        (date_trunc('month', now() at time zone 'UTC') - make_interval(months => kept_months)) at time zone 'UTC'
    );
end $$;
revoke execute on function app.trim_audit(integer) from public;
