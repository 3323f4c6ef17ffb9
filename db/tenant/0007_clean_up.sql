-- Clean-up: a job that acts for nobody, and removes what is past its time. What is, the policies say, by the row's own columns: a
-- clean-up that is wrong, or was injected into, can remove nothing else. It reads nothing either; it finds rows by their place.

alter table {schema}.job alter user_id drop not null;
alter table {schema}.job alter scope_id drop not null;
alter table {schema}.job alter chat_session_id drop not null;
alter table {schema}.job alter message_id drop not null;
alter table {schema}.job drop constraint job_kind;
alter table {schema}.job add constraint job_kind check (
  case kind
    when 'generation' then num_nulls(user_id, scope_id, chat_session_id, message_id) = 0
    when 'clean_up' then num_nonnulls(user_id, scope_id, chat_session_id, message_id) = 0
    else false
  end);
create policy door_add on {schema}.job for insert to {auth} with check (kind = 'clean_up');
create policy door_change on {schema}.job for update to {auth} using (kind = 'clean_up') with check (kind = 'clean_up');
grant insert (id, kind), update (state) on {schema}.job to {auth};

-- `enter_job`, as in 0002, and for a clean-up with nobody and no scope. Everything that a context holds is set by each kind, so that
-- entering twice in one transaction mixes nothing.
create or replace function {schema}.enter_job(job_id uuid, for_write boolean,
  out user_id uuid, out role text, out scope_id uuid, out object_id uuid, out read_scopes uuid[], out write_scopes uuid[])
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  work record;
begin
  select j.kind, j.user_id, j.scope_id, j.chat_session_id, u.role into work
    from {schema}.job j left join {schema}."user" u on u.id = j.user_id and u.status = 'active'
   where j.id = enter_job.job_id and j.state = 'running' and j.time_created > now() - interval '1 hour'
     and (j.kind = 'clean_up' or u.id is not null)
     and exists (select from {schema}.tenant_state g where g.status = 'active');
  if not found then
    raise exception 'no such job' using errcode = 'SX403';
  end if;
  if not for_write then
    perform set_config('transaction_read_only', 'on', true);
  elsif work.kind = 'generation' then
    perform from {schema}."user" u where u.id = work.user_id and u.status = 'active' for share;
    if not found then
      raise exception 'no such job' using errcode = 'SX403';
    end if;
    perform from {schema}.scope_member m where m.user_id = work.user_id for share;
  end if;
  user_id := work.user_id;
  role := work.role;
  scope_id := work.scope_id;
  object_id := work.chat_session_id;
  select coalesce(array_agg(m.scope_id), '{}'),
         coalesce(array_agg(m.scope_id) filter (where m.role <> 'viewer' and m.scope_id = work.scope_id), '{}')
    into read_scopes, write_scopes
    from {schema}.scope_member m where m.user_id = work.user_id;
  if for_write and work.kind = 'generation' and write_scopes = '{}' then
    raise exception 'no right to the object' using errcode = 'SX403';
  end if;
  perform set_config('app.tenant_id', '{tenant_id}', true), set_config('app.user_id', coalesce(user_id::text, ''), true),
          set_config('app.role', coalesce(role, ''), true), set_config('app.job_id', enter_job.job_id::text, true),
          set_config('app.job_kind', work.kind, true), set_config('app.object_id', coalesce(object_id::text, ''), true),
          set_config('app.read_scopes', read_scopes::text, true), set_config('app.write_scopes', write_scopes::text, true),
          set_config('app.manage_scopes', '{}', true);
end $$;

-- What everyone of the organisation may see is for the jobs of people, so not for this one.
create policy of_people on {schema}."user" as restrictive for select to {worker} using ({job_kind} = 'generation');
create policy of_people on {schema}.model_provider as restrictive for select to {worker} using ({job_kind} = 'generation');
create policy of_people on {schema}.model_provider_key as restrictive for select to {worker} using ({job_kind} = 'generation');

-- What is due. To remove some of it and leave the rest to the next statement, a clean-up has to find rows: it is granted their
-- places, and of what they say not a column, not even how many they are. (Of jobs it may read its own and the old ones: ids.)
-- Of a session that idled out nobody wrote down the end; the absolute one comes later, and counts.
create policy due on {schema}.auth_session to {worker}
  using ({job_kind} = 'clean_up' and coalesce(revoked_at, expires_at) < now() - interval '30 days');
-- For as long as a login lives under either preset: a token that was replaced is how its owner, who was away, gives a thief away.
create policy due on {schema}.auth_token to {worker} using ({job_kind} = 'clean_up' and retires_at < now() - interval '90 days');
create policy due on {schema}.invitation to {worker} using ({job_kind} = 'clean_up' and expires_at < now() - interval '30 days');
create policy due on {schema}.security_event to {worker} using ({job_kind} = 'clean_up' and time_created < now() - interval '400 days');
-- Also one that nobody ended, because its server died: no job acts after its first hour.
create policy due on {schema}.job to {worker} using ({job_kind} = 'clean_up' and time_created < now() - interval '30 days');
grant select (ctid), delete on {schema}.auth_session, {schema}.auth_token, {schema}.invitation, {schema}.security_event to {worker};
grant delete on {schema}.job to {worker};

-- Removes up to so many due rows of each table, with the rights and in the context of whoever calls it, and ends the job when there
-- are no more. Answers how many it removed.
create function {schema}.clean_up(most int) returns table (name text, removed int)
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  is_over boolean := true;
begin
  if {job_kind} is distinct from 'clean_up' then
    raise exception 'no such job' using errcode = 'SX403';
  end if;
  foreach name in array array['auth_token', 'auth_session', 'invitation', 'security_event', 'job'] loop
    execute format('delete from {schema}.%I where ctid = any(array(select ctid from {schema}.%1$I limit $1))', name) using most;
    get diagnostics removed = row_count;
    is_over := is_over and removed < most;
    return next;
  end loop;
  if is_over then
    update {schema}.job set state = 'ended' where id = {job_id};
  end if;
end $$;
revoke all on function {schema}.clean_up(int) from public;
grant execute on function {schema}.clean_up(int) to {worker};
