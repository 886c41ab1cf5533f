"""Does the SDK of a marketplace's users take the fake hub for a hub?

usage: sdk.py SERVE, where SERVE prints the hub's URL and serves until its standard input ends.
"""

import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from syfthub_sdk import SyftHubClient
from syfthub_sdk.exceptions import APIError, AuthenticationError, NotFoundError, ValidationError

PASSWORD = "copper moon 7"


def refused(kind, call):
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"no {kind.__name__}")


def accounts(url):
    owner = SyftHubClient(base_url=url)
    user = owner.auth.register(
        username="SpaceOwner", email="owner@example.org", password=PASSWORD, full_name="Olivia Owner"
    )
    user = getattr(user, "user", user)
    assert (user.username, user.role.value) == ("spaceowner", "user"), user
    alice = SyftHubClient(base_url=url)
    alice.auth.register(username="alice", email="alice@example.com", password=PASSWORD, full_name="Alice")
    refused(AuthenticationError, lambda: SyftHubClient(base_url=url).auth.login(username="alice", password="wrong"))
    alice = SyftHubClient(base_url=url)
    alice.auth.login(username="alice@example.com", password=PASSWORD)
    assert alice.auth.me().username == "alice"
    alice.auth.refresh()
    assert alice.auth.me().email == "alice@example.com"
    return owner, alice


def publishing(url, session):
    made = session.api_tokens.create(name="space")
    assert made.token.startswith(made.token_prefix)
    owner = SyftHubClient(base_url=url, api_token=made.token)
    assert owner.auth.me().username == "spaceowner"
    owner.users.update(domain="http://127.0.0.1:18090")
    connect = [{"type": "rest_api", "config": {"url": "", "tenant_name": "acme"}}]
    made = owner.my_endpoints.create(
        name="Space docs", slug="space-docs", type="data_source", connect=connect, policies=[{"type": "access"}]
    )
    assert (made.slug, made.is_active) == ("space-docs", True), made
    again = refused(APIError, lambda: owner.my_endpoints.create(name="x", slug="space-docs", type="data_source"))
    assert "already exists" in str(again), again
    refused(ValidationError, lambda: owner.my_endpoints.create(name="x", slug="docs", type="data_source"))
    changed = owner.my_endpoints.update("spaceowner/space-docs", description="How high mountains are")
    assert changed.description == "How high mountains are"
    assert [one.slug for one in owner.my_endpoints.list()] == ["space-docs"]
    for n in range(120):
        owner.my_endpoints.create(name=f"More {n}", slug=f"more-{n}", type="data_source")
    return owner


def finding(alice, owner):
    slugs = [one.slug for one in alice.hub.browse(page_size=50)]
    assert len(slugs) == len(set(slugs)) == 121, slugs
    owner.users.update(domain="http://127.0.0.1:18090")
    found = alice.hub.get("spaceowner/space-docs")
    assert found.connect[0].config == {"url": "http://127.0.0.1:18090", "tenant_name": "acme"}, found
    owner.my_endpoints.delete("spaceowner/space-docs")
    refused(NotFoundError, lambda: alice.hub.get("spaceowner/space-docs"))
    synced = owner.my_endpoints.sync([])
    assert (synced.synced, synced.deleted) == (0, 120), synced


class Space(BaseHTTPRequestHandler):
    """A space that knows one thing, and keeps whom it was asked by."""

    asked = []

    def do_POST(self):
        query = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.asked.append((self.path, dict(self.headers.items()), query))
        found = {"content": "5,895 m", "similarity_score": 0.7, "metadata": {"title": "Kilimanjaro"}}
        body = json.dumps({"references": {"documents": [found]}}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def searching(alice, owner):
    space = HTTPServer(("127.0.0.1", 0), Space)
    threading.Thread(target=space.serve_forever, daemon=True).start()
    owner.users.update(domain=f"http://127.0.0.1:{space.server_port}")
    answer = alice.search.query("How high is Kilimanjaro?", data_sources=["spaceowner/space-docs"])
    assert [(one.title, one.content) for one in answer.documents] == [("Kilimanjaro", "5,895 m")], answer
    assert [one.status.value for one in answer.retrieval_info] == ["success"], answer
    path, headers, query = Space.asked.pop()
    assert path == "/api/v1/endpoints/space-docs/query", path
    assert headers["authorization"].startswith("Bearer ey") and headers["x-tenant-name"] == "acme", headers
    assert query["messages"] == "How high is Kilimanjaro?", query
    space.shutdown()
    space.server_close()
    gone = alice.search.query("How high is Kilimanjaro?", data_sources=["spaceowner/space-docs"])
    assert [one.status.value for one in gone.retrieval_info] == ["error"], gone
    assert "Cannot reach" in gone.retrieval_info[0].error_message, gone


def tokens(url, alice):
    token = alice.auth.get_satellite_token("SpaceOwner")
    assert (token.expires_in, token.target_token.count(".")) == (60, 2)
    assert set(alice.auth.get_satellite_tokens(["spaceowner", "nobody"])) == {"spaceowner"}
    refused(NotFoundError, lambda: alice.auth.get_satellite_token("nobody"))
    guest = SyftHubClient(base_url=url)
    assert guest.auth.get_guest_satellite_token("spaceowner").target_token
    refused(AuthenticationError, lambda: guest.auth.get_satellite_token("spaceowner"))
    assert alice.auth.get_transaction_tokens(["spaceowner"]).get("tokens", {}) == {}
    alice.auth.logout()
    refused(AuthenticationError, alice.auth.me)


def main(serve):
    with subprocess.Popen([serve], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as hub:
        try:
            url = hub.stdout.readline().strip()
            session, alice = accounts(url)
            owner = publishing(url, session)
            searching(alice, owner)
            finding(alice, owner)
            tokens(url, alice)
        finally:
            hub.stdin.close()
    print("the SDK takes the fake hub for a hub")


main(*sys.argv[1:])
