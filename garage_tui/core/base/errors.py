"""The one exception whose text is meant for the person at the keyboard."""


class GarageError(Exception):
    """Something that the user can mend. Its text says what is wrong, where, and what to do, in one line.

    Doors (the command line, the app, a job) show the text alone; any other exception is a bug of ours.
    """


class BadInputError(GarageError):
    """What the user gave cannot be used: a file with mistakes, an unknown name. The command line exits with 2."""
