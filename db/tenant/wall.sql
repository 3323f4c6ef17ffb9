-- Makes {table} a tenant table: nothing is granted, row security is forced (on its owner too), and a restrictive policy that
-- nobody edits holds this tenant's id as a literal. What a person may reach is added by permissive policies beside the table.
-- It is spelled as a case, as are the reach policies of tables that are listed: to the planner a gate that lets most rows through.
-- Bare comparisons would seem to leave next to none, and lists would be read whole and sorted instead of in their index's order.
alter table {schema}.{table} enable row level security;
alter table {schema}.{table} force row level security;
revoke all on {schema}.{table} from public, {app}, {worker}, {auth}, {search}, {keeper};
create policy tenant_wall on {schema}.{table} as restrictive to {app}, {worker}
  using (case when {tenant_setting} = '{tenant_id}' then true end) with check (case when {tenant_setting} = '{tenant_id}' then true end);
