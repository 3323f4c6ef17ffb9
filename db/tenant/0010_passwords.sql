-- Passwords: how long they must be, what has gone wrong with them in a row, and whether one may be used.

-- How long a password must be at least. The strict preset brings 15, as NIST SP 800-63B-4 asks where a password stands alone.
alter table {schema}.login_policy
  add column least_password_length int not null default 12,
  add constraint login_policy_password check (least_password_length between 12 and 64);
set local role {auth};
update {schema}.login_policy set least_password_length = 15 where preset = 'strict';
reset role;

-- `long_enough_for`: the greatest least length that the password is known to meet, so that whoever loses a second factor, or gets
-- stricter rules, can be told without their password. No more of its length is kept: 15, or what the organisation asks for, is the most.
-- `failures`: how often in a row something else was taken for it. After a hundred its path is closed, until its person opens it again.
alter table {schema}.credential
  add column long_enough_for int not null default 12,
  add column failures int not null default 0,
  add column closed_at timestamptz;
