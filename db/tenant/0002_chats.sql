-- Chats, their messages, and the jobs by which an answer outlives the request that asked for it.

create table {schema}.chat_session (
  id uuid not null,
  user_id uuid not null,
  scope_id uuid not null,
  description bytea not null,
  named boolean not null default false,
  model text not null,
  wrapped_key bytea not null,
  deleted_at timestamptz,
  time_created timestamptz not null default now(),
  time_updated timestamptz not null default now(),
  constraint chat_session_pkey primary key (id),
  constraint chat_session_in_scope unique (id, scope_id),
  constraint chat_session_user foreign key (user_id) references {schema}."user" (id),
  constraint chat_session_scope foreign key (scope_id) references {schema}.scope (id)
);
create index chat_session_own_latest_idx on {schema}.chat_session (user_id, time_updated desc, id desc) where deleted_at is null;
{wall chat_session}
create policy reach_read on {schema}.chat_session for select to {app}, {worker} using (case when scope_id = any({read_scopes}) then true end);
create policy reach_add on {schema}.chat_session for insert to {app} with check (scope_id = any({write_scopes}) and user_id = {user_id});
create policy reach_change on {schema}.chat_session for update to {app} using (scope_id = any({write_scopes})) with check (scope_id = any({write_scopes}));
create policy job_change on {schema}.chat_session for update to {worker}
  using (id = {object_id} and scope_id = any({write_scopes})) with check (id = {object_id} and scope_id = any({write_scopes}));
-- A chat's author, scope and key are not among what changes.
grant select, insert on {schema}.chat_session to {app};
grant update (description, named, model, deleted_at, time_updated) on {schema}.chat_session to {app};
grant select on {schema}.chat_session to {worker};
grant update (time_updated) on {schema}.chat_session to {worker};

-- A reference carries the scope with it: foreign keys ignore row security, so a plain one would let Bob write into Alice's chat.
create table {schema}.chat_message (
  chat_session_id uuid not null,
  id uuid not null,
  scope_id uuid not null,
  user_id uuid not null,
  parent_id uuid,
  message_type text not null,
  message bytea not null,
  model text,
  model_name bytea,
  status text not null default 'complete',
  lease_until timestamptz,
  idempotency_key uuid,
  input_tokens int,
  output_tokens int,
  time_created timestamptz not null default now(),
  constraint chat_message_pkey primary key (chat_session_id, id),
  constraint chat_message_in_scope unique (chat_session_id, id, scope_id),
  constraint chat_message_asked_once unique (chat_session_id, idempotency_key),
  constraint chat_message_chat foreign key (chat_session_id, scope_id) references {schema}.chat_session (id, scope_id),
  constraint chat_message_parent foreign key (chat_session_id, parent_id) references {schema}.chat_message (chat_session_id, id),
  constraint chat_message_user foreign key (user_id) references {schema}."user" (id),
  constraint chat_message_type check (message_type in ('user', 'assistant')),
  constraint chat_message_status check (status in ('complete', 'streaming', 'interrupted', 'stopped', 'failed')),
  constraint chat_message_lease check ((status = 'streaming') = (lease_until is not null))
);
create index chat_message_parent_idx on {schema}.chat_message (chat_session_id, parent_id);
create index chat_message_streaming_idx on {schema}.chat_message (chat_session_id) where status = 'streaming';
{wall chat_message}
create policy reach_read on {schema}.chat_message for select to {app}, {worker} using (case when scope_id = any({read_scopes}) then true end);
create policy reach_add on {schema}.chat_message for insert to {app} with check (scope_id = any({write_scopes}) and user_id = {user_id});
create policy job_change on {schema}.chat_message for update to {worker}
  using (chat_session_id = {object_id} and scope_id = any({write_scopes}))
  with check (chat_session_id = {object_id} and scope_id = any({write_scopes}));
