"""Holds a space's sinks against rsyslog, over TCP and over TLS, and against the library of Standard Webhooks, through outages of each and
kills of the space: nothing is lost, and each log comes in its order."""

import base64
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

PASSWORD = "seven owls dance under copper moons"
RSYSLOGD = "/usr/sbin/rsyslogd"
# How long a sink may take to catch up: longer than the longest pause.
PATIENCE = 180


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def certificate(folder):
    """A certificate for localhost that signs itself, in a file with its key."""
    key, cert = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "2", "-subj",
         "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE"],
        check=True, stderr=subprocess.DEVNULL)
    return key, cert


class Rsyslog:
    """A collector, with a file that has what it took. Its queue is direct: what it has read is in the file."""

    def __init__(self, folder, name, tls=None):
        self.folder = folder / name
        self.folder.mkdir()
        self.port = free_port()
        self.file = self.folder / "taken"
        self.file.touch()
        self.process = None
        driver, settings = "", ""
        if tls is not None:
            key, cert = tls
            settings = (f'defaultNetstreamDriver="ossl" defaultNetstreamDriverCAFile="{cert}" '
                        f'defaultNetstreamDriverCertFile="{cert}" defaultNetstreamDriverKeyFile="{key}"')
            driver = 'streamDriver.name="ossl" streamDriver.mode="1" streamDriver.authMode="anon"'
        self.configuration = self.folder / "rsyslog.conf"
        self.configuration.write_text(f"""
global(workDirectory="{self.folder}" maxMessageSize="64k" {settings})
module(load="imtcp" {driver})
template(name="told" type="string" string="%syslogfacility% %syslogseverity% %app-name% %msgid% %timereported:::date-rfc3339% %msg%\\n")
ruleset(name="taken" queue.type="direct") {{
    action(type="omfile" file="{self.file}" template="told" asyncWriting="off" flushOnTXEnd="on")
}}
input(type="imtcp" port="{self.port}" address="127.0.0.1" ruleset="taken")
""")

    def start(self):
        command = [RSYSLOGD, "-n", "-f", str(self.configuration), "-i", str(self.folder / "pid")]
        self.process = subprocess.Popen(command, stderr=(self.folder / "log").open("a"))
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.1)
        raise SystemExit(f"rsyslog did not start: {(self.folder / 'log').read_text()}")

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def hang(self):
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def events(self):
        for line in self.file.read_text().splitlines():
            facility, severity, app, action, _time, message = line.split(" ", 5)
            event = json.loads(message)
            wanted = {"success": "6", "denied": "5", "failure": "4"}[event["outcome"]]
            found = (facility, severity, app, action)
            if found != ("13", wanted, "syft-space", event["action"]):
                raise SystemExit(f"rsyslog reads {found} of {event}")
            yield event


class Receiver:
    """A webhook. It takes what the library verifies, and answers as it is told to."""

    def __init__(self, secret):
        self.webhook = Webhook(secret)
        self.port = free_port()
        self.mode = "takes"
        self.taken, self.ids, self.calls = [], {}, 0
        self.server = None

    def start(self):
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.calls += 1
                mode = receiver.mode
                if mode == "hangs":
                    time.sleep(25)
                status = {"takes": 204, "fails": 500, "gone": 410, "moved": 302, "hangs": 500}[mode]
                try:
                    told = receiver.webhook.verify(body, dict(self.headers))
                except WebhookVerificationError as error:
                    raise SystemExit(f"the library does not verify it: {error}")
                events = told["data"]["events"]
                ids = [event["id"] for event in events]
                if receiver.ids.setdefault(self.headers["webhook-id"], ids) != ids:
                    raise SystemExit("one id for two batches")
                if mode == "takes":
                    receiver.taken += events
                self.send_response(status)
                if mode == "moved":
                    self.send_header("location", f"http://127.0.0.1:{receiver.port}/elsewhere")
                self.send_header("content-length", "0")
                self.end_headers()

            def do_GET(self):
                raise SystemExit("a redirection was followed")

            def log_message(self, *_):
                pass

        ThreadingHTTPServer.daemon_threads = True
        ThreadingHTTPServer.allow_reuse_address = True
        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def events(self):
        return list(self.taken)


