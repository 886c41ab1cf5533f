"""What JSON Schema cannot say: which texts are addresses here, and names of things that are there."""

import json
import os
import re
import string
import urllib.request
import uuid
from datetime import datetime

import schemathesis
from hypothesis import strategies as st

KNOWN = json.loads(os.environ["CONTRACT"])
NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
SLUG = re.compile(r"(?=.{3,64}$)[a-z0-9]+(-[a-z0-9]+)*")
ENCODER = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
IDEMPOTENCY_KEY = re.compile(r"[!-~]{1,255}")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

LOCAL = string.ascii_letters + string.digits + "!#$%&'+-/=?^_`{|}~"
LABEL = string.ascii_letters + string.digits

atoms = st.lists(st.text(LOCAL, min_size=1, max_size=15), min_size=1, max_size=4).map(".".join)
labels = st.lists(st.text(LABEL, min_size=1, max_size=30), min_size=1, max_size=4).map(".".join)
tops = st.sampled_from(["org", "example", "xn--p1ai", "co.uk", "MUSEUM"])
addresses = st.builds("{}@{}.{}".format, atoms, labels, tops)
globs = st.builds(
    "{}@{}.{}".format, st.sampled_from(["*", "a*", "*.b", "a*c"]), st.sampled_from(["*", "a*b", "x"]), tops
)

schemathesis.openapi.format("email", addresses)
# In the lists of the Python product `?` is refused: there it was a wildcard. A `!` before a pattern is taken for an exception, and refused.
schemathesis.openapi.format(
    "email-pattern",
    st.one_of(st.just("*"), addresses, globs).filter(lambda one: "?" not in one and not one.startswith("!")),
)
schemathesis.openapi.format("cursor", st.just("cursor"))