grant select, insert on {schema}.chat_message to {app};
grant select on {schema}.chat_message to {worker};
grant update (message, status, lease_until, input_tokens, output_tokens) on {schema}.chat_message to {worker};

-- A job names its actor and its object; both come from this row, never from what a payload says.
create table {schema}.job (
  id uuid not null,
  kind text not null,
  user_id uuid not null,
  scope_id uuid not null,
  chat_session_id uuid not null,
  message_id uuid not null,
  state text not null default 'running',
  time_created timestamptz not null default now(),
  constraint job_pkey primary key (id),
  constraint job_message foreign key (chat_session_id, message_id, scope_id) references {schema}.chat_message (chat_session_id, id, scope_id),
  constraint job_user foreign key (user_id) references {schema}."user" (id),
  constraint job_kind check (kind in ('generation')),
  constraint job_state check (state in ('running', 'ended'))
);
create index job_message_idx on {schema}.job (chat_session_id, message_id);
{wall job}
create policy reach_add on {schema}.job for insert to {app} with check (user_id = {user_id} and scope_id = any({write_scopes}));
create policy own_job_read on {schema}.job for select to {worker} using (id = {job_id});
create policy own_job_change on {schema}.job for update to {worker} using (id = {job_id}) with check (id = {job_id});
grant insert on {schema}.job to {app};
grant select on {schema}.job to {worker};
grant update (state) on {schema}.job to {worker};
create policy door on {schema}.job for select to {auth} using (true);
grant select on {schema}.job to {auth};

-- `enter_job`: the worker's `enter`. The actor and the object come from the job's own row; the person's status and memberships are
-- looked up anew each time. Reading reaches what the person may read; writing only the job's own scope, and there only its chat.
create function {schema}.enter_job(job_id uuid, for_write boolean,
  out user_id uuid, out role text, out scope_id uuid, out object_id uuid, out read_scopes uuid[], out write_scopes uuid[])
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  work record;
begin
  select j.user_id, j.scope_id, j.chat_session_id, u.role into work
    from {schema}.job j join {schema}."user" u on u.id = j.user_id
   where j.id = enter_job.job_id and j.state = 'running' and j.time_created > now() - interval '1 hour' and u.status = 'active'
     and exists (select from {schema}.tenant_state g where g.status = 'active');
  if not found then
    raise exception 'no such job' using errcode = 'SX403';
  end if;
  if for_write then
    perform from {schema}."user" u where u.id = work.user_id and u.status = 'active' for share;
    if not found then
      raise exception 'no such job' using errcode = 'SX403';
    end if;
    perform from {schema}.scope_member m where m.user_id = work.user_id for share;
  else
    perform set_config('transaction_read_only', 'on', true);
  end if;
  user_id := work.user_id;
  role := work.role;
  scope_id := work.scope_id;
  object_id := work.chat_session_id;
  select coalesce(array_agg(m.scope_id), '{}'),
         coalesce(array_agg(m.scope_id) filter (where m.role <> 'viewer' and m.scope_id = work.scope_id), '{}')
    into read_scopes, write_scopes
    from {schema}.scope_member m where m.user_id = work.user_id;
  if for_write and write_scopes = '{}' then
    raise exception 'no right to the object' using errcode = 'SX403';
  end if;
  perform set_config('app.tenant_id', '{tenant_id}', true), set_config('app.user_id', user_id::text, true),
          set_config('app.role', role, true), set_config('app.job_id', enter_job.job_id::text, true),
          set_config('app.object_id', object_id::text, true),
          set_config('app.read_scopes', read_scopes::text, true), set_config('app.write_scopes', write_scopes::text, true),
          set_config('app.manage_scopes', '{}', true);
end $$;
alter function {schema}.enter_job(uuid, boolean) owner to {auth};
revoke all on function {schema}.enter_job(uuid, boolean) from public;
grant execute on function {schema}.enter_job(uuid, boolean) to {worker};
