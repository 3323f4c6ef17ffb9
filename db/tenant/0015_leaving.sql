-- Leaving: taking everything of one's own along, asking to be erased, and the erasure itself. Two more kinds of job: an export acts for a
-- person and reads what is theirs; an erasure acts for nobody and removes exactly what is of one person.

-- An export and its archive, in pieces that are sealed under its person's own key. The id is its job's.
create table {schema}.export (
  id uuid not null,
  user_id uuid not null,
  scope_id uuid not null,
  session_id uuid,
  state text not null default 'waiting',
  done int not null default 0,
  total int not null default 0,
  bytes bigint not null default 0,
  finished_at timestamptz,
  expires_at timestamptz not null default now() + interval '7 days',
  time_created timestamptz not null default now(),
  constraint export_pkey primary key (id),
  constraint export_in_scope unique (id, scope_id),
  constraint export_user foreign key (user_id) references {schema}."user" (id),
  constraint export_scope foreign key (scope_id) references {schema}.scope (id),
  constraint export_personal check (scope_id = user_id),
  constraint export_state check (state in ('waiting', 'running', 'ready', 'failed', 'stopped', 'removed'))
);
create index export_own_latest_idx on {schema}.export (user_id, id desc);
{wall export}
create table {schema}.export_part (
  export_id uuid not null,
  number int not null,
  user_id uuid not null,
  scope_id uuid not null,
  content bytea not null,
  constraint export_part_pkey primary key (export_id, number),
  constraint export_part_export foreign key (export_id, scope_id) references {schema}.export (id, scope_id) on delete cascade,
  constraint export_part_personal check (scope_id = user_id)
);
{wall export_part}

create policy reach_read on {schema}.export for select to {app}
  using (case when scope_id = any({read_scopes}) and user_id = {user_id} then true end);
create policy reach_change on {schema}.export for update to {app}
  using (scope_id = any({write_scopes}) and user_id = {user_id}) with check (scope_id = any({write_scopes}) and user_id = {user_id});
create policy reach_read on {schema}.export_part for select to {app}
  using (case when scope_id = any({read_scopes}) and user_id = {user_id} then true end);
create policy reach_remove on {schema}.export_part for delete to {app} using (scope_id = any({write_scopes}) and user_id = {user_id});
grant select, update (state) on {schema}.export to {app};
grant select, delete on {schema}.export_part to {app};
create policy door on {schema}.export to {auth} using (true);
grant select, insert, update on {schema}.export to {auth};
-- The job fills its own export and nothing else.
create policy job_own on {schema}.export_part to {worker}
  using ({job_kind} = 'export' and export_id = {object_id} and user_id = {user_id} and scope_id = any({write_scopes}));
grant select, insert, delete on {schema}.export_part to {worker};

-- Who asked to be erased and when that is due; once done, the report, in which nothing but an id is left of the person.
create table {schema}.erasure (
  user_id uuid not null,
  by text not null,
  asked_at timestamptz not null default now(),
  due_at timestamptz not null,
  begun_at timestamptz,
  key_destroyed_at timestamptz,
  done_at timestamptz,
  backups_until timestamptz,
  counts jsonb not null default '{}',
  constraint erasure_pkey primary key (user_id),
  constraint erasure_by check (by in ('self', 'operator'))
);
{wall erasure}
create policy own_read on {schema}.erasure for select to {app} using (user_id = {user_id} or {role} = 'admin');
grant select on {schema}.erasure to {app};
create policy door on {schema}.erasure to {auth} using (true);
grant select, insert, update (by, due_at, begun_at), delete on {schema}.erasure to {auth};
-- What has begun is not undone, by anybody.
create policy begun_stays on {schema}.erasure as restrictive for update to {auth} using (begun_at is null) with check (true);
create policy begun_stays_there on {schema}.erasure as restrictive for delete to {auth} using (begun_at is null);
create policy job_own on {schema}.erasure to {worker} using ({job_kind} = 'erasure' and user_id = {object_id});
grant select, update (key_destroyed_at, done_at, backups_until, counts) on {schema}.erasure to {worker};
-- Whose erasure has begun is let in by nobody again.
create policy erased_stays_out on {schema}."user" as restrictive for update to {auth}
  using (not exists (select from {schema}.erasure e where e.user_id = id and e.begun_at is not null)) with check (true);

