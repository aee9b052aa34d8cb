SELECT 'todo_words'::regclass;
