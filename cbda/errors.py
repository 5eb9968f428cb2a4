"""Errors that are the user's to mend."""


class UserError(Exception):
    """A user's mistake: the command line prints its one line and exits with 2."""
