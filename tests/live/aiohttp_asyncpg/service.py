import os

import asyncpg
from aiohttp import web


async def connect(app: web.Application) -> None:
    app["pool"] = await asyncpg.create_pool(
        "postgres://events:Iechu7ah@localhost/events",
        min_size=1,
        max_size=2,
    )


async def disconnect(app: web.Application) -> None:
    await app["pool"].close()


async def answer(request: web.Request) -> web.Response:
    return web.json_response({"answer": await request.app["pool"].fetchval("SELECT 6 * 7")})


def make_app() -> web.Application:
    app = web.Application()
    app.on_startup.append(connect)
    app.on_cleanup.append(disconnect)
    app.router.add_get("/answer", answer)
    return app


if __name__ == "__main__":
    web.run_app(make_app(), host="127.0.0.1", port=int(os.environ["PORT"]), print=None)
