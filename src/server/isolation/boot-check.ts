/**
 * The boot check: start-up compares the catalogue with the rules of this folder and refuses, naming the object and the mend. It
 * catches the table somebody forgot to wall, a way around the walls (a view, a function with its owner's rights), and a role that
 * was given too much, also of the schema `control`, which belongs to the doors.
 */
import type pg from 'pg'

/** Tables of a tenant's schema that hold nothing of a person's; nobody but the migrator is granted anything on them. */
const PLAIN = ['migration']

interface Finding {
  readonly object: string
  readonly finding: string
  readonly mend: string
}

/** What every tenant_wall says, with a tenant's id in place of `?`. Spelled here once more, so that neither spelling changes alone. */
const WALL = `case when (select nullif(current_setting('app.tenant_id', true), '')) = '?' then true end`
/** The wall as this version of PostgreSQL writes it down, in the catalogue of a table that nobody else sees. */
const REFERENCE = `create temp table wall_reference () on commit drop;
  create policy tenant_wall on wall_reference using (${WALL});`

const OF_TENANTS = 'join pg_namespace n on n.oid = c.relnamespace join control.tenant t on t.schema_name = n.nspname'

const UNWALLED = `
  select c.oid::regclass::text as object, 'is not walled: row security is not ' || case when c.relrowsecurity then 'forced' else 'on' end as finding,
         'add {wall ' || c.relname || '} to the migration that makes it' as mend
    from pg_class c ${OF_TENANTS}
   where c.relkind in ('r', 'p') and c.relname <> all($1) and not (c.relrowsecurity and c.relforcerowsecurity)`

const OTHER_WALL = `
  select c.oid::regclass::text as object, 'has no tenant_wall, or not the one of its own tenant' as finding,
         'restore the policy that db/tenant/wall.sql makes' as mend
    from pg_class c ${OF_TENANTS}
   cross join (select pg_get_expr(polqual, polrelid) as wall from pg_policy where polrelid = 'pg_temp.wall_reference'::regclass) reference
   where c.relkind in ('r', 'p') and c.relname <> all($1) and not exists (
     select from pg_policy p where p.polrelid = c.oid and p.polname = 'tenant_wall' and not p.polpermissive and p.polcmd = '*'
        and pg_get_expr(p.polqual, p.polrelid) = replace(reference.wall, '?', t.id::text)
        and pg_get_expr(p.polwithcheck, p.polrelid) = replace(reference.wall, '?', t.id::text)
        and (select count(*) from pg_roles r where r.oid = any(p.polroles) and r.rolname = any($2)) = cardinality($2))`

const STRONG_ROLE = `
  select rolname as object, 'may bypass row security' as finding,
         'alter role ' || rolname || ' nosuperuser nobypassrls nocreaterole nocreatedb noreplication' as mend
    from pg_roles where rolname = any($1) and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication)`

const MEMBERSHIP = `
  select member.rolname as object, 'is a member of ' || granted.rolname as finding, 'revoke ' || granted.rolname || ' from ' || member.rolname as mend
    from pg_auth_members m join pg_roles member on member.oid = m.member join pg_roles granted on granted.oid = m.roleid
   where member.rolname = any($1)`

const OWNED = `
  select c.oid::regclass::text as object, 'belongs to ' || r.rolname as finding,
         'alter table ' || c.oid::regclass || ' owner to the migrator' as mend
    from pg_class c ${OF_TENANTS} join pg_roles r on r.oid = c.relowner
   where c.relkind in ('r', 'p') and r.rolname = any($1)`

/** A view reads with its owner's rights; a materialized one and a foreign table know no policies at all. */
const AROUND = `
  select c.oid::regclass::text as object, 'is a view that reads with its owner''s rights, or a table without row security' as finding,
         'drop it, or make it a view with security_invoker = true' as mend
    from pg_class c ${OF_TENANTS}
   where c.relkind in ('v', 'm', 'f') and not (c.relkind = 'v' and coalesce('security_invoker=true' = any(c.reloptions), false))`

const DEFINER = `
  select p.oid::regprocedure::text as object, 'runs with its owner''s rights, but ' || fault as finding, mend
    from pg_proc p join (select schema_name from control.tenant union all values ('control')) s on s.schema_name = p.pronamespace::regnamespace::text
   cross join lateral (values
     ('without a pinned search_path', 'add set search_path = pg_catalog, pg_temp',
       not coalesce('search_path=pg_catalog, pg_temp' = any(p.proconfig), false)),
     ('its owner is ' || p.proowner::regrole, 'alter its owner to one of ' || array_to_string($1::text[], ', '),
       p.proowner::regrole::text <> all($1)),
     ('PUBLIC may call it', 'revoke all on it from public',
       exists (select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a where a.grantee = 0))
   ) faults (fault, mend, is_there)
   where p.prosecdef and is_there`

/** The schema that is no tenant's: the directory, and the counts of attempts. Of the roles it is for `auth` alone. */
const CONTROL = `
  select c.oid::regclass::text as object, 'is open to ' || r.rolname as finding,
         'revoke all on ' || c.oid::regclass || ' from ' || r.rolname || ', public' as mend
    from pg_class c cross join pg_roles r
   where c.relnamespace = 'control'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f') and r.rolname = any($1)
     and (has_any_column_privilege(r.oid, c.oid, 'select, insert, update') or has_table_privilege(r.oid, c.oid, 'delete, truncate'))`

/** Throws with every finding and its mend; returns quietly when every wall stands. */
export async function bootCheck(client: pg.Client, prefix: string): Promise<void> {
  const named = (...roles: string[]) => roles.map((role) => `${prefix}_${role}`)
  const everyRole = named('app', 'worker', 'auth', 'search', 'keeper')
  const findings: Finding[] = []
  const check = async (sql: string, ...values: string[][]) => findings.push(...(await client.query<Finding>(sql, values)).rows)
  await client.query('begin')
  try {
    await client.query(REFERENCE)
    await check(UNWALLED, PLAIN)
    await check(OTHER_WALL, PLAIN, named('app', 'worker'))
    await check(STRONG_ROLE, everyRole)
    await check(MEMBERSHIP, everyRole)
    await check(OWNED, everyRole)
    await check(AROUND)
    await check(DEFINER, named('auth', 'search'))
    await check(CONTROL, named('app', 'worker', 'search', 'keeper'))
  } finally {
    await client.query('rollback')
  }
  if (findings.length === 0) return
  const lines = findings.map(({ object, finding, mend }) => `  ${object} ${finding}. Mend: ${mend}.`)
  throw new Error(`Sardonyx does not start, because a wall is missing:\n${lines.join('\n')}`)
}
