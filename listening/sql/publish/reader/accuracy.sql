select * from classifier_accuracy order by tag <> 'stage', tag, source, language, class = 'all', class
