select * from accountability where finding <> 'action without effect' order by finding, about
