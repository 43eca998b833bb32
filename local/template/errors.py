"""The one error of this package."""


class TemplateError(Exception):
    """The template says something the local system cannot play; the message is one sentence naming where."""
