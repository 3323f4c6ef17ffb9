-- The directory of tenants, and nothing else that belongs to one.
create table control.tenant (
  id uuid not null,
  slug text not null,
  name text not null,
  schema_name text not null,
  placement text not null default 'here',
  time_created timestamptz not null default now(),
  constraint tenant_pkey primary key (id),
  constraint tenant_slug_unique unique (slug),
  constraint tenant_schema_unique unique (schema_name)
);

grant usage on schema control to {auth};
grant select on control.tenant to {auth};
