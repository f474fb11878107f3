"""What stands at the other end: `python -m bench.sink PORT`. Slack's methods get 429, Teams' messages an id."""

import sys
from itertools import count

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

numbers = count(1)


async def slack(_: Request) -> Response:
    return JSONResponse({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": "30"})


async def teams(request: Request) -> Response:
    await request.body()
    return JSONResponse({"id": str(next(numbers))}, 201)


app = Starlette(
    routes=[
        Route("/v3/{rest:path}", teams, methods=["POST", "PUT"]),
        Route("/{method}", slack, methods=["GET", "POST"]),
    ]
)

if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="error", access_log=False)
