with said as (
    select
        *,
        case when kind in ('ticket', 'chat', 'call') and thread_id is not null then source || '/' || thread_id else record_id end as unit_id
    from tagging.tagged_records
    where role not in ('employee', 'supplier')
),

conversation_stages as (
    select unit_id, stage
    from said
    where stage is not null
    group by unit_id, stage
    qualify row_number() over (partition by unit_id order by stage = 'none', sum(length(text)) desc, min(said_at), stage) = 1
),

conversations as (
    select
        unit_id,
        any_value(source) as source,
        any_value(kind) as kind,
        min(said_on) as said_on,
        count(*) as records,
        arg_min(customer_id, said_at) as customer_id,
        count(score) as scores,
        arg_max(stance, said_at) filter (where score is not null) as scored_stance,
        sum(sentiment * length(text)) / nullif(sum(length(text)) filter (where sentiment is not null), 0) as sentiment,
        arg_max(score, said_at) as score,
        arg_max(score_worst, said_at) filter (where score is not null) as score_worst,
        arg_max(score_best, said_at) filter (where score is not null) as score_best,
        arg_max(score_name, said_at) filter (where score is not null) as score_name,
        any_value(region) as region,
        any_value(channel) as channel,
        any_value(product) as product,
        any_value(brand) as brand,
        any_value(segment) as segment,
        any_value(unit) as unit,
        any_value(team) as team
    from said
    group by unit_id
)

select
    conversations.unit_id, conversations.source, conversations.kind, conversation_stages.stage, conversations.said_on,
    coalesce(
        conversations.scored_stance,
        case when sentiment < -0.1 then 'trouble' when sentiment > 0.1 then 'great' when sentiment is not null then 'in between' end
    ) as stance,
    conversations.records, conversations.customer_id,
    conversations.score, conversations.score_worst, conversations.score_best, conversations.score_name,
    conversations.region, conversations.channel, conversations.product, conversations.brand, conversations.segment, conversations.unit, conversations.team
from conversations
left join conversation_stages using (unit_id)
order by unit_id
