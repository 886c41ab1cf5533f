"""Can a marketplace's users query a space with the SDK that they have?

usage: sdk.py SYFT_SPACE
"""

import json
import re
import subprocess
import sys
import urllib.request

from syfthub_sdk import SyftHubClient
from syfthub_sdk.exceptions import RetrievalError
from syfthub_sdk.models import EndpointRef

QUESTION = "Who may query an endpoint?"


def told(lines, pattern):
    """What fits in the next line that has any of it."""
    for line in lines:
        found = re.search(pattern, line)
        if found:
            return found.groups()
    raise AssertionError(f"the demonstration ended before it said {pattern}")


class Users:
    """The users of a marketplace, each with a client of their own."""

    def __init__(self, hub, password):
        self.hub, self.password = hub, password

    def client(self, name):
        client = SyftHubClient(base_url=self.hub)
        client.auth.login(username=name, password=self.password)
        return client

    def nobody(self):
        return SyftHubClient(base_url=self.hub)


def ask(client, endpoint, **more):
    return client.syftai.query_data_source(
        endpoint=endpoint, query=QUESTION, user_email="whoever@example.org", similarity_threshold=0.0, **more
    )


def refused(client, endpoint, status, **more):
    """What the SDK makes of a refusal: it keeps the body in `detail`, and puts the status into its message."""
    try:
        ask(client, endpoint, **more)
    except RetrievalError as error:
        said = f"{error} {error.detail}"
        assert str(status) in said or "'status': %d" % status in said, said
        return said
    raise AssertionError(f"the space answered what it should refuse with {status}")


def found_on_the_hub(client):
    """The endpoint as its users find it: listed, with where to send queries."""
    listed = client.hub.get("spaceowner/handbook")
    config = listed.connect[0].config
    return EndpointRef(
        url=config["url"], slug=listed.slug, owner_username="spaceowner", tenant_name=config["tenant_name"]
    )


def queries(users):
    alice = users.client("alice")
    endpoint = found_on_the_hub(alice)

    answer = ask(alice, endpoint)
    assert answer.documents and answer.documents[0].content, answer
    assert 0 <= answer.documents[0].score <= 1, answer
    assert len(ask(alice, endpoint, top_k=1).documents) == 1
    for _ in range(3):
        ask(alice, endpoint)

    said = refused(users.client("mallory"), endpoint, 403)
    assert "access policy does not admit you" in said, said
    assert "access_denied" in said and "@" not in said.replace("whoever@example.org", ""), said
    refused(users.nobody(), endpoint, 403)
    refused(alice, endpoint.model_copy(update={"slug": "no-such-thing"}), 404)
    refused(alice, endpoint.model_copy(update={"tenant_name": "another"}), 404)
    refused(alice, endpoint, 401, authorization_token="not.a.token")
    refused(alice, endpoint, 422, top_k=101)


class Owner:
    """Whoever owns the space."""

    def __init__(self, space, password):
        self.base, self.token = f"{space}/api/v1", None
        login = {"email": "olivia@example.org", "password": password}
        self.token = self.send("POST", "/auth/login", login)["access_token"]

    def send(self, method, path, body=None):
        request = urllib.request.Request(self.base + path, method=method)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("content-type", "application/json")
        if self.token:
            request.add_header("authorization", f"Bearer {self.token}")
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def attach(self, policy_type, configuration):
        """Attaches a policy beside those that are there, and answers what puts it back as it was."""
        attached = [policy["id"] for policy in self.send("GET", "/endpoints/handbook")["policies"]]
        made = {"name": policy_type, "policy_type": policy_type, "configuration": configuration}
        made = self.send("POST", "/policies", made)["id"]
        self.send("PUT", "/endpoints/handbook/policies", {"policy_ids": [*attached, made]})
        return lambda: self.send("PUT", "/endpoints/handbook/policies", {"policy_ids": attached})


def pays(users, owner):
    """What an answer cost, and that nothing is left, as the SDK reads both."""
    alice = users.client("alice")
    endpoint = found_on_the_hub(alice)
    price = {"price": "0.25", "currency": "EUR", "free_quota": 1, "budget": "0.25"}
    detach = owner.attach("accounting", price)
    for status, amount in [("free", 0.0), ("charged", 0.25)]:
        answer = ask(alice, endpoint)
        [entry] = answer.policy_metadata.entries
        assert (entry.kind, entry.status, entry.amount, entry.currency) == ("payment", status, amount, "EUR"), entry
        assert entry.transaction.rail == "ledger" and entry.transaction.id, entry
    said = refused(alice, endpoint, 402)
    assert "payment_required" in said and "INSUFFICIENT_BALANCE" in said, said
    detach()

    detach = owner.attach("disclosure_limit", {"cap": 1, "unit": "characters"})
    said = refused(alice, endpoint, 403)
    assert "DISCLOSURE_LIMIT" in said, said
    detach()

    detach = owner.attach("manual_review", {"valid_for": "1h"})
    said = refused(alice, endpoint, 403)
    assert "review_pending" in said and "REVIEW_PENDING" in said, said
    [waiting] = owner.send("GET", "/approvals?state=pending")["items"]
    owner.send("POST", f"/approvals/{waiting['id']}/approve", {})
    ask(alice, endpoint)
    detach()
    ask(alice, endpoint)


def main(binary):
    command = [binary, "demo", "--with-hub", "--listen", "127.0.0.1:0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as demo:
        try:
            hub, password = told(demo.stdout, r"^Marketplace: (http://\S+) .* password (\S+) too")
            users = Users(hub, password)
            queries(users)
            space = found_on_the_hub(users.client("alice")).url
            pays(users, Owner(re.match(r"https?://[^/]+", space).group(), password))
        finally:
            demo.terminate()
    print("the SDK queries a space")


main(*sys.argv[1:])