alter table {schema}.job add column subject_id uuid;
alter table {schema}.job drop constraint job_kind;
alter table {schema}.job add constraint job_kind check (
  case kind
    when 'generation' then num_nulls(user_id, scope_id, chat_session_id, message_id) = 0 and subject_id is null
    when 'clean_up' then num_nonnulls(user_id, scope_id, chat_session_id, message_id, subject_id) = 0
    when 'export' then num_nulls(user_id, scope_id) = 0 and num_nonnulls(chat_session_id, message_id, subject_id) = 0
    when 'erasure' then num_nonnulls(user_id, scope_id, chat_session_id, message_id) = 0 and subject_id is not null
    else false
  end);
-- A person's request begins answers only; the others are begun by doors.
drop policy reach_add on {schema}.job;
create policy reach_add on {schema}.job for insert to {app}
  with check (kind = 'generation' and user_id = {user_id} and scope_id = any({write_scopes}));
drop policy door_add on {schema}.job;
create policy door_add on {schema}.job for insert to {auth} with check (kind in ('clean_up', 'export', 'erasure'));
drop policy door_change on {schema}.job;
create policy door_change on {schema}.job for update to {auth}
  using (kind in ('clean_up', 'export', 'erasure')) with check (kind in ('clean_up', 'export', 'erasure'));
grant insert (id, kind, user_id, scope_id, subject_id) on {schema}.job to {auth};

-- `enter_job`, as in 0007, and for exports and erasures. An export acts for its person while the login that asked for it was not thrown
-- out; an erasure acts for nobody, once it has begun and until it is done. Everything that a context holds is set by each kind.
create or replace function {schema}.enter_job(job_id uuid, for_write boolean,
  out user_id uuid, out role text, out scope_id uuid, out object_id uuid, out read_scopes uuid[], out write_scopes uuid[])
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  work record;
begin
  select j.kind, j.user_id, j.scope_id, u.role,
         case j.kind when 'export' then j.id when 'erasure' then j.subject_id else j.chat_session_id end as object_id
    into work
    from {schema}.job j left join {schema}."user" u on u.id = j.user_id and u.status = 'active'
   where j.id = enter_job.job_id and j.state = 'running' and j.time_created > now() - interval '1 hour'
     and case j.kind
       when 'clean_up' then true
       when 'erasure' then exists (
         select from {schema}.erasure e where e.user_id = j.subject_id and e.begun_at is not null and e.done_at is null)
       when 'export' then u.id is not null and exists (
         select from {schema}.export x left join {schema}.auth_session s on s.id = x.session_id
          where x.id = j.id and x.state in ('waiting', 'running') and coalesce(s.revoked_reason, 'signed_out') in ('signed_out', 'replaced'))
       else u.id is not null
     end
     and exists (select from {schema}.tenant_state g where g.status = 'active');
  if not found then
    raise exception 'no such job' using errcode = 'SX403';
  end if;
  if not for_write then
    perform set_config('transaction_read_only', 'on', true);
  elsif work.user_id is not null then
    perform from {schema}."user" u where u.id = work.user_id and u.status = 'active' for share;
    if not found then
      raise exception 'no such job' using errcode = 'SX403';
    end if;
    perform from {schema}.scope_member m where m.user_id = work.user_id for share;
  end if;
  user_id := work.user_id;
  role := work.role;
  scope_id := work.scope_id;
  object_id := work.object_id;
  select coalesce(array_agg(m.scope_id), '{}'),
         coalesce(array_agg(m.scope_id) filter (where m.role <> 'viewer' and m.scope_id = work.scope_id), '{}')
    into read_scopes, write_scopes
    from {schema}.scope_member m where m.user_id = work.user_id;
  if for_write and work.user_id is not null and write_scopes = '{}' then
    raise exception 'no right to the object' using errcode = 'SX403';
  end if;
  perform set_config('app.tenant_id', '{tenant_id}', true), set_config('app.user_id', coalesce(user_id::text, ''), true),
          set_config('app.role', coalesce(role, ''), true), set_config('app.job_id', enter_job.job_id::text, true),
          set_config('app.job_kind', work.kind, true), set_config('app.object_id', coalesce(object_id::text, ''), true),
          set_config('app.read_scopes', read_scopes::text, true), set_config('app.write_scopes', write_scopes::text, true),
          set_config('app.manage_scopes', '{}', true);
end $$;

-- An export reads, of people, the one whose it is, and adds no words to the index; what else its person sees of themselves, it sees.
alter policy of_people on {schema}."user"
  using ({job_kind} = 'generation' or {job_kind} = 'export' and id = {user_id} or {job_kind} = 'erasure' and id = {object_id});
