"""Compares our verdicts on satellite tokens with those of PyJWT and joserfc. See README.md beside this file."""

import collections
import json
import sys
import warnings

import freezegun
import joserfc.jwk
import joserfc.jwt
import jwt

LEEWAY = 5
CLAIMS = ["sub", "iss", "aud", "exp", "iat", "role"]


def pyjwt_accepts(token, about):
    try:
        keys = jwt.PyJWKSet.from_dict({"keys": about["keys"]})
        key = keys[jwt.get_unverified_header(token)["kid"]]
        jwt.decode(
            token,
            key.key,
            algorithms=["RS256"],
            audience=about["audience"],
            issuer=about["issuer"],
            leeway=LEEWAY,
            options={"require": CLAIMS},
        )
        return True
    except Exception:  # whatever it says, it is a refusal
        return False


def joserfc_accepts(token, about):
    try:
        keys = joserfc.jwk.KeySet.import_key_set({"keys": about["keys"]})
        read = joserfc.jwt.decode(token, keys, algorithms=["RS256"])
        rules = {claim: {"essential": True} for claim in CLAIMS}
        rules["iss"]["value"] = about["issuer"]
        rules["aud"]["value"] = about["audience"]
        joserfc.jwt.JWTClaimsRegistry(now=about["now"], leeway=LEEWAY, **rules).validate(read.claims)
        return True
    except Exception:
        return False


def main(path):
    warnings.simplefilter("ignore")
    with open(path, encoding="utf-8") as lines:
        about, *tokens = [json.loads(line) for line in lines]
    judges = {"PyJWT": pyjwt_accepts, "joserfc": joserfc_accepts}
    wrong = []
    counted = collections.defaultdict(collections.Counter)
    with freezegun.freeze_time("2027-01-15T08:00:00Z"):
        for token in tokens:
            counts = counted[token["kind"]]
            counts["tokens"] += 1
            counts["ours"] += token["ours"]
            for name, accepts in judges.items():
                theirs = accepts(token["token"], about)
                counts[name] += theirs
                # What we accept, everybody accepts. What we refuse, somebody may accept only where the rule is ours.
                if token["ours"] != theirs and (token["ours"] or not token["by_our_rules"]):
                    wrong.append((name, token))
    print(f"{'kind':32}{'tokens':>8}{'ours':>8}{'PyJWT':>8}{'joserfc':>8}   (accepted)")
    for kind, counts in sorted(counted.items()):
        print(f"{kind:32}" + "".join(f"{counts[name]:8}" for name in ("tokens", "ours", "PyJWT", "joserfc")))
    for name, token in wrong[:10]:
        print(f"{name} differs on {token['kind']!r}: {token['token']}", file=sys.stderr)
    if counted["unchanged"]["PyJWT"] != 1 or counted["unchanged"]["joserfc"] != 1:
        print("the unchanged token must pass everywhere, or nothing is compared", file=sys.stderr)
        return 1
    print(f"{len(tokens)} tokens, {len(wrong)} verdicts that differ without a rule of ours")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
