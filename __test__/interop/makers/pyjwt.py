"""Keys, tokens and DPoP proofs of PyJWT. ../makers.js says what comes in and goes out."""

import hashlib
import json
import os
import sys
import warnings

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from jwt.algorithms import get_default_algorithms

# The last place: before it, the libraries are found under the names of these programs.
sys.path.append(os.path.dirname(__file__))
from common import (
    RSA_ALGORITHMS,
    base64url,
    claims,
    moment,
    proof_payload,
    with_leading_zero,
    write,
)

warnings.simplefilter("ignore")
ALGORITHMS = get_default_algorithms()

private = {
    "rsa": rsa.generate_private_key(65537, 2048),
    "rs256": rsa.generate_private_key(65537, 2048),
    "p256": ec.generate_private_key(ec.SECP256R1()),
    "p384": ec.generate_private_key(ec.SECP384R1()),
    "p521": ec.generate_private_key(ec.SECP521R1()),
    "k256": ec.generate_private_key(ec.SECP256K1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate(),
    "ed448": ed448.Ed448PrivateKey.generate(),
}
FAMILIES = {"rsa": "RS256", "rs256": "RS256", "ed25519": "EdDSA", "ed448": "EdDSA"}


def to_jwk(name, key):
    return ALGORITHMS[FAMILIES.get(name, "ES256")].to_jwk(key, as_dict=True)


def publish(name):
    jwk = to_jwk(name, private[name].public_key())
    # It says what the key does, and not what it is for.
    jwk.pop("key_ops", None)
    jwk.update({"kid": name, "use": "sig"})
    if name == "rs256":
        jwk["alg"] = "RS256"
    return jwk


def sign(name, algorithm, payload=None, headers=None, **more):
    headers = {"kid": name, **(headers or {})}
    return jwt.encode(payload or claims, private[name], algorithm, headers, **more)


def sign_bytes(payload, headers=None, **more):
    headers = {"kid": "p256", **(headers or {})}
    return jwt.api_jws.PyJWS().encode(payload, private["p256"], "ES256", headers, **more)


text = json.dumps(claims)
# PyJWT refuses PEM, DER and a JWK.
public_bytes = private["ed25519"].public_key().public_bytes_raw()
stranger = ec.generate_private_key(ec.SECP256R1())
stranger_jwk = to_jwk("p256", stranger.public_key())

tokens = {
    **{alg: sign("rsa", alg) for alg in RSA_ALGORITHMS},
    "ES256": sign("p256", "ES256"),
    "ES384": sign("p384", "ES384"),
    "ES512": sign("p521", "ES512"),
    "EdDSA": sign("ed25519", "EdDSA"),
    "a signature that begins with zero": with_leading_zero(lambda: sign("p256", "ES256")),
    "typ at+jwt": sign("p256", "ES256", headers={"typ": "at+jwt"}),
    "no typ": sign("p256", "ES256", headers={"typ": None}),
    "no kid": jwt.encode(claims, private["p256"], "ES256"),
    "times of its own type": sign(
        "p256", "ES256", {**claims, "exp": moment(60), "nbf": moment(-60)}
    ),
    "a fraction of a second": sign("p256", "ES256", {**claims, "exp": claims["exp"] + 0.5}),
    "several audiences": sign("p256", "ES256", {**claims, "aud": [claims["aud"], "urn:other"]}),
    "no signature": jwt.encode(claims, None, None, {"kid": "p256"}),
    "HS256 with the public key": jwt.encode(claims, public_bytes, "HS256", {"kid": "ed25519"}),
    "ES256K": sign("k256", "ES256K"),
    "its own name of an algorithm": sign("p521", "ES521"),
    "Ed448": sign("ed448", "EdDSA"),
    "another algorithm of the key": sign("rs256", "PS256"),
    "another key": jwt.encode(claims, stranger, "ES256", {"kid": "p256"}),
    "its own key in the header": jwt.encode(
        claims, stranger, "ES256", {"kid": "mine", "jwk": stranger_jwk}
    ),
    "critical": sign("p256", "ES256", headers={"crit": ["urn:x"], "urn:x": 1}),
    "an unencoded payload": sign_bytes(text.encode(), is_payload_detached=True),
    "a header parameter twice": sign(
        "p256", "ES256", headers={1: "a", "1": "b"}, sort_headers=False
    ),
    "a claim twice": sign("p256", "ES256", {**claims, 1: "a", "1": "b"}),
    "another typ": sign("p256", "ES256", headers={"typ": "id+jwt"}),
    "a payload that is text": sign_bytes(b"text"),
    "a token in a token": sign_bytes(sign("p256", "ES256").encode(), {"cty": "JWT"}),
    "exp as text": sign("p256", "ES256", {**claims, "exp": str(claims["exp"])}),
    "exp without end": sign("p256", "ES256", {**claims, "exp": float("inf")}),
    "expired": sign("p256", "ES256", {**claims, "exp": moment(-600)}),
    "not yet valid": sign("p256", "ES256", {**claims, "nbf": moment(600)}),
    "another audience": sign("p256", "ES256", {**claims, "aud": ["urn:other"]}),
}


def thumbprint(jwk):
    """RFC 7638: PyJWT has none."""
    names = {"RSA": ["e", "kty", "n"], "EC": ["crv", "kty", "x", "y"], "OKP": ["crv", "kty", "x"]}
    required = {name: jwk[name] for name in names[jwk["kty"]]}
    digest = hashlib.sha256(json.dumps(required, separators=(",", ":")).encode()).digest()
    return base64url(digest)


def proof(name, algorithm, jwk=None):
    public = to_jwk(name, private[name].public_key())
    token = sign("p256", "ES256", {**claims, "cnf": {"jkt": thumbprint(public)}})
    headers = {"typ": "dpop+jwt", "jwk": jwk or public}
    payload = proof_payload(token)
    return {"token": token, "proof": jwt.encode(payload, private[name], algorithm, headers)}


proofs = {
    "RS256": proof("rsa", "RS256"),
    "PS256": proof("rsa", "PS256"),
    "ES256": proof("p256", "ES256"),
    "ES384": proof("p384", "ES384"),
    "EdDSA": proof("ed25519", "EdDSA"),
    "ES512": proof("p521", "ES512"),
    "a private key": proof("p256", "ES256", to_jwk("p256", private["p256"])),
}


def verify(assertion):
    alg = assertion["alg"]
    key = jwt.PyJWK(assertion["jwk"], alg)
    required = {"require": ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"]}
    return jwt.decode(
        assertion["token"], key, [alg], audience=assertion["audience"], options=required
    )


write([publish(name) for name in private], tokens, proofs, verify)
