-- money spent on each stage by quarter; what is given by month is added up
select investment.stage, quarters.period, sum(investment.amount) as amount
from records.investment as investment
inner join story.periods as given on investment.period = given.period and given.period_kind in ('quarter', 'month')
inner join story.periods as quarters
    on given.period_start >= quarters.period_start and given.period_start < quarters.period_end and quarters.period_kind = 'quarter'
group by all
order by all
