// Keys, tokens and DPoP proofs of golang-jwt. ../makers.js says what comes in and goes out.
package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"strings"
	"time"

	"github.com/golang-jwt/jwt"
)

type object = map[string]interface{}

type proofOfToken struct {
	Token string `json:"token"`
	Proof string `json:"proof"`
}

type assertion struct {
	Algorithm string `json:"alg"`
	Token     string `json:"token"`
	Audience  string `json:"audience"`
	// Of the public key; the text of a secret.
	Key string `json:"key"`
}

var asked struct {
	Claims object `json:"claims"`
	Method string `json:"method"`
	URL    string `json:"url"`

	Assertions []assertion `json:"assertions"`
}

var private = map[string]crypto.Signer{
	"rsa":     made(rsa.GenerateKey(rand.Reader, 2048)),
	"rs256":   made(rsa.GenerateKey(rand.Reader, 2048)),
	"p256":    made(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)),
	"p384":    made(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)),
	"p521":    made(ecdsa.GenerateKey(elliptic.P521(), rand.Reader)),
	"ed25519": ed25519Key(),
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func made[Key crypto.Signer](key Key, err error) crypto.Signer {
	check(err)
	return key
}

func ed25519Key() crypto.Signer {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	check(err)
	return key
}

func base64url(bytes []byte) string {
	return base64.RawURLEncoding.EncodeToString(bytes)
}

func marshal(value interface{}) []byte {
	text, err := json.Marshal(value)
	check(err)
	return text
}

// RFC 7518 §6 and RFC 8037 §2: the library has no JWKs. Exactly the members of a thumbprint.
func jwkOf(key crypto.Signer) object {
	switch public := key.Public().(type) {
	case *rsa.PublicKey:
		exponent := big.NewInt(int64(public.E))
		return object{"kty": "RSA", "n": base64url(public.N.Bytes()), "e": base64url(exponent.Bytes())}
	case *ecdsa.PublicKey:
		size := (public.Params().BitSize + 7) / 8
		coordinate := func(value *big.Int) string {
			return base64url(value.FillBytes(make([]byte, size)))
		}
		curve := public.Params().Name
		return object{"kty": "EC", "crv": curve, "x": coordinate(public.X), "y": coordinate(public.Y)}
	case ed25519.PublicKey:
		return object{"kty": "OKP", "crv": "Ed25519", "x": base64url(public)}
	}
	panic("a key of another type")
}

func privateJwkOf(key *ecdsa.PrivateKey) object {
	return with(jwkOf(key), object{"d": base64url(key.D.FillBytes(make([]byte, 32)))})
}

// RFC 7638: json.Marshal sorts the members.
func thumbprint(key crypto.Signer) string {
	digest := sha256.Sum256(marshal(jwkOf(key)))
	return base64url(digest[:])
}

func with(members object, more object) object {
	all := object{}
	for name, value := range members {
		all[name] = value
	}
	for name, value := range more {
		all[name] = value
	}
	return all
}

// Claims that are written as they are.
type text string

func (text) Valid() error { return nil }

func (claims text) MarshalJSON() ([]byte, error) { return []byte(claims), nil }

// A nil among the headers removes what the library puts there.
func encode(method jwt.SigningMethod, key interface{}, claims jwt.Claims, headers object) string {
	token := jwt.NewWithClaims(method, claims)
	for name, value := range headers {
		if value == nil {
			delete(token.Header, name)
		} else {
			token.Header[name] = value
		}
	}
	signed, err := token.SignedString(key)
	check(err)
	return signed
}

func sign(name string, algorithm string, claims jwt.Claims, headers object) string {
	method := jwt.GetSigningMethod(algorithm)
	return encode(method, private[name], claims, with(object{"kid": name}, headers))
}

func signMore(more object) string {
	return sign("p256", "ES256", jwt.MapClaims(with(asked.Claims, more)), nil)
}

func withLeadingZero(length int) string {
	for {
		token := signMore(nil)
		signature, err := jwt.DecodeSegment(strings.Split(token, ".")[2])
		check(err)
		if signature[0] == 0 || signature[length] == 0 {
			return token
		}
	}
}

func padded() string {
	parts := strings.Split(signMore(nil), ".")
	claims := append(marshal(asked.Claims), ' ')
	for len(claims)%3 == 0 {
		claims = append(claims, ' ')
	}
	input := parts[0] + "." + base64.URLEncoding.EncodeToString(claims)
	signature, err := jwt.SigningMethodES256.Sign(input, private["p256"])
	check(err)
	return input + "." + signature
}

func proof(name string, algorithm string, jwk object) proofOfToken {
	key := private[name]
	token := signMore(object{"cnf": object{"jkt": thumbprint(key)}})
	hash := sha256.Sum256([]byte(token))
	id := make([]byte, 16)
	_, err := rand.Read(id)
	check(err)
	claims := jwt.MapClaims{
		"jti": fmt.Sprintf("%x", id),
		"htm": asked.Method,
		"htu": asked.URL,
		"iat": time.Now().Unix(),
		"ath": base64url(hash[:]),
	}
	if jwk == nil {
		jwk = jwkOf(key)
	}
	headers := object{"typ": "dpop+jwt", "jwk": jwk}
	method := jwt.GetSigningMethod(algorithm)
	return proofOfToken{token, encode(method, key, claims, headers)}
}

