-- of the lost and of those who stayed, how many had met each trouble in the days before; and whose words are at hand
with met as (
    select distinct landmarks.look, landmarks.customer_id, landmarks.day, landmarks.has_happened, troubles.trouble_id, troubles.stage
    from growth.landmarks as landmarks
    inner join growth.troubles as troubles
        on landmarks.customer_id = troubles.customer_id and troubles.day < landmarks.day and troubles.day >= landmarks.day - $days::integer
    where landmarks.look in (select unnest($looks)) and troubles.is_met
),

counted as (
    select
        met.look, met.trouble_id, met.stage,
        count(*) filter (where met.has_happened) as lost_met,
        count(*) filter (where not met.has_happened) as stayed_met,
        sum(lives.value) filter (where met.has_happened) as value
    from met
    inner join growth.lives as lives using (customer_id)
    group by all
),

said as (
    select met.look, met.trouble_id, records.record_id, records.text, records.sentiment
    from met
    inner join tagging.tagged_records as records
        on met.customer_id = records.customer_id and met.stage = records.stage and records.said_on >= met.day - $days::integer and records.said_on <= met.day
    where met.has_happened and records.stance = 'trouble' and records.text is not null and records.role not in ('employee', 'supplier')
),

words as (
    select
        look, trouble_id, list(record_id order by sentiment, record_id)[1:5] as record_ids,
        list(text order by sentiment, record_id) filter (where length(text) between 30 and 300)[1:3] as quotes
    from said
    group by all
),

reasons as (
    select met.look, met.trouble_id, list(distinct outcomes.reason order by outcomes.reason)[1:5] as reasons
    from met
    inner join records.outcomes as outcomes using (customer_id)
    where met.has_happened and outcomes.outcome = 'left' and outcomes.reason is not null and outcomes."at" <= $clock
    group by all
)

select counted.*, words.record_ids, words.quotes, reasons.reasons
from counted
left join words using (look, trouble_id)
left join reasons using (look, trouble_id)
order by look, trouble_id
