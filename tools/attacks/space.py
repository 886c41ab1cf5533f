"""A space on loopback to attack, and what attackers and their neighbours do alike. Python's standard library alone."""
import http.client, json, os, resource, shutil, socket, statistics, subprocess, tempfile, threading, time

PASSWORD = "seven owls dance under copper moons"
WRONG = "a guess among many others"


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)


class Client:
    """One connection from one address, opened anew where the server has closed it."""
    def __init__(self, port, address="127.0.0.1", timeout=120):
        self.port, self.address, self.timeout, self.connection = port, address, timeout, None

    def send(self, method, path, body=None, token=None, media="application/json"):
        headers = {"authorization": f"Bearer {token}"} if token else {}
        if body is not None:
            headers["content-type"] = media
            body = body if isinstance(body, bytes) else json.dumps(body).encode()
        for again in (True, False):
            fresh = self.connection is None
            if fresh:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.timeout,
                                                             source_address=(self.address, 0))
                self.connection.connect()
                self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                self.connection.request(method, f"/api/v1{path}", body, headers)
                response = self.connection.getresponse()
                answer = Answer(response.status, response.headers, response.read())
                if response.will_close:
                    self.close()
                return answer
            except (http.client.HTTPException, OSError):
                self.close()
                if fresh or not again:
                    raise

    def ok(self, *args, **kwargs):
        answer = self.send(*args, **kwargs)
        if answer.status >= 300:
            raise SystemExit(f"{args[:2]}: {answer.status} {answer.body[:300]}")
        return answer.json if answer.body else None

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def login(self, email, password=PASSWORD):
        return self.send("POST", "/auth/login", {"email": email, "password": password})


class Space:
    """A server with a home of its own, which ends with the block."""
    def __init__(self, **settings):
        binary = os.environ.get("SYFT_SPACE_BINARY")
        if not binary:
            subprocess.run(["cargo", "build", "--release", "--package", "syft-space"], check=True)
            binary = "target/release/syft-space"
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        self.home = tempfile.mkdtemp(prefix="attacked-")
        env = {name: value for name, value in os.environ.items() if not name.startswith("SYFT_SPACE_")}
        settings = {"LOG": "error", "REGISTRATION": "open", "ACCESS_TOKEN_LIFETIME_SECONDS": "86400"} | settings
        env |= {f"SYFT_SPACE_{name}": value for name, value in settings.items()}
        command = [binary, "serve", "--listen", "127.0.0.1:0", "--home", self.home]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env)
        for line in self.process.stdout:
            if line.startswith("Listening on http://"):
                self.port = int(line.rsplit(":", 1)[1])
                threading.Thread(target=self.process.stdout.read, daemon=True).start()
                return
        raise SystemExit("the server did not start")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.home)

    def client(self, address="127.0.0.1"):
        return Client(self.port, address)

    def found(self, tenant, address="127.0.0.1"):
        """Founds a tenant and gives its owner's client and token."""
        client, email = self.client(address), f"owner@{tenant}.example"
        body = {"email": email, "password": PASSWORD, "tenant_name": tenant}
        if os.path.exists(f"{self.home}/setup-token"):
            body["setup_token"] = open(f"{self.home}/setup-token").read().strip()
        client.ok("POST", "/auth/register", body)
        return client, json.loads(client.login(email).body)["access_token"]

    def member(self, owner, token, email, role, address="127.0.0.1"):
        invitation = owner.ok("POST", "/invitations", {"email": email, "role": role}, token)["token"]
        client = self.client(address)
        client.ok("POST", "/invitations/accept", {"token": invitation, "password": PASSWORD})
        return client

    def memory(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:")) / 1024

    def size(self):
        """What the home takes of the disk."""
        total = 0
        for folder, _, files in os.walk(self.home):
            for name in files:
                try:
                    total += os.lstat(os.path.join(folder, name)).st_size
                except FileNotFoundError:
                    pass
        return total


def address(number):
    """The loopback address of an attacker."""
    return f"127.0.{10 + number // 250}.{1 + number % 250}"


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))]


def median(values):
    return statistics.median(values)


def corpus(count, words=60, at=0):
    """Documents whose words follow from their numbers."""
    vocabulary = ["archive", "harbour", "lantern", "meadow", "orchard", "quarry", "river", "saddle", "tower", "window"]
    def text(number):
        return " ".join(f"{vocabulary[(number * 7 + place * 3) % 10]} {(number * 31 + place * 17) % 9973:x}w" for place in range(words // 2))
    return [{"document_id": str(at + number), "content": text(at + number)} for number in range(count)]
