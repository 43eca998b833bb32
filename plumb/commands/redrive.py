"""`plumb redrive`: dead letters back onto the events queue."""

import click

from plumb.cli import FAILED, OK, operator_command
from plumb.errors import PlumbError
from plumb.invocation import Invocation
from plumb.queues import counts, dead_letter_queue, move_by_hand, move_by_task


@operator_command("redrive")
@click.option("--dry-run", is_flag=True, help="Count the messages, and move none.")
def command(invocation: Invocation, dry_run: bool) -> int:
    """Move the messages of the dead-letter queue back onto the events queue, once the cause is mended.

    By SQS's own move task, which goes on by itself when this is interrupted; message by message where there is none, as
    on the laptop. What was settled meanwhile changes nothing.

    \b
    Examples:
      plumb redrive --dry-run
      plumb redrive --stage prod --yes
    """
    world, out = invocation.world, invocation.out
    _, _, policy = counts(world.sqs, world.queue_url)
    dead = dead_letter_queue(world.sqs, policy)
    if dead is None:
        raise PlumbError("The events queue has no dead-letter queue.")
    waiting, moving, _ = counts(world.sqs, dead)
    name = dead.rpartition("/")[2]
    out.say(f"{name}: {waiting} messages{f', {moving} more that somebody holds' if moving else ''}.")
    moved = 0
    moves = bool(waiting) and not dry_run and invocation.confirm(f"Move {waiting} messages?")
    if moves:
        with out.progress("moving", waiting) as bar:

            def seen(done: int) -> None:
                bar.update(bar.task_ids[0], completed=done)

            if invocation.site.local:
                moved = move_by_hand(world.sqs, dead, world.queue_url, waiting, seen)
            else:
                moved = move_by_task(invocation.site.client("sqs"), dead, world.queue_url, world.clock, seen)
        out.say(f"Moved {moved}.")
    out.document({"queue": name, "waiting": waiting, "moved": moved})
    return FAILED if moves and moved < waiting else OK
