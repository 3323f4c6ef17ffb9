-- Makes {table} a tenant table: nothing is granted, row security is forced (on its owner too), and a restrictive policy that
-- nobody edits holds this tenant's id as a literal. What a person may reach is added by permissive policies beside the table.
alter table {schema}.{table} enable row level security;
alter table {schema}.{table} force row level security;
revoke all on {schema}.{table} from public, {app}, {worker}, {auth}, {search}, {keeper};
create policy tenant_wall on {schema}.{table} as restrictive to {app}, {worker}
  using ({tenant_setting} = '{tenant_id}') with check ({tenant_setting} = '{tenant_id}');
