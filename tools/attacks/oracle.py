"""Does anything tell whether an address has an account in another tenant? Texts and times, in pairs whose order is drawn."""
import random, sys
from pairs import compare, heading
from space import PASSWORD, WRONG, Space, address

PAIRS = int(sys.argv[1]) if len(sys.argv) > 1 else 3_000
ACCOUNTS = 100


def main():
    random.seed(11)
    with Space() as space:
        owner, token = space.found("acme")
        other, other_token = space.found("beta", "127.0.9.1")
        for number in range(ACCOUNTS):
            space.member(other, other_token, f"known{number:03}@else.example", "user", address(number)).close()
        dataset = owner.ok("POST", "/datasets", {"name": "d", "dtype": "embedded"}, token)["id"]
        owner.ok("POST", "/endpoints", {"name": "e", "slug": "eee", "dataset_id": dataset, "response_type": "raw", "published": True}, token)
        known = lambda number: f"known{number % ACCOUNTS:03}@else.example"
        unknown = lambda number: f"ghost{number % ACCOUNTS:03}@else.example"
        heading("with an account elsewhere", "without")
        held = []

        def explain(email):
            return owner.send("POST", "/endpoints/eee/policies/explain", {"identity": {"email": email}}, token)
        held.append(compare("explain, no policy", PAIRS, lambda n: explain(known(n)), lambda n: explain(unknown(n))))
        policy = owner.ok("POST", "/policies", {"name": "p", "policy_type": "access", "configuration": {"mode": "allow", "patterns": ["*@acme.example"]}}, token)
        owner.ok("PUT", "/endpoints/eee/policies", {"policy_ids": [policy["id"]]}, token)
        held.append(compare("explain, a policy", PAIRS, lambda n: explain(known(n)), lambda n: explain(unknown(n))))

        made = []
        def withdraw(*_):
            while made:
                owner.ok("DELETE", f"/invitations/{made.pop()['id']}", None, token)
        def invite(email):
            answer = owner.send("POST", "/invitations", {"email": email, "role": "user"}, token)
            made.append(answer.json)
            return answer
        held.append(compare("inviting", PAIRS, lambda n: invite(known(n)), lambda n: invite(unknown(n)), withdraw))

        stranger = space.client("127.0.9.3")
        def register(email, tenant):
            return stranger.send("POST", "/auth/register", {"email": email, "password": PASSWORD, "tenant_name": tenant})
        held.append(compare("registering, the tenant's name taken", PAIRS, lambda n: register(known(n), "beta"), lambda n: register(unknown(n), "beta")))
        held.append(compare("registering, the tenant's name free", min(PAIRS, 60), lambda n: register(known(n), f"new-k{n}"), lambda n: register(f"g{n}@new.example", f"new-u{n}")))

        def invited(has, number):
            withdraw()
            invite((known if has else unknown)(number))
        def accept(password):
            return stranger.send("POST", "/invitations/accept", {"token": made[0]["token"], "password": password})
        held.append(compare("accepting with the password 'x'", min(PAIRS, 60), lambda n: accept("x"), lambda n: accept("x"), invited))

        # Some fifty guesses at an account are compared at once; each address has its share.
        guessers = [space.client(address(200 + number)) for number in range(50)]
        def login(email, number):
            return guessers[number % 50].login(email, WRONG)
        pairs = min(PAIRS, ACCOUNTS * 30)
        fresh_known = lambda n: f"known{n % ACCOUNTS:03}@else.example"
        fresh_unknown = lambda n: f"spirit{n % ACCOUNTS:03}@else.example"
        held.append(compare("logging in with a wrong password", pairs, lambda n: login(fresh_known(n), n), lambda n: login(fresh_unknown(n), n)))
    return int(not all(held))


if __name__ == "__main__":
    sys.exit(main())
