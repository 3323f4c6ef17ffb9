-- Links that prove that a letter reached its person, instead of invitations alone; logins that are not whole yet; and whom the directory
-- shows.

create table {schema}.link (
  token_hash bytea not null,
  user_id uuid not null,
  kind text not null,
  made_by uuid,
  detail text,
  expires_at timestamptz not null,
  time_created timestamptz not null default now(),
  constraint link_pkey primary key (token_hash),
  constraint link_one_of_a_kind unique (user_id, kind),
  constraint link_user foreign key (user_id) references {schema}."user" (id),
  constraint link_kind check (kind in ('invitation', 'reset', 'recovery', 'address'))
);
{wall link}
create policy door on {schema}.link to {auth} using (true);
grant select, insert, update, delete on {schema}.link to {auth};
-- Row security holds the migrator too; the door's role may do this.
set local role {auth};
insert into {schema}.link (token_hash, user_id, kind, made_by, expires_at, time_created)
  select token_hash, user_id, 'invitation', invited_by, expires_at, time_created from {schema}.invitation;
reset role;
drop table {schema}.invitation;

create policy due on {schema}.link to {worker} using ({job_kind} = 'clean_up' and expires_at < now() - interval '30 days');
grant select (ctid), delete on {schema}.link to {worker};

-- `clean_up`, as in 0007, with links.
create or replace function {schema}.clean_up(most int) returns table (name text, removed int)
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  is_over boolean := true;
begin
  if {job_kind} is distinct from 'clean_up' then
    raise exception 'no such job' using errcode = 'SX403';
  end if;
  foreach name in array array['auth_token', 'auth_session', 'link', 'security_event', 'job'] loop
    execute format('delete from {schema}.%I where ctid = any(array(select ctid from {schema}.%1$I limit $1))', name) using most;
    get diagnostics removed = row_count;
    is_over := is_over and removed < most;
    return next;
  end loop;
  if is_over then
    update {schema}.job set state = 'ended' where id = {job_id};
  end if;
end $$;

-- A login of somebody who has yet to set up what the organisation requires: it is good for that alone, so it reaches no scope.
alter table {schema}.auth_session add column restricted boolean not null default false;

-- Whom ordinary people see in the directory: everyone, or only those with whom they share a scope.
alter table {schema}.login_policy
  add column directory text not null default 'everyone',
  add constraint login_policy_directory check (directory in ('everyone', 'shared'));

-- `enter`, as in 0006, and with both: a restricted login is an ordinary person's without scopes, and who may be seen is in the context.
drop function {schema}.enter(bytea, boolean);
create function {schema}.enter(token_hash bytea, for_write boolean,
  out user_id uuid, out role text, out session_id uuid, out expires_at timestamptz,
  out read_scopes uuid[], out write_scopes uuid[], out manage_scopes uuid[],
  out abilities text[], out is_unseen boolean, out is_proven boolean, out is_restricted boolean)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  who record;
  known uuid[];
begin
  select s.id as session_id, s.user_id, u.role, s.expires_at, s.abilities, s.restricted, t.retires_at, t.seen_at is null as is_unseen,
         coalesce(t.proven_at + make_interval(secs => s.proof_good_for_s) > now(), false) as is_proven,
         (select p.directory from {schema}.login_policy p) as directory
    into who
    from {schema}.auth_token t
    join {schema}.auth_session s on s.id = t.session_id
    join {schema}.auth_session_seen n on n.session_id = s.id
    join {schema}."user" u on u.id = s.user_id
   where t.hash = enter.token_hash
     and s.revoked_at is null and s.expires_at > now()
     and (s.idle_limit_s is null or n.seen_at + make_interval(secs => s.idle_limit_s) > now())
     and u.status = 'active'
     and exists (select from {schema}.tenant_state g where g.status = 'active');
  if found and for_write then
    perform pg_advisory_xact_lock_shared(hashtext('{tenant_id}'), get_byte(uuid_send(who.session_id), 15));
    perform from {schema}.auth_session s join {schema}."user" u on u.id = s.user_id
      where s.id = who.session_id and s.revoked_at is null and s.restricted = who.restricted and u.status = 'active' and u.role = who.role
      for share of s, u;
  end if;
  if not found then
    raise exception 'no such login' using errcode = 'SX401';
  end if;
  if who.retires_at <= now() then
    raise exception 'this token was replaced' using errcode = 'SX402';
  end if;
  if for_write and not who.abilities && array['chat', 'admin'] then
    raise exception 'this token only reads' using errcode = 'SX405';
  end if;
  if for_write then
    perform from {schema}.scope_member m where m.user_id = who.user_id for share;
  end if;
  user_id := who.user_id;
  role := case when not who.restricted and ('admin' = any(who.abilities) or who.abilities is null) then who.role else 'user' end;
  session_id := who.session_id;
  expires_at := who.expires_at;
  abilities := who.abilities;
  is_unseen := who.is_unseen;
  is_proven := who.is_proven;
  is_restricted := who.restricted;
  select coalesce(array_agg(m.scope_id) filter (where who.abilities is null or who.abilities && array['read', 'chat']), '{}'),
         coalesce(array_agg(m.scope_id) filter (where m.role <> 'viewer' and (who.abilities is null or 'chat' = any(who.abilities))), '{}'),
         coalesce(array_agg(m.scope_id) filter (where m.role in ('manager', 'owner') and who.abilities is null), '{}')
    into read_scopes, write_scopes, manage_scopes
    from {schema}.scope_member m where m.user_id = who.user_id and not who.restricted;
  if who.directory = 'shared' then
    select coalesce(array_agg(distinct other.user_id), '{}') into known
      from {schema}.scope_member own join {schema}.scope_member other on other.scope_id = own.scope_id
     where own.user_id = who.user_id and not who.restricted;
  end if;
  perform set_config('app.tenant_id', '{tenant_id}', true), set_config('app.user_id', user_id::text, true),
          set_config('app.role', role, true), set_config('app.session_id', session_id::text, true),
          set_config('app.read_scopes', read_scopes::text, true), set_config('app.write_scopes', write_scopes::text, true),
          set_config('app.manage_scopes', manage_scopes::text, true),
          set_config('app.directory', who.directory, true), set_config('app.known_people', coalesce(known::text, '{}'), true),
          case when not for_write then set_config('transaction_read_only', 'on', true) end;
end $$;
alter function {schema}.enter(bytea, boolean) owner to {auth};
revoke all on function {schema}.enter(bytea, boolean) from public;
grant execute on function {schema}.enter(bytea, boolean) to {app}, {auth};
