-- whatever is known of a day, its fingerprint changes with it; what the clock hides is not there.
-- A day is lived where feedback, operations or check-ins stand: not one that lost all of it, nor one of invitations alone.
with parts as (
    select said_on as day, hash('signals', counted_in) as fingerprint, said_on in (select said_on from signals.daily where units > 0) as is_lived
    from signals.days

    union all

    select ("at" at time zone $timezone)::date as day, hash('operations', operations) as fingerprint, true as is_lived
    from records.operations as operations
    where "at" <= $clock

    union all

    select (asked_at at time zone $timezone)::date as day, hash('checkins', checkins) as fingerprint, true as is_lived
    from records.checkins as checkins
    where asked_at <= $clock

    union all

    select (sent_at at time zone $timezone)::date as day, hash('invitations', invitations) as fingerprint, false as is_lived
    from records.invitations as invitations
    where sent_at <= $clock
)

select day, hash(count(*), sum(fingerprint))::varchar as fingerprint, bool_or(is_lived) as is_lived
from parts
group by day
