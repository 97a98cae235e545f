import sqlite3

connection = sqlite3.connect("answers.db", check_same_thread=False)
