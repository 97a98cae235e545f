"""The connection to the database."""

from sqlalchemy import create_engine

# Every request takes a connection from here
engine = create_engine("postgresql+psycopg://shop:Iechu7ah@localhost:5432/shop", pool_pre_ping=True)
