select * from classifier_accuracy order by source, language, stage = 'all', stage
