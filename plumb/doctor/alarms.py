"""The alarms' topic: somebody hears it. Locally no alarm is played, and there is none."""

from collections.abc import Collection, Iterator

from plumb.doctor.finding import Finding, fail, ok, warn
from plumb.world import World

_SUBSCRIBE = "Deploy with AlarmEmail, or subscribe a chat or a pager to the output AlarmTopicArn (docs/alarms.md)."
_UNCONFIRMED = "PendingConfirmation"
"""In the place of a subscription's ARN, until its owner has followed the link in SNS's mail.
https://docs.aws.amazon.com/sns/latest/api/API_ListSubscriptionsByTopic.html"""


def alarms(world: World) -> Iterator[Finding]:
    """Who subscribes to the topic, and has confirmed it."""
    if world.site.local:
        return
    topic = world.site.resources.get("AlarmTopic")
    if topic is None:
        yield fail("alarms", "There is no topic for alarms.", "Deploy template.yaml as it is in this release.")
        return
    pages = world.aws("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    yield subscribers(
        topic.rpartition(":")[2], [each["SubscriptionArn"] for page in pages for each in page["Subscriptions"]]
    )


def subscribers(topic: str, subscriptions: Collection[str]) -> Finding:
    """What the topic's subscriptions, by their ARNs, come to."""
    confirmed = sum(arn != _UNCONFIRMED for arn in subscriptions)
    if confirmed:
        return ok("alarms", f"{topic} tells {confirmed} subscriber{'s' if confirmed > 1 else ''}.")
    if subscriptions:
        return warn("alarms", f"{topic} tells nobody: nobody has confirmed.", "Follow the link in the mail from SNS.")
    return warn("alarms", f"{topic} tells nobody.", _SUBSCRIBE)
