'use strict';

// The requests that the demo's page and the tour of `npm start -- --once` send, and the documented answer to each
// (contract §9).

/**
 * @import { IssueTokenOptions } from '../testing/index.d.ts'
 * @import { TestTenant } from '../testing/tenant.js'
 */

/**
 * @typedef {{ scopes?: string[], groups?: string[] }} Requirements
 * @typedef {{ status: number, body: unknown, challenge: string | null }} Answer
 * @typedef {{
 *   sent: string,
 *   to: keyof typeof ROUTES,
 *   id?: string,
 *   button?: string,
 *   after?: string,
 *   token?: () => Promise<string>,
 *   authorization?: string | (() => Promise<string>),
 *   proof?: (url: string, token: string) => Promise<string>,
 *   documented: Answer | ((token: string) => Answer),
 * }} Scenario It has a `token`, or an `authorization` of its own. With a `proof`, its scheme is DPoP. `button`: its
 * name on the page; `after`: the `id` of the one that is sent before it there.
 */

/** What each guarded route requires. */
const ROUTES = /** @satisfies {Record<string, Requirements>} */ ({
  '/protected': {},
  '/data': { scopes: ['data:write'] },
  '/team': { groups: ['engineering'] },
});

const UNAUTHORIZED = { status: 401, body: { message: 'unauthorized' } };
const NO_TOKEN = { ...UNAUTHORIZED, challenge: 'Bearer' };
const BAD_TOKEN = { ...UNAUTHORIZED, challenge: 'Bearer error="invalid_token"' };
const FORBIDDEN = {
  status: 403,
  body: { message: 'forbidden' },
  challenge: 'Bearer error="insufficient_scope"',
};
const ALGS = 'algs="ES256 ES384 PS256 PS384 PS512 RS256 RS384 RS512 EdDSA Ed25519"';
/** @param {string} error */
const dpopError = (error) => ({ ...UNAUTHORIZED, challenge: `DPoP error="${error}", ${ALGS}` });
/** @param {string} message */
const granted = (message) => ({ status: 200, body: { message }, challenge: null });
/** @param {string} token */
const claimsOf = (token) => ({
  status: 200,
  body: { claims: decode(token.split('.')[1]) },
  challenge: null,
});

/** @param {string} part */
const decode = (part) => JSON.parse(Buffer.from(part, 'base64url').toString());
/** @param {object} value */
const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/**
 * In the order in which the tour sends them, by the framework that it sends them to.
 * @param {TestTenant} tenant
 * @returns {{ express: Scenario[], fastify: Scenario[] }}
 */
function scenarios(tenant) {
  /** @param {IssueTokenOptions} [options] */
  const issue = (options) => () => tenant.issueToken(options);
  const owner = tenant.dpopClient();
  const thief = tenant.dpopClient();
  const bound = () => owner.token();
  let used = '';
  /** @param {string} url */
  const own = async (url) => {
    used = await owner.proof({ url });
    return used;
  };
  return {
    express: [
      { sent: 'good JWT, RS256', to: '/protected', token: issue(), documented: claimsOf },
      { sent: 'no header', to: '/protected', documented: NO_TOKEN },
      { sent: '"Bearer" alone', to: '/protected', authorization: 'Bearer', documented: NO_TOKEN },
      {
        id: 'expired',
        button: 'The token has expired',
        sent: 'expired an hour ago',
        to: '/protected',
        token: issue({ expiresIn: -3600 }),
        documented: BAD_TOKEN,
      },
      {
        id: 'audience',
        button: 'It is for another audience',
        sent: 'audience with a "/"',
        to: '/protected',
        token: issue({ audience: `${tenant.audience}/` }),
        documented: BAD_TOKEN,
      },
      {
        id: 'none',
        button: 'It has alg "none"',
        sent: 'alg "none"',
        to: '/protected',
        token: async () => {
          const [, payload] = (await tenant.issueToken()).split('.');
          return `${encode({ alg: 'none', typ: 'at+jwt' })}.${payload}.`;
        },
        documented: BAD_TOKEN,
      },
      {
        id: 'scope',
        button: 'It lacks a scope',
        sent: 'other scopes',
        to: '/data',
        token: issue({ scopes: ['data:read'] }),
        documented: { ...FORBIDDEN, challenge: `${FORBIDDEN.challenge}, scope="data:write"` },
      },
      {
        sent: 'scope data:write',
        to: '/data',
        token: issue({ scopes: ['data:read', 'data:write'] }),
        documented: granted('data:write access granted'),
      },
      {
        sent: 'group engineering',
        to: '/team',
        token: issue({ groups: ['engineering'] }),
        documented: granted('team access granted'),
      },
      {
        id: 'bound',
        sent: 'bound to a key, with its proof',
        to: '/protected',
        token: bound,
        proof: own,
        documented: claimsOf,
      },
      { sent: 'stolen, as it is', to: '/protected', token: bound, documented: BAD_TOKEN },
      {
        id: 'stolen',
        button: 'A bound token is stolen',
        sent: 'stolen, proof by another key',
        to: '/protected',
        token: bound,
        proof: (url, token) => thief.proof({ url, token }),
        documented: dpopError('invalid_token'),
      },
      {
        id: 'replayed',
        button: 'A proof is replayed',
        after: 'bound',
        sent: 'stolen, with the proof once more',
        to: '/protected',
        token: bound,
        proof: async () => used,
        documented: dpopError('invalid_dpop_proof'),
      },
    ],
    fastify: [
      {
        sent: 'good JWT, ES256',
        to: '/protected',
        token: issue({ alg: 'ES256' }),
        documented: claimsOf,
      },
      {
        id: 'tampered',
        button: 'It was tampered with',
        sent: 'payload tampered',
        to: '/team',
        token: async () => {
          const [header, payload, signature] = (await tenant.issueToken()).split('.');
          const better = encode({ ...decode(payload), groups: ['engineering'] });
          return `${header}.${better}.${signature}`;
        },
        documented: BAD_TOKEN,
      },
      {
        sent: 'another issuer',
        to: '/protected',
        token: issue({ claims: { iss: 'https://other.example.com' } }),
        documented: BAD_TOKEN,
      },
      {
        sent: 'typ "logout+jwt"',
        to: '/protected',
        token: issue({ header: { typ: 'logout+jwt' } }),
        documented: BAD_TOKEN,
      },
      {
        sent: 'two tokens',
        to: '/protected',
        authorization: async () =>
          `Bearer ${await tenant.issueToken()} ${await tenant.issueToken()}`,
        documented: NO_TOKEN,
      },
      {
        sent: 'other groups',
        to: '/team',
        token: issue({ groups: ['sales'] }),
        documented: FORBIDDEN,
      },
      {
        sent: 'group as an object',
        to: '/team',
        token: issue({ groups: [{ id: 'g-7', name: 'engineering' }] }),
        documented: granted('team access granted'),
      },
      {
        sent: 'keys just rotated',
        to: '/protected',
        token: async () => {
          await tenant.rotateKeys();
          return tenant.issueToken();
        },
        documented: claimsOf,
      },
      {
        sent: 'key nobody knows',
        to: '/protected',
        token: issue({ kid: 'nobody' }),
        documented: BAD_TOKEN,
      },
    ],
  };
}

module.exports = { ROUTES, scenarios };
