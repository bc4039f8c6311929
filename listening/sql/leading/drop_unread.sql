drop table unread
