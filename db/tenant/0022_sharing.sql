-- Sharing a chat with named people: the chat, and all that hangs on it, moves into a scope of its own, whose members are its readers. Whoever
-- is to read it no longer is left behind in the scope that it leaves: nothing is in there any more, whatever they still hold of it.

-- Whose a chat's scope is, and since when nothing is in it.
alter table {schema}.scope
  add column owner_id uuid,
  add column left_at timestamptz,
  add constraint scope_owner foreign key (owner_id) references {schema}."user" (id),
  add constraint scope_owned check ((kind = 'chat') = (owner_id is not null));
create index scope_owner_idx on {schema}.scope (owner_id) where owner_id is not null;
grant update (left_at) on {schema}.scope to {auth};
alter policy never_joined on {schema}.scope
  using (left_at is not null or exists (select from {schema}."user" u where u.id = scope.id and u.time_joined is null));
alter table {schema}.scope_member
  drop constraint scope_member_scope,
  add constraint scope_member_scope foreign key (scope_id) references {schema}.scope (id) on delete cascade;
alter table {schema}.scope_key
  drop constraint scope_key_scope,
  add constraint scope_key_scope foreign key (scope_id) references {schema}.scope (id) on delete cascade;

-- What hangs on a chat goes where its chat goes: every reference that carries the scope follows it. One that comes later says so itself.
do $$
declare
  reference record;
begin
  for reference in
    select k.conname as name, k.conrelid::regclass::text as child, pg_get_constraintdef(k.oid) as definition
      from pg_constraint k
     where k.contype = 'f' and k.confrelid in ('{schema}.chat_session'::regclass, '{schema}.chat_message'::regclass) and k.confupdtype = 'a'
       and exists (select from pg_attribute a where a.attrelid = k.conrelid and a.attnum = any(k.conkey) and a.attname = 'scope_id')
  loop
    execute format('alter table %s drop constraint %I, add constraint %2$I %s on update cascade', reference.child, reference.name, reference.definition);
  end loop;
end $$;
-- What its owner has put into the trash is nobody else's to see.
create policy trash_of_owner on {schema}.chat_session as restrictive for select to {app}
  using (case when deleted_at is null or user_id = {user_id} then true end);
create policy trash_of_owner_for_jobs on {schema}.chat_session as restrictive for select to {worker}
  using (case when deleted_at is null or user_id = {user_id} or {job_kind} in ('clean_up', 'erasure') then true end);
create index chat_session_shared_idx on {schema}.chat_session (scope_id) where scope_id <> user_id;

-- Only the function below moves chats: those of whoever the context says, between scopes that are theirs alone to manage. An API token
-- manages none.
create policy moved on {schema}.chat_session to {auth}
  using ({tenant_setting} = '{tenant_id}' and user_id = {user_id} and scope_id = any({manage_scopes}))
  with check ({tenant_setting} = '{tenant_id}' and user_id = {user_id} and scope_id = any({manage_scopes}));
grant select (id, user_id, scope_id, temporary_until), update (scope_id, wrapped_key, description) on {schema}.chat_session to {auth};

-- Who may be let in: whom the context's person sees in the directory, and who can sign in. Locked, so that whoever suspends or erases them
-- waits, or is waited for. Each scope that somebody reaches costs them a little in everything they do, so there is a bound to what
-- others can make them reach: for one chat, for two people, and for one person. Of the last, no more is said than that it is so; the one
-- before it keeps anybody from counting what others share with somebody. Where several share at once each may come one beyond it.
create function {schema}.let_in(to_scope uuid, people uuid[]) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  reached record;
begin
  insert into {schema}.scope_member (scope_id, user_id, role)
  select let_in.to_scope, u.id, 'viewer'
    from (select u.id from {schema}."user" u
           where u.id = any(let_in.people) and u.status = 'active' and u.time_joined is not null
             and ({role} = 'admin' or {directory} = 'everyone' or u.role = 'admin' or u.id = any({known_people}))
           order by u.id for share) u
  on conflict do nothing;
  select max(n.of_owner) as of_owner, max(n.of_all) as of_all into reached
    from (select count(*) filter (where s.owner_id = {user_id}) as of_owner, count(*) as of_all
            from {schema}.scope_member m join {schema}.scope s on s.id = m.scope_id
           where m.user_id = any(let_in.people) and m.role = 'viewer' and s.left_at is null group by m.user_id) n;
  if (select count(*) from {schema}.scope_member m where m.scope_id = let_in.to_scope and m.role = 'viewer') > 50 then
    raise exception 'too many readers of a chat' using errcode = 'SX411';
  elsif reached.of_owner > 200 then
    raise exception 'too many chats of one person for another' using errcode = 'SX412';
  elsif reached.of_all > 500 then
    raise exception 'too many chats of others for a person' using errcode = 'SX413';
  end if;
