"""The features, in the order in which help and the platforms list them."""

from handlers.admin import admin
from handlers.aspirations import aspirations
from handlers.briefs import briefs
from handlers.cadence import cadence
from handlers.checkin import checkin
from handlers.coach import coach
from handlers.cycle import cycle
from handlers.digest import digest
from handlers.endings import endings
from handlers.erasure import erasure
from handlers.expectations import expectations
from handlers.export import export
from handlers.feedback import feedback
from handlers.goals import goals
from handlers.grow import grow
from handlers.growth import growth
from handlers.history import history
from handlers.home import home
from handlers.improvement import improvement
from handlers.improving import improving
from handlers.kudos import kudos
from handlers.learning import learning
from handlers.meetings import meetings
from handlers.mentors import mentors
from handlers.oneonone import oneonone
from handlers.pack import pack
from handlers.people import people
from handlers.preparing import preparing
from handlers.privacy import privacy
from handlers.recognition import recognition
from handlers.record import record
from handlers.requests import requests
from handlers.review import review
from handlers.rhythm import rhythm
from handlers.settings import settings
from handlers.sharing import sharing
from handlers.skills import skills
from handlers.smart import smart
from handlers.summary import summary
from handlers.teamplan import teamplan
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
    coach,
    review,
    preparing,
    summary,
    expectations,
    aspirations,
    pack,
    cycle,
    oneonone,
    meetings,
    briefs,
    growth,
    skills,
    learning,
    mentors,
    improvement,
    improving,
    teamplan,
    home,
    people,
    settings,
    rhythm,
    digest,
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