func verify(given assertion) object {
	claims := jwt.MapClaims{}
	parser := jwt.Parser{ValidMethods: []string{given.Algorithm}}
	_, err := parser.ParseWithClaims(given.Token, claims, func(*jwt.Token) (interface{}, error) {
		key := []byte(given.Key)
		switch given.Algorithm[:2] {
		case "HS":
			return key, nil
		case "ES":
			return jwt.ParseECPublicKeyFromPEM(key)
		case "Ed":
			return jwt.ParseEdPublicKeyFromPEM(key)
		}
		return jwt.ParseRSAPublicKeyFromPEM(key)
	})
	check(err)
	if !claims.VerifyAudience(given.Audience, true) {
		panic("another audience")
	}
	return claims
}

func main() {
	check(json.NewDecoder(os.Stdin).Decode(&asked))
	claims := jwt.MapClaims(asked.Claims)
	now := time.Now()
	exp := asked.Claims["exp"].(float64)
	stranger := made(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	der, err := x509.MarshalPKIXPublicKey(private["rsa"].Public())
	check(err)
	publicText := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	twice := strings.TrimSuffix(string(marshal(claims)), "}") + `,"sub":"other"}`
	registered := jwt.StandardClaims{
		Issuer:    asked.Claims["iss"].(string),
		Audience:  asked.Claims["aud"].(string),
		ExpiresAt: now.Add(time.Minute).Unix(),
		NotBefore: now.Add(-time.Minute).Unix(),
	}

	tokens := map[string]string{
		"ES256":                             sign("p256", "ES256", claims, nil),
		"ES384":                             sign("p384", "ES384", claims, nil),
		"ES512":                             sign("p521", "ES512", claims, nil),
		"EdDSA":                             sign("ed25519", "EdDSA", claims, nil),
		"a signature that begins with zero": withLeadingZero(32),
		"typ at+jwt":                        sign("p256", "ES256", claims, object{"typ": "at+jwt"}),
		"no typ":                            sign("p256", "ES256", claims, object{"typ": nil}),
		"no kid":                            sign("p256", "ES256", claims, object{"kid": nil}),
		"times of its own type":             sign("p256", "ES256", registered, nil),
		"a fraction of a second":            signMore(object{"exp": exp + 0.5}),
		"several audiences":                 signMore(object{"aud": []interface{}{claims["aud"], "urn:other"}}),
		"no signature": encode(
			jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, claims, object{"kid": "p256"}),
		"HS256 with the public key": encode(
			jwt.SigningMethodHS256, publicText, claims, object{"kid": "rsa"}),
		"another algorithm of the key": sign("rs256", "PS256", claims, nil),
		"another key": encode(
			jwt.SigningMethodES256, stranger, claims, object{"kid": "p256"}),
		"its own key in the header": encode(
			jwt.SigningMethodES256, stranger, claims, object{"kid": "mine", "jwk": jwkOf(stranger)}),
		"critical": sign(
			"p256", "ES256", claims, object{"crit": []string{"urn:x"}, "urn:x": 1}),
		"a claim twice":          sign("p256", "ES256", text(twice), nil),
		"another typ":            sign("p256", "ES256", claims, object{"typ": "id+jwt"}),
		"padded base64url":       padded(),
		"a payload that is text": sign("p256", "ES256", text(`"text"`), nil),
		"exp as text":            signMore(object{"exp": fmt.Sprint(int64(exp))}),
		"expired":                signMore(object{"exp": now.Unix() - 600}),
		"not yet valid":          signMore(object{"nbf": now.Unix() + 600}),
		"another audience":       signMore(object{"aud": []string{"urn:other"}}),
	}
	for _, algorithm := range []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"} {
		tokens[algorithm] = sign("rsa", algorithm, claims, nil)
	}

	proofs := map[string]proofOfToken{
		"RS256":         proof("rsa", "RS256", nil),
		"PS256":         proof("rsa", "PS256", nil),
		"ES256":         proof("p256", "ES256", nil),
		"ES384":         proof("p384", "ES384", nil),
		"EdDSA":         proof("ed25519", "EdDSA", nil),
		"ES512":         proof("p521", "ES512", nil),
		"a private key": proof("p256", "ES256", privateJwkOf(private["p256"].(*ecdsa.PrivateKey))),
	}

	keys := []object{}
	for name, key := range private {
		jwk := with(jwkOf(key), object{"kid": name, "use": "sig"})
		if name == "rs256" {
			jwk["alg"] = "RS256"
		}
		keys = append(keys, jwk)
	}
	assertions := object{}
	for _, given := range asked.Assertions {
		assertions[given.Algorithm] = verify(given)
	}

	made := object{"keys": keys, "tokens": tokens, "proofs": proofs, "assertions": assertions}
	os.Stdout.Write(marshal(made))
}
