# Keys, tokens and DPoP proofs of Ruby's jwt. ../makers.js says what comes in and goes out.

require 'digest'
require 'json'
require 'jwt'
require 'openssl'
require 'securerandom'

asked = JSON.parse($stdin.read)
CLAIMS = asked['claims']

PRIVATE = {
  'rsa' => OpenSSL::PKey::RSA.generate(2048),
  'rs256' => OpenSSL::PKey::RSA.generate(2048),
  'p256' => OpenSSL::PKey::EC.generate('prime256v1'),
  'p384' => OpenSSL::PKey::EC.generate('secp384r1'),
  'p521' => OpenSSL::PKey::EC.generate('secp521r1'),
  'k256' => OpenSSL::PKey::EC.generate('secp256k1')
}.freeze
# Each has a digest of its own kind for a kid.
JWKS = PRIVATE.transform_values { |key| JWT::JWK.create_from(key) }

# A payload that is written as it is.
class Text
  def initialize(text)
    @text = text
  end

  def to_json(*)
    @text
  end
end

def sign(name, algorithm, payload = CLAIMS, headers = {})
  JWT.encode(payload, PRIVATE[name], algorithm, { kid: JWKS[name].kid }.merge(headers))
end

def public_jwk(jwk)
  jwk.export.reject { |name, _| name == :kid }
end

def with_leading_zero(length)
  loop do
    token = sign('p256', 'ES256')
    signature = JWT::Base64.url_decode(token.split('.').last).bytes
    return token if signature[0].zero? || signature[length].zero?
  end
end

# RFC 7638
def thumbprint(jwk)
  required = public_jwk(jwk).sort.to_h
  JWT::Base64.url_encode(Digest::SHA256.digest(JSON.generate(required)))
end

def proof(asked, name, algorithm, jwk = nil)
  token = sign('p256', 'ES256', CLAIMS.merge('cnf' => { jkt: thumbprint(JWKS[name]) }))
  payload = {
    jti: SecureRandom.uuid,
    htm: asked['method'],
    htu: asked['url'],
    iat: Time.now.to_i,
    ath: JWT::Base64.url_encode(Digest::SHA256.digest(token))
  }
  header = { typ: 'dpop+jwt', jwk: jwk || public_jwk(JWKS[name]) }
  { token: token, proof: JWT.encode(payload, PRIVATE[name], algorithm, header) }
end

stranger = OpenSSL::PKey::EC.generate('prime256v1')
named = { kid: JWKS['p256'].kid }
by_stranger = { kid: 'mine', jwk: public_jwk(JWT::JWK.create_from(stranger)) }
exp = CLAIMS['exp']
now = Time.now.to_i

tokens = {
  'ES256' => sign('p256', 'ES256'),
  'ES384' => sign('p384', 'ES384'),
  'ES512' => sign('p521', 'ES512'),
  'a signature that begins with zero' => with_leading_zero(32),
  'typ at+jwt' => sign('p256', 'ES256', CLAIMS, typ: 'at+jwt'),
  'no typ' => sign('p256', 'ES256'),
  'no kid' => JWT.encode(CLAIMS, PRIVATE['p256'], 'ES256'),
  'a fraction of a second' => sign('p256', 'ES256', CLAIMS.merge('exp' => exp + 0.5)),
  'several audiences' => sign('p256', 'ES256', CLAIMS.merge('aud' => [CLAIMS['aud'], 'urn:other'])),
  'no signature' => JWT.encode(CLAIMS, nil, 'none', named),
  'HS256 with the public key' =>
    JWT.encode(CLAIMS, PRIVATE['rsa'].public_key.to_pem, 'HS256', { kid: JWKS['rsa'].kid }),
  'ES256K' => sign('k256', 'ES256K'),
  'another algorithm of the key' => sign('rs256', 'PS256'),
  'another key' => JWT.encode(CLAIMS, stranger, 'ES256', named),
  'its own key in the header' => JWT.encode(CLAIMS, stranger, 'ES256', by_stranger),
  'critical' => sign('p256', 'ES256', CLAIMS, { crit: ['urn:x'], 'urn:x': 1 }),
  # A symbol and a string are two keys of a hash, and one name in JSON.
  'a claim twice' => sign('p256', 'ES256', CLAIMS.merge(sub: 'other')),
  'another typ' => sign('p256', 'ES256', CLAIMS, typ: 'id+jwt'),
  'a payload that is text' => sign('p256', 'ES256', 'text'),
  'a token in a token' => sign('p256', 'ES256', Text.new(sign('p256', 'ES256')), cty: 'JWT'),
  'exp as text' => sign('p256', 'ES256', Text.new(JSON.generate(CLAIMS.merge('exp' => exp.to_s)))),
  'expired' => sign('p256', 'ES256', CLAIMS.merge('exp' => now - 600)),
  'not yet valid' => sign('p256', 'ES256', CLAIMS.merge('nbf' => now + 600)),
  'another audience' => sign('p256', 'ES256', CLAIMS.merge('aud' => ['urn:other']))
}
%w[RS256 RS384 RS512 PS256 PS384 PS512].each { |alg| tokens[alg] = sign('rsa', alg) }

proofs = {
  'RS256' => proof(asked, 'rsa', 'RS256'),
  'PS256' => proof(asked, 'rsa', 'PS256'),
  'ES256' => proof(asked, 'p256', 'ES256'),
  'ES384' => proof(asked, 'p384', 'ES384'),
  'ES512' => proof(asked, 'p521', 'ES512'),
  'a private key' =>
    proof(asked, 'p256', 'ES256', JWKS['p256'].export(include_private: true))
}

keys = JWKS.map do |name, jwk|
  more = name == 'rs256' ? { alg: 'RS256' } : {}
  jwk.export.merge(use: 'sig').merge(more)
end
assertions = asked['assertions'].to_h do |it|
  # It takes the `k` of a JWK for the secret, without decoding it.
  key = it['alg'] == 'HS256' ? it['key'] : JWT::JWK.import(it['jwk']).keypair
  options = { algorithm: it['alg'], aud: it['audience'], verify_aud: true, verify_iat: true }
  [it['alg'], JWT.decode(it['token'], key, true, options).first]
end

print JSON.generate({ keys: keys, tokens: tokens, proofs: proofs, assertions: assertions })
