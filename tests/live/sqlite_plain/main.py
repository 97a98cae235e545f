from fastapi import FastAPI
from store import connection

app = FastAPI()


@app.get("/answer")
def answer() -> dict[str, int]:
    return {"answer": connection.execute("SELECT 6 * 7").fetchone()[0]}
