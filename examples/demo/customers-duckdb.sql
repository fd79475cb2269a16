-- The demo's table in DuckDB: as customers.sql has it. Every value follows from the row's number, so a run can be repeated.
create table if not exists customers (
  id bigint not null,
  email varchar not null,
  first_name varchar not null,
  last_name varchar not null,
  company varchar,
  plan varchar not null,
  country varchar not null,
  ltv decimal(12, 2) not null,
  seats integer not null,
  active boolean not null,
  tags varchar[],
  created_at timestamptz not null,
  updated_at timestamptz not null
);

-- Customers number `first` to `last`. The two halves of an md5 of the number are each row's dice: sixteen bytes, each 0 to 255.
create or replace macro demo_customers(first_id, last_id) as table
  with numbered as (
    select range as id, md5_number_lower(range::varchar) as low, md5_number_upper(range::varchar) as high from range(first_id::bigint, last_id::bigint + 1)
  ), thrown as (
    select id, [(((case when n < 8 then low else high end) >> (8 * (n % 8))::ubigint) & 255)::bigint for n in range(16)] as dice from numbered
  ), drawn as (
    select
      id,
      dice,
      ['Ada', 'Noah', 'Zoë', 'Mateo', 'Priya', 'Łukasz', 'Grace', 'Kenji', 'Amara', 'Jonas', 'Chloé', 'Omar', 'Ingrid', 'Diego', 'Yuki', 'Leila'][1 + dice[1] % 16] as first_name,
      ['Okafor', 'Smith', 'Müller', 'García', 'Kowalski', 'O''Brien', 'Tanaka', 'Nguyen', 'Rossi', 'Larsen', 'Silva', 'Haddad', 'Novák', 'Patel', 'Dubois', 'Kim'][1 + dice[2] % 16] as last_name,
      ['Northwind', 'Bluepeak', 'Harbor', 'Juniper', 'Lumen', 'Copper', 'Granite', 'Meadow'][1 + dice[3] % 8] || ' ' || ['Logistics', 'Health', 'Foods', 'Labs', 'Media', 'Robotics', 'Travel', 'Energy'][1 + dice[4] % 8] as company,
      case when dice[5] < 154 then 'free' when dice[5] < 218 then 'team' when dice[5] < 248 then 'business' else 'enterprise' end as plan,
      ['US', 'US', 'US', 'DE', 'DE', 'GB', 'FR', 'IN'][1 + dice[6] % 8] as country,
      (dice[7] * 256 + dice[8]) / 65536 as spending,
      1 + dice[9] % 8 as team_size,
      timestamptz '2021-01-04 08:00:00+00' + to_seconds(7 * (dice[10] * 65536 + dice[11] * 256 + dice[12])::bigint) as created_at,
      ['newsletter', 'beta', 'webinar', 'partner', 'referral', 'churn-risk', 'enterprise-trial', 'annual'] as tag_names
    from thrown
  )
  select
    id,
    lower(replace(strip_accents(first_name || '.' || last_name), '''', '')) || id || '@' || lower(replace(company, ' ', '-')) || '.example' as email,
    first_name,
    last_name,
    -- Most people on the free plan come without a company.
    case when plan = 'free' and dice[4] < 180 then null else company end as company,
    plan,
    country,
    round(case plan when 'free' then 0 when 'team' then 400 when 'business' then 4000 else 40000 end * (0.2 + 2 * spending * spending), 2)::decimal(12, 2) as ltv,
    (case plan when 'free' then 1 when 'team' then team_size else team_size * team_size * case plan when 'business' then 3 else 20 end end)::integer as seats,
    dice[15] < 225 as active,
    case when dice[16] < 40 then null else list_distinct([tag_names[1 + dice[13] % 8], tag_names[1 + dice[14] % 8]]) end as tags,
    created_at,
    created_at + to_minutes(8 * (dice[16] * 256 + dice[15])::bigint) as updated_at
  from drawn;
