"""Can a marketplace's users query a space with the SDK that they have?

usage: sdk.py SYFT_SPACE
"""

import re
import subprocess
import sys

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


def main(binary):
    command = [binary, "demo", "--with-hub", "--listen", "127.0.0.1:0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as demo:
        try:
            hub, password = told(demo.stdout, r"^Marketplace: (http://\S+) .* password (\S+) too")
            queries(Users(hub, password))
        finally:
            demo.terminate()
    print("the SDK queries a space")


main(*sys.argv[1:])
