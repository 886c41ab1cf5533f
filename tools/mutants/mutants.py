"""Puts the listed mutants into a copy of the workspace, compiles it once, and tries each with the tests that reach it.

With a number N, one mutant in N is tried; with a pattern behind it, of those whose name it finds. It ends with 1 if fewer
than 95 in 100 are caught.
"""

import collections
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path.cwd()
WORK = ROOT / "target/mutants"
TREE = WORK / "tree"
LIST = WORK / "mutants.json"
TOOL = WORK / "tool/debug/syft-space-mutants"
CRATE = "crates/domain"
PACKAGES = ["-p", "syft-space-domain", "-p", "syft-space-memory"]
# They take the sources of the domain for their own, or hold what does not compile.
NO_TESTS_OF_RULES = {f"{CRATE}/tests/limiter_interleavings.rs", f"{CRATE}/tests/compile_fail.rs"}
GOAL = 95
WORKERS = (os.cpu_count() or 1) + 1
# What a mutant leaves in it compiles with warnings.
ENVIRONMENT = {**os.environ, "RUSTFLAGS": "--cap-lints allow", "CARGO_TARGET_DIR": str(WORK / "build")}
# The first failure is enough: it need not be made small.
TRYING = {**os.environ, "PROPTEST_MAX_SHRINK_ITERS": "0"}

Test = collections.namedtuple("Test", "program folder name")


def copy_workspace():
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True, check=True)
    wanted = {
        name
        for name in listed.stdout.splitlines()
        if not name.startswith(f"{CRATE}/src/") and name not in NO_TESTS_OF_RULES and (ROOT / name).is_file()
    }
    for path in [path for path in TREE.rglob("*") if path.is_file()]:
        name = str(path.relative_to(TREE))
        if name not in wanted and not name.startswith(f"{CRATE}/src/"):
            path.unlink()
    for name in wanted:
        target, data = TREE / name, (ROOT / name).read_bytes()
        # What is as it was is not compiled again.
        if not target.exists() or target.read_bytes() != data:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)


class Placed:
    """The mutants in the tree: those that compile."""

    def __init__(self):
        self.mutants = json.loads(LIST.read_text())
        self.left_out, self.constant = set(), set()
        while True:
            self.place()
            errors = self.errors()
            if not errors:
                break
            if not any([self.leave_out(error) for error in errors]):
                sys.exit("It does not compile, and no mutant is at fault:\n" + errors[0]["rendered"])
            print(f"{len(self.mutants) - len(self.left_out)} mutants may compile", flush=True)

    def numbers(self):
        return [number for number in range(1, len(self.mutants) + 1) if number in self.held]

    def name(self, number):
        return self.mutants[number - 1]["name"]

    def place(self):
        (WORK / "left_out.json").write_text(json.dumps(sorted(self.left_out)))
        (WORK / "constant.json").write_text(json.dumps(sorted(self.constant)))
        command = [TOOL, LIST, ROOT, TREE, CRATE, WORK / "left_out.json", WORK / "constant.json"]
        self.ranges = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        self.held = {number for ranges in self.ranges.values() for number, _, _ in ranges}
        (TREE / CRATE / "src/mutant.rs").write_bytes((ROOT / "tools/mutants/switch.rs").read_bytes())
        front = TREE / CRATE / "src/lib.rs"
        if "\nmod mutant;" not in front.read_text():
            front.write_text(front.read_text() + "\nmod mutant;\n")

    def errors(self):
        command = ["cargo", "check", "--package", "syft-space-domain", "--lib", "--locked", "--message-format=json"]
        ran = subprocess.run(command, cwd=TREE, env=ENVIRONMENT, capture_output=True, text=True, check=False)
        messages = [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]
        errors = [message["message"] for message in messages if message["reason"] == "compiler-message"]
        errors = [error for error in errors if error["level"] == "error" and error["spans"]]
        if ran.returncode and not errors:
            sys.exit(ran.stderr)
        return errors

    def leave_out(self, error):
        """Whether something is done about an error."""
        code = (error["code"] or {}).get("code")
        called = re.search(r"`([^`]+)`", error["message"])
        # A function that a constant calls stays constant, and has no mutants.
        if code == "E0015" and called and not called[1].endswith("is_on"):
            self.constant.add(re.sub("<.*", "", called[1].split("::")[-1]))
            return True
        found = set()
        for span in sorted(error["spans"], key=lambda span: not span["is_primary"]):
            while span and not found:
                over = [
                    (end - start, number)
                    for number, start, end in self.ranges.get(span["file_name"], [])
                    if start <= span["byte_end"] and span["byte_start"] <= end
                ]
                # The narrowest that an error touches is the one that it is about.
                found.update(number for _, number in sorted(over)[:1])
                span = (span["expansion"] or {}).get("span")
            if found:
                break
        if code == "E0004":
            # Without one of its arms a match is not complete: none of its arms can be deleted.
            spans = [(span["file_name"], span["line_start"]) for span in error["spans"] if span["is_primary"]]
            found = {number for file, line in spans for number in self.arms(file, line)} or found
        self.left_out |= found
        return bool(found)

    def arms(self, file, line):
        text = (TREE / file).read_bytes()
        start = sum(map(len, text.splitlines(keepends=True)[: line - 1]))
        arms = [
            (place, number)
            for number, place, _ in self.ranges.get(file, [])
            if place >= start and self.mutants[number - 1]["genre"] in ("MatchArm", "MatchArmGuard")
        ]
        return [number for _, number in sorted(arms)[:1]]