end $$;
alter function {schema}.let_in(uuid, uuid[]) owner to {auth};
revoke all on function {schema}.let_in(uuid, uuid[]) from public;
grant execute on function {schema}.let_in(uuid, uuid[]) to {auth};

-- Words are keyed by their scope, so those of a chat are keyed anew before it moves, many in one call; in the index they go along with
-- it. A message that has none is taken out.
create function {schema}.index_messages(chat_id uuid, scope_id uuid, message_ids uuid[], lexemes text[]) returns bigint
language sql security definer set search_path = pg_catalog, pg_temp as $$
  with words as (
    select w.message_id, w.lexemes::tsvector as lexemes
      from unnest(index_messages.message_ids, index_messages.lexemes) w (message_id, lexemes)
     where {tenant_setting} = '{tenant_id}' and index_messages.scope_id = any({manage_scopes})
  ), without as (
    delete from {schema}.message_search m using words w
     where m.chat_session_id = index_messages.chat_id and m.message_id = w.message_id and m.scope_id = index_messages.scope_id
       and w.lexemes is null
  ), indexed as (
    insert into {schema}.message_search as known (chat_session_id, message_id, scope_id, lexemes)
    select index_messages.chat_id, w.message_id, index_messages.scope_id, w.lexemes from words w where w.lexemes is not null
    on conflict on constraint message_search_pkey do update set lexemes = excluded.lexemes where known.scope_id = excluded.scope_id
    returning 1
  ) select count(*) from indexed
$$;
alter function {schema}.index_messages(uuid, uuid, uuid[], text[]) owner to {search};
grant update (lexemes), delete on {schema}.message_search to {search};
revoke all on function {schema}.index_messages(uuid, uuid, uuid[], text[]) from public;
grant execute on function {schema}.index_messages(uuid, uuid, uuid[], text[]) to {app};

-- `search_messages`, with a question for each scope: together they are longer than a question can be, and the words of one scope are in
-- no other.
drop function {schema}.search_messages(text, int);
create function {schema}.search_messages(scopes uuid[], queries text[], most int)
returns table (chat_session_id uuid, message_id uuid, rank real)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with asked as (
    select a.scope_id, a.query::tsquery as query from unnest(scopes, queries) a (scope_id, query)
     where a.scope_id = any({read_scopes}) and {tenant_setting} = '{tenant_id}'
  ), candidates as (
    select c.*, a.query from asked a cross join lateral (
      select m.chat_session_id, m.message_id, m.lexemes from {schema}.message_search m
       where m.lexemes @@ a.query and m.scope_id = a.scope_id order by m.message_id desc limit 2000) c
     order by c.message_id desc limit 2000
  )
  select c.chat_session_id, c.message_id, ts_rank(c.lexemes, c.query) as rank
    from candidates c order by rank desc, c.message_id desc limit least(most, 200)
$$;
alter function {schema}.search_messages(uuid[], text[], int) owner to {search};
revoke all on function {schema}.search_messages(uuid[], text[], int) from public;
grant execute on function {schema}.search_messages(uuid[], text[], int) to {app}, {worker};

-- Moves a chat of the context's own person out of one scope into another: back into their personal one, or into a new one, with the readers
-- that there were and the given ones, without the given others. From here on the context reaches the new scope as well. Answers the
-- readers whom this concerns; nothing where the chat is not there.
create function {schema}.move_chat(chat_id uuid, from_scope uuid, to_scope uuid, scope_key bytea, chat_key bytea, description bytea,
  add_people uuid[], without uuid[]) returns setof uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_variable
