-- The search index: no text in it, only words keyed by their scope. `@@` is not leakproof, so under row security its index would
-- not be used; therefore the app has no rights here, and two functions of the search role filter by the context themselves.
create table {schema}.message_search (
  chat_session_id uuid not null,
  message_id uuid not null,
  scope_id uuid not null,
  lexemes tsvector not null,
  constraint message_search_pkey primary key (chat_session_id, message_id),
  constraint message_search_message foreign key (chat_session_id, message_id, scope_id)
    references {schema}.chat_message (chat_session_id, id, scope_id) on delete cascade
);
create index message_search_lexemes_idx on {schema}.message_search using gin (lexemes);
{wall message_search}
create policy index_owner on {schema}.message_search to {search} using (true);
grant select, insert on {schema}.message_search to {search};

-- Adds a message to the index, if the context may write its scope. Lexemes come as the text form of a tsvector.
create function {schema}.index_message(chat_id uuid, message_id uuid, scope_id uuid, lexemes text) returns boolean
language sql security definer set search_path = pg_catalog, pg_temp as $$
  insert into {schema}.message_search (chat_session_id, message_id, scope_id, lexemes)
  select index_message.chat_id, index_message.message_id, index_message.scope_id, index_message.lexemes::tsvector
   where {tenant_setting} = '{tenant_id}' and index_message.scope_id = any({write_scopes})
  returning true
$$;
alter function {schema}.index_message(uuid, uuid, uuid, text) owner to {search};
revoke all on function {schema}.index_message(uuid, uuid, uuid, text) from public;
grant execute on function {schema}.index_message(uuid, uuid, uuid, text) to {app}, {worker};

-- Ids of the messages that match any of the keyed words, best first, from the scopes of the context. Of very common words only the
-- newest 2,000 matches are ranked.
create function {schema}.search_messages(query text, most int) returns table (chat_session_id uuid, message_id uuid, rank real)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with candidates as (
    select m.chat_session_id, m.message_id, m.lexemes from {schema}.message_search m
     where m.lexemes @@ query::tsquery and m.scope_id = any({read_scopes}) and {tenant_setting} = '{tenant_id}'
     order by m.message_id desc limit 2000
  )
  select c.chat_session_id, c.message_id, ts_rank(c.lexemes, query::tsquery) as rank
    from candidates c order by rank desc, c.message_id desc limit least(most, 200)
$$;
alter function {schema}.search_messages(text, int) owner to {search};
revoke all on function {schema}.search_messages(text, int) from public;
grant execute on function {schema}.search_messages(text, int) to {app}, {worker};
