"""Errors that are the user's to mend."""


class UserError(Exception):
    """A user's mistake: the command line prints its one line and exits with 2."""


class InterruptedRunError(Exception):
    """A signal stopped the training, whose state is kept: the command line exits with 75."""
