"""Keep a server's resources in step with the template."""

import threading
import time
from collections.abc import Callable

from local.run_config import RunConfig
from local.template import Model

_LOOK_SECONDS = 1.0


def follow(config: RunConfig, create: Callable[[Model], None], ready: threading.Event) -> None:
    """Create the resources, say so, and create those that are added later; never returns."""
    live = config.live_model()
    done: Model | None = None
    while True:
        model = live.current()
        if model is not done:
            create(model)
            done = model
            ready.set()
        time.sleep(_LOOK_SECONDS)
