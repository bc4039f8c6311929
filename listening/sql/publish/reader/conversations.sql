-- a row is what figures count once: a conversation with its messages in order, an answer, a review; words that no figure counts only where their source is named
with counted as (
    select
        unit_id as conversation_id, source, kind, stage, touchpoint, said_on, stance, expectation, effort, memorable, customer_id,
        score, score_worst, score_best, score_name, region, channel, product, brand, segment, "unit", team, own_dimensions
    from units

    union all

    select
        record_id as conversation_id, source, kind, stage, touchpoint, said_on, stance, expectation, effort, memorable, customer_id,
        score, score_worst, score_best, score_name, region, channel, product, brand, segment, "unit", team, own_dimensions
    from records
    where unit_id is null and source = $source
),

messages as (
    select
        coalesce(unit_id, record_id) as conversation_id,
        count(*) as messages,
        string_agg(text, e'\n\n' order by said_at, record_id) as text,
        list(record_id order by said_at, record_id) as record_ids,
        arg_min(native_id, (said_at, record_id)) as native_id,
        any_value(thread_id) as thread_id,
        any_value(account_id) as account_id,
        any_value(role) as role,
        min(said_at) as first_said_at,
        max(said_at) as last_said_at,
        any_value(language) as language,
        round(sum(sentiment * length(text)) / nullif(sum(length(text)) filter (where sentiment is not null), 0), 4) as sentiment,
        list(distinct stage order by stage) filter (where stage is not null) as stages_of_messages,
        list(distinct stage_basis order by stage_basis) as stage_basis,
        min(stage_confidence) as least_stage_confidence,
        arg_max(recommend, said_at) filter (where recommend <> 0) as recommend,
        arg_max(intent, said_at) filter (where intent is not null) as intent,
        list(distinct purpose order by purpose) filter (where purpose is not null) as purposes,
        list(distinct competitor order by competitor) filter (where competitor is not null) as competitors,
        list(distinct classifier_version) as classifier_version,
        list(distinct journey_version) as journey_version,
        any_value(url) as url
    from records
    group by coalesce(unit_id, record_id)
),

doubts as (
    select conversation_id, list(distinct flag order by flag) as flags
    from (select coalesce(unit_id, record_id) as conversation_id, unnest(flags) as flag from records)
    group by conversation_id
),

spoken_of as (
    select
        coalesce(records.unit_id, records.record_id) as conversation_id,
        list(distinct sentences.theme order by sentences.theme) as themes,
        list(distinct themes.name order by themes.name) as theme_names
    from sentences
    inner join records using (record_id)
    inner join themes using (theme)
    group by coalesce(records.unit_id, records.record_id)
)

select
    conversation_id, counted.source, counted.kind, messages.native_id, messages.thread_id, counted.customer_id, messages.account_id, messages.role,
    counted.said_on, messages.first_said_at, messages.last_said_at, messages.messages, messages.text, messages.language,
    counted.score, counted.score_worst, counted.score_best, counted.score_name,
    counted.stage, messages.stages_of_messages, messages.stage_basis, messages.least_stage_confidence, counted.touchpoint, spoken_of.themes, spoken_of.theme_names,
    counted.stance, messages.sentiment, counted.effort, counted.expectation, counted.memorable,
    messages.recommend, messages.intent, messages.purposes, messages.competitors, doubts.flags,
    counted.region, counted.channel, counted.product, counted.brand, counted.segment, counted."unit", counted.team, counted.own_dimensions,
    messages.url, messages.record_ids, messages.classifier_version, messages.journey_version
from counted
inner join messages using (conversation_id)
left join doubts using (conversation_id)
left join spoken_of using (conversation_id)
where ($first_day is null or (counted.said_on >= $first_day and counted.said_on < $day_after))
    and ($stage is null or counted.stage = $stage)
    and ($source is null or counted.source = $source)
    and ($stance is null or counted.stance = $stance)
    and ($theme is null or list_contains(spoken_of.themes, $theme))
    and json_contains(
        json_merge_patch(
            to_json(struct_pack(
                region := counted.region, channel := counted.channel, product := counted.product, brand := counted.brand, segment := counted.segment,
                "unit" := counted."unit", team := counted.team
            )),
            coalesce(counted.own_dimensions, '{}')::json
        ),
        $dimensions::json
    )
order by counted.said_on, conversation_id