class Space:
    """A server on a home of its own, with these settings."""

    def __init__(self, binary, folder, settings):
        self.binary, self.home, self.log, self.settings = binary, folder / "home", folder / "log", settings
        self.token = None
        self.start()

    def start(self):
        environment = {"PATH": os.environ["PATH"], "SYFT_SPACE_LISTEN": "127.0.0.1:0", "SYFT_SPACE_LOG": "warn"}
        environment |= {f"SYFT_SPACE_{key.upper()}": value for key, value in self.settings.items()}
        command = [self.binary, "--home", str(self.home), "serve"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log.open("a"), text=True, env=environment)
        for line in self.process.stdout:
            if line.startswith("Listening on "):
                self.base = line.split()[2]
                return
        raise SystemExit(f"the server did not start: {self.log.read_text()}")

    def call(self, method, path, body=None, base="/api/v1"):
        request = urllib.request.Request(self.base + base + path, method=method)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("content-type", "application/json")
        if self.token is not None:
            request.add_header("authorization", f"Bearer {self.token}")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                text = answer.read()
                return json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            raise SystemExit(f"{method} {path}: {error.code} {error.read()}")

    def found(self):
        setup = (self.home / "setup-token").read_text().strip()
        owner = {"email": "owner@acme.example", "password": PASSWORD}
        self.call("POST", "/auth/register", owner | {"tenant_name": "acme", "setup_token": setup})
        self.token = self.call("POST", "/auth/login", owner)["access_token"]

    def happen(self, times):
        """Leaves events, and tells how long the slowest took."""
        slowest = 0
        for _ in range(times):
            begun = time.monotonic()
            self.call("GET", "/audit/export?after=4000000000")
            slowest = max(slowest, time.monotonic() - begun)
        return slowest

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def kill_and_start(self):
        self.kill()
        self.start()

    def sinks(self):
        return {sink["name"]: sink for sink in self.call("GET", "/audit/sinks")["items"]}

    def is_late(self):
        return self.call("GET", "/health/ready", base="").get("audit_sinks") == "late"

    def exported(self):
        events, size = [], None
        # Each part leaves an event itself: the log is read as it was when this began.
        while size is None or len(events) < size:
            part = self.call("GET", f"/audit/export?after={len(events)}")
            size = size or part["size"]
            events += part["items"]
        return events


def wait_until(what, holds):
    begun = time.monotonic()
    while not holds():
        if time.monotonic() - begun > PATIENCE:
            raise SystemExit(f"{what}: not in {PATIENCE} s")
        time.sleep(0.2)
    print(f"ok: {what}, after {time.monotonic() - begun:.1f} s", flush=True)


def check_whole(name, taken, log):
    """Every event of the log, each as it is in an export, none before one that stands before it."""
    taken, by_log = list(taken), {}
    for event in taken:
        seen = by_log.setdefault(event["log"], {})
        if event["seq"] > len(seen) + 1:
            raise SystemExit(f"{name}: events between {len(seen)} and {event['seq']} of {event['log']} are missing")
        if seen.setdefault(event["seq"], event) != event:
            raise SystemExit(f"{name}: the same number is told in two ways: {event}")
    tenant = log[0]["log"]
    for event in log:
        if by_log[tenant].get(event["seq"]) != event:
            raise SystemExit(f"{name}: it lacks {event}")
    sizes = {log or "installation": len(seen) for log, seen in by_log.items()}
    print(f"ok: {name} has all of {sizes}, and {len(taken) - sum(sizes.values())} of them twice or more", flush=True)


def main():
    binary = sys.argv[1]
    with tempfile.TemporaryDirectory(prefix="syft-space-sinks-") as name:
        folder = Path(name)
        tls = certificate(folder)
        secret = "whsec_" + base64.b64encode(random.randbytes(32)).decode()
        (folder / "secret").write_text(secret + "\n")
        plain, secured, hook = Rsyslog(folder, "plain"), Rsyslog(folder, "tls", tls), Receiver(secret)
        every = "logs=all from=beginning"
        sinks = [
            f"name=plain kind=syslog server=127.0.0.1:{plain.port} tls=off {every}",
            f"name=tls kind=syslog server=localhost:{secured.port} {every}",
            f"name=hook kind=webhook url=http://127.0.0.1:{hook.port}/in secret_file={folder / 'secret'} {every}",
        ]
        for one in (plain, secured, hook):
            one.start()
        settings = {"audit_sinks": ",".join(sinks), "outbound_allow": "127.0.0.1", "outbound_ca_file": str(tls[1])}
        space = Space(binary, folder, settings)
        space.found()

        def has_all(*names):
            return lambda: all(space.sinks()[name]["lag"] == 0 for name in names)

        space.happen(30)
        wait_until("all three have the log", has_all("plain", "tls", "hook"))

        hook.mode = "fails"
        plain.stop()
        slowest = space.happen(200)
        print(f"ok: while two sinks are down the slowest of 200 requests took {slowest * 1000:.0f} ms")
        wait_until("the one that is there has the log", has_all("tls"))
        wait_until("that two are late is told", space.is_late)
        space.kill_and_start()
        space.happen(20)
        for mode in ("gone", "moved", "hangs"):
            hook.mode, calls = mode, hook.calls
            wait_until(f"a webhook that {mode} is called", lambda: hook.calls > calls)
            space.happen(5)
        hook.stop()
        secured.hang()
        space.happen(50)
        time.sleep(2)
        space.kill_and_start()
        space.happen(10)
        secured.go_on()
        hook.mode = "takes"
        hook.start()
        plain.start()
        wait_until("all three have the log again", has_all("plain", "tls", "hook"))
        wait_until("none is late", lambda: not space.is_late())

        for _ in range(6):
            space.happen(random.randrange(60))
            victim = random.choice([plain, secured])
            victim.stop()
            space.happen(random.randrange(60))
            space.kill_and_start()
            victim.start()
        log = space.exported()
        wait_until("all three have the log in the end", has_all("plain", "tls", "hook"))
        space.kill()
        for name, one in (("rsyslog over TCP", plain), ("rsyslog over TLS", secured), ("the webhook", hook)):
            check_whole(name, one.events(), log)
        if secret[6:] in space.log.read_text():
            raise SystemExit("the secret is in the log")
        late = [line for line in space.log.read_text().splitlines() if "has not got what it was sent" in line]
        print(f"ok: {len(late)} lines of the space's log tell of the outages")
        plain.stop()
        secured.stop()


main()
