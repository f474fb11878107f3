"""What waits because somebody was told enough this week, played."""

from bot.core.events import Opened
from bot.core.people import Person
from bot.core.settings import Messages
from tests.cards.gallery import Stage
from tests.conftest import HALL

People = dict[str, Person]


async def digest(stage: Stage, folk: People) -> None:
    """Ben thanks Cy more often than Cy wants to hear of, and more than a message can list."""
    ben, cy, before = folk["ben"], folk["cy"], stage.store.settings
    kudos = before.kudos.model_copy(update={"allowance": {"default": 99}})
    await stage.command(cy, "kadens", "waiting")
    for many, enough in ((3, 3), (25, 4)):
        stage.store.settings = before.model_copy(update={"messages": Messages(week=enough), "kudos": kudos})
        for _ in range(many):
            await stage.command(ben, "kudos", stage.words(300), HALL, mentions=(cy,))
        await stage.happens(cy, Opened)
        await stage.due(cy, "digest", f"{many}")
        await stage.tap(cy, "digest.show")
    stage.store.settings = before
