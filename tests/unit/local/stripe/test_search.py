"""Searching customers: the query language, and that it is behind."""

import pytest

SEARCH = "/v1/customers/search"


@pytest.fixture
def three(account):
    made = [
        account.post("/v1/customers", email="Ann@Example.com", name="Ann O'Neil", metadata={"user_id": "u1"}),
        account.post("/v1/customers", email="bob@example.com", metadata={"user_id": "u2", "plan": "pro"}),
        account.post("/v1/customers", name="Nobody"),
    ]
    account.time += 10
    return {each["id"]: name for each, name in zip(made, ("ann", "bob", "nobody"), strict=True)}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("email:'ann@example.com'", {"ann"}),
        ('email:"BOB@example.com"', {"bob"}),
        ("email~'example'", {"ann", "bob"}),
        ("name:'ann o\\'neil'", {"ann"}),
        ("metadata['user_id']:'u1'", {"ann"}),
        ('metadata["user_id"]:"u2" AND metadata["plan"]:"pro"', {"bob"}),
        ("metadata['user_id']:'u1' metadata['plan']:'pro'", set()),
        ("metadata['user_id']:'u1' OR metadata['user_id']:'u2'", {"ann", "bob"}),
        ("metadata['user_id']:null", {"nobody"}),
        ("-metadata['user_id']:'u1'", {"bob", "nobody"}),
        ("created>1 AND -email:null", {"ann", "bob"}),
        ("created<=1", set()),
    ],
)
def test_a_search_finds_what_its_query_says(account, three, query, found):
    answer = account.get(SEARCH, query=query)
    assert {three[each["id"]] for each in answer["data"]} == found
    assert (answer["object"], answer["has_more"], answer["next_page"]) == ("search_result", False, None)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("ann@example.com", "unable to parse"),
        ("email:ann", "unable to parse"),
        ("email:'a' AND", "unable to parse"),
        ("email:'a''b'", "unable to parse"),
        ("", "unable to parse"),
        ("currency:'usd'", "Field `currency` is an unsupported search field for resource `customers`."),
        ("metadata:'x'", "unsupported search field"),
        ("email:'a' AND name:'b' OR phone:'c'", "cannot combine AND and OR"),
        ("email~'ab'", "at least 3 characters"),
        ("created:'x'", "takes a number"),
        (" ".join(["email:'a'"] * 11), "at most 10"),
    ],
)
def test_a_search_that_can_not_be_parsed_is_refused(account, three, query, message):
    error = account.refusal("GET", SEARCH, query=query)
    assert error["status"] == 400
    assert message in error["message"] or query == ""


def test_the_index_is_behind_and_catches_up(account):
    made = account.post("/v1/customers", email="old@example.com")["id"]

    def ids(email):
        return [each["id"] for each in account.get(SEARCH, query=f"email:'{email}'")["data"]]

    assert ids("old@example.com") == []
    assert [each["id"] for each in account.get("/v1/customers", email="old@example.com")["data"]] == [made]
    account.time += 2
    assert ids("old@example.com") == [made]
    account.post("/v1/customers/" + made, email="new@example.com")
    assert (ids("old@example.com"), ids("new@example.com")) == ([made], []), "still the old version"
    account.time += 2
    assert (ids("old@example.com"), ids("new@example.com")) == ([], [made])
    account.world.search_lag = 60
    account.ask("DELETE", "/v1/customers/" + made)
    assert ids("new@example.com") == [], "what is gone is not shown, however late the index"


def test_a_search_goes_on_page_by_page(account):
    for _ in range(3):
        account.post("/v1/customers", email="same@example.com")
    account.time += 5
    first = account.get(SEARCH, query="email:'same@example.com'", limit=2)
    assert (len(first["data"]), first["has_more"]) == (2, True)
    rest = account.get(SEARCH, query="email:'same@example.com'", limit=2, page=first["next_page"])
    assert (len(rest["data"]), rest["has_more"], rest["next_page"]) == (1, False, None)
    assert account.refusal("GET", SEARCH, query="email:'x'", page="nonsense")["param"] == "page"


def test_expanding_a_list_of_nothing_is_fine(account):
    assert account.get("/v1/customers", expand=["data.test_clock"])["data"] == []
