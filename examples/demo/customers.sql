-- The demo's table: the customers of a software business. Every value follows from the row's number, so a run can be repeated.
create table if not exists customers (
  id bigint primary key,
  email text not null,
  first_name text not null,
  last_name text not null,
  company text,
  plan text not null,
  country text not null,
  ltv numeric(12, 2) not null,
  seats int not null,
  active boolean not null,
  tags jsonb,
  created_at timestamptz not null,
  updated_at timestamptz not null
);

-- Customers number `first` to `last`. One md5 of the number is each row's dice: sixteen bytes, each 0 to 255.
-- Materialized, because a plain CTE would be written out, md5 and all, at every use of its columns: three times slower.
create or replace function demo_customers(first bigint, last bigint) returns setof customers language sql stable as $$
  with numbered as materialized (
    select id, decode(md5(id::text), 'hex') as dice from generate_series(first, last) as id
  ), lists as (
    select
      '{Ada,Noah,Zoë,Mateo,Priya,Łukasz,Grace,Kenji,Amara,Jonas,Chloé,Omar,Ingrid,Diego,Yuki,Leila,Søren,Hannah,Tariq,Beatriz,Ivan,Mei,Oliver,Fatima,Erik,Sofía,Liam,Aisha,Marco,Nora,Thảo,Emil}'::text[] as first_names,
      '{Okafor,Smith,Müller,García,Kowalski,O''Brien,Tanaka,Nguyen,Rossi,Larsen,Silva,Haddad,Novák,Patel,Dubois,Kim,Johansson,Mensah,Fischer,Costa,Yılmaz,Brown,Ivanova,Chen,Jones,Bakker,Moreau,Ali,Sánchez,Weber,Lindqvist,Adeyemi}'::text[] as last_names,
      '{Northwind,Bluepeak,Harbor,Juniper,Lumen,Copper,Granite,Meadow,Orchard,Falcon,Summit,Willow,Beacon,Cobalt,Drift,Ember}'::text[] as company_names,
      '{Logistics,Health,Foods,Labs,Media,Robotics,Travel,Energy,Studios,Finance,Textiles,Analytics,Marine,Games,Learning,Works}'::text[] as company_trades,
      '{US,US,US,US,US,DE,DE,GB,GB,FR,IN,BR,JP,ES,CA,NL}'::text[] as countries,
      '{newsletter,beta,webinar,partner,referral,churn-risk,enterprise-trial,annual}'::text[] as tag_names
  ), drawn as materialized (
    select
      id,
      dice,
      first_names[1 + get_byte(dice, 0) % 32] as first_name,
      last_names[1 + get_byte(dice, 1) % 32] as last_name,
      company_names[1 + get_byte(dice, 2) % 16] || ' ' || company_trades[1 + get_byte(dice, 3) % 16] as company,
      case when get_byte(dice, 4) < 154 then 'free' when get_byte(dice, 4) < 218 then 'team' when get_byte(dice, 4) < 248 then 'business' else 'enterprise' end as plan,
      countries[1 + get_byte(dice, 5) % 16] as country,
      (get_byte(dice, 6) * 256 + get_byte(dice, 7)) / 65536.0 as spending,
      1 + get_byte(dice, 8) % 8 as team_size,
      timestamptz '2021-01-04 08:00:00+00' + (get_byte(dice, 9) * 65536 + get_byte(dice, 10) * 256 + get_byte(dice, 11)) * interval '7 seconds' as created_at,
      tag_names[1 + get_byte(dice, 12) % 8] as first_tag,
      tag_names[1 + get_byte(dice, 13) % 8] as second_tag
    from numbered, lists
  )
  select
    id,
    lower(translate(first_name || '.' || last_name, 'ëŁéøíảüáı''', 'eLeoiauai')) || id || '@' || lower(replace(company, ' ', '-')) || '.example',
    first_name,
    last_name,
    -- Most people on the free plan come without a company.
    case when plan = 'free' and get_byte(dice, 3) < 180 then null else company end,
    plan,
    country,
    round((case plan when 'free' then 0 when 'team' then 400 when 'business' then 4000 else 40000 end * (0.2 + 2 * spending * spending))::numeric, 2),
    case plan when 'free' then 1 when 'team' then team_size else team_size * team_size * case plan when 'business' then 3 else 20 end end,
    get_byte(dice, 14) < 225,
    case when get_byte(dice, 15) < 40 then null when first_tag = second_tag then jsonb_build_array(first_tag) else jsonb_build_array(first_tag, second_tag) end,
    created_at,
    created_at + (get_byte(dice, 15) * 256 + get_byte(dice, 14)) * interval '8 minutes'
  from drawn
$$;
