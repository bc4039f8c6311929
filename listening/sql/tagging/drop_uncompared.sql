drop table uncompared
