-- Counts of attempts that may fail (src/server/auth/limits.ts): they survive restarts, and all servers count in the same rows. A key is
-- an HMAC, under a key outside PostgreSQL, of who was tried and from which network: a row says neither.
create table control.attempt (
  key bytea not null,
  count int not null,
  window_ends timestamptz not null,
  constraint attempt_pkey primary key (key)
);
create index attempt_window_idx on control.attempt (window_ends);
grant select, insert, update, delete on control.attempt to {auth};

-- Counts an attempt under each key in turn and answers null, or how many seconds to wait where one of them is full; then it counts under
-- none. A full key ends it, so those behind it are not even made. Rows stay locked to the end: of parallel attempts none slips through.
-- Nobody waits for the disk: what a crash takes is the last fraction of a second.
create function control.count_attempt(keys bytea[], most int[], window_s int) returns int
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform set_config('synchronous_commit', 'off', true);
  for i in 1 .. cardinality(keys) loop
    insert into control.attempt as a values (keys[i], 1, now() + make_interval(secs => window_s))
      on conflict (key) do update
        set count = case when a.window_ends > now() then a.count + 1 else 1 end,
            window_ends = case when a.window_ends > now() then a.window_ends else excluded.window_ends end
        where a.window_ends <= now() or a.count < most[i];
    if not found then
      perform control.give_attempt_back(keys[: i - 1], null);
      return (select greatest(1, ceil(extract(epoch from max(a.window_ends) - clock_timestamp())))
        from control.attempt a join unnest(keys, most) as k (key, most) using (key) where a.window_ends > now() and a.count >= k.most);
    end if;
  end loop;
  -- More than an attempt adds, so what is over goes as others come; a row that somebody holds is left to the next.
  delete from control.attempt where key = any (array(
    select a.key from control.attempt a where a.window_ends <= now() order by a.window_ends limit 10 for update skip locked));
  return null;
end $$;

-- Takes one count back under each key, and every count under the one to clear. In the order of counting: in another, two could wait for
-- each other.
create function control.give_attempt_back(keys bytea[], clear bytea) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform set_config('synchronous_commit', 'off', true);
  for i in 1 .. cardinality(keys) loop
    update control.attempt a set count = a.count - 1 where a.key = keys[i];
    delete from control.attempt a where a.key = keys[i] and (a.count <= 0 or a.key = clear);
  end loop;
end $$;

revoke all on function control.count_attempt(bytea[], int[], int), control.give_attempt_back(bytea[], bytea) from public;
grant execute on function control.count_attempt(bytea[], int[], int), control.give_attempt_back(bytea[], bytea) to {auth};
