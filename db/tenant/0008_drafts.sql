-- Drafts of questions. A draft is its writer's alone, in whichever scope its chat is, so it is in their personal scope, whose id is
-- theirs. A place refers to nothing: whether there is such a chat is nobody's business here, and a chat that is gone takes no text along.
create table {schema}.draft (
  user_id uuid not null,
  place text not null,
  scope_id uuid not null,
  parent_id uuid,
  text bytea not null,
  time_updated timestamptz not null default now(),
  constraint draft_pkey primary key (user_id, place),
  constraint draft_user foreign key (user_id) references {schema}."user" (id),
  constraint draft_scope foreign key (scope_id) references {schema}.scope (id),
  constraint draft_personal check (scope_id = user_id),
  -- It is in the clear, so it has no room for anything that somebody typed.
  constraint draft_place check (place ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}([.]edit)?$')
);
{wall draft}
create policy reach_read on {schema}.draft for select to {app}
  using (case when scope_id = any({read_scopes}) and user_id = {user_id} then true end);
create policy reach_add on {schema}.draft for insert to {app} with check (scope_id = any({write_scopes}) and user_id = {user_id});
create policy reach_change on {schema}.draft for update to {app}
  using (scope_id = any({write_scopes}) and user_id = {user_id}) with check (scope_id = any({write_scopes}) and user_id = {user_id});
create policy reach_remove on {schema}.draft for delete to {app} using (scope_id = any({write_scopes}) and user_id = {user_id});
grant select, insert, delete on {schema}.draft to {app};
grant update (parent_id, text, time_updated) on {schema}.draft to {app};
