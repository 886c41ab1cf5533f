"""Do two requests tell by their answers, or by their times, what they are about? Pairs of them, the order of each drawn."""
import math, random, re, statistics, time
from space import median

WARM_UP = 20
# What a header says that differs between any two answers, or follows from the body.
OWN_HEADERS = {"content-length", "date", "x-request-id"}


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
    headers = sorted((name.lower(), value) for name, value in answer.headers.items())
    return answer.status, body.decode(), "; ".join(f"{name}: {'-' if name in OWN_HEADERS else value}" for name, value in headers)


def heading(one, other):
    """The heading of the lines that `compare` prints."""
    print(f"what | pairs | {one}, ms: median [quartiles] | {other} | difference | rank test | answers")


def compare(name, pairs, one, other, before=lambda is_one, number: None, times_count=True):
    """Sends both of each pair, and says whether nothing tells them apart."""
    times, texts = {True: [], False: []}, {True: {}, False: {}}
    for number in range(pairs + WARM_UP):
        order = [True, False]
        random.shuffle(order)
        for is_one in order:
            before(is_one, number)
            begun = time.perf_counter()
            answer = (one if is_one else other)(number)
            took = time.perf_counter() - begun
            if number >= WARM_UP:
                times[is_one].append(took * 1e3)
            seen = told(answer)
            texts[is_one][seen] = texts[is_one].get(seen, 0) + 1
    z, share = rank_test(times[True], times[False])
    quartiles = {which: statistics.quantiles(times[which], n=4) for which in times}
    same = texts[True].keys() == texts[False].keys()
    show = lambda which: f"{median(times[which]):.3f} [{quartiles[which][0]:.3f}, {quartiles[which][2]:.3f}]"
    print(f"{name} | {pairs} | {show(True)} | {show(False)} | {median(times[True]) / median(times[False]) - 1:+.2%} | z {z:+.2f}, P {share:.3f} | "
          f"{'the same' if same else 'DIFFERENT'} {sorted(key[0] for key in texts[True])} {sorted(key[0] for key in texts[False])}", flush=True)
    if not same:
        for which in texts:
            for key, count in list(texts[which].items())[:2]:
                print("   ", "the one" if which else "the other", f"{count} times:", *key)
    return same and (abs(z) < 3.3 or not times_count)
