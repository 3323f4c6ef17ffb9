-- Signing in through the organisation's own provider, by OpenID Connect. Who somebody is there is (issuer, subject) and nothing else:
-- a link stays with the issuer it was made with, whatever the provider is changed to.

-- One row. Name, issuer, client and rules are sealed under the tenant's key, the client's secret apart from them; only doors reach any of it.
create table {schema}.sign_in_provider (
  id uuid not null,
  config bytea not null,
  secret bytea not null,
  is_on boolean not null,
  -- Another one with every change: a sign-in that was begun before it is over.
  revision uuid not null,
  time_changed timestamptz not null default now(),
  constraint sign_in_provider_pkey primary key (id),
  constraint sign_in_provider_one check (id = '{tenant_id}')
);
{wall sign_in_provider}
create policy door on {schema}.sign_in_provider to {auth} using (true);
grant select, insert, update on {schema}.sign_in_provider to {auth};

create table {schema}.identity (
  id uuid not null,
  user_id uuid not null,
  issuer text not null,
  subject text not null,
  used_at timestamptz,
  time_created timestamptz not null default now(),
  constraint identity_pkey primary key (id),
  constraint identity_user foreign key (user_id) references {schema}."user" (id) on delete cascade,
  constraint identity_unique unique (issuer, subject),
  constraint identity_one_per_issuer unique (user_id, issuer)
);
{wall identity}
create policy door on {schema}.identity to {auth} using (true);
grant select, insert, update, delete on {schema}.identity to {auth};

-- Sign-ins through a provider, by the name that it has for its own login there: what it ends, ends here. A login whose second factor
-- was given after that is not known by its id.
create table {schema}.identity_sign_in (
  id uuid not null,
  identity_id uuid not null,
  sid text,
  session_id uuid,
  time_created timestamptz not null default now(),
  constraint identity_sign_in_pkey primary key (id),
  constraint identity_sign_in_session foreign key (session_id) references {schema}.auth_session (id) on delete cascade,
  constraint identity_sign_in_identity foreign key (identity_id) references {schema}.identity (id) on delete cascade
);
create index identity_sign_in_identity_idx on {schema}.identity_sign_in (identity_id);
create index identity_sign_in_session_idx on {schema}.identity_sign_in (session_id);
{wall identity_sign_in}
create policy door on {schema}.identity_sign_in to {auth} using (true);
grant select, insert, delete on {schema}.identity_sign_in to {auth};

-- Ways to the provider and back. State and browser are known by their hashes; nonce and PKCE verifier come from the browser's own
-- secret and are nowhere. A way is taken back once, and its outcome fetched once, by the browser that began it.
create table {schema}.oidc_way (
  state_hash bytea not null,
  browser_hash bytea not null,
  purpose text not null,
  revision uuid not null,
  user_id uuid,
  session_id uuid,
  wish bytea not null,
  returned_at timestamptz,
  found bytea,
  fetched_at timestamptz,
  expires_at timestamptz not null default now() + interval '10 minutes',
  time_created timestamptz not null default now(),
  constraint oidc_way_pkey primary key (state_hash),
  constraint oidc_way_browser unique (browser_hash),
  constraint oidc_way_purpose check (purpose in ('sign_in', 'invitation', 'link', 'prove', 'try')),
  constraint oidc_way_user foreign key (user_id) references {schema}."user" (id) on delete cascade,
  constraint oidc_way_session foreign key (session_id) references {schema}.auth_session (id) on delete cascade,
  constraint oidc_way_whose check ((purpose in ('link', 'prove', 'try')) = (user_id is not null and session_id is not null))
);
create index oidc_way_expires_idx on {schema}.oidc_way (expires_at);
{wall oidc_way}
create policy door on {schema}.oidc_way to {auth} using (true);
grant select, insert, update, delete on {schema}.oidc_way to {auth};

-- Logout tokens that were taken, for as long as one would be: each is good once.
create table {schema}.oidc_logout (
  token_hash bytea not null,
  expires_at timestamptz not null,
  constraint oidc_logout_pkey primary key (token_hash)
);
{wall oidc_logout}
create policy door on {schema}.oidc_logout to {auth} using (true);
grant select, insert, delete on {schema}.oidc_logout to {auth};
