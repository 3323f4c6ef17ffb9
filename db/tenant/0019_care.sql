-- Care of chats: pinned, archived, in the trash, temporary; and what people say of answers.

alter table {schema}.chat_session
  add column pinned boolean not null default false,
  add column archived boolean not null default false,
  add column temporary_until timestamptz,
  -- A temporary chat is in no list, so it can be put into none.
  add constraint chat_session_temporary check (
    temporary_until is null or not pinned and not archived and temporary_until <= time_created + interval '31 days');
grant update (pinned, archived, temporary_until) on {schema}.chat_session to {app};
-- A title that a model found, under the job of the answer.
grant update (description) on {schema}.chat_session to {worker};

-- Each list in the order in which it is shown.
drop index {schema}.chat_session_own_latest_idx;
create index chat_session_own_latest_idx on {schema}.chat_session (user_id, time_updated desc, id desc)
  where deleted_at is null and not archived and temporary_until is null;
create index chat_session_own_pinned_idx on {schema}.chat_session (user_id, time_updated desc, id desc)
  where pinned and deleted_at is null and not archived and temporary_until is null;
create index chat_session_own_archive_idx on {schema}.chat_session (user_id, time_updated desc, id desc)
  where archived and deleted_at is null and temporary_until is null;
create index chat_session_own_trash_idx on {schema}.chat_session (user_id, deleted_at desc, id desc)
  where deleted_at is not null and temporary_until is null;
-- And for exports, and a person's erasure.
create index chat_session_own_idx on {schema}.chat_session (user_id, id);

-- A temporary chat whose time is up is nobody's any more, whether or not it was removed already: without its row there is no key to its
-- messages. Those who remove it find it.
create policy temporary_ends on {schema}.chat_session as restrictive to {app}
  using (case when temporary_until is null or temporary_until > now() then true end) with check (true);
create policy temporary_ends_for_jobs on {schema}.chat_session as restrictive to {worker}
  using (case when temporary_until is null or temporary_until > now() or {job_kind} in ('clean_up', 'erasure') then true end) with check (true);
-- So is one that is past its time in the trash: whoever removes those takes their messages first, some at a time, and half a chat is
-- nobody's to restore.
create policy trash_ends on {schema}.chat_session as restrictive to {app}
  using (case when deleted_at is null or deleted_at > now() - interval '30 days' then true end) with check (true);
create policy trash_ends_for_jobs on {schema}.chat_session as restrictive to {worker}
  using (case when deleted_at is null or deleted_at > now() - interval '30 days' or {job_kind} in ('clean_up', 'erasure') then true end) with check (true);
-- Drafts of temporary chats, too.
alter table {schema}.draft add column ends_at timestamptz;
grant update (ends_at) on {schema}.draft to {app};
create policy temporary_ends on {schema}.draft as restrictive for select to {app}
  using (case when ends_at is null or ends_at > now() then true end);
create policy temporary_ends_for_jobs on {schema}.draft as restrictive for select to {worker}
  using (case when ends_at is null or ends_at > now() or {job_kind} in ('clean_up', 'erasure') then true end);
create policy due on {schema}.draft to {worker} using ({job_kind} = 'clean_up' and ends_at < now());
-- One that has ended is in nobody's way: whoever writes at its place again begins anew.
create function {schema}.make_room_for_draft() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  delete from {schema}.draft d where d.user_id = new.user_id and d.user_id = {user_id} and d.place = new.place and d.ends_at <= now();
  return new;
end $$;
alter function {schema}.make_room_for_draft() owner to {auth};
revoke all on function {schema}.make_room_for_draft() from public;
create trigger make_room before insert on {schema}.draft for each row execute function {schema}.make_room_for_draft();

-- What a person says of an answer: theirs alone, in whichever scope the chat is, and sealed whole.
create table {schema}.message_feedback (
  chat_session_id uuid not null,
  message_id uuid not null,
  user_id uuid not null,
  scope_id uuid not null,
  feedback bytea not null,
  time_updated timestamptz not null default now(),
  constraint message_feedback_pkey primary key (chat_session_id, message_id, user_id),
  constraint message_feedback_message foreign key (chat_session_id, message_id, scope_id)
    references {schema}.chat_message (chat_session_id, id, scope_id) on delete cascade,
  constraint message_feedback_user foreign key (user_id) references {schema}."user" (id)
);
create index message_feedback_user_idx on {schema}.message_feedback (user_id);
{wall message_feedback}
create policy reach_read on {schema}.message_feedback for select to {app}, {worker}
  using (case when scope_id = any({read_scopes}) and user_id = {user_id} then true end);
-- Of a chat that one only reads one says nothing, as one asks nothing in it.
create policy reach_add on {schema}.message_feedback for insert to {app} with check (scope_id = any({write_scopes}) and user_id = {user_id});
create policy reach_change on {schema}.message_feedback for update to {app}
  using (scope_id = any({write_scopes}) and user_id = {user_id}) with check (scope_id = any({write_scopes}) and user_id = {user_id});
