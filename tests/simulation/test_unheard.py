"""What a customer paid long before it was taken over, and what the oracle asks of that."""

from tests.simulation import compare
from tests.simulation.actors.strangers import customer_from_before
from tests.simulation.world.simulation import Simulation

_LATER = 97 * 86400


def taken_over() -> tuple[Simulation, list[str]]:
    """A customer who has paid for some months when somebody hears of it; its invoices, the oldest first."""
    sim = Simulation(1, {})
    name = customer_from_before(sim, "bob", "bob", "pro_monthly")
    sim.scheduler.now += _LATER
    sim.engine.tick()
    sim.journal.taken[name] = sim.scheduler.now
    invoices = sorted(sim.engine.world.all("invoice"), key=lambda each: each["created"])
    assert [each["status"] for each in invoices] == ["paid"] * 4
    return sim, [each["id"] for each in invoices]


def test_only_what_is_older_than_the_look_is_nobodys_promise():
    sim, (first, second, third, _fourth) = taken_over()
    assert compare.unheard(sim) == {first, second, third}
    (customer,) = sim.journal.taken
    sim.journal.taken[customer] -= 30 * 86400
    assert compare.unheard(sim) == {first, second}


def test_what_an_event_told_or_a_lot_has_is_asked_for():
    sim, (first, second, third, _fourth) = taken_over()
    events = sim.engine.world.all("event")
    told = next(each["id"] for each in events if each["data"]["object"].get("id") == first)
    sim.watch.outcomes[told] = "PARKED"
    sim.watch.lots["bob"][f"{second}#il_1", 0] = 50
    assert compare.unheard(sim) == {third}


def test_a_customer_of_our_own_has_no_past():
    sim, _ = taken_over()
    sim.journal.taken.clear()
    assert compare.unheard(sim) == set()
