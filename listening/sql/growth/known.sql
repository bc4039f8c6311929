-- which of the questions of growth the sources can answer at all
select
    (select count(*) > 0 from growth.lives where since is not null) as knows_gained,
    (select count(*) > 0 from growth.lives where left_on is not null) as knows_lost,
    (select count(*) > 0 from growth.lives where value is not null) as knows_value,
    (select count(*) > 0 from growth.lives where is_listed) as knows_active,
    (select count(*) > 0 from growth.worth where valid_from > date '0001-01-01') or (select count(*) > 0 from records.outcomes where outcome = 'bought_less') as knows_changes,
    (select count(*) > 0 from growth.troubles where told_by = 'operations') as knows_passages,
    -- the day after the last one of input; who left may be known later than how measures went
    (
        select max(day)
        from (
            select max(period_end) as day from story.periods where period_kind = 'rolling'
            union all
            select max(left_on) + 1 as day from growth.lives
            union all
            select max(("at" at time zone $timezone)::date) + 1 as day from records.outcomes where "at" <= $clock
        )
    ) as day_after
