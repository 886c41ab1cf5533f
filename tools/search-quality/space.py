"""A space that is served for a measurement, asked over HTTP as a client asks it."""

import json
import secrets
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request


class Served:
    """A server on a home. Who makes one logs in, and says which dataset it is about."""

    account = None
    token = None
    dataset = None

    def __init__(self, command, home):
        self.server = subprocess.Popen(
            [*command, "serve", "--listen", "127.0.0.1:0", "--home", home],
            stdout=subprocess.PIPE,
            text=True,
        )
        for line in self.server.stdout:
            if line.startswith("Listening on "):
                self.root = line.removeprefix("Listening on ").strip() + "/api/v1"
                break
        threading.Thread(target=lambda: [None for _ in self.server.stdout], daemon=True).start()

    def register(self, home):
        """Founds a tenant in a new home. Answers the account that owns it."""
        account = {"email": "quality@acme.example", "password": secrets.token_urlsafe(24)}
        setup = (home / "setup-token").read_text().strip()
        self.post("/auth/register", {**account, "tenant_name": "acme", "setup_token": setup})
        return account

    def log_in(self, account):
        self.account, self.token = account, None
        self.token = self.post("/auth/login", account)["access_token"]

    def send(self, path, body=None, kind=None, method=None):
        try:
            return self.send_once(path, body, kind, method)
        except urllib.error.HTTPError as error:
            # A token lasts a quarter of an hour, and encoding may take longer.
            if error.code != 401 or self.token is None:
                raise
            self.log_in(self.account)
            return self.send_once(path, body, kind, method)

    def send_once(self, path, body, kind, method):
        request = urllib.request.Request(self.root + path, data=body, method=method, headers={"content-type": kind} if kind else {})
        if self.token:
            request.add_header("authorization", "Bearer " + self.token)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def get(self, path):
        return self.send(path)

    def post(self, path, body):
        return self.send(path, json.dumps(body).encode(), "application/json")

    def put(self, files):
        """Brings files into the dataset, and waits until they are in it."""
        border = secrets.token_hex(16)
        parts = []
        for file in files:
            head = f'--{border}\r\ncontent-disposition: form-data; name="file"; filename="{file.name}"\r\n\r\n'
            parts += [head.encode(), file.read_bytes(), b"\r\n"]
        parts.append(f"--{border}--\r\n".encode())
        path = f"/datasets/{self.dataset}/documents?wait=true"
        job = self.send(path, b"".join(parts), f"multipart/form-data; boundary={border}")["job"]
        if job["status"] != "succeeded":
            sys.exit(f"the manual was not taken in: {job['errors'][:1]}")
        return job

    def wait_for_vectors(self):
        """Waits until each chunk of the dataset has its vector. Answers how many chunks there are."""
        while True:
            usage = self.get(f"/datasets/{self.dataset}/usage")
            encoded = usage.get("vectors", {}).get("chunks", 0)
            if encoded == usage["chunks"]:
                return encoded
            print(f"{encoded} of {usage['chunks']} chunks are encoded", file=sys.stderr, flush=True)
            time.sleep(10)

    def stop(self):
        self.server.terminate()
        self.server.wait()
