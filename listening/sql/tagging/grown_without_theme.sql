-- of each stage, how many sentences have no theme, and how many of them came after it was last looked through as a whole
with came as (
    select record_id, landed_at from records.records where landed_at > list_min($whole)
),

came_without as (
    select themed.stage, count(*) as sentences
    from tagging.sentence_themes as themed
    inner join came using (record_id)
    where themed.theme is null and came.landed_at > $whole[list_position($stages, themed.stage)]
    group by themed.stage
)

select themed.stage, count(*) as sentences, coalesce(any_value(came_without.sentences), 0) as came
from tagging.sentence_themes as themed
left join came_without using (stage)
where themed.theme is null and themed.stage in (select unnest($stages))
group by themed.stage
