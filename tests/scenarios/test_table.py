"""The scenario table itself: enough rows, each with a name of its own, and every point of the product named."""

from tests.scenarios.manner import Manner
from tests.scenarios.table import BULLETS, ROWS_AT_LEAST, all_rows


def test_names_are_unique() -> None:
    slugs = [row.slug[:48] for row in all_rows()]
    assert len(set(slugs)) == len(slugs)


def test_there_are_enough() -> None:
    assert len(all_rows()) >= ROWS_AT_LEAST


def test_every_point_of_the_product_has_a_row() -> None:
    assert {row.bullet for row in all_rows()} == BULLETS.keys()


def test_ledgers_are_literal_and_sorted() -> None:
    for row in all_rows():
        for ledger in (row.ledger, row.ledger if row.at_once is None else row.at_once):
            assert list(ledger) == sorted(ledger), row.name
            assert sum(amount for _, amount in ledger) == row.balance, row.name


def test_each_manner_orders_events_in_its_own_way() -> None:
    told = {manner: "".join(manner.order("abcd")) for manner in Manner}
    assert told == {"as-they-come": "abcd", "reversed": "dcba", "doubled": "abacbdcd", "dropped": ""}
    assert [Manner.DOUBLED.order(each) for each in ("", "a")] == [[], ["a", "a"]]
