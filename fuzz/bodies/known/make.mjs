// Writes jwks.txt and tokens.txt: a key set, and tokens that its keys have signed. The private keys are not
// stored, so that no other token can be signed.

import { writeFileSync } from 'node:fs';
import { generateKeyPair, exportJWK, SignJWT } from 'jose';

const KEYS = [
  ['rs', ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'], undefined],
  ['e2', ['ES256'], 'ES256'],
  ['e3', ['ES384'], 'ES384'],
  ['e5', ['ES512'], 'ES512'],
  ['ed', ['EdDSA'], 'EdDSA'],
];

const claims = {
  iss: 'https://t.example',
  aud: 'https://api.example',
  sub: 'u',
  iat: 1_799_999_000,
  exp: 1_800_000_600,
  scope: 'a b',
  groups: ['a', { id: 'b' }],
};

const keys = [];
const tokens = [];
for (const [kid, algorithms, alg] of KEYS) {
  const pair = await generateKeyPair(algorithms[0], { extractable: true });
  keys.push({ ...(await exportJWK(pair.publicKey)), kid, use: 'sig', alg });
  // A CryptoKey has one algorithm; the JWK without `alg` fits several.
  const privateKey = await exportJWK(pair.privateKey);
  for (const algorithm of algorithms) {
    const header = { alg: algorithm, typ: 'at+jwt', kid };
    tokens.push(await new SignJWT(claims).setProtectedHeader(header).sign(privateKey));
  }
}
const here = (name) => new URL(name, import.meta.url);
writeFileSync(here('jwks.txt'), `${JSON.stringify({ keys })}\n`);
writeFileSync(here('tokens.txt'), `${tokens.join('\n')}\n`);
