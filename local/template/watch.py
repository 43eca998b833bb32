"""Notice that the template changed, so that routes, queues and schedules follow it without a restart."""

from collections.abc import Callable
from pathlib import Path

from local.template.errors import TemplateError
from local.template.model import Model


class LiveModel:
    """The model as the template says now.

    `current` costs one stat. A template that is broken while somebody edits it leaves the last good model in force, and
    says so once per change.
    """

    def __init__(self, template: Path, load: Callable[[], Model], say: Callable[[str], None]) -> None:
        self._template = template
        self._load = load
        self._say = say
        self._stamp = self._read_stamp()
        self._model = load()

    def current(self) -> Model:
        stamp = self._read_stamp()
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                self._model = self._load()
            except TemplateError as exc:
                self._say(f"template not reloaded: {exc}")
            else:
                self._say("template reloaded")
        return self._model

    def _read_stamp(self) -> tuple[int, int]:
        try:
            stat = self._template.stat()
        except FileNotFoundError:  # an editor that saves by renaming leaves a gap
            return (0, 0)
        return (stat.st_mtime_ns, stat.st_size)
