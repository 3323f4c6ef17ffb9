-- The life of login sessions: how long they last, tokens that follow one another, API tokens, what happened to them, and the rules of
-- the organisation. An API token is a session of its own kind, so that it enters, ends and is told of as every login is.

alter table {schema}.auth_session
  add column kind text not null default 'login',
  add column remember boolean not null default false,
  add column device text not null default 'Unknown device',
  add column methods text[] not null default '{password}',
  add column abilities text[],
  add column proof_good_for_s int not null default 1800,
  add column ended_by uuid,
  alter column idle_limit_s drop not null,
  add constraint auth_session_kind check (kind in ('login', 'api')),
  add constraint auth_session_abilities check ((kind = 'api') = (abilities is not null) and abilities <@ array['read', 'chat', 'admin']),
  add constraint auth_session_idle check ((kind = 'login') = (idle_limit_s is not null)),
  add constraint auth_session_end check ((revoked_at is null) = (revoked_reason is null));
-- The devices page: own sessions; administrators see everybody's. What proves a session is in auth_token, which nobody but auth reads.
create policy own_read on {schema}.auth_session for select to {app} using (user_id = {user_id} or {role} = 'admin');
grant select on {schema}.auth_session to {app};
-- A session that has ended stays ended, and as it was: nobody who serves requests takes an end back, or finds another reason for it.
create policy ended_stays on {schema}.auth_session as restrictive for update to {auth} using (revoked_at is null) with check (true);

alter table {schema}.auth_session_seen
  add column user_id uuid,
  add column ip inet,
  drop constraint auth_session_seen_session,
  add constraint auth_session_seen_session foreign key (session_id) references {schema}.auth_session (id) on delete cascade;
-- Row security holds the migrator too; the door's role may do this.
set local role {auth};
update {schema}.auth_session_seen n set user_id = s.user_id from {schema}.auth_session s where s.id = n.session_id;
reset role;
alter table {schema}.auth_session_seen alter column user_id set not null;
create policy own_read on {schema}.auth_session_seen for select to {app} using (user_id = {user_id} or {role} = 'admin');
grant select on {schema}.auth_session_seen to {app};

-- A token is replaced by its successor, and retires once that was seen. `proven_at` belongs to the token and not to its session: a copy
-- of an earlier token gains nothing when its owner proves who they are.
alter table {schema}.auth_token
  add column key_id text,
  add column successor bytea,
  add column seen_at timestamptz,
  add column retires_at timestamptz,
  add column proven_at timestamptz,
  drop constraint auth_token_session,
  add constraint auth_token_session foreign key (session_id) references {schema}.auth_session (id) on delete cascade;
grant update, delete on {schema}.auth_token to {auth};
set local role {auth};
update {schema}.auth_token set seen_at = time_issued, proven_at = time_issued;
reset role;

alter table {schema}.session_end
  drop constraint session_end_session,
  add constraint session_end_session foreign key (session_id) references {schema}.auth_session (id) on delete cascade;

create table {schema}.api_token (
  session_id uuid not null,
  user_id uuid not null,
  scope_id uuid not null,
  name bytea not null,
  prefix text not null,
  constraint api_token_pkey primary key (session_id),
  constraint api_token_session foreign key (session_id) references {schema}.auth_session (id) on delete cascade,
  constraint api_token_scope foreign key (scope_id) references {schema}.scope (id),
  constraint api_token_own check (scope_id = user_id)
);
{wall api_token}
create policy reach_read on {schema}.api_token for select to {app} using (scope_id = any({read_scopes}));
grant select on {schema}.api_token to {app};
create policy door on {schema}.api_token to {auth} using (true);
grant select, insert on {schema}.api_token to {auth};

-- What happened to somebody's account, for them to read. Written by doors only; a person may note that they have seen a notice.
create table {schema}.security_event (
  id uuid not null,
  user_id uuid not null,
  scope_id uuid not null,
  kind text not null,
  by text not null,
  by_user_id uuid,
  session_id uuid,
  reason text,
  device text,
  ip inet,
  notice boolean not null default false,
  read_at timestamptz,
  once text,
  time_created timestamptz not null default now(),
  constraint security_event_pkey primary key (id),
  constraint security_event_user foreign key (user_id) references {schema}."user" (id),
  constraint security_event_scope foreign key (scope_id) references {schema}.scope (id),
  constraint security_event_own check (scope_id = user_id),
  constraint security_event_by check (by in ('self', 'administrator', 'operator', 'system')),
  constraint security_event_once unique (user_id, once)
);
create index security_event_own_latest_idx on {schema}.security_event (user_id, id desc);
{wall security_event}
create policy reach_read on {schema}.security_event for select to {app} using (scope_id = any({read_scopes}));
create policy reach_note on {schema}.security_event for update to {app}
  using (scope_id = any({write_scopes})) with check (scope_id = any({write_scopes}));
