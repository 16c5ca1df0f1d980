"""Keys, tokens and DPoP proofs of Authlib. ../makers.js says what comes in and goes out."""

import json
import os
import sys

from authlib.jose import JsonWebEncryption, JsonWebKey, JsonWebSignature, JsonWebToken, OctKey

# The last place: before it, the libraries are found under the names of these programs.
sys.path.append(os.path.dirname(__file__))
from common import RSA_ALGORITHMS, claims, moment, proof_payload, with_leading_zero, write

ALGORITHMS = list(JsonWebSignature.ALGORITHMS_REGISTRY)
jwt = JsonWebToken(ALGORITHMS)
jws = JsonWebSignature(ALGORITHMS)

LENGTHS = {"P-256": 43, "P-384": 64, "P-521": 88}


def ec_key(curve, whole=True):
    """Authlib leaves out the leading zeros of a coordinate: three in four keys of P-521 have some."""
    while True:
        key = JsonWebKey.generate_key("EC", curve, is_private=True)
        jwk = key.as_dict(is_private=False)
        if (len(jwk["x"]) == len(jwk["y"]) == LENGTHS[curve]) == whole:
            return key


# Each has its thumbprint for a kid.
private = {
    "rsa": JsonWebKey.generate_key("RSA", 2048, is_private=True),
    "rs256": JsonWebKey.generate_key("RSA", 2048, is_private=True),
    "p256": ec_key("P-256"),
    "p384": ec_key("P-384"),
    "p521": ec_key("P-521"),
    "short": ec_key("P-521", whole=False),
    "k256": JsonWebKey.generate_key("EC", "secp256k1", is_private=True),
    "ed25519": JsonWebKey.generate_key("OKP", "Ed25519", is_private=True),
    "ed448": JsonWebKey.generate_key("OKP", "Ed448", is_private=True),
}


def kid_of(name):
    return private[name].thumbprint()


def public_jwk(key):
    jwk = key.as_dict(is_private=False)
    del jwk["kid"]
    return jwk


def publish(name):
    more = {"alg": "RS256"} if name == "rs256" else {}
    return private[name].as_dict(is_private=False, use="sig", **more)


def sign(name, algorithm, payload=None, headers=None):
    header = {"alg": algorithm, "kid": kid_of(name), **(headers or {})}
    # It replaces times in the claims that it is given.
    return jwt.encode(header, dict(payload or claims), private[name]).decode()


def sign_bytes(payload, headers=None):
    header = {"alg": "ES256", "kid": kid_of("p256"), **(headers or {})}
    return jws.serialize_compact(header, payload, private["p256"]).decode()


text = json.dumps(claims)
stranger = ec_key("P-256")
# It refuses PEM.
public_secret = OctKey.import_key(json.dumps(public_jwk(private["rsa"])))
sealed = {"alg": "dir", "enc": "A128CBC-HS256", "cty": "JWT"}
named = {"alg": "ES256", "kid": kid_of("p256")}

tokens = {
    **{alg: sign("rsa", alg) for alg in RSA_ALGORITHMS},
    "ES256": sign("p256", "ES256"),
    "ES384": sign("p384", "ES384"),
    "ES512": sign("p521", "ES512"),
    "EdDSA": sign("ed25519", "EdDSA"),
    "a key without its leading zeros": sign("short", "ES512"),
    "a signature that begins with zero": with_leading_zero(lambda: sign("p256", "ES256")),
    "typ at+jwt": sign("p256", "ES256", headers={"typ": "at+jwt"}),
    "no typ": sign_bytes(text),
    "no kid": jwt.encode({"alg": "ES256"}, dict(claims), private["p256"]).decode(),
    "times of its own type": sign(
        "p256", "ES256", {**claims, "exp": moment(60), "nbf": moment(-60)}
    ),
    "a fraction of a second": sign("p256", "ES256", {**claims, "exp": claims["exp"] + 0.5}),
    "several audiences": sign("p256", "ES256", {**claims, "aud": [claims["aud"], "urn:other"]}),
    "no signature": jwt.encode({"alg": "none"}, dict(claims), "").decode(),
    "HS256 with the public key": jwt.encode(
        {"alg": "HS256", "kid": kid_of("rsa")}, dict(claims), public_secret
    ).decode(),
    "ES256K": sign("k256", "ES256K"),
    "Ed448": sign("ed448", "EdDSA"),
    "another algorithm of the key": sign("rs256", "PS256"),
    "another key": jwt.encode(named, dict(claims), stranger).decode(),
    "its own key in the header": jwt.encode(
        {"alg": "ES256", "kid": "mine", "jwk": public_jwk(stranger)}, dict(claims), stranger
    ).decode(),
    "critical": sign("p256", "ES256", headers={"crit": ["kid"]}),
    "a header parameter twice": sign("p256", "ES256", headers={1: "a", "1": "b"}),
    "a claim twice": sign("p256", "ES256", {**claims, 1: "a", "1": "b"}),
    "another typ": sign("p256", "ES256", headers={"typ": "id+jwt"}),
    "a payload that is text": sign_bytes("text"),
    "a token in a token": sign_bytes(sign("p256", "ES256"), {"cty": "JWT"}),
    "JSON, flattened": json.dumps(jws.serialize_json({"protected": named}, text, private["p256"])),
    "JSON, general": json.dumps(jws.serialize_json([{"protected": named}], text, private["p256"])),
    "encrypted": JsonWebEncryption()
    .serialize_compact(sealed, sign("p256", "ES256").encode(), bytes(32))
    .decode(),
    "exp as text": sign("p256", "ES256", {**claims, "exp": str(claims["exp"])}),
    "exp without end": sign("p256", "ES256", {**claims, "exp": float("inf")}),
    "expired": sign("p256", "ES256", {**claims, "exp": moment(-600)}),
    "not yet valid": sign("p256", "ES256", {**claims, "nbf": moment(600)}),
    "another audience": sign("p256", "ES256", {**claims, "aud": ["urn:other"]}),
}


def proof(name, algorithm, jwk=None):
    token = sign("p256", "ES256", {**claims, "cnf": {"jkt": kid_of(name)}})
    header = {"typ": "dpop+jwt", "alg": algorithm, "jwk": jwk or public_jwk(private[name])}
    payload = proof_payload(token)
    return {"token": token, "proof": jwt.encode(header, payload, private[name]).decode()}


proofs = {
    "RS256": proof("rsa", "RS256"),
    "PS256": proof("rsa", "PS256"),
    "ES256": proof("p256", "ES256"),
    "ES384": proof("p384", "ES384"),
    "EdDSA": proof("ed25519", "EdDSA"),
    "ES512": proof("p521", "ES512"),
    "a private key": proof("p256", "ES256", private["p256"].as_dict(is_private=True)),
}


def verify(assertion):
    key = JsonWebKey.import_key(assertion["jwk"])
    audience = {"aud": {"essential": True, "value": assertion["audience"]}}
    verified = jwt.decode(assertion["token"], key, claims_options=audience)
    verified.validate()
    return verified


write([publish(name) for name in private], tokens, proofs, verify)
