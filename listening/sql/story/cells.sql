with named as (
    select period_kind, period, cut_by, cut_value, stage, failed, had_ticket, count(*) as customers
    from story.members
    where period_kind <> 'month'
    group by all
),

checkins as (
    select
        period_kind, period, cut_by, cut_value, stage, failed, had_ticket,
        count(*) as asked,
        sum(answered)::bigint as answered,
        count(*) filter (where experience = -1) as trouble,
        count(*) filter (where experience = 0) as in_between,
        count(*) filter (where experience = 1) as great
    from story.asked
    semi join story.due using (period_kind, period)
    group by all
),

counted as (
    select period_kind, period, cut_by, cut_value, stage, null::boolean as failed, null::boolean as had_ticket, customers
    from story.customers
    semi join story.due using (period_kind, period)
    where not is_named and period_kind <> 'month'
),

parts as (
    select * from named
    union all by name
    select * from counted
    union all by name
    select * from checkins
)

select
    periods.period_kind, periods.period, periods.period_start, cut_by, cut_value, stage, failed, had_ticket,
    coalesce(sum(customers), 0)::bigint as customers,
    coalesce(sum(asked), 0)::bigint as asked,
    coalesce(sum(answered), 0)::bigint as answered,
    coalesce(sum(trouble), 0)::bigint as trouble,
    coalesce(sum(in_between), 0)::bigint as in_between,
    coalesce(sum(great), 0)::bigint as great
from parts
inner join story.due as periods using (period_kind, period)
group by all
order by all
