-- What is guessed at after a password, and what people begin when they sign in and do not finish.

-- How many of `failures` were wrong second factors, after the right password: as many in a row, until its person has signed in.
alter table {schema}.credential add column factor_failures int not null default 0;

-- What came of a way goes with the way as soon as it is fetched: of an outcome nobody can tell by its row whose it is.
alter table {schema}.oidc_way drop column fetched_at;

-- What waits for an answer that never comes goes by itself; an outcome of a way, which names somebody, as soon as it is over.
create policy due on {schema}.challenge to {worker} using ({job_kind} = 'clean_up' and expires_at < now() - interval '1 day');
create policy due on {schema}.sign_in_ticket to {worker} using ({job_kind} = 'clean_up' and expires_at < now() - interval '1 day');
create policy due on {schema}.oidc_logout to {worker} using ({job_kind} = 'clean_up' and expires_at < now() - interval '1 day');
create policy due on {schema}.oidc_way to {worker} using ({job_kind} = 'clean_up' and expires_at < now());
grant select (ctid), delete on {schema}.challenge, {schema}.sign_in_ticket, {schema}.oidc_logout, {schema}.oidc_way to {worker};
