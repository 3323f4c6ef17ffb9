/**
 * A database whose time is the test's: in it every `now()` of the product, in queries, functions and defaults, is read from one row.
 * Time goes on by itself for a moment only, so that a slow machine lets no limit pass that the test did not mean to pass.
 */
import pg from 'pg'

/** How far time goes by itself. */
const MOMENT_MS = 45

/** Found before PostgreSQL's own by whoever looks for a function by its bare name; the functions and defaults that look elsewhere are turned to it. */
const OURS = `
  create schema clock;
  create table clock.hand (at timestamptz not null, since timestamptz not null);
  insert into clock.hand values (now(), now());
  create function clock.shown(really timestamptz) returns timestamptz language sql stable
    as $$ select at + least(really - since, interval '${MOMENT_MS} milliseconds') from clock.hand $$;
  create function clock.now() returns timestamptz language sql stable as $$ select clock.shown(transaction_timestamp()) $$;
  create function clock.clock_timestamp() returns timestamptz language sql as $$ select clock.shown(pg_catalog.clock_timestamp()) $$;
  grant usage on schema clock to public;
  grant select on clock.hand to public;
  do $$
  declare that record;
  begin
    execute format('alter database %I set search_path = clock, pg_catalog, public', current_database());
    for that in select p.oid::regprocedure as called from pg_proc p where 'search_path=pg_catalog, pg_temp' = any(p.proconfig) loop
      execute format('alter function %s set search_path = clock, pg_catalog, pg_temp', that.called);
    end loop;
    for that in select d.adrelid::regclass as tab, a.attname as col
                  from pg_attrdef d join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
                 where pg_get_expr(d.adbin, d.adrelid) = 'now()' and d.adrelid::regclass::text not like 'clock.%' loop
      execute format('alter table %s alter column %I set default clock.now()', that.tab, that.col);
    end loop;
  end $$;`

export interface DatabaseClock {
  /** Milliseconds since 1970, as the database would say it now. */
  now(): number
  /** Puts the time on; it never goes back. */
  set(nowMs: number): Promise<void>
  /** Runs SQL as the superuser. */
  sql<R extends object>(text: string, values?: unknown[]): Promise<R[]>
  close(): Promise<void>
}

/** Takes over the time of a database to which nobody is connected yet. */
export async function takeOverTime(superuserUrl: string): Promise<DatabaseClock> {
  const client = new pg.Client({ connectionString: superuserUrl })
  await client.connect()
  await client.query(OURS)
  let atMs = 0
  let sinceMs = 0
  const set = async (nowMs: number) => {
    await client.query(`update clock.hand set at = to_timestamp($1::float8 / 1000), since = pg_catalog.clock_timestamp()`, [nowMs])
    atMs = nowMs
    sinceMs = performance.now()
  }
  await set(Date.now())
  return {
    now: () => atMs + Math.min(performance.now() - sinceMs, MOMENT_MS),
    set,
    sql: async <R extends object>(text: string, values?: unknown[]) => (await client.query(text, values)).rows as R[],
    close: () => client.end(),
  }
}
