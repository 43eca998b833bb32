"""How parts without a port say that they are at work: a file in the state directory."""

from pathlib import Path

from local.run_config import RunConfig


def ready_file(config: RunConfig, part: str) -> Path:
    return config.state / "ready" / part


def mark_ready(config: RunConfig, part: str) -> None:
    """Cheap to repeat: a part says so again and again, from its main loop."""
    path = ready_file(config, part)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