create or replace function {schema}.index_message(chat_id uuid, message_id uuid, scope_id uuid, lexemes text) returns boolean
language sql security definer set search_path = pg_catalog, pg_temp as $$
  insert into {schema}.message_search (chat_session_id, message_id, scope_id, lexemes)
  select index_message.chat_id, index_message.message_id, index_message.scope_id, index_message.lexemes::tsvector
   where {tenant_setting} = '{tenant_id}' and index_message.scope_id = any({write_scopes}) and {job_kind} is distinct from 'export'
  returning true
$$;
create policy exported on {schema}.draft for select to {worker} using ({job_kind} = 'export' and user_id = {user_id});
create policy exported on {schema}.picture for select to {worker} using ({job_kind} = 'export' and user_id = {user_id});
grant select on {schema}.draft, {schema}.picture to {worker};
grant execute on function {schema}.own_preferences() to {worker};
-- What doors alone reach, a page at a time. A job that cleans up removes rows of the same tables and reads none of them, so the worker is
-- granted nothing on them here.
create function {schema}.exported(what text, after uuid, most int) returns table (id uuid, item jsonb, sealed bytea)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
  if {job_kind} is distinct from 'export' or {tenant_setting} is distinct from '{tenant_id}' then
    raise exception 'no such job' using errcode = 'SX403';
  end if;
  if what = 'devices' then
    return query select s.id, to_jsonb(s) - array['user_id', 'abilities', 'proof_good_for_s', 'ended_by']
        || jsonb_build_object('seen_at', n.seen_at, 'seen_from', n.ip), null::bytea
      from {schema}.auth_session s left join {schema}.auth_session_seen n on n.session_id = s.id
     where s.user_id = {user_id} and s.kind = 'login' and (after is null or s.id > after) order by s.id limit most;
  elsif what = 'api_tokens' then
    return query select s.id, to_jsonb(s) - array['user_id', 'user_agent', 'methods', 'remember', 'idle_limit_s', 'proof_good_for_s', 'ended_by', 'device']
        || jsonb_build_object('begins', a.prefix), a.name
      from {schema}.auth_session s join {schema}.api_token a on a.session_id = s.id
     where s.user_id = {user_id} and (after is null or s.id > after) order by s.id limit most;
  elsif what = 'security_events' then
    return query select e.id, to_jsonb(e) - array['user_id', 'scope_id', 'once'], null::bytea from {schema}.security_event e
     where e.user_id = {user_id} and (after is null or e.id > after) order by e.id limit most;
  elsif what = 'identities' then
    return query select i.id, to_jsonb(i) - 'user_id', null::bytea from {schema}.identity i
     where i.user_id = {user_id} and (after is null or i.id > after) order by i.id limit most;
  elsif what = 'passkeys' then
    return query select p.id, to_jsonb(p) - array['user_id', 'credential_id', 'public_key', 'counter', 'name'], p.name from {schema}.passkey p
     where p.user_id = {user_id} and (after is null or p.id > after) order by p.id limit most;
  elsif what = 'recoveries' then
    return query select r.id, to_jsonb(r) - 'user_id', null::bytea from {schema}.recovery r
     where r.user_id = {user_id} and (after is null or r.id > after) order by r.id limit most;
  end if;
end $$;
alter function {schema}.exported(text, uuid, int) owner to {auth};
revoke all on function {schema}.exported(text, uuid, int) from public;
grant execute on function {schema}.exported(text, uuid, int) to {worker};

-- How far an export is, by its own job and in its own row.
create function {schema}.note_export(new_state text, new_done int, new_total int, new_bytes bigint) returns boolean
language sql security definer set search_path = pg_catalog, pg_temp as $$
  update {schema}.export set state = new_state, done = new_done, total = coalesce(new_total, total), bytes = new_bytes,
         finished_at = case when new_state = 'ready' then now() end,
         expires_at = case when new_state = 'ready' then now() + interval '7 days' else expires_at end
   where {job_kind} = 'export' and {tenant_setting} = '{tenant_id}' and id = {object_id} and user_id = {user_id} and state in ('waiting', 'running')
  returning true
$$;
alter function {schema}.note_export(text, int, int, bigint) owner to {auth};
revoke all on function {schema}.note_export(text, int, int, bigint) from public;
grant execute on function {schema}.note_export(text, int, int, bigint) to {worker};

-- What an erasure removes: in every table that says whose a row is, the rows of that scope, or where there are no scopes of that person.
-- A table that comes later brings the same policy and grant; tests/leaving/personal.test.ts names it until it does. What hangs on such
-- rows without saying whose it is (tokens, words in the index) goes with them.
alter table {schema}.chat_message
  drop constraint chat_message_parent,
  add constraint chat_message_parent foreign key (chat_session_id, parent_id)
    references {schema}.chat_message (chat_session_id, id) on delete cascade;
