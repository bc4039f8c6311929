select count(*) as units from signals.units
