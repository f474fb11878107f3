"""The echo of the Bot Framework's own samples, with authentication: `python -m bench.echo PORT CONNECTOR`.

CloudAdapter over ConfigurationBotFrameworkAuthentication behind aiohttp, as the sample 02.echo-bot puts them together.
Two things are otherwise, both in its favour: uvloop, and its own token, which is a constant here, where the library
makes a sign-in client for each reply and so asks for a token each time.
"""

import sys

from aiohttp import web
from botbuilder.core import ActivityHandler, Bot, TurnContext
from botbuilder.core.integration import aiohttp_error_middleware
from botbuilder.integration.aiohttp import CloudAdapter, ConfigurationBotFrameworkAuthentication
from botframework.connector.auth import MicrosoftAppCredentials, PasswordServiceClientCredentialFactory

APP = "c9e8c047-2a34-40a1-b28a-b162d5f5327c"


class Echo(ActivityHandler):
    async def on_message_activity(self, turn_context: TurnContext) -> None:
        await turn_context.send_activity(f"Echo: {turn_context.activity.text}")


class _Credentials(MicrosoftAppCredentials):
    def get_access_token(self, force_refresh: bool = False) -> str:
        return "bench"


class _Factory(PasswordServiceClientCredentialFactory):
    async def create_credentials(
        self, app_id: str, oauth_scope: str, login_endpoint: str, validate_authority: bool
    ) -> MicrosoftAppCredentials:
        return _Credentials(app_id, "hush", None, oauth_scope)


class Configuration:
    """The names are the library's. Everything but where the keys are is what it has for the public cloud."""

    APP_ID, APP_PASSWORD, APP_TYPE = APP, "hush", "MultiTenant"
    TO_CHANNEL_FROM_BOT_LOGIN_URL = "https://login.microsoftonline.com/botframework.com"
    TO_CHANNEL_FROM_BOT_OAUTH_SCOPE = "https://api.botframework.com"
    TO_BOT_FROM_CHANNEL_TOKEN_ISSUER = "https://api.botframework.com"
    OAUTH_URL = "https://api.botframework.com"

    def __init__(self, connector: str) -> None:
        self.TO_BOT_FROM_CHANNEL_OPENID_METADATA_URL = f"{connector}openid"
        self.TO_BOT_FROM_EMULATOR_OPENID_METADATA_URL = f"{connector}openid"


def app(connector: str, bot: Bot | None = None) -> web.Application:
    """`connector`: its address with a slash at the end."""
    authentication = ConfigurationBotFrameworkAuthentication(
        Configuration(connector), credentials_factory=_Factory(APP, "hush")
    )
    adapter, heard = CloudAdapter(authentication), bot or Echo()

    async def messages(request: web.Request) -> web.Response:
        return await adapter.process(request, heard) or web.Response()

    made = web.Application(middlewares=[aiohttp_error_middleware])
    made.router.add_post("/teams/messages", messages)
    return made


if __name__ == "__main__":
    import uvloop

    uvloop.install()
    port, connector = int(sys.argv[1]), f"http://127.0.0.1:{sys.argv[2]}/"
    web.run_app(app(connector), host="127.0.0.1", port=port, print=None, access_log=None)
