"""What the programs in Python share. ../makers.js says what comes in and goes out."""

import base64
import datetime
import hashlib
import json
import sys
import uuid

asked = json.load(sys.stdin)
claims = asked["claims"]
RSA_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]


def moment(seconds):
    return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)


def base64url(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def with_leading_zero(sign):
    """A token with an ES256 signature of which r or s begins with a zero octet."""
    while True:
        token = sign()
        signature = base64.urlsafe_b64decode(token.split(".")[2] + "==")
        if signature[0] == 0 or signature[32] == 0:
            return token


def proof_payload(token):
    return {
        "jti": str(uuid.uuid4()),
        "htm": asked["method"],
        "htu": asked["url"],
        "iat": int(moment(0).timestamp()),
        "ath": base64url(hashlib.sha256(token.encode()).digest()),
    }


def write(keys, tokens, proofs, verify):
    assertions = {it["alg"]: verify(it) for it in asked["assertions"]}
    made = {"keys": keys, "tokens": tokens, "proofs": proofs, "assertions": assertions}
    json.dump(made, sys.stdout)
