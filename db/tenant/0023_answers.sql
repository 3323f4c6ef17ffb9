-- Answers that are stopped through any server, and continued.

-- Somebody asked to stop it: its writer, wherever that is, sees so at its next checkpoint. All that people may change of a message.
alter table {schema}.chat_message add column stop_asked_at timestamptz;
create policy reach_stop on {schema}.chat_message for update to {app}
  using (scope_id = any({write_scopes}) and status = 'streaming') with check (scope_id = any({write_scopes}) and status = 'streaming');
grant update (stop_asked_at) on {schema}.chat_message to {app}, {worker};
-- The job that writes it: one that was thought dead, and finds that another has gone on meanwhile, changes nothing any more.
alter table {schema}.chat_message add column written_by uuid;
grant update (written_by) on {schema}.chat_message to {worker};

-- A continued answer has more words than when it was indexed. The scope stays in the condition: without it whoever knows an id could
-- replace the words of a message elsewhere.
grant update (lexemes) on {schema}.message_search to {search};
create or replace function {schema}.index_message(chat_id uuid, message_id uuid, scope_id uuid, lexemes text) returns boolean
language sql security definer set search_path = pg_catalog, pg_temp as $$
  insert into {schema}.message_search as known (chat_session_id, message_id, scope_id, lexemes)
  select index_message.chat_id, index_message.message_id, index_message.scope_id, index_message.lexemes::tsvector
   where {tenant_setting} = '{tenant_id}' and index_message.scope_id = any({write_scopes}) and {job_kind} is distinct from 'export'
  on conflict on constraint message_search_pkey do update set lexemes = excluded.lexemes where known.scope_id = excluded.scope_id
  returning true
$$;
