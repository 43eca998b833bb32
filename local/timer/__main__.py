"""`python -m local.timer --config state/run.json`"""

import json
import time
from datetime import datetime, timedelta

import httpx

from local.arguments import config_from_arguments
from local.eventbridge import event
from local.readiness import mark_ready
from local.run_config import RunConfig
from local.say import say
from local.template import Schedule
from local.template.schedule_expression import parse, utc_now

_LOOK_SECONDS = 1.0
"""Less where time runs faster: no schedule comes more often than once a minute."""
_FASTEST_SECONDS = 15.0


class Timer:
    """Remembers when each schedule is due; a new or changed one counts from the moment it is seen, as on AWS."""

    def __init__(self, config: RunConfig, now: datetime) -> None:
        self._speed = config.timer_speed
        self._origin = now
        self._due: dict[Schedule, datetime | None] = {}

    def virtual(self, now: datetime) -> datetime:
        return self._origin + timedelta(seconds=(now - self._origin).total_seconds() * self._speed)

    def fire(self, schedules: tuple[Schedule, ...], moment: datetime) -> list[tuple[Schedule, datetime]]:
        """The schedules due at `moment`, each once, however many times it was missed (the laptop slept)."""
        fired = []
        for schedule in schedules:
            expression = parse(schedule.expression, schedule.name)
            if schedule not in self._due:
                self._due[schedule] = expression.after(moment)
            due = self._due[schedule]
            if due is not None and due <= moment:
                fired.append((schedule, due))
                self._due[schedule] = expression.after(moment)
        self._due = {schedule: due for schedule, due in self._due.items() if schedule in schedules}
        return fired


def payload_of(schedule: Schedule, due: datetime) -> str:
    """The configured input, or the event AWS sends without one.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-run-lambda-schedule.html
    """
    if schedule.payload is not None:
        return schedule.payload
    detail: object = {} if schedule.source == "aws.events" else "{}"
    return json.dumps(event(schedule.source, "Scheduled Event", detail, due, [schedule.arn]))


def _invoke(client: httpx.Client, config: RunConfig, schedule: Schedule, due: datetime) -> None:
    target, payload = config.invoke_url(schedule.function), payload_of(schedule, due)
    try:
        client.post(target, content=payload, headers={"X-Amz-Invocation-Type": "Event"})
    except httpx.TransportError as exc:
        say(f"{schedule.name}: not invoked ({type(exc).__name__}); the next time is the next try")
    else:
        say(f"{schedule.name}: invoked {schedule.function}")


def main() -> None:
    config = config_from_arguments()
    live = config.live_model()
    client = httpx.Client(trust_env=False, timeout=10)
    timer = Timer(config, utc_now())
    while True:
        for schedule, due in timer.fire(live.current().schedules, timer.virtual(utc_now())):
            _invoke(client, config, schedule, due)
        mark_ready(config, "timer")
        time.sleep(min(_LOOK_SECONDS, _FASTEST_SECONDS / config.timer_speed))


if __name__ == "__main__":
    main()
