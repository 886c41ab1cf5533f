"""How much of the disk nonsense takes: a minute of each kind, from one address and from 100, with and without a token."""
import base64, http.server, json, multiprocessing, os, re, secrets, sqlite3, subprocess, sys, tempfile, threading, time
from space import WRONG, Space, address

SECONDS = float(sys.argv[1]) if len(sys.argv) > 1 else 60
ONLY = sys.argv[2] if len(sys.argv) > 2 else ""
ISSUER = "https://hub.example.org"


def b64(data):
    return base64.urlsafe_b64encode(data if isinstance(data, bytes) else json.dumps(data).encode()).rstrip(b"=").decode()


class Hub:
    """As much of a hub as gives tokens to guests and users. OpenSSL's command signs."""
    def __init__(self, folder):
        self.key = f"{folder}/hub-key.pem"
        subprocess.run(["openssl", "genrsa", "-out", self.key, "2048"], check=True, capture_output=True)
        modulus = subprocess.run(["openssl", "rsa", "-in", self.key, "-noout", "-modulus"], check=True, capture_output=True, text=True).stdout
        modulus = bytes.fromhex(modulus.strip().split("=")[1])
        hub = self
        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass
            def answer(self):
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                path, _, _ = self.path.partition("?")
                status, told = 200, {}
                if path == "/.well-known/jwks.json":
                    told = {"keys": [{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "k1", "n": b64(modulus), "e": "AQAB"}]}
                elif path == "/api/v1/auth/me":
                    told = {"id": 7, "username": "library", "email": "library@hub.example", "role": "user", "is_active": True}
                elif path == "/api/v1/token":
                    told = {"target_token": hub.token("7", "user"), "expires_in": 60}
                elif path == "/api/v1/verify":
                    claims = json.loads(base64.urlsafe_b64decode(json.loads(body)["token"].split(".")[1] + "=="))
                    told = {"valid": True, "sub": claims["sub"], "aud": claims["aud"], "username": f"u{claims['sub']}",
                            "email": f"u{claims['sub']}@users.example", "role": claims["role"]}
                else:
                    status, told = 404, {"detail": "Not Found"}
                body = json.dumps(told).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def token(self, sub, role, life=60):
        now = int(time.time())
        claims = {"sub": sub, "iss": ISSUER, "aud": "library", "exp": now + life, "iat": now, "role": role}
        text = f"{b64({'alg': 'RS256', 'kid': 'k1', 'typ': 'JWT'})}.{b64(claims)}"
        signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.key], input=text.encode(), check=True, capture_output=True)
        return f"{text}.{b64(signature.stdout)}"


def flood(port, work, tokens, addresses, until, done):
    from space import Client
    os.nice(10)
    counts, lock = {}, threading.Lock()
    def one(number):
        place, clients = number, {}
        while time.time() < until:
            if place % addresses not in clients:
                clients[place % addresses] = Client(port, address(place % addresses))
            try:
                status = work(clients[place % addresses], place, tokens[place % len(tokens)] if tokens else None)
            except OSError as error:
                status = type(error).__name__
            if status == 503:
                time.sleep(0.02)
            place += 8
            with lock:
                counts[status] = counts.get(status, 0) + 1
    threads = [threading.Thread(target=one, args=(number,)) for number in range(8)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    done.put(counts)


def stand(space):
    """Events, and bytes of the database's pages that are in use."""
    database = sqlite3.connect(f"file:{space.home}/app.db?mode=ro", uri=True)
    one = lambda what: database.execute(what).fetchone()[0]
    used = (one("PRAGMA page_count") - one("PRAGMA freelist_count")) * one("PRAGMA page_size")
    events = one("SELECT count(*) FROM audit_events")
    database.close()
    return events, used, space.size()


def main():
    os.umask(0o077)
    with tempfile.TemporaryDirectory() as folder:
        hub = Hub(folder)
        return attacked(hub)


def attacked(hub):
    most = 0
    with Space(REGISTRATION="closed", OUTBOUND_ALLOW=f"127.0.0.1:{hub.port}") as space:
        owner, token = space.found("acme")
        owner.ok("POST", "/marketplaces", {"name": "hub", "url": f"http://127.0.0.1:{hub.port}", "credential": {"type": "pat", "token": "pat-x"}}, token)
        user = space.member(owner, token, "user@acme.example", "user")
        user_token = json.loads(user.login("user@acme.example").body)["access_token"]
        user.close(), owner.close()
        dataset = owner.ok("POST", "/datasets", {"name": "d", "dtype": "embedded"}, token)["id"]
        owner.ok("POST", "/endpoints", {"name": "e", "slug": "eee", "dataset_id": dataset, "response_type": "raw", "published": True}, token)
        def query(slug):
            return lambda client, number, token: client.send("POST", f"/endpoints/{slug(number)}/query", {"messages": "a"}, token).status
        one_slug, any_slug = lambda number: "nowhere", lambda number: f"nowhere-{number}"
        rows = [
            ("bad access tokens", lambda client, number, _: client.send("GET", "/datasets", None, "nonsense").status, None),
            ("unknown invitations", lambda client, number, _: client.send("POST", "/invitations/accept", {"token": secrets.token_urlsafe(32), "password": WRONG}).status, None),
            ("logins to unknown accounts", lambda client, number, _: client.login(f"u{number}@nowhere.example", WRONG).status, None),
            ("registrations, which are closed", lambda client, number, _: client.send("POST", "/auth/register", {"email": "owner@acme.example", "password": WRONG, "tenant_name": "acme"}).status, None),
            ("a member's queries to one name that is not there", query(one_slug), [user_token]),
            ("a member's queries to names that are not there", query(any_slug), [user_token]),
            ("a member removes members", lambda client, number, token: client.send("DELETE", f"/users/{number:08x}-0000-7000-8000-000000000000", None, token).status, [user_token]),
            ("a guest's queries to names that are not there", query(any_slug), "guest"),
            ("100 users of a hub, queries to names that are not there", query(any_slug), "users"),
            ("answered queries of a member (never merged)", query(lambda number: "eee"), [user_token]),
        ]
        print("flood | addresses | answered a second | events a second | bytes a second of the database | bytes a day | of the home")
        for name, work, tokens in rows:
            if not re.search(ONLY, name):
                continue
            for addresses in (1, 100):
                made = tokens
                if tokens == "guest":
                    made = [hub.token("guest", "guest", 290)]
                if tokens == "users":
                    made = [hub.token(str(100 + number), "user", 290) for number in range(100)]
                before, until, done = stand(space), time.time() + SECONDS, multiprocessing.Queue()
                flooders = [multiprocessing.Process(target=flood, args=(space.port, work, made, addresses, until, done)) for _ in range(2)]
                for flooder in flooders: flooder.start()
                counts = {}
                for _ in flooders:
                    for status, number in done.get().items():
                        counts[status] = counts.get(status, 0) + number
                for flooder in flooders: flooder.join()
                time.sleep(2)  # Merged events come up to a second late.
                after = stand(space)
                rate = (after[1] - before[1]) / SECONDS
                most = max(most, rate) if "answered" not in name else most
                shown = {status: round(number / SECONDS, 1) for status, number in counts.items()}
                print(f"{name} | {addresses} | {shown} | {(after[0] - before[0]) / SECONDS:.1f} | {rate:.0f} | "
                      f"{rate * 86_400 / 2**30:.2f} GiB | {(after[2] - before[2]) / SECONDS * 86_400 / 2**30:.2f} GiB", flush=True)
    return int(most * 86_400 > 30 * 2**30)


if __name__ == "__main__":
    sys.exit(main())
