-- Model providers. Name, address and models are sealed under the tenant's key; the API key is apart, where only administrators
-- and running answers reach it.
create table {schema}.model_provider (
  id uuid not null,
  config bytea not null,
  has_key boolean not null,
  time_created timestamptz not null default now(),
  constraint model_provider_pkey primary key (id)
);
{wall model_provider}
create policy offered on {schema}.model_provider for select to {app}, {worker} using (true);
create policy admin_add on {schema}.model_provider for insert to {app} with check ({role} = 'admin');
create policy admin_change on {schema}.model_provider for update to {app} using ({role} = 'admin') with check ({role} = 'admin');
create policy admin_remove on {schema}.model_provider for delete to {app} using ({role} = 'admin');
grant select, insert, update, delete on {schema}.model_provider to {app};
grant select on {schema}.model_provider to {worker};

create table {schema}.model_provider_key (
  provider_id uuid not null,
  sealed bytea not null,
  constraint model_provider_key_pkey primary key (provider_id),
  constraint model_provider_key_provider foreign key (provider_id) references {schema}.model_provider (id) on delete cascade
);
{wall model_provider_key}
create policy admin_reach on {schema}.model_provider_key to {app} using ({role} = 'admin') with check ({role} = 'admin');
create policy job_reach on {schema}.model_provider_key for select to {worker} using (true);
grant select, insert, update, delete on {schema}.model_provider_key to {app};
grant select on {schema}.model_provider_key to {worker};
