select * from night.runs
