-- what passed and failed by stage, operational measure and period
select
    operations.stage, operations.measure, periods.period_kind, periods.period,
    sum(operations.failed)::bigint as hits, sum(operations.failed + operations.passed)::bigint as denominator
from records.operations as operations
inner join story.periods as periods
    on (operations."at" at time zone $timezone)::date >= periods.period_start and (operations."at" at time zone $timezone)::date < periods.period_end
where operations."at" <= $clock and operations.stage is not null and operations.measure is not null and periods.period_kind <> 'month'
group by all
order by all