begin
  perform from {schema}.chat_session c
    where c.id = chat_id and c.scope_id = from_scope and (to_scope = {user_id} or c.temporary_until is null) for update;
  if not found or from_scope = to_scope then
    return;
  end if;
  if to_scope <> {user_id} then
    insert into {schema}.scope (id, kind, owner_id) values (to_scope, 'chat', {user_id});
    insert into {schema}.scope_member (scope_id, user_id, role) values (to_scope, {user_id}, 'owner');
    insert into {schema}.scope_key (scope_id, version, wrapped) values (to_scope, 1, scope_key);
    -- Held, so that whoever leaves meanwhile is not taken along.
    insert into {schema}.scope_member (scope_id, user_id, role)
      select to_scope, m.user_id, m.role from {schema}.scope_member m
       where m.scope_id = from_scope and m.user_id <> {user_id} and m.user_id <> all(without) for update;
    perform {schema}.let_in(to_scope, add_people);
    perform set_config('app.read_scopes', array_append({read_scopes}, to_scope)::text, true),
            set_config('app.write_scopes', array_append({write_scopes}, to_scope)::text, true),
            set_config('app.manage_scopes', array_append({manage_scopes}, to_scope)::text, true);
  end if;
  update {schema}.chat_session c set scope_id = to_scope, wrapped_key = chat_key, description = move_chat.description where c.id = chat_id;
  return query select m.user_id from {schema}.scope_member m where m.scope_id in (from_scope, to_scope) and m.user_id <> {user_id};
end $$;
alter function {schema}.move_chat(uuid, uuid, uuid, bytea, bytea, bytea, uuid[], uuid[]) owner to {auth};
revoke all on function {schema}.move_chat(uuid, uuid, uuid, bytea, bytea, bytea, uuid[], uuid[]) from public;
grant execute on function {schema}.move_chat(uuid, uuid, uuid, bytea, bytea, bytea, uuid[], uuid[]) to {app};

-- Lets more people into the scope of a chat of the context's own person, and tells those who are in it. Answers who can read it then;
-- nothing where it is not there.
create function {schema}.add_readers(chat_id uuid, to_scope uuid, people uuid[]) returns setof uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_variable
begin
  perform from {schema}.chat_session c where c.id = chat_id and c.scope_id = to_scope and to_scope <> {user_id} for update;
  if not found then
    return;
  end if;
  perform {schema}.let_in(to_scope, people);
  perform {schema}.note_happening(to_scope, 'chat.changed', chat_id, null);
  return query select m.user_id from {schema}.scope_member m where m.scope_id = to_scope;
end $$;
alter function {schema}.add_readers(uuid, uuid, uuid[]) owner to {auth};
revoke all on function {schema}.add_readers(uuid, uuid, uuid[]) from public;
grant execute on function {schema}.add_readers(uuid, uuid, uuid[]) to {app};

-- Whoever reads a chat no more keeps nothing of it: neither which of its branches they were shown nor what they had begun to type. What
-- others began at its id stays, so that it tells them nothing.
create function {schema}.forget_readers() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  readers uuid[] := array(select m.user_id from {schema}.scope_member m where m.scope_id = old.scope_id
    except select m.user_id from {schema}.scope_member m where m.scope_id = new.scope_id);
begin
  delete from {schema}.branch b where b.chat_session_id = new.id and b.user_id = any(readers);
  delete from {schema}.branch_choice c where c.chat_session_id = new.id and c.user_id = any(readers);
  delete from {schema}.draft d where d.place in (new.id::text, new.id::text || '.edit') and d.user_id = any(readers);
  return null;
end $$;
alter function {schema}.forget_readers() owner to {auth};
revoke all on function {schema}.forget_readers() from public;
create trigger forget_readers after update of scope_id on {schema}.chat_session
  for each row when (old.scope_id <> new.scope_id) execute function {schema}.forget_readers();

