select count(*) as sentences from uncompared
