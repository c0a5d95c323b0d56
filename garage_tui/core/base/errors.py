"""Exceptions whose text is meant for the user."""


class GarageError(Exception):
    """An error that the user can fix. Its text says in one line what is wrong, where, and what to do.

    The command line, the app and jobs show only the text; any other exception is a bug.
    """


class BadInputError(GarageError):
    """Invalid input of the user: a file with mistakes, an unknown name. The command line exits with 2."""
