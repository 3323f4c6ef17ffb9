-- People and those who look after them: from what to what a role changed, accounts that are recovered, what became of letters,
-- and whom an ordinary person sees.

alter table {schema}.security_event
  add column role_before text,
  add column role_after text,
  add constraint security_event_roles check (num_nulls(role_before, role_after) <> 1);

-- Somebody who cannot sign in is let in again: begun by an administrator or the operator, if factors are to go approved by another one,
-- and ended by the link that only the person's own mailbox gets. It is for the address at which it began.
create table {schema}.recovery (
  id uuid not null,
  user_id uuid not null,
  email text not null,
  with_factors boolean not null,
  state text not null,
  begun_by uuid,
  decided_by uuid,
  expires_at timestamptz not null,
  time_created timestamptz not null default now(),
  constraint recovery_pkey primary key (id),
  constraint recovery_user foreign key (user_id) references {schema}."user" (id) on delete cascade,
  constraint recovery_state check (state in ('asked', 'approved', 'declined', 'stopped', 'withdrawn', 'used')),
  -- Whoever asks that factors go never decides it, nor does the person; the operator is neither.
  constraint recovery_by_another check (begun_by <> user_id and decided_by <> user_id
    and (not with_factors or state not in ('approved', 'used') or begun_by is null or decided_by is distinct from begun_by))
);
create unique index recovery_one_open_idx on {schema}.recovery (user_id) where state in ('asked', 'approved');
{wall recovery}
create policy door on {schema}.recovery to {auth} using (true);
grant select, insert, update on {schema}.recovery to {auth};
-- One that was decided against, or used, stays so.
create policy ended_stays on {schema}.recovery as restrictive for update to {auth} using (state in ('asked', 'approved')) with check (true);

-- What became of the letter that invites somebody: on its way, sent, or not. One that is on its way for long was lost with its server.
alter table {schema}.link
  add column letter text,
  add column letter_at timestamptz,
  add constraint link_letter check (letter in ('on_its_way', 'sent', 'failed'));

-- Whom one sees: everyone, or, where the organisation says so, oneself, the administrators, and those with whom one shares a scope.
-- Administrators see all. A case, as in the tenant wall: to the planner a gate that lets most rows through.
drop policy directory on {schema}."user";
create policy directory on {schema}."user" for select to {app}
  using (case when {role} = 'admin' or {directory} = 'everyone' or id = {user_id} or role = 'admin' or id = any({known_people}) then true end);
-- What acts after a request for a person acts on chats: of people it knows its own.
create policy directory_of_jobs on {schema}."user" for select to {worker} using (id = {user_id});

-- An invitation that nobody accepted is taken back with its account, and no other account is removed by it.
grant delete on {schema}."user", {schema}.scope, {schema}.scope_member, {schema}.scope_key, {schema}.security_event to {auth};
grant select (scope_id) on {schema}.scope_key to {auth};
create policy never_joined on {schema}."user" as restrictive for delete to {auth} using (time_joined is null);
create policy never_joined on {schema}.scope_member as restrictive for delete to {auth}
  using (exists (select from {schema}."user" u where u.id = scope_id and u.time_joined is null));
create policy never_joined on {schema}.scope_key as restrictive for delete to {auth}
  using (exists (select from {schema}."user" u where u.id = scope_id and u.time_joined is null));
create policy never_joined on {schema}.security_event as restrictive for delete to {auth}
  using (exists (select from {schema}."user" u where u.id = scope_id and u.time_joined is null));
create policy never_joined on {schema}.scope as restrictive for delete to {auth}
  using (exists (select from {schema}."user" u where u.id = scope.id and u.time_joined is null));
