with touched as (
    select tagged.rowid as "at", members.unit_id
    from tagging.tagged_records as tagged
    inner join signals.members as members using (record_id)
    where members.unit_id in (from signals.touched_units)
),

said as (
    select
        tagged.*, touched.unit_id,
        -- of messages at the same moment always the same one comes first
        (tagged.said_at, tagged.record_id) as place
    from tagging.tagged_records as tagged
    inner join touched on tagged.rowid = touched."at"
),

conversation_stages as (
    select unit_id, stage
    from said
    where stage is not null
    group by unit_id, stage
    qualify row_number() over (partition by unit_id order by stage = 'none', coalesce(sum(length(text)), 0) desc, min(said_at), stage) = 1
),

conversations as (
    select
        unit_id,
        arg_min(source, place) as source,
        arg_min(kind, place) as kind,
        min(said_on) as said_on,
        count(*) as records,
        arg_min(customer_id, place) as customer_id,
        arg_max(struct_pack(score, score_worst, score_best, score_name, stance), place) filter (where score is not null) as last_score,
        sum(sentiment * length(text)) / nullif(sum(length(text)) filter (where sentiment is not null), 0) as sentiment,
        arg_max(expectation, place) filter (where expectation is not null) as expectation,
        arg_max(effort, place) filter (where effort is not null) as effort,
        arg_max(memorable, place) filter (where memorable is not null) as memorable,
        arg_min(touchpoint, place) filter (where touchpoint is not null) as touchpoint,
        arg_min(region, place) as region,
        arg_min(channel, place) as channel,
        arg_min(product, place) as product,
        arg_min(brand, place) as brand,
        arg_min(segment, place) as segment,
        arg_min(unit, place) as unit,
        arg_min(team, place) as team,
        arg_min(own_dimensions, place) as own_dimensions
    from said
    group by unit_id
)

select
    conversations.unit_id, conversations.source, conversations.kind, conversation_stages.stage, conversations.touchpoint,
    conversations.said_on,
    coalesce(
        conversations.last_score.stance,
        case when sentiment < -0.1 then 'trouble' when sentiment > 0.1 then 'great' when sentiment is not null then 'in between' end
    ) as stance,
    conversations.sentiment is not null as is_worded, conversations.expectation, conversations.effort, conversations.memorable,
    conversations.records, conversations.customer_id,
    conversations.last_score.score, conversations.last_score.score_worst, conversations.last_score.score_best, conversations.last_score.score_name,
    conversations.region, conversations.channel, conversations.product, conversations.brand, conversations.segment, conversations.unit, conversations.team, conversations.own_dimensions
from conversations
left join conversation_stages using (unit_id)
order by unit_id
