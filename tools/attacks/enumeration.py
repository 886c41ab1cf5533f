"""Does a refusal tell who has an account, or which tokens were good once? Answers and times, in pairs whose order is drawn."""
import base64, hmac, random, secrets, sqlite3, sys, time
from pairs import compare, heading
from space import PASSWORD, WRONG, Space, address

PAIRS = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
ACCOUNTS = 100
# Fifty guesses at an account are answered at once.
MOST = ACCOUNTS * 45
TOKENS = 20


class Attacker:
    """A stranger at fifty addresses of which none has logged in, so that none has an allowance of its own."""
    def __init__(self, space):
        self.clients = [space.client(address(500 + number)) for number in range(50)]
        self.held = []

    def post(self, path, body, number):
        return self.clients[number % 50].send("POST", path, body)

    def login(self, email, number, password=WRONG, **more):
        return self.post("/auth/login", {"email": email, "password": password} | more, number)

    def compare(self, name, one, other, pairs=PAIRS, **how):
        self.held.append(compare(name, pairs, one, other, **how))


def logins(attacker):
    """Accounts of an address, unknown, in use or disabled, when the tenant is named and when it is not."""
    pairs = min(PAIRS, MOST)
    place = lambda kind: lambda number: f"{kind}{number % ACCOUNTS:03}@acme.example"
    strangers = (place(f"gho{number:02}") for number in range(100))
    for named in ({}, {"tenant": "acme"}):
        how = "naming the tenant" if named else "naming no tenant"
        for what, kind, password in [("an account", "known", WRONG), ("an account with a second factor", "twice", WRONG),
                                     ("a disabled account", "shut0", WRONG),
                                     ("a disabled account, its password", "shut1", PASSWORD)]:
            known, unknown = place(kind), next(strangers)
            attacker.compare(f"login, {how}: {what}, or none",
                             lambda n: attacker.login(known(n), n, password, **named),
                             lambda n: attacker.login(unknown(n), n, password, **named), pairs)
    here, unknown = place("known"), next(strangers)
    attacker.compare("login, naming another tenant: an account in the first, or none",
                     lambda n: attacker.login(here(n), n, tenant="beta"), lambda n: attacker.login(unknown(n), n, tenant="beta"), pairs)
    known, unknown = next(strangers), next(strangers)
    attacker.compare("login of nobody: naming a tenant that is there, or one that is not",
                     lambda n: attacker.login(known(n), n, tenant="beta"), lambda n: attacker.login(unknown(n), n, tenant="none"), pairs)


