-- The tree of a chat: how deep each message lies, which branch a person was last shown, and chats that were begun as a copy of another.

-- How many messages lead to this one. It makes long paths addressable, and cycles impossible: the reference to the parent carries its
-- depth, so whatever a row says of itself, it lies one deeper than what it follows.
-- Besides its parent a message names one further up that leads to it, so that whoever looks for a depth takes a few steps where there
-- are thousands of messages between. How far up, its depth says: as far again as two such steps of the same length lead from its parent,
-- or else to the parent.
alter table {schema}.chat_message no force row level security;
alter table {schema}.chat_message add column depth int not null default 0, add column jump_id uuid;
with recursive way as (
  select m.chat_session_id, m.id, array[m.id] as jumps, array[0] as depths from {schema}.chat_message m where m.parent_id is null
  union all
  select m.chat_session_id, m.id, m.id || case when up.is_double then way.jumps[3:] else way.jumps end,
         way.depths[1] + 1 || case when up.is_double then way.depths[3:] else way.depths end
    from way
    join {schema}.chat_message m on m.chat_session_id = way.chat_session_id and m.parent_id = way.id
    cross join lateral (select way.depths[1] - way.depths[2] = way.depths[2] - way.depths[3] as is_double) up
)
update {schema}.chat_message m set depth = way.depths[1], jump_id = way.jumps[2]
  from way where m.chat_session_id = way.chat_session_id and m.id = way.id and way.depths[1] > 0;
alter table {schema}.chat_message
  add column parent_depth int generated always as (case when depth > 0 then depth - 1 end) stored,
  add constraint chat_message_depth check (case when parent_id is null then depth = 0 else depth > 0 end),
  add constraint chat_message_at_depth unique (chat_session_id, id, depth),
  drop constraint chat_message_parent,
  add constraint chat_message_parent foreign key (chat_session_id, parent_id, parent_depth)
    references {schema}.chat_message (chat_session_id, id, depth) on delete cascade;
alter table {schema}.chat_message force row level security;
-- Whatever a row says of it. Also where other triggers are off: one who trusts it would be led astray.
create function {schema}.point_up() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan as $$
begin
  new.jump_id := null;
  if new.parent_id is not null then
    select case when up.depth - one.depth = one.depth - two.depth then two.id else up.id end into new.jump_id
      from {schema}.chat_message up
      left join {schema}.chat_message one on one.chat_session_id = up.chat_session_id and one.id = up.jump_id
      left join {schema}.chat_message two on two.chat_session_id = one.chat_session_id and two.id = one.jump_id
     where up.chat_session_id = new.chat_session_id and up.id = new.parent_id;
  end if;
  return new;
end $$;
revoke all on function {schema}.point_up() from public;
create trigger point_up before insert on {schema}.chat_message for each row execute function {schema}.point_up();
alter table {schema}.chat_message enable always trigger point_up;

-- Versions are what follows the same message; by id they stand in the order in which they were made.
drop index {schema}.chat_message_parent_idx;
create index chat_message_parent_idx on {schema}.chat_message (chat_session_id, parent_id, id) include (scope_id);

-- The branch of a chat that a person was last shown, by its end, and at each fork on it the version. It is theirs alone, in whichever
-- scope the chat is, so it is in their personal scope. It refers to nothing, as drafts do, and goes with its chat by a trigger.
create table {schema}.branch (
  chat_session_id uuid not null,
  user_id uuid not null,
  scope_id uuid not null,
  leaf_id uuid not null,
  constraint branch_pkey primary key (chat_session_id, user_id),
  constraint branch_user foreign key (user_id) references {schema}."user" (id),
  constraint branch_scope foreign key (scope_id) references {schema}.scope (id),
  constraint branch_personal check (scope_id = user_id)
);
{wall branch}
-- What was chosen among the versions that follow a message, or among the first questions, of which the chat itself is the fork.
create table {schema}.branch_choice (
  chat_session_id uuid not null,
  user_id uuid not null,
  fork_id uuid not null,
  scope_id uuid not null,
  message_id uuid not null,
  constraint branch_choice_pkey primary key (chat_session_id, user_id, fork_id),
  constraint branch_choice_user foreign key (user_id) references {schema}."user" (id),
  constraint branch_choice_scope foreign key (scope_id) references {schema}.scope (id),
  constraint branch_choice_personal check (scope_id = user_id)
);
{wall branch_choice}
do $$
declare
  name text;
