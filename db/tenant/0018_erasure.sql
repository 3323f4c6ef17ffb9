-- What an erasure forgot, and what was kept for ever.

-- Recoveries hold an address, and go 30 days after they could last have been used; one that ended earlier goes with them.
create policy due on {schema}.recovery to {worker} using ({job_kind} = 'clean_up' and expires_at < now() - interval '30 days');

-- Of letters: how many went, and how many could not be looked into.
alter table {schema}.erasure add column letters int not null default 0, add column letters_left int not null default 0;
grant update (letters, letters_left) on {schema}.erasure to {worker};

-- In other people's logs stays that somebody did something, by their id; from where and with what goes. Where an event is about a session
-- of the log's own person, the device is that person's. Doors change nothing there: only the job of that very erasure does.
create policy of_erased on {schema}.security_event as restrictive for update to {auth}
  using ({job_kind} = 'erasure' and by_user_id = {object_id} and user_id <> {object_id});
grant update (ip, device) on {schema}.security_event to {auth};
create function {schema}.blank_events() returns bigint
language sql security definer set search_path = pg_catalog, pg_temp as $$
  with blanked as (
    update {schema}.security_event e set ip = null, device = case when e.session_id is not null then e.device end
     where {job_kind} = 'erasure' and {tenant_setting} = '{tenant_id}' and e.by_user_id = {object_id} and e.user_id <> {object_id}
       and (e.ip is not null or e.session_id is null and e.device is not null)
    returning 1
  ) select count(*) from blanked
$$;
alter function {schema}.blank_events() owner to {auth};
revoke all on function {schema}.blank_events() from public;
grant execute on function {schema}.blank_events() to {worker};
