select customer_id, first_seen, left_on, value, value_basis, cost_to_serve from growth.lives order by customer_id