grant select, update (read_at) on {schema}.security_event to {app};
create policy door on {schema}.security_event to {auth} using (true);
grant select, insert on {schema}.security_event to {auth};

-- How long people stay signed in: one row, whose defaults are the everyday preset.
create table {schema}.login_policy (
  id uuid not null,
  preset text not null default 'everyday',
  idle_limit_s int not null default 86400,
  absolute_limit_s int not null default 604800,
  remember boolean not null default true,
  remember_idle_limit_s int not null default 2592000,
  remember_absolute_limit_s int not null default 7776000,
  proof_good_for_s int not null default 1800,
  constraint login_policy_pkey primary key (id),
  constraint login_policy_preset check (preset in ('everyday', 'strict', 'own')),
  constraint login_policy_order check (idle_limit_s <= absolute_limit_s and remember_idle_limit_s <= remember_absolute_limit_s)
);
{wall login_policy}
create policy known on {schema}.login_policy for select to {app} using (true);
grant select on {schema}.login_policy to {app};
create policy door on {schema}.login_policy to {auth} using (true);
grant select, insert, update on {schema}.login_policy to {auth};
set local role {auth};
insert into {schema}.login_policy (id) values ('{tenant_id}');
reset role;

-- Turns: whoever writes under a session shares its turn, and whoever ends it waits for one alone. Locks on rows are not enough: those
-- who share a row are let in past somebody who waits to have it, so that a login could not be ended while it writes without a pause.
-- Turns are taken in the order in which they are asked for. There are 256 of an organisation, by the last byte of a session's id, so that
-- ending all of its sessions takes no more locks than that.
create function {schema}.take_turns(session_ids uuid[]) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  turn int;
begin
  for turn in select distinct get_byte(uuid_send(id), 15) from unnest(session_ids) as id order by 1 loop
    perform pg_advisory_xact_lock(hashtext('{tenant_id}'), turn);
  end loop;
end $$;
revoke all on function {schema}.take_turns(uuid[]) from public;
grant execute on function {schema}.take_turns(uuid[]) to {auth};

-- `enter`, which now also knows tokens that were replaced (they raise a condition of their own, by which a copy is noticed), and what an
-- API token may do: without “admin” its person is an ordinary one, without “chat” or “admin” nothing is written, and what is
-- neither read nor written has no scopes. The database decides all of it.
drop function {schema}.enter(bytea, boolean);
create function {schema}.enter(token_hash bytea, for_write boolean,
  out user_id uuid, out role text, out session_id uuid, out expires_at timestamptz,
  out read_scopes uuid[], out write_scopes uuid[], out manage_scopes uuid[],
  out abilities text[], out is_unseen boolean, out is_proven boolean)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  who record;
begin
  select s.id as session_id, s.user_id, u.role, s.expires_at, s.abilities, t.retires_at, t.seen_at is null as is_unseen,
         coalesce(t.proven_at + make_interval(secs => s.proof_good_for_s) > now(), false) as is_proven
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
      where s.id = who.session_id and s.revoked_at is null and u.status = 'active' and u.role = who.role for share of s, u;
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
  role := case when 'admin' = any(who.abilities) or who.abilities is null then who.role else 'user' end;
  session_id := who.session_id;
  expires_at := who.expires_at;
  abilities := who.abilities;
  is_unseen := who.is_unseen;
  is_proven := who.is_proven;
  select coalesce(array_agg(m.scope_id) filter (where who.abilities is null or who.abilities && array['read', 'chat']), '{}'),
         coalesce(array_agg(m.scope_id) filter (where m.role <> 'viewer' and (who.abilities is null or 'chat' = any(who.abilities))), '{}'),
         coalesce(array_agg(m.scope_id) filter (where m.role in ('manager', 'owner') and who.abilities is null), '{}')
    into read_scopes, write_scopes, manage_scopes
    from {schema}.scope_member m where m.user_id = who.user_id;
  perform set_config('app.tenant_id', '{tenant_id}', true), set_config('app.user_id', user_id::text, true),
          set_config('app.role', role, true), set_config('app.session_id', session_id::text, true),
          set_config('app.read_scopes', read_scopes::text, true), set_config('app.write_scopes', write_scopes::text, true),
          set_config('app.manage_scopes', manage_scopes::text, true),
          case when not for_write then set_config('transaction_read_only', 'on', true) end;
end $$;
alter function {schema}.enter(bytea, boolean) owner to {auth};
revoke all on function {schema}.enter(bytea, boolean) from public;
grant execute on function {schema}.enter(bytea, boolean) to {app}, {auth};
