"""Which companies are answered: a bot's app id is no secret, and whoever knows it can install the app elsewhere."""

import logging
from collections import OrderedDict
from dataclasses import dataclass, field

log = logging.getLogger(__name__)

ANY = "*"
SAID = 100  # tenants that were turned away and are in the log


@dataclass
class Tenants:
    """The tenants that are served; `names` empty or with "*": all of them."""

    names: frozenset[str] = frozenset()
    _said: OrderedDict[str, None] = field(default_factory=OrderedDict)

    @classmethod
    def of(cls, listed: str, own: str) -> "Tenants":
        """From TEAMS_TENANTS, with commas between, and TEAMS_TENANT_ID: without a list, the bot's own tenant alone."""
        names = frozenset(each.strip().lower() for each in listed.split(",") if each.strip())
        return cls(names or frozenset({own.lower()} if own else ()))

    @property
    def all(self) -> bool:
        return not self.names or ANY in self.names

    def __contains__(self, tenant: object) -> bool:
        return isinstance(tenant, str) and (self.all or tenant.lower() in self.names)

    def turned_away(self, tenant: str) -> None:
        """Say it in the log, once for each: there the operator finds what to write into the list."""
        if tenant not in self._said:
            self._said[tenant] = None
            if len(self._said) > SAID:
                self._said.popitem(last=False)
            log.warning("Teams: a message of tenant %s was refused: it is not in TEAMS_TENANTS", tenant)
