"""The one error of this package."""


class StartError(Exception):
    """The stack cannot start; the message is one sentence that says what to do about it."""
