-- A link is for the address at which its person was when it was made, and good only while that is theirs. Links to choose another password
-- do not replace each other, so that nobody makes the one worthless that somebody was just sent.
alter table {schema}.link add column email text;
set local role {auth};
update {schema}.link set email = u.email from {schema}."user" u where u.id = link.user_id;
reset role;
alter table {schema}.link
  alter column email set not null,
  drop constraint link_one_of_a_kind;
create unique index link_one_of_a_kind_idx on {schema}.link (user_id, kind) where kind <> 'reset';
create index link_user_idx on {schema}.link (user_id);

-- What somebody holds is left to whoever comes next, instead of waited for, when what is over is cleared away.
grant update (expires_at) on {schema}.challenge to {auth};
