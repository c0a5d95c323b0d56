"""Exceptions whose text is meant for the user, and the text of others."""

from garage_tui.core.base.sanitize import one_line, unescaped


class GarageError(Exception):
    """An error that the user can fix. Its text says in one line what is wrong, where, and what to do.

    The command line, the app and jobs show only the text; any other exception is a bug.
    """


class BadInputError(GarageError):
    """Invalid input of the user: a file with mistakes, an unknown name. The command line exits with 2."""


def reason_of(error: BaseException, limit: int = 400) -> str:
    """Return in one line why something failed: a text for the user as it is, of a system error its reason alone.

    The text of a system error has a number before the reason, and the file's `repr` behind it; whoever reports it has
    named the file.
    """
    if isinstance(error, OSError):
        return one_line(error.strerror or unescaped(str(error)) or type(error).__name__, limit)
    return one_line(str(error) or type(error).__name__, limit)
