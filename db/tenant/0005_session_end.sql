-- Ended sessions that the cache and the other servers have yet to be told of: written in the transaction that ends them, removed
-- once told. It makes an end that happens while the cache is away arrive there when it is back.

create table {schema}.session_end (
  session_id uuid not null,
  time_created timestamptz not null default now(),
  constraint session_end_pkey primary key (session_id),
  constraint session_end_session foreign key (session_id) references {schema}.auth_session (id)
);
{wall session_end}
create policy door on {schema}.session_end to {auth} using (true);
grant select, insert, delete on {schema}.session_end to {auth};
