from fastapi import FastAPI
from store import logs

app = FastAPI()


@app.get("/answer")
async def answer() -> dict[str, int]:
    entry = await logs.find_one({"question": "everything"})
    return {"answer": entry["answer"]}
