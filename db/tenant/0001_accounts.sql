-- People, what proves who they are, their login sessions, and the scopes they read.

create table {schema}.tenant_state (
  id uuid not null,
  status text not null default 'active',
  constraint tenant_state_pkey primary key (id),
  constraint tenant_state_status check (status in ('active', 'frozen'))
);
{wall tenant_state}
create policy door on {schema}.tenant_state to {auth} using (true);
grant select, insert on {schema}.tenant_state to {auth};

create table {schema}."user" (
  id uuid not null,
  email text not null,
  name text not null,
  role text not null,
  status text not null default 'active',
  preferences jsonb not null default '{}',
  time_joined timestamptz,
  time_created timestamptz not null default now(),
  constraint user_pkey primary key (id),
  constraint user_email_unique unique (email),
  constraint user_role check (role in ('user', 'admin')),
  constraint user_status check (status in ('active', 'suspended'))
);
create index user_name_idx on {schema}."user" (name, id);
{wall "user"}
-- The directory: people of one organisation see each other's name and address. Preferences are left out of the grant.
create policy directory on {schema}."user" for select to {app}, {worker} using (true);
grant select (id, email, name, role, status, time_joined, time_created) on {schema}."user" to {app}, {worker};
create policy door on {schema}."user" to {auth} using (true);
grant select, insert, update on {schema}."user" to {auth};

create table {schema}.credential (
  user_id uuid not null,
  password_hash text not null,
  time_changed timestamptz not null default now(),
  constraint credential_pkey primary key (user_id),
  constraint credential_user foreign key (user_id) references {schema}."user" (id)
);
{wall credential}
create policy door on {schema}.credential to {auth} using (true);
grant select, insert, update on {schema}.credential to {auth};

create table {schema}.invitation (
  token_hash bytea not null,
  user_id uuid not null,
  invited_by uuid,
  expires_at timestamptz not null,
  time_created timestamptz not null default now(),
  constraint invitation_pkey primary key (token_hash),
  constraint invitation_one_per_user unique (user_id),
  constraint invitation_user foreign key (user_id) references {schema}."user" (id)
);
{wall invitation}
create policy door on {schema}.invitation to {auth} using (true);
grant select, insert, delete on {schema}.invitation to {auth};

create table {schema}.auth_session (
  id uuid not null,
  user_id uuid not null,
  time_created timestamptz not null default now(),
  expires_at timestamptz not null,
  idle_limit_s int not null,
  ip inet,
  user_agent text,
  revoked_at timestamptz,
  revoked_reason text,
  constraint auth_session_pkey primary key (id),
  constraint auth_session_user foreign key (user_id) references {schema}."user" (id)
);
create index auth_session_user_idx on {schema}.auth_session (user_id);
{wall auth_session}
create policy door on {schema}.auth_session to {auth} using (true);
grant select, insert, update on {schema}.auth_session to {auth};

-- In a row of its own, so that noting activity never waits for the locks that units of work hold on the session.
create table {schema}.auth_session_seen (
  session_id uuid not null,
  seen_at timestamptz not null default now(),
  constraint auth_session_seen_pkey primary key (session_id),
  constraint auth_session_seen_session foreign key (session_id) references {schema}.auth_session (id)
);
{wall auth_session_seen}
create policy door on {schema}.auth_session_seen to {auth} using (true);
grant select, insert, update on {schema}.auth_session_seen to {auth};

create table {schema}.auth_token (
  hash bytea not null,
  session_id uuid not null,
  time_issued timestamptz not null default now(),
  constraint auth_token_pkey primary key (hash),
  constraint auth_token_session foreign key (session_id) references {schema}.auth_session (id)
);
create index auth_token_session_idx on {schema}.auth_token (session_id);
{wall auth_token}
create policy door on {schema}.auth_token to {auth} using (true);
grant select, insert on {schema}.auth_token to {auth};

create table {schema}.scope (
  id uuid not null,
  kind text not null,
  time_created timestamptz not null default now(),
  constraint scope_pkey primary key (id),
  constraint scope_kind check (kind in ('personal', 'project', 'chat'))
);
{wall scope}
create policy reach_read on {schema}.scope for select to {app}, {worker} using (id = any({read_scopes}));
grant select on {schema}.scope to {app}, {worker};
create policy door on {schema}.scope to {auth} using (true);
grant select, insert on {schema}.scope to {auth};

