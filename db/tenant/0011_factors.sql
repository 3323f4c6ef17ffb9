-- Second factors: passkeys, authenticator apps and recovery codes; what is asked of them, and sign-ins that wait for one. All of it is for
-- doors alone: what proves a login is read by nobody who serves requests.

create table {schema}.passkey (
  id uuid not null,
  user_id uuid not null,
  credential_id bytea not null,
  public_key bytea not null,
  counter bigint not null,
  transports text[] not null,
  synced boolean not null,
  name bytea not null,
  time_created timestamptz not null default now(),
  used_at timestamptz,
  constraint passkey_pkey primary key (id),
  constraint passkey_credential unique (credential_id),
  constraint passkey_user foreign key (user_id) references {schema}."user" (id) on delete cascade
);
create index passkey_user_idx on {schema}.passkey (user_id);
{wall passkey}
create policy door on {schema}.passkey to {auth} using (true);
grant select, insert, update, delete on {schema}.passkey to {auth};

-- One of a person. It counts once a code of it was given; `last_step` is the time step of the latest code that was good, and none is good
-- twice.
create table {schema}.authenticator_app (
  user_id uuid not null,
  secret bytea not null,
  confirmed_at timestamptz,
  last_step bigint not null default 0,
  constraint authenticator_app_pkey primary key (user_id),
  constraint authenticator_app_user foreign key (user_id) references {schema}."user" (id) on delete cascade
);
{wall authenticator_app}
create policy door on {schema}.authenticator_app to {auth} using (true);
grant select, insert, update, delete on {schema}.authenticator_app to {auth};

-- HMACs under a key that is outside PostgreSQL. One that was used is gone.
create table {schema}.recovery_code (
  user_id uuid not null,
  hash bytea not null,
  constraint recovery_code_pkey primary key (user_id, hash),
  constraint recovery_code_user foreign key (user_id) references {schema}."user" (id) on delete cascade
);
{wall recovery_code}
create policy door on {schema}.recovery_code to {auth} using (true);
grant select, insert, delete on {schema}.recovery_code to {auth};

-- A sign-in whose first factor was good. `password_changed` is when the password that was given had been chosen.
create table {schema}.sign_in_ticket (
  hash bytea not null,
  user_id uuid not null,
  way text not null,
  remember boolean not null,
  password_changed timestamptz,
  failures int not null default 0,
  expires_at timestamptz not null default now() + interval '10 minutes',
  constraint sign_in_ticket_pkey primary key (hash),
  constraint sign_in_ticket_user foreign key (user_id) references {schema}."user" (id) on delete cascade
);
create index sign_in_ticket_user_idx on {schema}.sign_in_ticket (user_id);
create index sign_in_ticket_expires_idx on {schema}.sign_in_ticket (expires_at);
{wall sign_in_ticket}
create policy door on {schema}.sign_in_ticket to {auth} using (true);
grant select, insert, update, delete on {schema}.sign_in_ticket to {auth};

-- What passkeys are asked to sign: once, for one purpose, by whom it was made for.
create table {schema}.challenge (
  hash bytea not null,
  purpose text not null,
  user_id uuid,
  session_id uuid,
  ticket bytea,
  expires_at timestamptz not null default now() + interval '5 minutes',
  constraint challenge_pkey primary key (hash),
  constraint challenge_user foreign key (user_id) references {schema}."user" (id) on delete cascade,
  constraint challenge_session foreign key (session_id) references {schema}.auth_session (id) on delete cascade,
  constraint challenge_ticket foreign key (ticket) references {schema}.sign_in_ticket (hash) on delete cascade,
  constraint challenge_bound check (
    case purpose
      when 'sign_in' then num_nonnulls(user_id, session_id, ticket) = 0
      when 'second_factor' then num_nulls(user_id, ticket) = 0 and session_id is null
      when 'add' then num_nulls(user_id, session_id) = 0 and ticket is null
      when 'prove' then num_nulls(user_id, session_id) = 0 and ticket is null
      else false
    end)
);
create index challenge_expires_idx on {schema}.challenge (expires_at);
create index challenge_user_idx on {schema}.challenge (user_id);
create index challenge_session_idx on {schema}.challenge (session_id);
create index challenge_ticket_idx on {schema}.challenge (ticket);
{wall challenge}
create policy door on {schema}.challenge to {auth} using (true);
grant select, insert, delete on {schema}.challenge to {auth};

-- Of whom the organisation requires a second factor.
alter table {schema}.login_policy
  add column second_factor text not null default 'optional',
  add constraint login_policy_second_factor check (second_factor in ('optional', 'admins', 'everyone'));

-- Whether somebody has a second factor.
create function {schema}.has_factor(of_user uuid) returns boolean
language sql stable set search_path = pg_catalog, pg_temp as $$
  select exists (select from {schema}.passkey p where p.user_id = of_user)
      or exists (select from {schema}.authenticator_app a where a.user_id = of_user and a.confirmed_at is not null)
$$;
revoke all on function {schema}.has_factor(uuid) from public;
grant execute on function {schema}.has_factor(uuid) to {auth};