-- A reader goes by themself: their own memberships of chats' scopes, with what is theirs of those chats, and nothing of anybody else's. Who
-- stays is told.
create function {schema}.leave_chats(chat_ids uuid[], chat_scopes uuid[]) returns setof uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform from {schema}.scope_member m
    where m.scope_id = any(leave_chats.chat_scopes) and m.user_id = {user_id} and m.scope_id = any({read_scopes}) order by m.scope_id for update;
  -- One that was moving has taken them along, and they are to look again.
  if exists (select from {schema}.scope s where s.id = any(leave_chats.chat_scopes) and s.id = any({read_scopes}) and s.left_at is not null) then
    raise exception 'a chat has moved' using errcode = 'serialization_failure';
  end if;
  return query with ended as (
    delete from {schema}.scope_member m
     where m.scope_id = any(leave_chats.chat_scopes) and m.user_id = {user_id} and m.role <> 'owner' and m.scope_id = any({read_scopes})
       and {tenant_setting} = '{tenant_id}'
    returning m.scope_id
  ), chat as (
    select given.id, scope_id from unnest(leave_chats.chat_ids, leave_chats.chat_scopes) given (id, scope_id) join ended using (scope_id)
  ), forgotten as (
    delete from {schema}.branch b where b.chat_session_id in (select id from chat) and b.user_id = {user_id}
  ), forgotten_choices as (
    delete from {schema}.branch_choice c where c.chat_session_id in (select id from chat) and c.user_id = {user_id}
  ), forgotten_drafts as (
    delete from {schema}.draft d
     where d.user_id = {user_id} and d.place in (select id::text from chat union all select id::text || '.edit' from chat)
  )
  select chat.scope_id from chat, {schema}.note_happening(chat.scope_id, 'chat.changed', chat.id, null);
end $$;
alter function {schema}.leave_chats(uuid[], uuid[]) owner to {auth};
revoke all on function {schema}.leave_chats(uuid[], uuid[]) from public;
grant execute on function {schema}.leave_chats(uuid[], uuid[]) to {app};
-- Besides those of an account that nobody joined, as 0013 has it.
alter policy never_joined on {schema}.scope_member
  using (user_id = {user_id} and role <> 'owner'
    or exists (select from {schema}."user" u where u.id = scope_id and u.time_joined is null));

-- A scope that its chat has left, or that lost it for good, is let go of: at once by its owner, and by the next clean-up. Nothing is in it,
-- so nobody who writes relies on it.
create function {schema}.mark_left() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  update {schema}.scope s set left_at = now() where s.id = old.scope_id and s.kind = 'chat';
  return null;
end $$;
alter function {schema}.mark_left() owner to {auth};
revoke all on function {schema}.mark_left() from public;
create trigger mark_left after delete on {schema}.chat_session
  for each row when (old.scope_id <> old.user_id) execute function {schema}.mark_left();
create trigger mark_left_by_move after update of scope_id on {schema}.chat_session
  for each row when (old.scope_id <> old.user_id and old.scope_id <> new.scope_id) execute function {schema}.mark_left();
-- In the order in which `enter` takes memberships, so that nobody waits in a circle.
create function {schema}.drop_left_scopes() returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  left_scope uuid;
begin
  for left_scope in
    select s.id from {schema}.scope s where s.owner_id = {user_id} and s.left_at is not null and {tenant_setting} = '{tenant_id}'
     order by s.id for no key update skip locked
  loop
    delete from {schema}.scope s where s.id = left_scope;
  end loop;
end $$;
alter function {schema}.drop_left_scopes() owner to {auth};
-- Who writes at this moment may have entered before it was left, and is not waited for any longer.
alter function {schema}.drop_left_scopes() set lock_timeout = '2s';
revoke all on function {schema}.drop_left_scopes() from public;
grant execute on function {schema}.drop_left_scopes() to {app};
create policy due on {schema}.scope to {worker} using ({job_kind} = 'clean_up' and left_at is not null);
-- It finds them by their place, and reads none of them; nor does any other job.
revoke select on {schema}.scope from {worker};
grant select (ctid) on {schema}.scope to {worker};

