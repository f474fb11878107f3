"""The features, in the order in which help and the platforms list them."""

from handlers.admin import admin
from handlers.cadence import cadence
from handlers.checkin import checkin
from handlers.endings import endings
from handlers.erasure import erasure
from handlers.export import export
from handlers.feedback import feedback
from handlers.goals import goals
from handlers.grow import grow
from handlers.history import history
from handlers.home import home
from handlers.kudos import kudos
from handlers.people import people
from handlers.privacy import privacy
from handlers.recognition import recognition
from handlers.record import record
from handlers.requests import requests
from handlers.review import review
from handlers.rhythm import rhythm
from handlers.settings import settings
from handlers.sharing import sharing
from handlers.smart import smart
from handlers.thanks import thanks
from handlers.tree import tree
from handlers.updates import updates
from handlers.welcome import welcome

FEATURES = (
    checkin,
    kudos,
    thanks,
    recognition,
    feedback,
    requests,
    goals,
    smart,
    updates,
    endings,
    tree,
    grow,
    review,
    home,
    people,
    settings,
    rhythm,
    cadence,
    admin,
    welcome,
    history,
    sharing,
    privacy,
    export,
    erasure,
    record,
)

__all__ = ["FEATURES"]
