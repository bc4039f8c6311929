-- another fingerprint than that of the settings makes all pulls of the source be shaped again
update records.shaped_pulls set fingerprint = 'shape again' where source = $source
