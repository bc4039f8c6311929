-- whatever is known of a day, its fingerprint changes with it; what the clock hides is not there
with parts as (
    select said_on as day, hash('signals', counted_in) as fingerprint
    from signals.days

    union all

    select ("at" at time zone $timezone)::date as day, hash('operations', operations) as fingerprint
    from records.operations as operations
    where "at" <= $clock

    union all

    select (asked_at at time zone $timezone)::date as day, hash('checkins', checkins) as fingerprint
    from records.checkins as checkins
    where asked_at <= $clock

    union all

    select (sent_at at time zone $timezone)::date as day, hash('invitations', invitations) as fingerprint
    from records.invitations as invitations
    where sent_at <= $clock
)

select day, hash(count(*), sum(fingerprint))::varchar as fingerprint
from parts
group by day