begin
  foreach name in array array['branch', 'branch_choice'] loop
    execute format($policy$create policy reach_read on {schema}.%I for select to {app}
      using (case when scope_id = any({read_scopes}) and user_id = {user_id} then true end)$policy$, name);
    execute format($policy$create policy reach_add on {schema}.%I for insert to {app}
      with check (scope_id = any({write_scopes}) and user_id = {user_id})$policy$, name);
    execute format($policy$create policy reach_change on {schema}.%I for update to {app}
      using (scope_id = any({write_scopes}) and user_id = {user_id}) with check (scope_id = any({write_scopes}) and user_id = {user_id})$policy$, name);
    execute format($policy$create policy exported on {schema}.%I for select to {worker} using ({job_kind} = 'export' and user_id = {user_id})$policy$, name);
    execute format($policy$create policy erased on {schema}.%I to {worker} using ({job_kind} = 'erasure' and scope_id = {object_id})$policy$, name);
    execute format($policy$create policy door on {schema}.%I to {auth} using (true)$policy$, name);
    execute format('grant select, insert on {schema}.%I to {app}', name);
    execute format('grant select, delete on {schema}.%I to {worker}', name);
    execute format('grant select (chat_session_id, user_id), delete on {schema}.%I to {auth}', name);
  end loop;
end $$;
grant update (leaf_id) on {schema}.branch to {app};
grant update (message_id) on {schema}.branch_choice to {app};
create function {schema}.forget_branches() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  delete from {schema}.branch b where b.chat_session_id = old.id;
  delete from {schema}.branch_choice c where c.chat_session_id = old.id;
  return null;
end $$;
alter function {schema}.forget_branches() owner to {auth};
revoke all on function {schema}.forget_branches() from public;
create trigger forget_branches after delete on {schema}.chat_session for each row execute function {schema}.forget_branches();

-- The functions on the tree run with the rights and in the context of whoever calls them: they see and change what row security lets
-- them, and answer ids, not content. They are planned anew each time: a plan that was made while the table was
-- small reads more than one row for each step, and paths are long. `offset 0` has each step look one row up.

-- Of the path to a message what lies at a depth and above it, the deepest first, `most` at most: each with its number among its versions,
-- how many they are, and those on both sides of it. It goes up by the longest steps that lead to the depth, then by one each.
create function {schema}.message_path(of_chat uuid, leaf uuid, top int, most int)
returns table (id uuid, number int, total int, previous_id uuid, next_id uuid)
language sql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan as $$
  with recursive jump as (
    select m.id, m.parent_id, m.jump_id, m.depth from {schema}.chat_message m where m.chat_session_id = of_chat and m.id = leaf
    union all
    select up.* from jump cross join lateral (
      select m.id, m.parent_id, m.jump_id, m.depth from {schema}.chat_message m
       where m.chat_session_id = of_chat and m.id in (jump.parent_id, jump.jump_id) and m.depth >= top order by m.depth limit 1
    ) up where jump.depth > top
  ), way as (
    select jump.id, jump.parent_id, jump.depth from jump where jump.depth <= top
    union all
    select up.id, up.parent_id, up.depth from way cross join lateral (
      select m.id, m.parent_id, m.depth from {schema}.chat_message m where m.chat_session_id = of_chat and m.id = way.parent_id offset 0
    ) up where way.depth > greatest(top - most + 1, 0)
  )
  select way.id, versions.number, versions.total, versions.previous::uuid, versions.next::uuid
    from way cross join lateral (
      select (count(*) filter (where s.id <= way.id))::int as number, count(*)::int as total,
             max(s.id::text collate "C") filter (where s.id < way.id) as previous,
             min(s.id::text collate "C") filter (where s.id > way.id) as next
        from (
          select m.id from {schema}.chat_message m where m.chat_session_id = of_chat and m.parent_id = way.parent_id
          union all
          select m.id from {schema}.chat_message m where way.parent_id is null and m.chat_session_id = of_chat and m.parent_id is null
        ) s
    ) versions
   order by way.depth desc
$$;

