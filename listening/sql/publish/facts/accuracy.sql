select * from classifier_accuracy order by stage = 'all', stage
