-- Runs once, when the warehouse's volume is new, after examples/demo/customers.sql has made the table.
insert into customers select * from demo_customers(1, 100000);
analyze customers;
