"""Orders: what can be bought, how a price is named, and what becomes of an open page."""

from tests.scenarios.play import Play
from tests.scenarios.table import Row


def _pack(play: Play) -> None:
    play.buy("credits_500")


ROWS = (Row("a pack is bought", "modes", _pack, level="FREE", balance=500, ledger=(("PURCHASE", 500),)),)
