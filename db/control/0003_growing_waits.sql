-- Waits that grow: a key that may wait longer than one window waits twice as long each time it is filled again, up to its longest. That
-- is remembered until a quiet day has passed after the wait, or until it is cleared.
alter table control.attempt
  add column fills int not null default 0,
  add column kept_until timestamptz;
update control.attempt set kept_until = window_ends;
alter table control.attempt alter column kept_until set not null;
drop index control.attempt_window_idx;
create index attempt_kept_idx on control.attempt (kept_until);

-- As in 0002, with the longest wait of each key: that of a key whose longest is the window itself does not grow, and is what is left of it.
drop function control.count_attempt(bytea[], int[], int);
create function control.count_attempt(keys bytea[], most int[], longest_s int[], window_s int) returns int
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  one record;
begin
  perform set_config('synchronous_commit', 'off', true);
  for i in 1 .. cardinality(keys) loop
    insert into control.attempt as a (key, count, window_ends, kept_until)
      values (keys[i], 1, now() + make_interval(secs => window_s), now() + make_interval(secs => window_s))
      on conflict (key) do update
        set count = case when a.window_ends > now() then a.count + 1 else 1 end,
            window_ends = case when a.window_ends > now() then a.window_ends else excluded.window_ends end,
            fills = case when a.kept_until > now() then a.fills else 0 end,
            kept_until = greatest(a.kept_until, excluded.kept_until,
              case when a.fills > 0 and a.kept_until > now() then now() + interval '1 day' end)
        where a.window_ends <= now() or a.count < most[i]
      returning count, fills into one;
    if not found then
      perform control.give_attempt_back(keys[: i - 1], null);
      return (select greatest(1, ceil(extract(epoch from max(a.window_ends) - clock_timestamp())))
        from control.attempt a join unnest(keys, most) as k (key, most) using (key) where a.window_ends > now() and a.count >= k.most);
    end if;
    if longest_s[i] > window_s and one.count >= most[i] then
      update control.attempt a
        set fills = one.fills + 1,
            window_ends = now() + make_interval(secs => least(longest_s[i], window_s * 2 ^ least(one.fills, 30))),
            kept_until = now() + make_interval(secs => 86400 + least(longest_s[i], window_s * 2 ^ least(one.fills, 30)))
        where a.key = keys[i];
    end if;
  end loop;
  -- More than an attempt adds, so what is over goes as others come; a row that somebody holds is left to the next.
  delete from control.attempt where key = any (array(
    select a.key from control.attempt a where a.kept_until <= now() order by a.kept_until limit 10 for update skip locked));
  return null;
end $$;

revoke all on function control.count_attempt(bytea[], int[], int[], int) from public;
grant execute on function control.count_attempt(bytea[], int[], int[], int) to {auth};