create table {schema}.scope_member (
  scope_id uuid not null,
  user_id uuid not null,
  role text not null,
  constraint scope_member_pkey primary key (scope_id, user_id),
  constraint scope_member_scope foreign key (scope_id) references {schema}.scope (id),
  constraint scope_member_user foreign key (user_id) references {schema}."user" (id),
  constraint scope_member_role check (role in ('viewer', 'contributor', 'manager', 'owner'))
);
create index scope_member_user_idx on {schema}.scope_member (user_id);
{wall scope_member}
create policy reach_read on {schema}.scope_member for select to {app}, {worker} using (scope_id = any({read_scopes}));
grant select on {schema}.scope_member to {app}, {worker};
create policy door on {schema}.scope_member to {auth} using (true);
grant select, insert, update on {schema}.scope_member to {auth};

-- The scope's key, wrapped by the tenant's, which is never in the database.
create table {schema}.scope_key (
  scope_id uuid not null,
  version int not null,
  wrapped bytea not null,
  constraint scope_key_pkey primary key (scope_id, version),
  constraint scope_key_scope foreign key (scope_id) references {schema}.scope (id)
);
{wall scope_key}
create policy reach_read on {schema}.scope_key for select to {app}, {worker} using (scope_id = any({read_scopes}));
grant select on {schema}.scope_key to {app}, {worker};
create policy door on {schema}.scope_key to {auth} using (true);
grant insert on {schema}.scope_key to {auth};

-- `enter`: who holds this token, and what may they reach? Sets the context for the rest of the transaction, or raises, and then
-- nothing after it runs. The application never says who somebody is; it hands over a token's hash and the database finds out.
-- With for_write the rows it relied on are locked, so that a revocation waits for the write or the write for it.
create function {schema}.enter(token_hash bytea, for_write boolean,
  out user_id uuid, out role text, out session_id uuid, out expires_at timestamptz,
  out read_scopes uuid[], out write_scopes uuid[], out manage_scopes uuid[])
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  who record;
begin
  select s.id as session_id, s.user_id, u.role, s.expires_at into who
    from {schema}.auth_token t
    join {schema}.auth_session s on s.id = t.session_id
    join {schema}.auth_session_seen n on n.session_id = s.id
    join {schema}."user" u on u.id = s.user_id
   where t.hash = enter.token_hash
     and s.revoked_at is null and s.expires_at > now() and n.seen_at + make_interval(secs => s.idle_limit_s) > now()
     and u.status = 'active'
     and exists (select from {schema}.tenant_state g where g.status = 'active');
  if found and for_write then
    perform from {schema}.auth_session s join {schema}."user" u on u.id = s.user_id
      where s.id = who.session_id and s.revoked_at is null and u.status = 'active' and u.role = who.role for share of s, u;
  end if;
  if not found then
    raise exception 'no such login' using errcode = 'SX401';
  end if;
  if for_write then
    perform from {schema}.scope_member m where m.user_id = who.user_id for share;
  end if;
  user_id := who.user_id;
  role := who.role;
  session_id := who.session_id;
  expires_at := who.expires_at;
  select coalesce(array_agg(m.scope_id), '{}'),
         coalesce(array_agg(m.scope_id) filter (where m.role <> 'viewer'), '{}'),
         coalesce(array_agg(m.scope_id) filter (where m.role in ('manager', 'owner')), '{}')
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

-- Own preferences: settings belong to a person, and the directory shows none of them.
create function {schema}.own_preferences() returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select preferences from {schema}."user" where id = {user_id} and {tenant_setting} = '{tenant_id}'
$$;
alter function {schema}.own_preferences() owner to {auth};
revoke all on function {schema}.own_preferences() from public;
grant execute on function {schema}.own_preferences() to {app};

create function {schema}.set_own_preferences(changes jsonb) returns jsonb
language sql security definer set search_path = pg_catalog, pg_temp as $$
  update {schema}."user" set preferences = preferences || changes
   where id = {user_id} and {tenant_setting} = '{tenant_id}' returning preferences
$$;
alter function {schema}.set_own_preferences(jsonb) owner to {auth};
revoke all on function {schema}.set_own_preferences(jsonb) from public;
grant execute on function {schema}.set_own_preferences(jsonb) to {app};
