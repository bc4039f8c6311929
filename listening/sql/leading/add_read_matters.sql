-- records that speak of a matter, and not only after a negation
insert into "leading".read_matters
select record_id, $matter as matter
from unread
where regexp_matches(text, $pattern) and regexp_matches(regexp_replace(text, $negated, ' ', 'g'), $pattern)
