"""The simulation's deliveries: what an endpoint has taken is listed as delivered, as Stripe does.

`delivery_success` of https://docs.stripe.com/api/events/list
"""

from tests.simulation import rest
from tests.simulation.world.simulation import Simulation


def listed(sim: Simulation, *, delivered: bool) -> list[str]:
    found = sim.engine.request("GET", "/v1/events", {"delivery_success": delivered})
    return [event["type"] for event in found.body["data"]]


def test_what_was_taken_is_in_no_list_of_what_was_not():
    """Else the second net under the list of events catches what the first one lets through, and hides that it does."""
    sim = Simulation(1)
    rest.heal(sim)
    customer = sim.engine.request("POST", "/v1/customers", {"email": "alice@example.com"}).body["id"]
    assert listed(sim, delivered=False) == []  # nobody wants to hear of a customer that was made
    sim.engine.request("POST", f"/v1/customers/{customer}", {"name": "Alice"})
    assert listed(sim, delivered=False) == ["customer.updated"]
    rest.drain(sim)
    assert listed(sim, delivered=False) == []
    assert "customer.updated" in listed(sim, delivered=True)
