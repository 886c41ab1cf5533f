"""One tenant floods; what does another one see, who asks every 50 ms and brings a line of text each second?"""
import multiprocessing, os, re, socket, sys, threading, time
from space import Space, address, corpus, median, percentile

SECONDS = float(sys.argv[1]) if len(sys.argv) > 1 else 20
ONLY = sys.argv[2] if len(sys.argv) > 2 else ""
MIB = 1 << 20


def probe(port, token, dataset, seconds, results):
    """The neighbour, in a process of its own: its queries' times, and those until a line of text is found."""
    from space import Client
    asked, brought, seen = [], [], {}
    def ask():
        client, next_at = Client(port, "127.0.9.1"), time.monotonic()
        until = next_at + seconds
        while next_at < until:
            time.sleep(max(0, next_at - time.monotonic()))
            begun = time.monotonic()
            status = client.send("POST", "/endpoints/bee/query", {"messages": "When does the reading room open?"}, token).status
            asked.append((time.monotonic() - begun) * 1e3)
            seen[status] = seen.get(status, 0) + 1
            next_at = max(next_at + 0.05, time.monotonic())
    def bring():
        client, until, number = Client(port, "127.0.9.2"), time.monotonic() + seconds, 0
        while time.monotonic() < until:
            begun = time.monotonic()
            document = {"document_id": f"line-{number % 10}", "content": f"The line number {begun} of a neighbour."}
            status = client.send("POST", f"/datasets/{dataset}/documents?wait=true", {"documents": [document]}, token).status
            brought.append((time.monotonic() - begun) * 1e3)
            seen[f"bring {status}"] = seen.get(f"bring {status}", 0) + 1
            number += 1
            time.sleep(max(0, 1 - (time.monotonic() - begun)))
    threads = [threading.Thread(target=work) for work in (ask, bring)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    results.put((asked, brought, seen))


def many(port, work, count, until, done):
    """Repeats what an attacker does, on so many connections, in a process of its own."""
    from space import Client
    os.nice(10)  # Attackers have computers of their own.
    def one(number):
        client, place = Client(port, address(number % 40)), number
        while time.time() < until.value:
            try:
                status = work(client, place)
            except OSError as error:
                status = type(error).__name__
                time.sleep(0.05)
            if status == 503:
                time.sleep(0.02)
            place += count
            with lock:
                counts[status] = counts.get(status, 0) + 1
    counts, lock = {}, threading.Lock()
    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    done.put(counts)


def form(files):
    parts = [b'--A\r\ncontent-disposition: form-data; name="f"; filename="%s"\r\n\r\n%s\r\n' % (name.encode(), body) for name, body in files]
    return b"".join(parts) + b"--A--\r\n"


def held(port, token, path, length, sent, media="application/json"):
    """A request whose body does not end."""
    def work(client, number):
        stream = socket.create_connection(("127.0.0.1", port), source_address=(address(number % 40), 0))
        stream.settimeout(40)
        stream.sendall(f"POST /api/v1{path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-type: {media}\r\ncontent-length: {length}\r\n\r\n".encode())
        try:
            for _ in range(sent // 65536):
                stream.sendall(b" " * 65536)
            answer = stream.recv(4096)
            return int(answer.split()[1]) if answer else "closed"
        finally:
            stream.close()
    return work


def main():
    worst = 0
    with Space() as space:
        acme, token = space.found("acme")
        beta, beta_token = space.found("beta", "127.0.9.1")
        def dataset(client, token, name):
            return client.ok("POST", "/datasets", {"name": name, "dtype": "embedded"}, token)["id"]
        def endpoint(client, token, slug, dataset):
            client.ok("POST", "/endpoints", {"name": slug, "slug": slug, "dataset_id": dataset, "response_type": "raw", "published": True}, token)
        bee = dataset(beta, beta_token, "bee")
        endpoint(beta, beta_token, "bee", bee)
        hours = [{"document_id": "hours", "content": "The reading room opens at nine and closes at six."}]
        beta.ok("POST", f"/datasets/{bee}/documents?wait=true", {"documents": hours + corpus(500)}, beta_token)
        sink = [dataset(acme, token, f"sink {number}") for number in range(12)]
        large = dataset(acme, token, "large")
        endpoint(acme, token, "large", large)
        for at in range(0, 60_000, 10_000):
            acme.ok("POST", f"/datasets/{large}/documents?wait=true", {"documents": corpus(10_000, at=at)}, token)
        endpoint(acme, token, "globs", sink[0])
        policies = []
        def globs(number):
            """As many as a policy may have, and as many of the costly ones."""
            return [f"*{'a*' * 2}{number}x{each}@*.example.com" for each in range(100)] + [f"*{number}x{each}@*.example.com" for each in range(9_900)]
        for number in range(20):
            patterns = globs(number)
            answer = acme.send("POST", "/policies", {"name": f"globs {number}", "policy_type": "access", "configuration": {"mode": "deny", "patterns": patterns}}, token)
            if answer.status == 201:
                policies.append(answer.json["id"])
        taken = len(policies)
        # The tenant's last one makes room for those that come and go.
        if len(policies) < 20 and policies:
            acme.send("DELETE", f"/policies/{policies.pop()}", None, token)
        print(f"policies of 10,000 patterns that were taken: {taken} of 20; attaching them: "
              f"{acme.send('PUT', '/endpoints/globs/policies', {'policy_ids': policies}, token).status}; memory {space.memory():.0f} MiB", flush=True)

        def post(path, body, media="application/json"):
            return lambda client, number: client.send("POST", path(number), body(number), token, media).status
        sinks = lambda number: f"/datasets/{sink[number % 12]}/documents"
        text = b" ".join(b"lantern%d harbour" % number for number in range(60_000))[:MIB]
        nasty = b"<html><body>" + b"<a " + b" ".join(b"a%d=1" % number for number in range(90_000)) + b">x</a></body>"
        long_question = " ".join(f"{number:x}w" for number in range(5_400))[:32_000]
        def slow_upload(client, number):
            return held(space.port, token, sinks(number), 64 * MIB, 0, "multipart/form-data; boundary=A")(client, number)
        def unread(client, number):
            stream = socket.create_connection(("127.0.0.1", space.port), source_address=(address(number % 40), 0))
            stream.sendall(f"GET /api/v1/policies?limit=100 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n".encode() * 8)
            time.sleep(5)
            stream.close()
            return "unread"
        def make(client, number):
            slug = f"e{number}-{os.getpid()}"
            status = client.send("POST", "/endpoints", {"name": slug, "slug": slug, "dataset_id": sink[0], "response_type": "raw"}, token).status
            if status == 201:
                client.send("PUT", f"/endpoints/{slug}/policies", {"policy_ids": policies}, token)
                client.send("DELETE", f"/endpoints/{slug}", None, token)
            return status
        def make_policy(client, number):
            answer = client.send("POST", "/policies", {"name": f"p {number} {os.getpid()}", "policy_type": "access", "configuration": {"mode": "deny", "patterns": globs(number)}}, token)
            if answer.status == 201:
                client.send("DELETE", f"/policies/{answer.json['id']}", None, token)
            return answer.status
        # A review is of all members, keys and endpoints. A tenant has 1,000 of those at most, and whoever makes some needs a place.
        for number in range(950):
            acme.send("POST", "/endpoints", {"name": f"r{number}", "slug": f"reviewed-{number}", "dataset_id": sink[0], "response_type": "raw", "published": True}, token)
        for number in range(200):
            space.member(acme, token, f"reviewed{number}@acme.example", "user")
        def busy(client, number):
            begun = time.monotonic()
            while time.monotonic() - begun < 1:
                pass
            return "busy"
        rows = [
            ("nothing", None, 0),
            ("no request, but two processes that take all the time they get", busy, 2),
            ("JSON documents, 1,000 of 360 bytes each request, 8 connections", post(sinks, lambda number: {"documents": corpus(1_000, at=number * 1_000)}), 8),
            ("16 uploads at once, each of 8 files of 1 MiB", post(sinks, lambda number: form([(f"{number}-{each}.txt", text) for each in range(8)]), "multipart/form-data; boundary=A"), 16),
            ("12 datasets, files of one element with 90,000 attributes", post(sinks, lambda number: form([(f"{number}-{each}.html", nasty) for each in range(5)]), "multipart/form-data; boundary=A"), 12),
            ("300 uploads that stand still", slow_upload, 300),
            ("forms of nothing but boundaries, 16 MiB each, 8 connections", post(sinks, lambda number: b"\r\n--A" * (16 * MIB // 5), "multipart/form-data; boundary=A"), 8),
            ("questions of 5,400 words over 60,000 documents, 16 connections", post(lambda number: "/endpoints/large/query", lambda number: {"messages": long_question, "similarity_threshold": 0}), 16),
            ("64 bodies held, of 1 MiB less a byte each", held(space.port, token, "/endpoints/large/query", MIB - 1, MIB - 65536), 64),
            ("64 bodies held, of 32 MiB less a byte each", held(space.port, token, f"/datasets/{sink[0]}/documents", 32 * MIB - 1, 32 * MIB - 65536), 64),
            ("JSON of 2 MiB that is 124,000 documents, 16 connections", post(lambda number: f"/datasets/{sink[0]}/documents", lambda number: b'{"documents":[' + b",".join([b'{"content":"x"}'] * 124_000) + b"]}"), 16),
            ("queries behind these policies, 16 connections", post(lambda number: "/endpoints/globs/query", lambda number: {"messages": "a"}), 16),
            ("explanations of these, 6 connections", post(lambda number: "/endpoints/globs/policies/explain", lambda number: {"identity": {"email": "a" * 60 + "@x.example.org"}}), 6),
            ("pages of these policies, 20 that nobody reads", unread, 20),
            ("pages of these policies, read, 20 connections", lambda client, number: client.send("GET", "/policies?limit=100", None, token).status, 20),
            ("endpoints made, given the policies and removed, 8 connections", make, 8),
            ("policies of 10,000 patterns made and removed, 4 connections", make_policy, 4),
            ("access reviews, 20 connections", lambda client, number: client.send("GET", "/access-review?limit=100", None, token).status, 20),
            ("nothing, once more", None, 0),
        ]
        print("flood | answered | the neighbour's query: p50, p99, max in ms | a line of text until found: p50, max in ms | statuses | memory")
        for name, work, count in rows:
            if not re.search(ONLY, name):
                continue
            until, done, flooders = multiprocessing.Value("d", time.time() + SECONDS + 4), multiprocessing.Queue(), []
            if work:
                flooders = [multiprocessing.Process(target=many, args=(space.port, work, count - count // 2 if half == 0 else count // 2, until, done)) for half in (0, 1)]
                for flooder in flooders: flooder.start()
                time.sleep(2)
            results = multiprocessing.Queue()
            neighbour = multiprocessing.Process(target=probe, args=(space.port, beta_token, bee, SECONDS, results))
            neighbour.start()
            asked, brought, seen = results.get()
            neighbour.join()
            memory, counts = space.memory(), {}
            for _ in flooders:
                for status, number in done.get().items():
                    counts[status] = counts.get(status, 0) + number
            for flooder in flooders: flooder.join()
            p99 = percentile(asked, 0.99)
            worst = max(worst, p99)
            print(f"{name} | {counts} | {median(asked):.1f}, {p99:.1f}, {max(asked):.1f} (n {len(asked)}) | "
                  f"{median(brought):.0f}, {max(brought):.0f} (n {len(brought)}) | {seen} | {memory:.0f} MiB", flush=True)
            # What is queued of this flood is not to be in the next row.
            for _ in range(2):
                for each in sink:
                    for job in acme.ok("GET", f"/datasets/{each}/jobs?limit=100", None, token)["items"]:
                        if job["status"] in ("queued", "running"):
                            acme.send("POST", f"/datasets/{each}/jobs/{job['id']}/cancel", None, token)
            time.sleep(3)
    return int(worst > 100)


if __name__ == "__main__":
    sys.exit(main())