-- The end of a branch: the one through a message, or else the one last shown, or else the one with the newest message. Where the one last
-- shown leads through the message it is that. Below its beginning it goes by the version that was chosen at each fork, or the newest.
create function {schema}.message_leaf(of_chat uuid, through uuid) returns table (id uuid, depth int)
language sql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan as $$
  with recursive way as (
    select beginning.id, 0 as step from (
      select coalesce(
        (select m.id from {schema}.branch b join {schema}.chat_message m on m.chat_session_id = b.chat_session_id and m.id = b.leaf_id
          where b.chat_session_id = of_chat and b.user_id = {user_id}
            and (through is null or through = (
              select p.id from {schema}.chat_message t cross join {schema}.message_path(of_chat, m.id, t.depth, 1) p
               where t.chat_session_id = of_chat and t.id = through))),
        through,
        (select m.id from {schema}.chat_message m where m.chat_session_id = of_chat order by m.id desc limit 1)) as id
    ) beginning
    union all
    select next.id, way.step + 1 from way cross join lateral (
      select coalesce(
        (select m.id from {schema}.branch_choice c
           join {schema}.chat_message m on m.chat_session_id = of_chat and m.id = c.message_id and m.parent_id = way.id
          where c.chat_session_id = of_chat and c.user_id = {user_id} and c.fork_id = way.id),
        (select m.id from {schema}.chat_message m where m.chat_session_id = of_chat and m.parent_id = way.id order by m.id desc limit 1)) as id
    ) next where next.id is not null
  )
  select m.id, m.depth from (select way.id from way order by way.step desc limit 1) leaf
    join {schema}.chat_message m on m.chat_session_id = of_chat and m.id = leaf.id
$$;

-- Has the branch that ends at a message be the one last shown, with the version at each of its forks. What the one before had in common
-- with it is remembered already. One at a time for a person and a chat: the row of the branch is held first.
create function {schema}.show_branch(of_chat uuid, leaf uuid) returns void
language plpgsql set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan as $$
declare
  before uuid;
begin
  insert into {schema}.branch (chat_session_id, user_id, scope_id, leaf_id) values (of_chat, {user_id}, {user_id}, leaf) on conflict do nothing;
  if not found then
    select b.leaf_id into before from {schema}.branch b where b.chat_session_id = of_chat and b.user_id = {user_id} for update;
    update {schema}.branch b set leaf_id = leaf where b.chat_session_id = of_chat and b.user_id = {user_id};
  end if;
  insert into {schema}.branch_choice (chat_session_id, user_id, scope_id, fork_id, message_id)
    with recursive way as (
      select m.id, m.parent_id from {schema}.chat_message m where m.chat_session_id = of_chat and m.id = leaf and m.id is distinct from before
      union all
      select up.id, up.parent_id from way cross join lateral (
        select m.id, m.parent_id from {schema}.chat_message m where m.chat_session_id = of_chat and m.id = way.parent_id offset 0
      ) up where up.id is distinct from before
    )
    select of_chat, {user_id}, {user_id}, coalesce(way.parent_id, of_chat), way.id from way
     where exists (select from {schema}.chat_message m where m.chat_session_id = of_chat and m.parent_id = way.parent_id and m.id <> way.id)
        or way.parent_id is null
       and exists (select from {schema}.chat_message m where m.chat_session_id = of_chat and m.parent_id is null and m.id <> way.id)
  on conflict (chat_session_id, user_id, fork_id) do update set message_id = excluded.message_id;
end $$;
revoke all on function {schema}.message_leaf(uuid, uuid), {schema}.message_path(uuid, uuid, int, int), {schema}.show_branch(uuid, uuid) from public;
grant execute on function {schema}.message_leaf(uuid, uuid), {schema}.show_branch(uuid, uuid) to {app};
grant execute on function {schema}.message_path(uuid, uuid, int, int) to {app}, {worker};

-- A chat that began as a copy of another's path. Where it came from is a mark, no reference: what it was copied from may go.
alter table {schema}.chat_session
  add column forked_from uuid,
  add column forked_at uuid,
  add column idempotency_key uuid,
  add constraint chat_session_fork check (num_nulls(forked_from, forked_at) in (0, 2)),
  add constraint chat_session_begun_once unique (user_id, idempotency_key);