def tokens(attacker, name, path, field, more, dead):
    """Tokens that were good once, of each kind, and tokens that never were."""
    for kind, once in dead.items():
        never = [secrets.token_hex(len(once[0]) // 2) for _ in once]
        send = lambda which: lambda n: attacker.post(path, {field: which[n % len(which)]} | more, n)
        # What has expired is there still, and read for some microseconds. Only who was given it can tell.
        attacker.compare(f"{name}: {kind}, or a token that never was", send(once), send(never), times_count="expired" not in kind)


def expire(space, table):
    """Moves all that is open to the past: it lives for longer than one waits."""
    with sqlite3.connect(f"{space.home}/app.db", timeout=60) as database:
        changed = database.execute(f"UPDATE {table} SET expires_at = created_at").rowcount
    if changed != TOKENS:
        raise SystemExit(f"{table}: {changed} of {TOKENS} expired")


def invitations(space, owner, token, attacker):
    def invite(kind):
        emails = [f"{kind}{number}@guests.example" for number in range(TOKENS)]
        return [owner.ok("POST", "/invitations", {"email": email, "role": "user"}, token) for email in emails]
    used, withdrawn = invite("used"), invite("withdrawn")
    for invitation in used:
        owner.ok("POST", "/invitations/accept", {"token": invitation["token"], "password": PASSWORD})
    for invitation in withdrawn:
        owner.ok("DELETE", f"/invitations/{invitation['id']}", None, token)
    expired = invite("late")
    expire(space, "invitations")
    text = lambda made: [invitation["token"] for invitation in made]
    tokens(attacker, "accepting an invitation", "/invitations/accept", "token", {"password": PASSWORD},
           {"one that was used": text(used), "one that was withdrawn": text(withdrawn), "one that has expired": text(expired)})


def resets(space, owner, token, attacker):
    """Resets of the passwords of some members, all at a time: a member has one open at most."""
    members = [join(owner, token, f"forgot{number}@acme.example") for number in range(TOKENS)]
    def reset():
        return [owner.ok("POST", f"/users/{member}/reset", None, token)["token"] for member in members]
    used = reset()
    for text in used:
        owner.ok("POST", "/auth/reset", {"token": text, "new_password": PASSWORD})
    replaced, expired = reset(), reset()
    expire(space, "password_resets")
    tokens(attacker, "setting a password by a reset", "/auth/reset", "token", {"new_password": PASSWORD},
           {"one that was used": used, "one that was replaced": replaced, "one that has expired": expired})


def sessions(founded, attacker):
    """Refresh tokens of sessions that have ended, here and in another tenant."""
    def begin(kind, owner, token, tenant):
        begun = []
        for number in range(TOKENS):
            email = f"{kind}{number}@sessions.example"
            member = join(owner, token, email)
            begun.append((member, owner.ok("POST", "/auth/login", {"email": email, "password": PASSWORD, "tenant": tenant})))
        return begun
    text = lambda begun: [login["refresh_token"] for _, login in begun]
    ended = {}
    for tenant, (owner, token) in founded.items():
        shut = begin("shut", owner, token, tenant)
        for member, _ in shut:
            owner.ok("PATCH", f"/users/{member}", {"status": "disabled"}, token)
        ended[f"one whose member was disabled in {tenant}"] = text(shut)
    out, twice = begin("out", owner, token, tenant), begin("twice", owner, token, tenant)
    for _, login in out:
        owner.ok("POST", "/auth/logout", None, login["access_token"])
    for old in text(twice):
        owner.ok("POST", "/auth/refresh", {"refresh_token": old})
    time.sleep(11)  # Until then it may come again.
    for old in text(twice):
        owner.send("POST", "/auth/refresh", {"refresh_token": old})
    ended |= {"one that was logged out": text(out), "one that came again": text(twice)}
    tokens(attacker, "refreshing", "/auth/refresh", "refresh_token", {}, ended)


def enrol(client, email):
    """Gives a member a second factor, as an authenticator app does (RFC 6238)."""
    token = client.login(email).json["access_token"]
    secret = base64.b32decode(client.ok("POST", "/auth/totp", {"password": PASSWORD}, token)["secret"])
    mark = hmac.digest(secret, int(time.time() // 30).to_bytes(8, "big"), "sha1")
    at = mark[-1] & 15
    code = int.from_bytes(mark[at:at + 4], "big") & 0x7FFFFFFF
    client.ok("POST", "/auth/totp/confirm", {"code": f"{code % 1_000_000:06}"}, token)


def join(owner, token, email):
    """Makes a member, and gives their id."""
    invitation = owner.ok("POST", "/invitations", {"email": email, "role": "user"}, token)["token"]
    return owner.ok("POST", "/invitations/accept", {"token": invitation, "password": PASSWORD})["id"]


def main():
    random.seed(12)
    with Space() as space:
        owner, token = space.found("acme")
        founded = {"acme": (owner, token), "beta": space.found("beta", "127.0.9.1")}
        for number in range(ACCOUNTS):
            join(owner, token, f"known{number:03}@acme.example")
            join(owner, token, f"twice{number:03}@acme.example")
            enrol(owner, f"twice{number:03}@acme.example")
            for kind in ("shut0", "shut1"):
                member = join(owner, token, f"{kind}{number:03}@acme.example")
                owner.ok("PATCH", f"/users/{member}", {"status": "disabled"}, token)
        attacker = Attacker(space)
        heading("the one", "the other")
        logins(attacker)
        invitations(space, owner, token, attacker)
        resets(space, owner, token, attacker)
        sessions(founded, attacker)
    return int(not all(attacker.held))


if __name__ == "__main__":
    sys.exit(main())
