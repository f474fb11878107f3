"""The features, in the order in which help and the platforms list them."""

from handlers.checkin import checkin
from handlers.grow import grow
from handlers.history import history
from handlers.home import home
from handlers.kudos import kudos
from handlers.people import people
from handlers.recognition import recognition
from handlers.review import review
from handlers.rhythm import rhythm
from handlers.sharing import sharing
from handlers.thanks import thanks

FEATURES = (checkin, kudos, thanks, recognition, grow, review, home, people, rhythm, history, sharing)

__all__ = ["FEATURES"]
