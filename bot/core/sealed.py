"""What other houses entrusted to us, such as their tokens, is kept encrypted: Fernet, that is AES-128 and HMAC-SHA256.

The keys stand in .env (KADENS_KEYS), never in the database: a backup alone opens nothing. The first key seals, each of
them opens, so that a new key can be put in front and the old one taken out once all is sealed anew.
"""

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class BadKeys(ValueError):
    """KADENS_KEYS cannot be used. The text says which of them, and shows none."""


class WrongKey(Exception):
    """None of our keys opens this. It is kept as it is: with the right key it opens again."""


def new_key() -> str:
    return Fernet.generate_key().decode()


class Sealer:
    """Seals and opens. Shows no key, whoever prints it."""

    def __init__(self, keys: str) -> None:
        """`keys` with commas between. Raises BadKeys."""
        named = [each.strip() for each in keys.split(",") if each.strip()]
        if not named:
            raise BadKeys("KADENS_KEYS is missing: `kadens keys new` makes a key")
        found = list[Fernet]()
        for number, each in enumerate(named, 1):
            try:
                found.append(Fernet(each))
            except ValueError:
                text = f"KADENS_KEYS: number {number} is no key; `kadens keys new` makes one of 44 letters"
                raise BadKeys(text) from None
        self._first, self._all = found[0], MultiFernet(found)

    def __repr__(self) -> str:
        return "Sealer()"

    def seal(self, text: str) -> str:
        return self._first.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """Raises WrongKey."""
        try:
            return self._all.decrypt(sealed.encode()).decode()
        except (InvalidToken, UnicodeDecodeError, ValueError):
            raise WrongKey from None

    def anew(self, sealed: str) -> str | None:
        """The same under the first key; None where it is already. Raises WrongKey."""
        try:
            self._first.decrypt(sealed.encode())
        except (InvalidToken, ValueError):
            return self.seal(self.open(sealed))
        return None
