-- What people were recognised by: addresses, and devices on which they once said who they are. All addresses end in
-- example.com, which belongs to nobody. Two records with one address are one person; a device of two people is contested.
SELECT kind, value, customer_id, first_seen_at
FROM 'identities.csv'
