"""Keys, tokens and DPoP proofs of jwcrypto. ../makers.js says what comes in and goes out."""

import json
import os
import sys
import time

from jwcrypto.common import base64url_encode
from jwcrypto.jwe import JWE
from jwcrypto.jwk import JWK, JWKSet
from jwcrypto.jws import JWS
from jwcrypto.jwt import JWT

# The last place: before it, the libraries are found under the names of these programs.
sys.path.append(os.path.dirname(__file__))
from common import RSA_ALGORITHMS, claims, proof_payload, with_leading_zero, write

ALGORITHMS = [
    *RSA_ALGORITHMS,
    *["ES256", "ES384", "ES512", "EdDSA", "Ed25519", "Ed448", "ES256K", "HS256"],
]

private = {
    "rsa": JWK.generate(kty="RSA", size=2048, use="sig"),
    "rs256": JWK.generate(kty="RSA", size=2048, use="sig", alg="RS256"),
    "p256": JWK.generate(kty="EC", crv="P-256", use="sig"),
    "p384": JWK.generate(kty="EC", crv="P-384", use="sig"),
    "p521": JWK.generate(kty="EC", crv="P-521", use="sig"),
    "k256": JWK.generate(kty="EC", crv="secp256k1", use="sig"),
    "ed25519": JWK.generate(kty="OKP", crv="Ed25519", use="sig"),
    "ed448": JWK.generate(kty="OKP", crv="Ed448", use="sig"),
}
published = JWKSet()
for name, key in private.items():
    key["kid"] = key.thumbprint()
    published.add(key)


def public_jwk(key):
    jwk = key.export_public(as_dict=True)
    jwk.pop("kid", None)
    return jwk


def header_of(name, algorithm, more=None):
    return {"alg": algorithm, "kid": private[name]["kid"], **(more or {})}


def encode(header, payload, key):
    token = JWT(header=header, claims=payload, algs=ALGORITHMS)
    token.make_signed_token(key)
    return token.serialize()


def sign(name, algorithm, payload=None, headers=None):
    return encode(header_of(name, algorithm, headers), payload or claims, private[name])


def object_of(payload, header, key=private["p256"]):
    signed = JWS(payload)
    signed.allowed_algs = ALGORITHMS
    signed.add_signature(key, protected=header)
    return signed


def sign_bytes(payload, header=None):
    return object_of(payload, header or header_of("p256", "ES256")).serialize(compact=True)


def unsigned():
    signed = JWS(text)
    signed.allowed_algs = ["none"]
    signed.add_signature(JWK(kty="oct", k=""), protected={"alg": "none"})
    return signed.serialize(compact=True)


def detached(header):
    signed = object_of(text, header)
    signed.detach_payload()
    return signed.serialize(compact=True)


def two_signatures():
    signed = object_of(text, header_of("p256", "ES256"))
    signed.add_signature(private["rsa"], protected=header_of("rsa", "RS256"))
    return signed.serialize()


def encrypted():
    key = JWK.generate(kty="oct", size=256)
    header = json.dumps({"alg": "dir", "enc": "A256GCM", "cty": "JWT"})
    return JWE(sign("p256", "ES256"), header, recipient=key).serialize(compact=True)


text = json.dumps(claims)
now = int(time.time())
stranger = JWK.generate(kty="EC", crv="P-256")
public_secret = JWK(kty="oct", k=base64url_encode(private["rsa"].export_to_pem()))
twice = '{"alg":"ES256","kid":"other","kid":"%s"}' % private["p256"]["kid"]

tokens = {
    **{alg: sign("rsa", alg) for alg in RSA_ALGORITHMS},
    "ES256": sign("p256", "ES256"),
    "ES384": sign("p384", "ES384"),
    "ES512": sign("p521", "ES512"),
    "EdDSA": sign("ed25519", "EdDSA"),
    "Ed25519": sign("ed25519", "Ed25519"),
    "a signature that begins with zero": with_leading_zero(lambda: sign("p256", "ES256")),
    "typ at+jwt": sign("p256", "ES256", headers={"typ": "at+jwt"}),
    "no typ": sign_bytes(text),
    "no kid": encode({"alg": "ES256"}, claims, private["p256"]),
    "a fraction of a second": sign("p256", "ES256", {**claims, "exp": claims["exp"] + 0.5}),
    "several audiences": sign("p256", "ES256", {**claims, "aud": [claims["aud"], "urn:other"]}),
    "no signature": unsigned(),
    "HS256 with the public key": encode(header_of("rsa", "HS256"), claims, public_secret),
    "ES256K": sign("k256", "ES256K"),
    "Ed448": sign("ed448", "EdDSA"),
    "another algorithm of the key": encode(
        header_of("rs256", "PS256"),
        claims,
        JWK(**{**private["rs256"].export(as_dict=True), "alg": "PS256"}),
    ),
    "another key": encode(header_of("p256", "ES256"), claims, stranger),
    "its own key in the header": encode(
        {"alg": "ES256", "kid": "mine", "jwk": public_jwk(stranger)}, claims, stranger
    ),
    "critical": sign_bytes(text, header_of("p256", "ES256", {"crit": ["b64"], "b64": True})),
    "an unencoded payload": detached(header_of("p256", "ES256", {"crit": ["b64"], "b64": False})),
    "a detached payload": detached(header_of("p256", "ES256")),
    "a header parameter twice": sign_bytes(text, twice),
    "a claim twice": sign_bytes(text[:-1] + ',"sub":"other"}'),
    "another typ": sign("p256", "ES256", headers={"typ": "id+jwt"}),
    "a payload that is text": sign_bytes("text"),
    "a token in a token": sign_bytes(
        sign("p256", "ES256"), header_of("p256", "ES256", {"cty": "JWT"})
    ),
    "JSON, flattened": object_of(text, header_of("p256", "ES256")).serialize(),
    "JSON, general": two_signatures(),
    "encrypted": encrypted(),
    "exp as text": sign_bytes(json.dumps({**claims, "exp": str(claims["exp"])})),
    "exp without end": sign_bytes(json.dumps({**claims, "exp": float("inf")})),
    "expired": sign("p256", "ES256", {**claims, "exp": now - 600}),
    "not yet valid": sign("p256", "ES256", {**claims, "nbf": now + 600}),
    "another audience": sign("p256", "ES256", {**claims, "aud": ["urn:other"]}),
}


def proof(name, algorithm, jwk=None):
    token = sign("p256", "ES256", {**claims, "cnf": {"jkt": private[name].thumbprint()}})
    header = {"typ": "dpop+jwt", "alg": algorithm, "jwk": jwk or public_jwk(private[name])}
    return {"token": token, "proof": encode(header, proof_payload(token), private[name])}


proofs = {
    "RS256": proof("rsa", "RS256"),
    "PS256": proof("rsa", "PS256"),
    "ES256": proof("p256", "ES256"),
    "ES384": proof("p384", "ES384"),
    "EdDSA": proof("ed25519", "EdDSA"),
    "Ed25519": proof("ed25519", "Ed25519"),
    "ES512": proof("p521", "ES512"),
    "a private key": proof("p256", "ES256", private["p256"].export_private(as_dict=True)),
}


def verify(assertion):
    key = JWK(**assertion["jwk"])
    required = {"iss": None, "sub": None, "aud": assertion["audience"], "exp": None, "jti": None}
    token = JWT(jwt=assertion["token"], key=key, algs=[assertion["alg"]], check_claims=required)
    return json.loads(token.claims)


write(published.export(private_keys=False, as_dict=True)["keys"], tokens, proofs, verify)
