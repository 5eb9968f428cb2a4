"""Errors that the user can fix."""


class UserError(Exception):
    """A user's mistake: the command line prints its one line and exits with 2."""


class InterruptedRunError(Exception):
    """A signal stopped the training, whose state is resumable: the command line exits with 75."""


class AwaitedAnswersError(InterruptedRunError):
    """Queries wait for people to answer them: the same command goes on afterwards."""


def require_choice(what: str, value: str, allowed: tuple[str, ...]) -> None:
    """Raise a `UserError` that lists the allowed names if `value` is not one of them."""
    if value not in allowed:
        raise UserError(f"{what} {value!r} is unknown; allowed: {', '.join(allowed)}")
