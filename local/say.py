"""What a part says: lines on its standard output, which the supervisor reads."""


def say(line: str) -> None:
    """Print a line at once: into a pipe, Python would keep it back until there are some thousand characters."""
    print(line, flush=True)
