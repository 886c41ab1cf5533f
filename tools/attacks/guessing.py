"""128 attackers guess passwords while an account's owner logs in once a second."""
import collections, multiprocessing, os, sys, time
from concurrent.futures import ThreadPoolExecutor
from space import PASSWORD, WRONG, Space, address, median, percentile

SECONDS = int(sys.argv[1]) if len(sys.argv) > 1 else 90
ATTACKERS, TRIES, PROCESSES = 128, 100, 8


def attack(port, numbers, emails, until, results):
    """Each of these attackers tries at least TRIES times and on until the time is over, each from an address of its own."""
    from space import Client
    os.nice(10)  # Attackers have computers of their own.
    def one(number):
        client, statuses, tries = Client(port, address(number)), collections.Counter(), 0
        while tries < TRIES or time.time() < until:
            try:
                status = client.login(emails[(number + tries) % len(emails)], WRONG).status
            except OSError as error:
                status = type(error).__name__
            statuses[status] += 1
            tries += 1
            if status != 401:
                time.sleep(0.1)
        return statuses
    with ThreadPoolExecutor(len(numbers)) as pool:
        results.put(sum(pool.map(one, numbers), collections.Counter()))


def main():
    with Space(ACCESS_TOKEN_LIFETIME_SECONDS="900") as space:
        owner, token = space.found("acme", "127.0.9.1")
        everybody = ["owner@acme.example"]
        for number in range(99):
            email = f"member{number}@acme.example"
            space.member(owner, token, email, "user", "127.0.9.2")
            everybody.append(email)
        calm = []
        for _ in range(10):
            begun = time.monotonic()
            owner.login(everybody[0])
            calm.append(time.monotonic() - begun)
        print(f"no attack: a login takes {median(calm):.3f} s (p50), {max(calm):.3f} s at most")
        late = 0
        # The first account has no guesses left when the second attack begins: it is among a hundred.
        for name, emails in ("one account", everybody[:1]), ("100 accounts", everybody[::-1]):
            results = multiprocessing.Queue()
            until = time.time() + SECONDS
            shares = [range(share, ATTACKERS, PROCESSES) for share in range(PROCESSES)]
            attackers = [multiprocessing.Process(target=attack, args=(space.port, share, emails, until, results)) for share in shares]
            for attacker in attackers: attacker.start()
            took, statuses = [], collections.Counter()
            new, new_statuses = [], collections.Counter()
            def honest(client, email, took, statuses):
                begun = time.monotonic()
                try:
                    status = client.login(email).status
                except OSError as error:
                    status = type(error).__name__
                statuses[status] += 1
                took.append(time.monotonic() - begun if status == 200 else float("inf"))
            with ThreadPoolExecutor(64) as pool:
                for second in range(SECONDS - 2):
                    pool.submit(honest, space.client("127.0.9.1"), "owner@acme.example", took, statuses)
                    time.sleep(1)
            guesses = collections.Counter()
            for attacker in attackers: guesses += results.get()
            for attacker in attackers: attacker.join()
            in_time = sum(each <= 2 for each in took)
            late = max(late, 1 - in_time / len(took))
            print(f"guesses at {name}, {SECONDS} s: answered {dict(guesses)}, of which compared {guesses[401]}; the owner's logins {dict(statuses)}, "
                  f"{in_time} of {len(took)} within 2 s, p50 {median(took):.3f} s, p95 {percentile(took, 0.95):.3f} s, max {max(took):.3f} s", flush=True)
    return int(late > 0.05)


if __name__ == "__main__":
    sys.exit(main())
