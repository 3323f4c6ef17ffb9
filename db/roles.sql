-- The roles of docs/topics/isolation.md: made once per cluster, given their rights per database and per tenant.
-- {…} are filled in by the migrator; passwords are derived from the master key, so every server of an installation knows them.
do $$
declare r text;
begin
  foreach r in array array['{app}', '{worker}', '{auth}', '{search}', '{keeper}'] loop
    if not exists (select from pg_roles where rolname = r) then
      execute format('create role %I', r);
    end if;
  end loop;
end $$;

alter role {app} with login noinherit nocreatedb nocreaterole password '{app_password}';
alter role {worker} with login noinherit nocreatedb nocreaterole password '{worker_password}';
alter role {auth} with login noinherit nocreatedb nocreaterole password '{auth_password}';
alter role {search} with nologin noinherit nocreatedb nocreaterole;
alter role {keeper} with nologin noinherit nocreatedb nocreaterole;

-- One snapshot for `enter` and the statement behind it: under READ COMMITTED a removed member could read a row added after the removal.
alter role {app} set default_transaction_isolation = 'repeatable read';
alter role {worker} set default_transaction_isolation = 'repeatable read';
-- Plans are made once per statement and connection. Left to choose, PostgreSQL plans a list anew each time (it takes the unknown
-- limit for a tenth of the rows), which costs more than running it.
alter role {app} set plan_cache_mode = 'force_generic_plan';
alter role {worker} set plan_cache_mode = 'force_generic_plan';
alter role {app} set statement_timeout = '30s';
alter role {worker} set statement_timeout = '30s';
alter role {auth} set statement_timeout = '30s';
alter role {app} set idle_in_transaction_session_timeout = '30s';
alter role {worker} set idle_in_transaction_session_timeout = '30s';
alter role {auth} set idle_in_transaction_session_timeout = '30s';

-- The migrator hands functions over to these, which takes membership where it is no superuser.
grant {auth}, {search}, {keeper} to current_user;
