"""What is said of a database that cannot be used."""

from bot.settings import shown


def broken_database(url: str, error: Exception) -> str:
    """One sentence, without the password that stands in the address."""
    if type(error).__name__ == "CommandError":
        return f"The database {shown(url)} was made by a later release of Kadens; install that one."
    if isinstance(error, ModuleNotFoundError):
        return f"The database {shown(url)} needs the package {error.name}: pip install {error.name}"
    reason = str(getattr(error, "orig", error)) if url.startswith("sqlite") else _refusal(error)
    return f"The database {shown(url)} cannot be used: {reason or type(error).__name__}."


# What PostgreSQL and its driver mean, by the name of what is raised: their own words may quote the address.
REFUSALS = {
    "InvalidPasswordError": "the password is wrong",
    "InvalidAuthorizationSpecificationError": "it does not let this user in from here",
    "InvalidCatalogNameError": "there is no database of that name",
    "InsufficientPrivilegeError": "this user may not make or change tables there",
    "TooManyConnectionsError": "it has no connection left",
    "CannotConnectNowError": "it is starting or stopping",
    "ClientConfigurationError": "an option behind the ? is wrong",
    "UndefinedObjectError": "it does not know a setting behind the ?",
    "InvalidParameterValueError": "a setting behind the ? is wrong",
    "ConnectionRefusedError": "nobody answers there",
    "gaierror": "there is no host of that name",
    "FileNotFoundError": "there is no such file",
    "TimeoutError": "it does not answer in time",
    "ProtocolViolationError": "a pooler that stands before it does not know a setting behind the ?",
    "SSLCertVerificationError": "its certificate is not one we trust",
}


def _refusal(error: BaseException) -> str:
    while error.__cause__:  # SQLAlchemy's, the adapter's, the driver's own
        error = error.__cause__
    name = type(error).__name__
    if isinstance(error, ConnectionError) and "SSL" in str(error):
        return "it does not speak TLS"
    if name == "ProtocolViolationError" and "SSL required" in str(error):
        return "it lets nobody in without TLS; write sslmode=verify-full behind the ?"
    return REFUSALS.get(name, name)
