// The signing keys of a test's authorization server.

import { randomUUID } from 'node:crypto';
import pairs from '../../../js/testing/pairs.js';

const { makePair: generate } = pairs;

const CURVES = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' };

/** One for all algorithms of RSA: six take a second. */
let rsa;

async function privateJwk(alg) {
  let pair;
  if (/^[RP]S/.test(alg)) {
    rsa ??= generate('rsa', { modulusLength: 2048 });
    pair = await rsa;
  } else if (CURVES[alg]) {
    pair = await generate('ec', { namedCurve: CURVES[alg] });
  } else {
    pair = await generate('ed25519');
  }
  return pair.privateKey.export({ format: 'jwk' });
}

/** Algorithms that one and the same key can sign for. */
const family = (alg) => (/^[RP]S/.test(alg) ? 'RSA' : (CURVES[alg] ?? 'Ed25519'));

/**
 * A private key set. With `nameAlg`, one JWK an algorithm, each with its `kid` and `alg`; without, one JWK a
 * key type and no `alg` at all, as many a real server publishes them. (oidc-provider itself adds
 * the `alg` where only one is possible: EC keys always carry it.)
 */
export async function createSigningKeys(algorithms, nameAlg) {
  const wanted = nameAlg
    ? algorithms
    : [...new Map(algorithms.map((alg) => [family(alg), alg])).values()];
  const keys = await Promise.all(
    wanted.map(async (alg) => ({
      ...(await privateJwk(alg)),
      kid: `${nameAlg ? alg : family(alg)}-${randomUUID().slice(0, 8)}`,
      use: 'sig',
      ...(nameAlg && { alg }),
    })),
  );
  return { keys };
}
