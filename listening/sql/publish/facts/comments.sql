-- the newest comments of each theme, a message each, with the side that its customer took
with said as (
    select
        record_themes.stage, record_themes.theme, records.record_id, records.said_on, records.source, records.stance, records.text,
        row_number() over (partition by record_themes.stage, record_themes.theme order by records.said_on desc, records.record_id) as place
    from record_themes
    inner join records using (record_id)
    where records.role not in ('employee', 'supplier') and records.text is not null
)

select stage, theme, record_id, said_on, source, stance, left(text, $longest) as text, length(text) > $longest as is_cut
from said
where place <= $most
order by stage, theme, place
