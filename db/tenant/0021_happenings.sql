-- What happened to chats and messages, and to who reaches them: ids and kinds, for the pages of those who may know of it. Triggers write
-- it down in the transaction in which it happens, so that no writer can forget it, and nobody who serves requests writes it otherwise.
-- It is ordered by what a reader has seen and not by a number: transactions that overlap are committed in another order than they take
-- numbers in, so a reader says which transactions it knew of (a snapshot), and is given those that it did not.
create table {schema}.happening (
  seq bigint generated always as identity,
  tx xid8 not null default pg_current_xact_id(),
  scope_id uuid not null,
  kind text not null,
  chat_session_id uuid,
  message_id uuid,
  time_created timestamptz not null default now(),
  constraint happening_pkey primary key (seq),
  constraint happening_scope foreign key (scope_id) references {schema}.scope (id) on delete cascade,
  constraint happening_kind check (kind in (
    'chat.created', 'chat.changed', 'chat.deleted', 'chat.restored', 'chat.left', 'chat.moved', 'chat.erased',
    'message.created', 'message.changed', 'answer.begun', 'answer.ended', 'access.changed'))
);
create index happening_scope_idx on {schema}.happening (scope_id, tx);
create index happening_tx_idx on {schema}.happening (tx);
{wall happening}
-- Deletions and moves are told in the scope that was left.
create policy reach_read on {schema}.happening for select to {app} using (scope_id = any({read_scopes}));
grant select on {schema}.happening to {app};
-- The triggers below add; a server looks where something happened, and learns no more than that.
create policy noted on {schema}.happening for insert to {auth} with check (true);
create policy door on {schema}.happening for select to {auth} using (true);
grant insert, select (scope_id, tx) on {schema}.happening to {auth};
create policy due on {schema}.happening to {worker} using ({job_kind} = 'clean_up' and time_created < now() - interval '2 days');
create policy erased on {schema}.happening to {worker} using ({job_kind} = 'erasure' and scope_id = {object_id});
grant select (ctid), delete on {schema}.happening to {worker};

-- Writes one down, and where, for whoever tells of it after the commit; a long list is looked up instead. Whoever is erased has no pages.
create function {schema}.note_happening(scope uuid, what text, chat uuid, message uuid) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  told text := coalesce(current_setting('app.happened', true), '');
begin
  if {job_kind} = 'erasure' and scope = {object_id} then
    return;
  end if;
  insert into {schema}.happening (scope_id, kind, chat_session_id, message_id) values (scope, what, chat, message);
  if length(told) < 4000 and strpos(told, scope::text) = 0 then
    perform set_config('app.happened', concat_ws(',', nullif(told, ''), scope), true);
  end if;
end $$;

-- Where a person puts a chat of theirs is told to them alone.
create function {schema}.note_chat() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  is_put boolean := false;
begin
  if tg_op = 'INSERT' then
    perform {schema}.note_happening(new.scope_id, 'chat.created', new.id, null);
  elsif tg_op = 'DELETE' then
    perform {schema}.note_happening(old.scope_id, 'chat.erased', old.id, null);
  elsif old.scope_id <> new.scope_id then
    perform {schema}.note_happening(old.scope_id, 'chat.left', new.id, null);
    perform {schema}.note_happening(new.scope_id, 'chat.moved', new.id, null);
  else
    if (old.pinned, old.archived) is distinct from (new.pinned, new.archived) then
      old.pinned := new.pinned;
      old.archived := new.archived;
      is_put := old is not distinct from new;
    end if;
    perform {schema}.note_happening(case when is_put then new.user_id else new.scope_id end,
      case when (old.deleted_at is null) = (new.deleted_at is null) then 'chat.changed'
           when new.deleted_at is null then 'chat.restored' else 'chat.deleted' end, new.id, null);
  end if;
  return null;
end $$;
create trigger happening_added after insert or delete on {schema}.chat_session for each row execute function {schema}.note_chat();
create trigger happening_changed after update on {schema}.chat_session for each row
  when (old.* is distinct from new.*) execute function {schema}.note_chat();

-- While an answer is being written its row only keeps how far it is, which its readers follow in another way; a move is told of the chat.
create function {schema}.note_message() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform {schema}.note_happening(new.scope_id,
    case when new.status = 'streaming' then 'answer.begun'
         when tg_op = 'INSERT' then 'message.created'
         when old.status = 'streaming' then 'answer.ended' else 'message.changed' end, new.chat_session_id, new.id);
  return null;
end $$;
create trigger happening_added after insert on {schema}.chat_message for each row execute function {schema}.note_message();
create trigger happening_changed after update on {schema}.chat_message for each row
  when (old.scope_id = new.scope_id and (old.status <> 'streaming' or new.status <> 'streaming')) execute function {schema}.note_message();

-- What somebody says of an answer is theirs, so it is told in their own scope, whose id is theirs.
create function {schema}.note_feedback() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  said record := case when tg_op = 'DELETE' then old else new end;
begin
  perform {schema}.note_happening(said.user_id, 'message.changed', said.chat_session_id, said.message_id);
  return null;
end $$;
create trigger happening_changed after insert or update or delete on {schema}.message_feedback
  for each row execute function {schema}.note_feedback();

-- Who comes to reach a scope, or reaches it no more, is told so in their own as well.
create function {schema}.note_access() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  member record := case when tg_op = 'DELETE' then old else new end;
begin
  if member.scope_id <> member.user_id then
    perform {schema}.note_happening(member.user_id, 'access.changed', null, null);
  end if;
  return null;
end $$;
create trigger happening_changed after insert or update or delete on {schema}.scope_member for each row execute function {schema}.note_access();

alter function {schema}.note_happening(uuid, text, uuid, uuid) owner to {auth};
alter function {schema}.note_chat() owner to {auth};
alter function {schema}.note_message() owner to {auth};
alter function {schema}.note_feedback() owner to {auth};
alter function {schema}.note_access() owner to {auth};
revoke all on function {schema}.note_happening(uuid, text, uuid, uuid), {schema}.note_chat(), {schema}.note_message() from public;
revoke all on function {schema}.note_feedback(), {schema}.note_access() from public;

-- What a reader has not been told: what was committed by transactions that are not in the snapshot given, with the snapshot up to which
-- it is now told, and of which database, since numbers of transactions mean nothing in another. Without a snapshot, only where to begin.
-- With the rights of whoever calls it. A crash, too, makes it another: numbers that were given to what came to nothing may be lost with what
-- was not yet written, and are given again. PostgreSQL then forgets its statistics, and remembers when.
create function {schema}.happened(since pg_snapshot, scopes uuid[], most int)
returns table (snapshot text, place text, at timestamptz, seq bigint, kind text, chat_session_id uuid, message_id uuid)
language sql stable set search_path = pg_catalog, pg_temp as $$
  select pg_current_snapshot()::text, (select system_identifier from pg_control_system()) || '.' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)
           || '.' || (select extract(epoch from stats_reset) from pg_stat_wal), now(), h.seq, h.kind, h.chat_session_id, h.message_id
    from (select) here
    left join lateral (
      select * from {schema}.happening h
       where h.scope_id = any(scopes) and h.tx >= pg_snapshot_xmin(since) and not pg_visible_in_snapshot(h.tx, since)
       order by h.seq limit most) h on true
$$;
revoke all on function {schema}.happened(pg_snapshot, uuid[], int) from public;
grant execute on function {schema}.happened(pg_snapshot, uuid[], int) to {app};