do $$
declare
  of_person record;
begin
  for of_person in
    select c.relname as name,
           case when bool_or(a.attname = 'scope_id') and c.relname not in ('job', 'scope_member') then 'scope_id' else 'user_id' end as whose
      from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname in ('user_id', 'scope_id')
     where c.relnamespace = '{schema}'::regnamespace and c.relkind = 'r' and c.relname not in ('erasure', 'message_search')
     group by c.relname
  loop
    execute format($policy$create policy erased on {schema}.%I to {worker} using ({job_kind} = 'erasure' and %I = {object_id})$policy$,
      of_person.name, of_person.whose);
    execute format('grant select (ctid), delete on {schema}.%I to {worker}', of_person.name);
  end loop;
end $$;
create policy erased on {schema}.scope to {worker} using ({job_kind} = 'erasure' and id = {object_id});
create policy erased on {schema}."user" to {worker} using ({job_kind} = 'erasure' and id = {object_id});
grant select (ctid), delete on {schema}.scope, {schema}."user" to {worker};

-- One step of an erasure, with the rights and in the context of whoever calls it; answers what it removed, and nothing once all is gone
-- but the person's own row, which goes with `finish`. The key is a step of its own and the first: once that is committed nothing of the
-- person's can be read, whatever happens then. Tables that refer to others go before these.
create function {schema}.erase(most int, backups_kept_days int, finish boolean) returns table (name text, removed int)
language plpgsql set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
  if {job_kind} is distinct from 'erasure' then
    raise exception 'no such job' using errcode = 'SX403';
  end if;
  if exists (select from {schema}.erasure e where e.user_id = {object_id} and e.key_destroyed_at is null) then
    delete from {schema}.scope_key k where k.scope_id = {object_id};
    get diagnostics removed = row_count;
    update {schema}.erasure e set key_destroyed_at = now(), backups_until = now() + make_interval(days => backups_kept_days)
      where e.user_id = {object_id};
    name := 'scope_key';
    return next;
    return;
  end if;
  for name in
    with recursive own as (
      select p.polrelid as oid from pg_policy p join pg_class c on c.oid = p.polrelid
       where p.polname = 'erased' and c.relnamespace = '{schema}'::regnamespace
    ), place as (
      select own.oid, 0 as depth from own
      union
      select k.confrelid, place.depth + 1 from place
        join pg_constraint k on k.contype = 'f' and k.conrelid = place.oid and k.confrelid <> k.conrelid
        join own on own.oid = k.confrelid
       where place.depth < 20
    )
    select c.relname::text from place join pg_class c on c.oid = place.oid
     where finish or c.relname <> 'user' group by c.relname order by max(place.depth), c.relname
  loop
    execute format('delete from {schema}.%I where ctid = any(array(select ctid from {schema}.%1$I limit $1))', name) using most;
    get diagnostics removed = row_count;
    if removed > 0 then
      update {schema}.erasure e
         set counts = e.counts || jsonb_build_object(erase.name, coalesce((e.counts ->> erase.name)::int, 0) + erase.removed)
       where e.user_id = {object_id};
      return next;
      exit when not finish;
    end if;
  end loop;
  if finish then
    update {schema}.erasure e set done_at = now() where e.user_id = {object_id};
    update {schema}.job j set state = 'ended' where j.id = {job_id};
  end if;
end $$;
revoke all on function {schema}.erase(int, int, boolean) from public;
grant execute on function {schema}.erase(int, int, boolean) to {worker};

-- `clean_up`, as before, and of every table that has a policy which says what is due: nobody has to list them again.
create policy due on {schema}.export to {worker} using ({job_kind} = 'clean_up' and expires_at < now());
create or replace function {schema}.clean_up(most int) returns table (name text, removed int)
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  is_over boolean := true;
begin
  if {job_kind} is distinct from 'clean_up' then
    raise exception 'no such job' using errcode = 'SX403';
  end if;
  for name in
    select c.relname::text from pg_policy p join pg_class c on c.oid = p.polrelid
     where p.polname = 'due' and c.relnamespace = '{schema}'::regnamespace order by c.relname = 'job', 1
  loop
    execute format('delete from {schema}.%I where ctid = any(array(select ctid from {schema}.%1$I limit $1))', name) using most;
    get diagnostics removed = row_count;
    is_over := is_over and removed < most;
    return next;
  end loop;
  if is_over then
    update {schema}.job set state = 'ended' where id = {job_id};
  end if;
end $$;
