/**
 * The boot check: start-up compares the catalogue with the rules of this folder and refuses, naming the object and the mend. It
 * catches the table somebody forgot to wall, and a role that was given too much.
 */
import type pg from 'pg'

/** Tables of a tenant's schema that hold nothing of a person's; nobody but the migrator is granted anything on them. */
const PLAIN = ['migration']

interface Finding {
  readonly object: string
  readonly finding: string
  readonly mend: string
}

const CHECKS = (prefix: string): { sql: string; values: unknown[] }[] => [
  {
    sql: `select n.nspname || '.' || c.relname as object, 'is not walled: row security is not ' ||
            case when c.relrowsecurity then 'forced' else 'on' end as finding,
            'add {wall ' || c.relname || '} to the migration that makes it' as mend
            from pg_class c join pg_namespace n on n.oid = c.relnamespace join control.tenant t on t.schema_name = n.nspname
           where c.relkind in ('r', 'p') and c.relname <> all($1) and not (c.relrowsecurity and c.relforcerowsecurity)`,
    values: [PLAIN],
  },
  {
    sql: `select n.nspname || '.' || c.relname as object, 'has no tenant_wall with its own tenant''s id' as finding,
            'restore the policy that db/tenant/wall.sql makes' as mend
            from pg_class c join pg_namespace n on n.oid = c.relnamespace join control.tenant t on t.schema_name = n.nspname
           where c.relkind in ('r', 'p') and c.relname <> all($1) and not exists (
             select from pg_policy p where p.polrelid = c.oid and p.polname = 'tenant_wall' and not p.polpermissive and p.polcmd = '*'
                and pg_get_expr(p.polqual, p.polrelid) like '%' || t.id || '%' and pg_get_expr(p.polwithcheck, p.polrelid) like '%' || t.id || '%'
                and (select count(*) from pg_roles r where r.oid = any(p.polroles) and r.rolname = any($2)) = 2)`,
    values: [PLAIN, [`${prefix}_app`, `${prefix}_worker`]],
  },
  {
    sql: `select rolname as object, 'may bypass row security' as finding, 'alter role ' || rolname || ' nosuperuser nobypassrls' as mend
            from pg_roles where rolname = any($1) and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication)`,
    values: [['app', 'worker', 'auth', 'search', 'keeper'].map((role) => `${prefix}_${role}`)],
  },
  {
    sql: `select member.rolname as object, 'is a member of ' || granted.rolname as finding, 'revoke ' || granted.rolname || ' from ' || member.rolname as mend
            from pg_auth_members m join pg_roles member on member.oid = m.member join pg_roles granted on granted.oid = m.roleid
           where member.rolname = any($1)`,
    values: [[`${prefix}_app`, `${prefix}_worker`, `${prefix}_auth`]],
  },
  {
    sql: `select n.nspname || '.' || c.relname as object, 'belongs to ' || r.rolname as finding, 'alter table ' || n.nspname || '.' || c.relname || ' owner to the migrator' as mend
            from pg_class c join pg_namespace n on n.oid = c.relnamespace join control.tenant t on t.schema_name = n.nspname join pg_roles r on r.oid = c.relowner
           where c.relkind in ('r', 'p') and r.rolname = any($1)`,
    values: [['app', 'worker', 'auth', 'search', 'keeper'].map((role) => `${prefix}_${role}`)],
  },
  {
    sql: `select n.nspname || '.' || p.proname as object, 'runs with its owner''s rights but without a pinned search_path' as finding,
            'add set search_path = pg_catalog, pg_temp' as mend
            from pg_proc p join pg_namespace n on n.oid = p.pronamespace join control.tenant t on t.schema_name = n.nspname
           where p.prosecdef and not coalesce(p.proconfig::text like '%search_path=pg_catalog, pg_temp%', false)`,
    values: [],
  },
]

/** Throws with every finding and its mend; returns quietly when every tenant table is walled. */
export async function bootCheck(client: pg.Client, prefix: string): Promise<void> {
  const findings: Finding[] = []
  for (const { sql, values } of CHECKS(prefix)) findings.push(...(await client.query<Finding>(sql, values)).rows)
  if (findings.length === 0) return
  const lines = findings.map(({ object, finding, mend }) => `  ${object} ${finding}. Mend: ${mend}.`)
  throw new Error(`Sardonyx does not start, because a wall is missing:\n${lines.join('\n')}`)
}