def build_tests():
    command = ["cargo", "test", "--locked", *PACKAGES, "--lib", "--tests", "--no-run"]
    ran = subprocess.run(command, cwd=TREE, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    if ran.returncode:
        sys.exit(ran.stderr)
    tests, package = [], None
    for source, program in re.findall(r"Executable (?:unittests )?(\S+) \((.*)\)", ran.stderr):
        # The lists come crate by crate, each from its library on.
        package = {None: "domain", "domain": "memory"}[package] if source == "src/lib.rs" else package
        folder = TREE / "crates" / package
        listed = subprocess.run([program, "--list", "--format", "terse"], capture_output=True, text=True, check=True)
        names = [line.removesuffix(": test") for line in listed.stdout.splitlines() if line.endswith(": test")]
        tests += [Test(program, folder, name) for name in names]
    return tests


def reach(place, test):
    """How long a test takes, and which mutants it reaches: each by itself, for they are told as the process first asks."""
    path = WORK / f"reached/{place}"
    path.unlink(missing_ok=True)
    begun = time.monotonic()
    ran = subprocess.run(
        [test.program, "--exact", test.name],
        cwd=test.folder,
        env={**TRYING, "MUTANTS_REACHED": str(path)},
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        sys.exit(f"{test.name} fails with no mutant on:\n{ran.stdout}")
    return time.monotonic() - begun, [int(line) for line in path.read_text().split()] if path.exists() else []


def attempt(number, reaching):
    """Whether one of the tests notices a mutant: the quick ones first."""
    if not reaching:
        return "not reached"
    quick = [one for one in sorted(reaching) if one[0] < 1]
    for group in quick[:40], quick[40:], [one for one in sorted(reaching) if one[0] >= 1]:
        programs = collections.defaultdict(list)
        for one in group:
            programs[one[1].program, one[1].folder].append(one)
        for (program, folder), ones in programs.items():
            names, seconds = [test.name for _, test in ones], sum(seconds for seconds, _ in ones)
            try:
                ran = subprocess.run(
                    [program, "--exact", "--test-threads", "2", *names],
                    cwd=folder,
                    env={**TRYING, "MUTANT": str(number)},
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    timeout=40 + 8 * seconds,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                return "timed out"
            if ran.returncode:
                return "caught"
    return "missed"


def main():
    one_in = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    pattern = sys.argv[2] if len(sys.argv) > 2 else ""
    (WORK / "reached").mkdir(parents=True, exist_ok=True)
    copy_workspace()
    placed = Placed()
    tests = build_tests()
    reaching = collections.defaultdict(list)
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as workers:
        for test, (seconds, numbers) in zip(tests, workers.map(reach, range(len(tests)), tests)):
            for number in numbers:
                reaching[number].append((seconds, test))
        tried = [number for number in placed.numbers() if re.search(pattern, placed.name(number))][::one_in]
        print(f"{len(placed.mutants)} mutants, of which {len(placed.numbers())} compile; {len(tests)} tests", flush=True)
        outcomes = collections.Counter()
        for number, outcome in zip(tried, workers.map(lambda number: attempt(number, reaching[number]), tried)):
            outcomes[outcome] += 1
            if outcome in ("missed", "not reached"):
                print(f"{outcome}: {placed.name(number)}", flush=True)
    caught = outcomes["caught"] + outcomes["timed out"]
    print(f"{caught} of {len(tried)} caught ({100 * caught / len(tried):.1f} %): {dict(outcomes)}")
    return 100 * caught < GOAL * len(tried)


if __name__ == "__main__":
    sys.exit(main())