-- `enter`, as in 0009, but for scopes that their chats have left: who is in one is no acquaintance any more, and whoever writes does not
-- hold on to it, so that it can go. Nor do they to what they only read, which no write rests on: they may leave it meanwhile. The
-- others they hold in order.
create or replace function {schema}.enter(token_hash bytea, for_write boolean,
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
    perform from {schema}.scope_member m where m.user_id = who.user_id and m.role <> 'viewer' and not exists (
      select from {schema}.scope s where s.id = m.scope_id and s.left_at is not null) order by m.scope_id for share of m;
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
      from {schema}.scope_member own join {schema}.scope s on s.id = own.scope_id and s.left_at is null
      join {schema}.scope_member other on other.scope_id = own.scope_id
     where own.user_id = who.user_id and not who.restricted;
  end if;
  perform set_config('app.tenant_id', '{tenant_id}', true), set_config('app.user_id', user_id::text, true),
          set_config('app.role', role, true), set_config('app.session_id', session_id::text, true),
          set_config('app.read_scopes', read_scopes::text, true), set_config('app.write_scopes', write_scopes::text, true),
          set_config('app.manage_scopes', manage_scopes::text, true),
          set_config('app.directory', who.directory, true), set_config('app.known_people', coalesce(known::text, '{}'), true),
          case when not for_write then set_config('transaction_read_only', 'on', true) end;
end $$;

-- `enter_job`, as before, and: for a chat that others can read only that chat's own scope is read, so that no answer in it says what all of
-- its readers may not know; and an erasure is of all scopes that are the person's.
create or replace function {schema}.enter_job(job_id uuid, for_write boolean,
  out user_id uuid, out role text, out scope_id uuid, out object_id uuid, out read_scopes uuid[], out write_scopes uuid[])
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  work record;
  object_scopes uuid[] := '{}';
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
    perform from {schema}.scope_member m where m.user_id = work.user_id and m.role <> 'viewer' and not exists (
      select from {schema}.scope s where s.id = m.scope_id and s.left_at is not null) order by m.scope_id for share of m;
  end if;
  user_id := work.user_id;
  role := work.role;
  scope_id := work.scope_id;
  object_id := work.object_id;
  select coalesce(array_agg(m.scope_id) filter (
           where work.kind <> 'generation' or work.scope_id = work.user_id or m.scope_id = work.scope_id), '{}'),
         coalesce(array_agg(m.scope_id) filter (where m.role <> 'viewer' and m.scope_id = work.scope_id), '{}')
    into read_scopes, write_scopes
    from {schema}.scope_member m where m.user_id = work.user_id;
  if for_write and work.user_id is not null and write_scopes = '{}' then
    raise exception 'no right to the object' using errcode = 'SX403';
  end if;
  if work.kind = 'erasure' then
    object_scopes := array(select s.id from {schema}.scope s where s.owner_id = work.object_id) || work.object_id;
  end if;
  perform set_config('app.tenant_id', '{tenant_id}', true), set_config('app.user_id', coalesce(user_id::text, ''), true),
          set_config('app.role', coalesce(role, ''), true), set_config('app.job_id', enter_job.job_id::text, true),
          set_config('app.job_kind', work.kind, true), set_config('app.object_id', coalesce(object_id::text, ''), true),
          set_config('app.read_scopes', read_scopes::text, true), set_config('app.write_scopes', write_scopes::text, true),
          set_config('app.manage_scopes', '{}', true), set_config('app.object_scopes', object_scopes::text, true);
end $$;

-- What an erasure removes, as 0015 has it, and in all of the person's scopes. In those of others it ends their memberships.
do $$
declare
  of_person record;
begin
  for of_person in
    select p.polrelid::regclass::text as name from pg_policy p join pg_class c on c.oid = p.polrelid
     where p.polname = 'erased' and c.relnamespace = '{schema}'::regnamespace
       and pg_get_expr(p.polqual, p.polrelid) ~ 'scope_id = '
  loop
    execute format($policy$alter policy erased on %s using ({job_kind} = 'erasure' and scope_id = any({object_scopes}))$policy$, of_person.name);
  end loop;
end $$;
alter policy erased on {schema}.scope using ({job_kind} = 'erasure' and id = any({object_scopes}));
alter policy erased on {schema}.scope_member using ({job_kind} = 'erasure' and (user_id = {object_id} or scope_id = any({object_scopes})));
-- The keys of all of them go first.
create or replace function {schema}.erase(most int, backups_kept_days int, finish boolean) returns table (name text, removed int)
language plpgsql set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
  if {job_kind} is distinct from 'erasure' then
    raise exception 'no such job' using errcode = 'SX403';
  end if;
  if exists (select from {schema}.erasure e where e.user_id = {object_id} and e.key_destroyed_at is null) then
    delete from {schema}.scope_key k where k.scope_id = any({object_scopes});
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
    -- A message takes those that follow it along, one within the other and uncounted: so the last go first.
    execute format('delete from {schema}.%I where ctid = any(array(select ctid from {schema}.%1$I %s limit $1))',
      name, case name when 'chat_message' then 'order by depth desc' else '' end) using most;
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
