from fastapi import FastAPI
from sqlalchemy import text

from app.config import settings
from app.db import engine

app = FastAPI(title=settings.title)


@app.get("/answer")
async def answer() -> dict[str, int]:
    async with engine.connect() as connection:
        return {"answer": (await connection.execute(text("SELECT 6 * 7"))).scalar_one()}
