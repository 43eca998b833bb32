"""What keeps the local system from starting, or one of its commands from being carried out."""


class StartError(Exception):
    """It can't be started or done; the message is one sentence that says what to do about it."""
