select stage, sum(answered)::bigint as answered from checkins group by stage order by stage
