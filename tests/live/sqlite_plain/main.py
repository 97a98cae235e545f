from fastapi import FastAPI
from store import connect

app = FastAPI()


@app.get("/answer")
def answer() -> dict[str, int]:
    connection = connect()
    try:
        return {"answer": connection.execute("SELECT 6 * 7").fetchone()[0]}
    finally:
        connection.close()
