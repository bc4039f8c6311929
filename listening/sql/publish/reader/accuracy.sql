select * from classifier_accuracy order by source = 'starter labels', source, language, tag <> 'stage', tag, class = 'all', class
