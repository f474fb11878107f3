"""Documents the bot sent, to be kept: each under its message's own address."""

from urllib.parse import quote

from starlette.responses import Response

from bot.core.paper import content
from bot.platforms.playground.chat import Chat, NoSuchMessage


def download(chat: Chat, id: str) -> Response:
    """The file of this message. It is only ever kept, never shown: what people wrote stands in it."""
    try:
        file = chat.find(id).file
    except NoSuchMessage:
        file = None
    if file is None:
        return Response("There is no such file.", 404, media_type="text/plain")
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.name, safe='')}",
        "Content-Security-Policy": "sandbox",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    return Response(content(file), media_type=file.mime, headers=headers)
