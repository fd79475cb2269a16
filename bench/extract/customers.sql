-- The customers of the measurements: 12 columns, about 200 bytes a row. Every value follows from the row's number and its version, so that every run has the same data.
CREATE TABLE customers (
  id bigint PRIMARY KEY,
  email text NOT NULL,
  full_name text NOT NULL,
  company text,
  address text NOT NULL,
  country text NOT NULL,
  plan text NOT NULL,
  seats integer NOT NULL,
  revenue numeric(12, 2) NOT NULL,
  active boolean NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL
);

-- Customers number `first` to `last`, as their version `version` has them.
CREATE FUNCTION customers_from(first bigint, last bigint, version integer) RETURNS SETOF customers LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT
    n,
    'customer.' || n || '@' || (ARRAY['northwind', 'bluepeak', 'harbor', 'juniper', 'lumen', 'copper', 'granite'])[1 + n % 7] || '.example',
    (ARRAY['Ada', 'Noah', 'Zoë', 'Mateo', 'Priya', 'Łukasz', 'Grace', 'Kenji'])[1 + n % 8] || ' ' || (ARRAY['Okafor', 'Smith', 'Müller', 'García', 'Kowalski', 'O''Brien', 'Tanaka'])[1 + n % 7],
    CASE WHEN n % 5 > 0 THEN (ARRAY['Northwind', 'Bluepeak', 'Harbor', 'Juniper', 'Lumen', 'Copper', 'Granite'])[1 + n % 7] || ' Logistics ' || n % 9973 END,
    n % 997 || ' "Old" Harbour Street, building ' || n % 89 || ', floor ' || n % 13,
    (ARRAY['US', 'DE', 'GB', 'FR', 'IN', 'BR', 'JP', 'ES'])[1 + n % 8],
    (ARRAY['free', 'team', 'business', 'enterprise'])[1 + n % 4],
    (n % 500)::integer,
    (n * 7919 % 9000000 + version) / 100.0,
    n % 8 > 0,
    timestamptz '2021-01-04 08:00:00.123456+00' + n % 50000000 * interval '1 second',
    timestamptz '2025-01-04 08:00:00.654321+00' + n % 50000000 * interval '1 second' + version * interval '1 day'
  FROM generate_series(first, last) AS n
$$;
