from contextlib import asynccontextmanager

from database import engine
from fastapi import FastAPI
from models import Base
from sqlalchemy import text


@asynccontextmanager
async def lifespan(app: FastAPI):
    Base.metadata.create_all(bind=engine)
    yield


app = FastAPI(lifespan=lifespan)


@app.get("/answer")
def answer() -> dict[str, int]:
    with engine.connect() as connection:
        return {"answer": connection.execute(text("SELECT 6 * 7")).scalar_one()}
