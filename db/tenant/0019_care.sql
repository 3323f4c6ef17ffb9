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
-- Its drafts, too.
alter table {schema}.draft add column ends_at timestamptz;
grant update (ends_at) on {schema}.draft to {app};
create policy temporary_ends on {schema}.draft as restrictive for select to {app}
  using (case when ends_at is null or ends_at > now() then true end);
create policy temporary_ends_for_jobs on {schema}.draft as restrictive for select to {worker}
  using (case when ends_at is null or ends_at > now() or {job_kind} = 'erasure' then true end);

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

-- Drafts refer to no chat, so they are removed by their place: those of its author, and of others who could read it.
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
grant select (user_id, place), delete on {schema}.draft to {auth};
create trigger remove_drafts after delete on {schema}.chat_session
  for each row execute function {schema}.remove_drafts_of_chat();

-- Due thirty days after it was deleted, or when its time is up. The clean-up is shown those rows and may change none of them.
create policy due on {schema}.chat_session for delete to {worker}
  using ({job_kind} = 'clean_up' and (deleted_at < now() - interval '30 days' or temporary_until < now()));
create policy due_seen on {schema}.chat_session for select to {worker}
  using ({job_kind} = 'clean_up' and (deleted_at < now() - interval '30 days' or temporary_until < now()));