def listed(base, path):
    """What a list answers with now."""
    request = urllib.request.Request(base + path, headers={"authorization": f"Bearer {KNOWN['token']}"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def hold(base):
    """Makes a legal hold, if there is none."""
    if listed(base, "/api/v1/retention")["holds"]:
        return
    request = urllib.request.Request(
        base + "/api/v1/retention/holds",
        data=json.dumps({"reason": "a contract"}).encode(),
        headers={"authorization": f"Bearer {KNOWN['token']}", "content-type": "application/json"},
    )
    urllib.request.urlopen(request, timeout=30).close()


def there(value, base, path):
    """In place of a made-up id one that is there, if any is."""
    if not (isinstance(value, str) and UUID.fullmatch(value)):
        return value
    items = listed(base, path)["items"]
    return items[0]["id"] if items else value


def is_question(message):
    """Whether this message of a conversation asks anything."""
    content = message.get("content") if isinstance(message, dict) else None
    return isinstance(content, str) and bool(content.strip()) and message.get("role") == "user"


def is_time(value):
    """Whether this is a time of RFC 3339."""
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def make_sense(kind, configuration):
    """Mends what of a policy's configuration fits its schema and is refused all the same, for reasons that no schema can say."""
    for key in ("burst", "max_characters", "free_quota", "cap"):
        # To JSON Schema 5.0 is a whole number; here one is written without a point.
        if isinstance(configuration.get(key), float) and configuration[key].is_integer():
            configuration[key] = int(configuration[key])
    if kind in ("rate_limit", "token_limit"):
        if "applies_to" in configuration and "except" in configuration:
            # It is for some, or for all but some.
            del configuration["except"]
        if configuration.get("scope") == "pattern" and "applies_to" not in configuration:
            # Counted by patterns, of which there are none.
            configuration["scope"] = "user"
        burst = configuration.get("burst")
        if isinstance(burst, int) and not isinstance(burst, bool) and 1 <= burst <= 10_000_000:
            # Whole again within a year, whatever the rate.
            configuration["burst"] = min(burst, 300)
            if configuration.get("window") == "strict":
                del configuration["burst"]
    if kind == "access" and is_time(configuration.get("valid_from")) and is_time(configuration.get("valid_until")):
        # The one is later than the other.
        del configuration["valid_from"]
    if kind == "disclosure_limit":
        cap = configuration.get("cap")
        if isinstance(cap, int) and not isinstance(cap, bool) and 1 <= cap <= 50_000_000:
            # How many there may be hangs on what is counted.
            configuration["cap"] = min(cap, 100_000)
    if kind == "content":
        lists = [configuration[key] for key in ("block", "require") if isinstance(configuration.get(key), list)]
        for phrases in lists:
            # Some have no word, and together they may be too long.
            phrases[:] = [f"word {at}" if isinstance(one, str) and 1 <= len(one) <= 256 else one for at, one in enumerate(phrases)]
        if not any(lists) and set(configuration) <= {"block", "require"} and len(lists) == len(configuration):
            configuration["block"] = ["word"]
    if kind == "schedule":
        if isinstance(configuration.get("zone"), str) and 1 <= len(configuration["zone"]) <= 64:
            configuration["zone"] = "Europe/Berlin"
        open_ = configuration.get("open")
        for one in open_ if isinstance(open_, list) else []:
            # A span has at least a minute.
            if isinstance(one, dict) and isinstance(one.get("from"), str) and one["from"] == one.get("until"):
                one["until"] = "24:00"
    if kind == "pii_filter":
        patterns = configuration.get("patterns")
        for at, one in enumerate(patterns if isinstance(patterns, list) else []):
            if isinstance(one, dict) and isinstance(one.get("name"), str) and NAME.fullmatch(one["name"]):
                one["name"] = f"own{at}"
            if isinstance(one, dict) and isinstance(one.get("pattern"), str) and 1 <= len(one["pattern"]) <= 256:
                one["pattern"] = f"own{at}-[0-9]+"
        if configuration.get("kinds") == [] and ("patterns" not in configuration or patterns == []):
            del configuration["kinds"]


@schemathesis.hook
def before_call(context, case, kwargs):
    base = case.operation.base_url.rstrip("/")
    query, body = case.query, case.body
    key = (case.headers or {}).get("idempotency-key")
    is_valid = case.meta is None or not case.meta.generation.mode.is_negative
    if is_valid and isinstance(key, str) and IDEMPOTENCY_KEY.fullmatch(key):
        # One that came with another request before is refused. What lacks its token on purpose would get it back by a change.
        case.headers["idempotency-key"] = str(uuid.uuid4())
    if isinstance(query, dict) and query.get("cursor") == "cursor":
        path = case.operation.path
        for name, value in (case.path_parameters or {}).items():
            path = path.replace(f"{{{name}}}", str(value))
        try:
            query["cursor"] = listed(base, path + "?limit=1")["next_cursor"]
        except OSError:
            query["cursor"] = None
        if query["cursor"] is None:
            del query["cursor"]
    if case.operation.path == "/api/v1/audit/impact" and isinstance(query, dict):
        # Of one thing at a time: no schema of single parameters can say so.
        for name in [name for name in ("key_name", "principal", "document") if name in query][1:]:
            del query[name]
    if case.operation.path == "/api/v1/users/{id}" and isinstance(body, dict) and body.get("role") == "owner":
        # A second owner would let the first one leave, who is the one that asks.
        body["role"] = "admin"
    ends_owners = case.operation.path == "/api/v1/users/{id}/sessions"
    asks = [KNOWN["session"], KNOWN["owner"]] if ends_owners else [KNOWN["session"]]
    if (case.path_parameters or {}).get("id") in asks:
        # The session of whoever asks all else: another one may end.
        case.path_parameters["id"] = "01a21bf4-ecb0-7385-adf9-11b92aac10cb"
    if case.operation.path == "/api/v1/tenant" and case.operation.method.upper() == "DELETE":
        # While a legal hold stands the tenant does not end: all else is asked in it.
        hold(base)
        if is_valid and isinstance(body, dict) and "tenant_name" in body:
            # No schema can say what this tenant is called.
            body["tenant_name"] = "contract"
    if case.operation.path == "/api/v1/tenant" and isinstance(body, dict):
        # The one that asks has no second factor, and would be let do nothing but enrol one.
        if isinstance(body.get("second_factor_roles"), list):
            body["second_factor_roles"] = [role for role in body["second_factor_roles"] if role != "owner"]
    if isinstance(body, dict) and isinstance(body.get("messages"), list):
        # The last message of the user's is the question. No schema can speak of the last one.
        body["messages"].sort(key=is_question)
    if isinstance(body, dict) and "dataset_id" in body:
        body["dataset_id"] = there(body["dataset_id"], base, "/api/v1/datasets?limit=1")
    if case.operation.path.startswith("/api/v1/datasets") and isinstance(body, dict):
        # No encoder is installed here, and no schema can say so.
        if body.get("search") in ("meaning", "both"):
            body["search"] = "words"
        if isinstance(body.get("encoder"), str) and ENCODER.fullmatch(body["encoder"]):
            del body["encoder"]
        if is_valid:
            # Nor is there a vector database, or another space, and where one is named its address has to be, and nowhere else.
            if "dtype" in body:
                body["dtype"] = "embedded"
            if isinstance(body.get("configuration"), dict):
                for name in ("url", "credential", "provisioned", "slug", "owner", "marketplace_id", "tenant_name", "purpose"):
                    body["configuration"].pop(name, None)
    if case.operation.path == "/api/v1/policies" and isinstance(body, dict) and isinstance(body.get("configuration"), dict):
        make_sense(body.get("policy_type"), body["configuration"])
    if case.operation.path == "/api/v1/policies/lint" and isinstance(body, dict):
        if isinstance(body.get("policies"), list):
            for one in body["policies"]:
                if isinstance(one, dict) and isinstance(one.get("configuration"), dict):
                    make_sense(one.get("policy_type"), one["configuration"])
        if isinstance(body.get("endpoint"), str) and SLUG.fullmatch(body["endpoint"]):
            # The one that there is.
            body["endpoint"] = "hours"
    if case.operation.path == "/api/v1/approvals/deny" and isinstance(body, dict):
        if isinstance(body.get("endpoint"), str) and SLUG.fullmatch(body["endpoint"]):
            # The one that there is.
            body["endpoint"] = "hours"
    if case.operation.path == "/api/v1/policies/simulate" and isinstance(body, dict):
        if "policy_id" in body:
            body["policy_id"] = there(body["policy_id"], base, "/api/v1/policies?limit=1")
        if isinstance(body.get("configuration"), dict):
            # Of which type the policy is no schema can say.
            body["configuration"] = {"mode": "deny", "patterns": []}
        for identity in body["identities"] if isinstance(body.get("identities"), list) else []:
            # There is none here, which no schema can say either.
            if isinstance(identity, dict) and isinstance(identity.get("marketplace"), str) and SLUG.fullmatch(identity["marketplace"]):
                identity["marketplace"] = None
    if case.operation.path == "/api/v1/policies/replay" and isinstance(body, dict):
        if "policy_id" in body:
            body["policy_id"] = there(body["policy_id"], base, "/api/v1/policies?limit=1")
        if isinstance(body.get("configuration"), dict):
            # Of which type the policy is no schema can say.
            body["configuration"] = {"mode": "deny", "patterns": []}
    if case.operation.path == "/api/v1/policies/{id}" and isinstance(body, dict):
        # Of which type the policy is no schema can say, nor whether it can be in shadow then.
        if isinstance(body.get("configuration"), dict):
            del body["configuration"]
        if body.get("enforcement") == "shadow":
            body["enforcement"] = "enforce"
    if case.operation.path == "/api/v1/marketplaces" and isinstance(body, dict) and "url" in body:
        # No hub is here to be asked, and the space says so by 503. A private address it does not ask at all.
        if isinstance(body["url"], str) and body["url"].startswith("http"):
            body["url"] = "https://127.0.0.1"
    if isinstance(body, dict) and "marketplace_id" in body:
        body["marketplace_id"] = there(body["marketplace_id"], base, "/api/v1/marketplaces?limit=1")
    if isinstance(body, dict) and isinstance(body.get("policy_ids"), list):
        ids = [there(one, base, "/api/v1/policies?limit=1") for one in body["policy_ids"]]
        made_up = [one for one in ids if not isinstance(one, str)]
        body["policy_ids"] = list(dict.fromkeys(one for one in ids if isinstance(one, str))) + made_up
    if isinstance(body, dict) and isinstance(body.get("documents"), list):
        seen = set()
        for document in body["documents"]:
            if isinstance(document, dict) and isinstance(document.get("document_id"), str):
                if document["document_id"] in seen:
                    del document["document_id"]
                else:
                    seen.add(document["document_id"])