create policy reach_remove on {schema}.message_feedback for delete to {app} using (scope_id = any({write_scopes}) and user_id = {user_id});
grant select, insert, delete on {schema}.message_feedback to {app};
grant update (feedback, time_updated) on {schema}.message_feedback to {app};
grant select, delete on {schema}.message_feedback to {worker};
create policy erased on {schema}.message_feedback to {worker} using ({job_kind} = 'erasure' and user_id = {object_id});

-- Erased with a chat is all that hangs on it. Only its author erases a chat, and only out of the trash.
alter table {schema}.chat_message
  drop constraint chat_message_chat,
  add constraint chat_message_chat foreign key (chat_session_id, scope_id)
    references {schema}.chat_session (id, scope_id) on delete cascade;
alter table {schema}.job
  drop constraint job_message,
  add constraint job_message foreign key (chat_session_id, message_id, scope_id)
    references {schema}.chat_message (chat_session_id, id, scope_id) on delete cascade;
create policy reach_remove on {schema}.chat_session for delete to {app}
  using (scope_id = any({write_scopes}) and user_id = {user_id} and deleted_at is not null);
grant delete on {schema}.chat_session to {app};

-- Drafts refer to no chat, so they are removed by their place: those of its author and its readers. From what others began at its id they
-- learn nothing.
create function {schema}.remove_drafts_of_chat() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  delete from {schema}.draft d where d.place in (old.id::text, old.id::text || '.edit')
    and (d.user_id = old.user_id or d.user_id in (select m.user_id from {schema}.scope_member m where m.scope_id = old.scope_id));
  return null;
end $$;
alter function {schema}.remove_drafts_of_chat() owner to {auth};
revoke all on function {schema}.remove_drafts_of_chat() from public;
create policy of_removed_chats on {schema}.draft to {auth} using (true);
grant select (user_id, place, ends_at), delete on {schema}.draft to {auth};
create trigger remove_drafts after delete on {schema}.chat_session
  for each row execute function {schema}.remove_drafts_of_chat();

-- Due thirty days after it was deleted, or when its time is up. The clean-up is shown those rows and may hold them, and changes none.
create policy due on {schema}.chat_session for delete to {worker}
  using ({job_kind} = 'clean_up' and (deleted_at < now() - interval '30 days' or temporary_until < now()));
create policy due_seen on {schema}.chat_session for select to {worker}
  using ({job_kind} = 'clean_up' and (deleted_at < now() - interval '30 days' or temporary_until < now()));
create policy due_held on {schema}.chat_session for update to {worker}
  using ({job_kind} = 'clean_up' and (deleted_at < now() - interval '30 days' or temporary_until < now())) with check (false);
-- Their messages go before them, some at a time: of a clean-up's context no other chat is seen.
create policy due_with_chat on {schema}.chat_message for delete to {worker}
  using ({job_kind} = 'clean_up' and exists (select from {schema}.chat_session c where c.id = chat_session_id));
create policy due_with_chat_seen on {schema}.chat_message for select to {worker}
  using ({job_kind} = 'clean_up' and exists (select from {schema}.chat_session c where c.id = chat_session_id));

-- Of which tables something may be due; jobs last, for they end what others are about.
drop function {schema}.clean_up(int);
create function {schema}.due_tables() returns table (name text)
language sql stable set search_path = pg_catalog, pg_temp as $$
  select c.relname::text from pg_policy p join pg_class c on c.oid = p.polrelid
   where p.polname = 'due' and c.relnamespace = '{schema}'::regnamespace order by c.relname = 'job', 1
$$;
-- Removes up to so many due rows of a table, with the rights and in the context of whoever calls it; answers how many, and whether there
-- may be more. Of chats up to so many messages as well, and only those that have none any more: however much somebody wrote, no
-- statement removes more than this. The deepest messages go first, since one takes those that follow it along, one within the other.
-- A chat is held before its messages go: one that somebody keeps or restores in its last moment is left whole.
create function {schema}.clean_up(of text, most int, out removed int, out more boolean)
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  messages int := 0;
  held uuid[];
begin
  if {job_kind} is distinct from 'clean_up' then
    raise exception 'no such job' using errcode = 'SX403';
  end if;
  if of = 'chat_session' then
    held := array(select c.id from {schema}.chat_session c limit most for update skip locked);
    delete from {schema}.chat_message where ctid = any(array(
      select m.ctid from unnest(held) chat cross join lateral (
        select m.ctid from {schema}.chat_message m where m.chat_session_id = chat order by m.depth desc limit most
      ) m limit most));
    get diagnostics messages = row_count;
  end if;
  execute format('delete from {schema}.%I where ctid = any(array(select ctid from {schema}.%1$I c %s limit $1))', of, case of
    when 'chat_session' then 'where c.id = any($2) and not exists (select from {schema}.chat_message m where m.chat_session_id = c.id)' end)
    using most, held;
  get diagnostics removed = row_count;
  more := greatest(removed, messages) = most;
end $$;
-- What somebody else holds is left to a later attempt, long before the statement would be given up.
alter function {schema}.clean_up(text, int) set lock_timeout = '5s';
revoke all on function {schema}.due_tables(), {schema}.clean_up(text, int) from public;
grant execute on function {schema}.due_tables(), {schema}.clean_up(text, int) to {worker};
