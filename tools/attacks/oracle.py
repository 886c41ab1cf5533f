"""Does anything tell whether an address has an account in another tenant? Texts and times, in pairs whose order is drawn."""
import math, random, re, statistics, sys, time
from space import PASSWORD, WRONG, Space, address, median

PAIRS = int(sys.argv[1]) if len(sys.argv) > 1 else 3_000
ACCOUNTS = 100


def rank_test(left, right):
    """Mann-Whitney's U by the normal approximation, ties counted: z, and the chance that the one of a pair is the larger."""
    values = sorted([(value, 0) for value in left] + [(value, 1) for value in right])
    ranks, ties, at = 0.0, 0, 0
    while at < len(values):
        end = at
        while end < len(values) and values[end][0] == values[at][0]:
            end += 1
        ranks += sum(which == 0 for _, which in values[at:end]) * (at + 1 + end) / 2
        ties += (end - at) ** 3 - (end - at)
        at = end
    n, m = len(left), len(right)
    u = ranks - n * (n + 1) / 2
    spread = math.sqrt(n * m / 12 * ((n + m + 1) - ties / ((n + m) * (n + m - 1))))
    return (u - n * m / 2) / spread, u / (n * m)


def told(answer):
    """What an answer says, but for what differs between any two: ids, an invitation's token, times, what was sent."""
    body = re.sub(rb'urn:uuid:[0-9a-f-]+|"(id|token|expires_at|created_at|email|tenant_name)":"[^"]*"', b"-", answer.body)
    return answer.status, body.decode(), " ".join(sorted(name.lower() for name in answer.headers.keys()))


def compare(name, pairs, known, unknown, before=lambda has, number: None):
    times, texts = {True: [], False: []}, {True: {}, False: {}}
    for number in range(pairs + 20):
        order = [True, False]
        random.shuffle(order)
        for has in order:
            before(has, number)
            begun = time.perf_counter()
            answer = (known if has else unknown)(number)
            took = time.perf_counter() - begun
            if number >= 20:  # The first are to warm up.
                times[has].append(took * 1e3)
            seen = told(answer)
            texts[has][seen] = texts[has].get(seen, 0) + 1
    z, share = rank_test(times[True], times[False])
    quartiles = {has: statistics.quantiles(times[has], n=4) for has in times}
    same = texts[True].keys() == texts[False].keys()
    show = lambda has: f"{median(times[has]):.3f} [{quartiles[has][0]:.3f}, {quartiles[has][2]:.3f}]"
    print(f"{name} | {pairs} | {show(True)} | {show(False)} | {median(times[True]) / median(times[False]) - 1:+.2%} | z {z:+.2f}, P {share:.3f} | "
          f"{'the same' if same else 'DIFFERENT'} {sorted(key[0] for key in texts[True])} {sorted(key[0] for key in texts[False])}", flush=True)
    if not same:
        for has in texts:
            for key, count in list(texts[has].items())[:2]:
                print("   ", "with an account" if has else "without", f"{count} times:", *key[:2])
    return same and abs(z) < 3.3


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
        print("what | pairs | with an account elsewhere, ms: median [quartiles] | without | difference | rank test | texts")
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
        held.append(compare("registering: the address taken, or the tenant's name", min(PAIRS, 500), lambda n: register(known(n), f"new-{n}"), lambda n: register(unknown(n), "beta")))
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
