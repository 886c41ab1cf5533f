"""Holds a space against aiosmtpd: what it sends over STARTTLS, over TLS and after a login, and what it does not send."""

import email
import json
import logging
import os
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
import warnings
from email import policy
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

PASSWORD = "seven owls dance under copper moons"
ANOTHER = "nine herons wade past quiet mills"
MAIL_PASSWORD = "a word between the servers"


class Postbox:
    """Keeps what it is handed."""

    def __init__(self):
        self.mails = []

    async def handle_DATA(self, server, session, envelope):
        self.mails.append((session, envelope))
        return "250 taken"

    def last(self):
        session, envelope = self.mails[-1]
        return session, envelope, email.message_from_bytes(envelope.content, policy=policy.default)


def judge(server, session, envelope, mechanism, data):
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (b"space", MAIL_PASSWORD.encode())
    return AuthResult(success=right, handled=False)


def certificate(folder):
    """A self-signed certificate for localhost, in a file with its key."""
    key, cert = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "2", "-subj",
         "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE"],
        check=True, stderr=subprocess.DEVNULL)
    return key, cert


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class Space:
    """A server on a home of its own, with these settings."""

    def __init__(self, binary, folder, name, settings):
        self.home = folder / name
        self.log = folder / f"{name}.log"
        environment = {"PATH": os.environ["PATH"], "SYFT_SPACE_LISTEN": "127.0.0.1:0",
                       "SYFT_SPACE_PUBLIC_URL": "https://space.example"}
        environment |= {f"SYFT_SPACE_{key.upper()}": value for key, value in settings.items()}
        command = [binary, "--home", str(self.home), "serve"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log.open("w"), text=True,
                                        env=environment)
        for line in self.process.stdout:
            if line.startswith("Listening on "):
                self.base = line.split()[2] + "/api/v1"
                return
        raise SystemExit(f"the server did not start: {self.log.read_text()}")

    def call(self, method, path, body=None, token=None):
        request = urllib.request.Request(self.base + path, method=method)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("content-type", "application/json")
        if token is not None:
            request.add_header("authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                text = answer.read()
                return answer.status, json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def owner(self):
        setup = (self.home / "setup-token").read_text().strip()
        owner = {"email": "owner@acme.example", "password": PASSWORD}
        self.call("POST", "/auth/register", owner | {"tenant_name": "acme", "setup_token": setup})
        return self.call("POST", "/auth/login", owner)[1]["access_token"]

    def invite(self, token, name="anna"):
        return self.call("POST", "/invitations", {"email": f"{name}@acme.example", "role": "user"}, token)

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()


def expect(what, found, wanted):
    if found != wanted:
        raise SystemExit(f"{what}: {found!r}, and not {wanted!r}")
    print(f"ok: {what}")


def main():
    binary = sys.argv[1]
    # That a handshake is refused is what is wanted.
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)
    warnings.simplefilter("ignore", DeprecationWarning)
    with tempfile.TemporaryDirectory(prefix="syft-space-mail-") as name:
        folder = Path(name)
        key, cert = certificate(folder)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(cert, key)
        password = folder / "mail-password"
        password.write_text(MAIL_PASSWORD + "\n")
        login = {"smtp_user": "space", "smtp_password_file": str(password)}
        trusted = {"outbound_ca_file": str(cert)}
        wrong = folder / "wrong-password"
        wrong.write_text("another word\n")

        def settings(controller, tls):
            return {"smtp_server": f"localhost:{controller.port}", "smtp_tls": tls,
                    "mail_from": "Space <space@example.org>"}

        def listen(**options):
            postbox = Postbox()
            # The operator names it, so a private address is as good as any.
            controller = Controller(postbox, hostname="127.0.0.1", port=free_port(), **options)
            controller.start()
            return postbox, controller

        starttls = {"tls_context": context, "require_starttls": True, "authenticator": judge, "auth_required": True}
        postbox, controller = listen(**starttls)
        space = Space(binary, folder, "starttls", settings(controller, "starttls") | login | trusted)
        owner = space.owner()
        status, answer = space.invite(owner)
        expect("an invitation over STARTTLS, after a login", (status, "token" in answer), (201, False))
        session, envelope, mail = postbox.last()
        expect("the session is over TLS, and authenticated", (session.ssl is not None, session.authenticated), (True, True))
        expect("from and to", (envelope.mail_from, envelope.rcpt_tos), ("space@example.org", ["anna@acme.example"]))
        expect("the subject", mail["subject"], "You are invited into acme")
        link = re.search(r"https://space\.example/choose-password#invitation=([0-9a-f]{64})", mail.get_content())
        status, joined = space.call("POST", "/invitations/accept", {"token": link[1], "password": PASSWORD})
        expect("the token in it is good", status, 201)
        status, answer = space.call("POST", f"/users/{joined['id']}/reset", token=owner)
        expect("a mail in the same minute waits", (status, answer["reason_code"]), (429, "too_many_mails"))
        space.stop()
        # Another process, that remembers none.
        space = Space(binary, folder, "starttls", settings(controller, "starttls") | login | trusted)
        owner = space.call("POST", "/auth/login", {"email": "owner@acme.example", "password": PASSWORD})[1]["access_token"]
        status, answer = space.call("POST", f"/users/{joined['id']}/reset", token=owner)
        expect("a reset over STARTTLS", (status, "token" in answer), (201, False))
        link = re.search(r"#reset=([0-9a-f]{64})", postbox.last()[2].get_content())
        status, _ = space.call("POST", "/auth/reset", {"token": link[1], "new_password": ANOTHER})
        expect("the token in it sets a password", status, 204)
        space.stop()
        sent = len(postbox.mails)

        space = Space(binary, folder, "stranger", settings(controller, "starttls") | login)
        status, answer = space.invite(space.owner())
        expect("a certificate that nobody vouches for", (status, answer["reason_code"], len(postbox.mails)),
               (503, "mail_unavailable", sent))
        expect("the log says that it is the certificate", "certificate" in space.log.read_text(), True)
        space.stop()
        space = Space(binary, folder, "wrong", settings(controller, "starttls") | trusted | login | {"smtp_password_file": str(wrong)})
        status, answer = space.invite(space.owner())
        expect("a wrong password", (status, answer["reason_code"], len(postbox.mails)), (502, "mail_refused", sent))
        log = space.log.read_text()
        expect("the cause is in the log, without the password", ("535" in log, "another word" in log), (True, False))
        space.stop()
        controller.stop()

        postbox, controller = listen(ssl_context=context)
        space = Space(binary, folder, "implicit", settings(controller, "implicit") | trusted)
        expect("an invitation over TLS from the first byte", (space.invite(space.owner())[0], len(postbox.mails)), (201, 1))
        space.stop()
        controller.stop()

        postbox, controller = listen()
        space = Space(binary, folder, "plain", settings(controller, "starttls"))
        status, answer = space.invite(space.owner())
        expect("a server without STARTTLS", (status, answer["reason_code"], len(postbox.mails)), (502, "mail_refused", 0))
        space.stop()
        space = Space(binary, folder, "loopback", settings(controller, "none"))
        expect("a server on loopback, in the clear", (space.invite(space.owner())[0], len(postbox.mails)), (201, 1))
        space.stop()
        controller.stop()


if __name__ == "__main__":
    main()
