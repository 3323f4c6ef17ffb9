-- Turns: whoever writes under a session shares its turn, and whoever ends it waits for one alone. Locks on rows are not enough: those
-- who share a row are let in past somebody who waits to have it, so that a login could not be ended while it writes without a pause.
-- Turns are taken in the order in which they are asked for. There are 256 of an organisation, by the last byte of a session's id, so that
-- ending all of its sessions takes no more locks than that.
create function {schema}.take_turns(session_ids uuid[]) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  turn int;
begin
  for turn in select distinct get_byte(uuid_send(id), 15) from unnest(session_ids) as id order by 1 loop
    perform pg_advisory_xact_lock(hashtext('{tenant_id}'), turn);
  end loop;
end $$;
revoke all on function {schema}.take_turns(uuid[]) from public;
grant execute on function {schema}.take_turns(uuid[]) to {auth};

-- `enter`, as in 0006, and for writing with a shared turn, in front of the rows that it relies on.
create or replace function {schema}.enter(token_hash bytea, for_write boolean,
  out user_id uuid, out role text, out session_id uuid, out expires_at timestamptz,
  out read_scopes uuid[], out write_scopes uuid[], out manage_scopes uuid[],
  out abilities text[], out is_unseen boolean, out is_proven boolean)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  who record;
begin
  select s.id as session_id, s.user_id, u.role, s.expires_at, s.abilities, t.retires_at, t.seen_at is null as is_unseen,
         coalesce(t.proven_at + make_interval(secs => s.proof_good_for_s) > now(), false) as is_proven
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
      where s.id = who.session_id and s.revoked_at is null and u.status = 'active' and u.role = who.role for share of s, u;
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
    perform from {schema}.scope_member m where m.user_id = who.user_id for share;
  end if;
  user_id := who.user_id;
  role := case when 'admin' = any(who.abilities) or who.abilities is null then who.role else 'user' end;
  session_id := who.session_id;
  expires_at := who.expires_at;
  abilities := who.abilities;
  is_unseen := who.is_unseen;
  is_proven := who.is_proven;
  select coalesce(array_agg(m.scope_id) filter (where who.abilities is null or who.abilities && array['read', 'chat']), '{}'),
         coalesce(array_agg(m.scope_id) filter (where m.role <> 'viewer' and (who.abilities is null or 'chat' = any(who.abilities))), '{}'),
         coalesce(array_agg(m.scope_id) filter (where m.role in ('manager', 'owner') and who.abilities is null), '{}')
    into read_scopes, write_scopes, manage_scopes
    from {schema}.scope_member m where m.user_id = who.user_id;
  perform set_config('app.tenant_id', '{tenant_id}', true), set_config('app.user_id', user_id::text, true),
          set_config('app.role', role, true), set_config('app.session_id', session_id::text, true),
          set_config('app.read_scopes', read_scopes::text, true), set_config('app.write_scopes', write_scopes::text, true),
          set_config('app.manage_scopes', manage_scopes::text, true),
          case when not for_write then set_config('transaction_read_only', 'on', true) end;
end $$;
