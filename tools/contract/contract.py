"""Starts a space on an empty home, furnishes it, and lets schemathesis hold it against its own description."""

import json
import os
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

from openapi_spec_validator import validate

HERE = Path(__file__).parent
# None that the description gives as an example: a change of the password would end the token.
PASSWORD = "eleven foxes nap beneath amber suns"


def call(base, method, path, body=None, token=None):
    """One request; its answer as JSON."""
    request = urllib.request.Request(base + path, method=method)
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("content-type", "application/json")
    if token is not None:
        request.add_header("authorization", f"Bearer {token}")
    with urllib.request.urlopen(request, timeout=30) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def furnish(base, home):
    """An owner with one of everything; answers what the hooks need to know of it."""
    api = base + "/api/v1"
    setup = (home / "setup-token").read_text().strip()
    owner = {"email": "owner@contract.example", "password": PASSWORD}
    call(api, "POST", "/auth/register", owner | {"tenant_name": "contract", "setup_token": setup})
    token = call(api, "POST", "/auth/login", owner)["access_token"]

    def make(path, body):
        return call(api, "POST", path, body, token)

    dataset = make("/datasets", {"name": "hours", "dtype": "embedded"})["id"]
    texts = [{"document_id": f"d{n}", "title": f"Room {n}", "content": f"Room {n} opens at {n} and has {n * 7} chairs."}
             for n in range(60)]
    call(api, "POST", f"/datasets/{dataset}/documents?wait=true", {"documents": texts}, token)
    endpoint = {"name": "hours", "slug": "hours", "dataset_id": dataset, "response_type": "raw", "published": True}
    make("/endpoints", endpoint)
    configuration = {"mode": "allow", "patterns": ["*@contract.example"]}
    policy = make("/policies", {"name": "ours", "policy_type": "access", "configuration": configuration})["id"]
    call(api, "PUT", "/endpoints/hours/policies", {"policy_ids": [policy]}, token)
    invited = make("/invitations", {"email": "user@contract.example", "role": "user"})
    member = call(api, "POST", "/invitations/accept", {"token": invited["token"], "password": PASSWORD})["id"]
    session = call(api, "GET", "/auth/sessions", token=token)["items"][0]["id"]
    owner = call(api, "GET", "/auth/me", token=token)["id"]
    return {"token": token, "owner": owner, "session": session, "dataset": dataset, "policy": policy, "member": member}


def main():
    binary, seconds = sys.argv[1], int(sys.argv[2])
    with tempfile.TemporaryDirectory(prefix="syft-space-contract-") as folder:
        home = Path(folder) / "home"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SYFT_SPACE_")}
        # The token must outlive the run.
        environment |= {"SYFT_SPACE_ACCESS_TOKEN_LIFETIME_SECONDS": "86400", "SYFT_SPACE_LOG": "warn"}
        server = subprocess.Popen(
            [binary, "serve", "--home", str(home), "--listen", "127.0.0.1:0"],
            env=environment, stdout=subprocess.PIPE, text=True,
        )
        try:
            base = next(line for line in server.stdout if line.startswith("Listening on ")).split()[-1]
            validate(call(base, "GET", "/api/v1/openapi.json"))
            print("the description is valid OpenAPI 3.1")
            known = furnish(base, home)
            run = dict(environment, SCHEMATHESIS_HOOKS="hooks", PYTHONPATH=str(HERE), CONTRACT=json.dumps(known))
            command = [
                str(Path(sys.executable).parent / "st"), "--config-file", str(HERE / "schemathesis.toml"),
                "run", f"{base}/api/v1/openapi.json", "--max-time", str(seconds),
                "--header", f"Authorization: Bearer {known['token']}",
            ]
            outcome = subprocess.run(command, env=run, cwd=folder, check=False).returncode
            if server.poll() is not None:
                sys.exit(f"the server ended with {server.returncode}")
            call(base, "GET", "/health/ready")
        finally:
            server.terminate()
            server.wait()
    sys.exit(outcome)


if __name__ == "__main__":
    main()
