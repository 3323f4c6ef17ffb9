-- What people show of themselves, and whom they may ask about all of it.

-- Pictures, sealed under the organisation's key. Whoever is shown a person is shown their picture; nobody but the person changes it.
create table {schema}.picture (
  user_id uuid not null,
  scope_id uuid not null,
  -- Another one for each picture: it says nothing of what is in it.
  version uuid not null,
  content bytea not null,
  time_changed timestamptz not null default now(),
  constraint picture_pkey primary key (user_id),
  constraint picture_user foreign key (user_id) references {schema}."user" (id) on delete cascade,
  constraint picture_scope foreign key (scope_id) references {schema}.scope (id) on delete cascade,
  constraint picture_personal check (scope_id = user_id)
);
{wall picture}
-- The one policy that looks something up: people by their own policies, so that the two never say different things.
create policy directory on {schema}.picture for select to {app}
  using (exists (select from {schema}."user" u where u.id = picture.user_id));
create policy reach_add on {schema}.picture for insert to {app} with check (scope_id = any({write_scopes}) and user_id = {user_id});
create policy reach_change on {schema}.picture for update to {app}
  using (scope_id = any({write_scopes}) and user_id = {user_id}) with check (scope_id = any({write_scopes}) and user_id = {user_id});
create policy reach_remove on {schema}.picture for delete to {app} using (scope_id = any({write_scopes}) and user_id = {user_id});
grant select, insert, delete on {schema}.picture to {app};
grant update (version, content, time_changed) on {schema}.picture to {app};

-- Whom to ask about privacy, sealed under the organisation's key; one row, in which there is nobody at first.
create table {schema}.privacy_contact (
  id uuid not null,
  contact bytea,
  constraint privacy_contact_pkey primary key (id)
);
insert into {schema}.privacy_contact (id) values ('{tenant_id}');
{wall privacy_contact}
create policy known on {schema}.privacy_contact for select to {app} using (true);
create policy admin_change on {schema}.privacy_contact for update to {app} using ({role} = 'admin') with check ({role} = 'admin');
grant select, update (contact) on {schema}.privacy_contact to {app};
