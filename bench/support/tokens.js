'use strict';

// Keys and tokens. Pools of new tokens are signed before a measurement and written to files, so that each
// contender gets the same tokens, each for the first time.

const crypto = require('node:crypto');
const fs = require('node:fs');
const { promisify } = require('node:util');
const { ACCEPTED, ALGORITHMS } = require('../../__test__/support/algorithms.js');
const { encode: base64url, makeKey, signatureOf } = require('../../__test__/support/tokens.js');

const AUDIENCE = 'https://api.example.com';
const HOUR = 3600;
/** Concurrent signatures: enough for libuv's four threads. */
const CONCURRENT = 16;

/** Ed25519 is EdDSA under another name. */
const ALGS = ACCEPTED.filter((alg) => alg !== 'Ed25519');

const signAsync = promisify(crypto.sign);

function createKey(alg, kid = `${alg.toLowerCase()}-1`) {
  const key = makeKey(alg, { kid });
  const { publicKey, privateKey } = key.pair;
  const { digest, how } = ALGORITHMS[alg];
  return {
    ...key,
    pem: publicKey.export({ type: 'spki', format: 'pem' }),
    header: base64url({ alg, typ: 'at+jwt', kid }),
    sign: (input) => signatureOf(key, input),
    signAsync: (input) => signAsync(digest, input, { key: privateKey, ...how }),
  };
}

let last = 0;

/**
 * New claims of an access token (RFC 9068). A list of permissions fills them to `length` characters of base64url.
 */
function claimsOf(issuer, length = 0) {
  const iat = Math.floor(Date.now() / 1000);
  last += 1;
  const claims = {
    iss: issuer,
    aud: AUDIENCE,
    sub: `user-${last.toString(36)}`,
    client_id: 'web',
    jti: crypto.randomBytes(9).toString('base64url'),
    iat,
    exp: iat + 12 * HOUR,
  };
  const missing = () => Math.floor((length * 3) / 4) - JSON.stringify(claims).length;
  const addition = (name, value) => JSON.stringify({ [name]: value }).length - 1;
  if (missing() > 100) claims.scope = 'openid profile orders:read orders:write';
  if (missing() > 160) {
    claims.permissions = [];
    for (let number = 1; missing() > 60; number += 1) {
      claims.permissions.push(`orders/${String(number).padStart(4, '0')}:read`);
    }
  }
  const rest = missing() - addition('tid', '');
  if (rest >= 0) claims.tid = 'x'.repeat(rest);
  return claims;
}

const SIGNATURE_LENGTH = { RSA: 342, ES256: 86, ES384: 128, ES512: 176, EdDSA: 86 };

/** The signing input of a token of about `bytes` bytes, or more if the claims need more. */
function inputOf(key, issuer, bytes, changes) {
  const signature = SIGNATURE_LENGTH[key.alg] ?? SIGNATURE_LENGTH.RSA;
  const claims = claimsOf(issuer, bytes - key.header.length - signature - 2);
  return `${key.header}.${base64url({ ...claims, ...changes })}`;
}

function issue(key, issuer, bytes, changes) {
  const input = inputOf(key, issuer, bytes, changes);
  return `${input}.${key.sign(Buffer.from(input)).toString('base64url')}`;
}

async function issueAsync(key, issuer, bytes) {
  const input = inputOf(key, issuer, bytes);
  return `${input}.${(await key.signAsync(Buffer.from(input))).toString('base64url')}`;
}

/** A token of the same key with an algorithm that is not allowed; unsigned if the key is not RSA. */
function otherAlgorithm(key, payload) {
  const { alg, jwk } = key;
  const other = alg === 'RS512' ? 'RS384' : 'RS512';
  const signs = jwk.kty === 'RSA';
  const header = base64url({ alg: signs ? other : 'none', typ: 'at+jwt', kid: jwk.kid });
  const input = `${header}.${payload}`;
  return `${input}.${signs ? signatureOf(key, input, other).toString('base64url') : ''}`;
}

/** Tokens that every validator must refuse, by the fault of each. */
function badTokens(key, issuer, bytes) {
  const [header, payload, signature] = issue(key, issuer, bytes).split('.');
  const flipped = (signature[20] === 'A' ? 'B' : 'A') + signature.slice(21);
  return {
    'another signature': `${header}.${payload}.${signature.slice(0, 20)}${flipped}`,
    'another algorithm': otherAlgorithm(key, payload),
    'another issuer': issue(key, issuer, bytes, { iss: 'https://other.example' }),
    'another audience': issue(key, issuer, bytes, { aud: 'https://other.example' }),
    'an hour past its end': issue(key, issuer, bytes, {
      exp: Math.floor(Date.now() / 1000) - HOUR,
    }),
  };
}

/** Writes `count` new tokens to a file, one a line. */
async function writePool(file, count, make) {
  const lines = [];
  const runner = async () => {
    while (lines.length < count) {
      const index = lines.push('') - 1;
      lines[index] = await make();
    }
  };
  await Promise.all(Array.from({ length: CONCURRENT }, runner));
  fs.writeFileSync(file, lines.join('\n'), { mode: 0o600 });
}

/** The tokens of a file, each a string of its own and not a slice of a large one. */
function readPool(file) {
  const bytes = fs.readFileSync(file);
  const tokens = [];
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(10, start);
    tokens.push(bytes.latin1Slice(start, end < 0 ? bytes.length : end));
    start = end < 0 ? bytes.length : end + 1;
  }
  return tokens;
}

/** Copies of a token as separate strings, as in separate requests. */
function copies(token, count) {
  const bytes = Buffer.from(token, 'latin1');
  return Array.from({ length: count }, () => bytes.latin1Slice(0, bytes.length));
}

module.exports = {
  ALGS,
  AUDIENCE,
  badTokens,
  copies,
  createKey,
  issue,
  issueAsync,
  readPool,
  writePool,
};
