'use strict';

// The requests of the suite, and what each is answered: contract §9, row by row.

const { holderOf, proofOf, thumbprintOf } = require('../dpop/support.js');

const METADATA = 'https://api.example.com/.well-known/oauth-protected-resource/v1';
const DPOP_ALGORITHMS = 'ES256 ES384 PS256 PS384 PS512 RS256 RS384 RS512 EdDSA Ed25519'.split(' ');
const JSON_TYPE = 'application/json; charset=utf-8';

const answer = (status, message, challenge, more) => ({
  status,
  text: JSON.stringify({ message }),
  type: JSON_TYPE,
  challenge,
  ...more,
});
const NO_TOKEN = answer(401, 'unauthorized', 'Bearer');
const INVALID = answer(401, 'unauthorized', 'Bearer error="invalid_token"');
const forbidden = (asked = '') =>
  answer(403, 'forbidden', `Bearer error="insufficient_scope"${asked}`);
const AWAY = answer(503, 'service unavailable', undefined, { retryAfter: '5' });
const REFUSED = answer(500, 'internal server error');
const MISTAKE = { status: 500, text: '{"message":"from the error handler"}' };
const passes = (sub) => ({ status: 200, sub });

/** The requests: API, path, headers, answer. */
async function rowsOf(tenant, thumbprint) {
  const now = Math.floor(Date.now() / 1000);
  const bearer = (claims) => ({ authorization: `Bearer ${tenant.token(claims)}` });
  const plain = { authorization: 'Bearer opaque' };
  const own = (text) => ({ authorization: `Bearer ${text}` });
  const acr = ', acr_values="gold silver", max_age="300"';
  const bound = { cnf: { 'x5t#S256': thumbprint } };
  const insufficient = answer(
    401,
    'unauthorized',
    `Bearer error="insufficient_user_authentication"${acr}`,
  );
  const problem = (status, code, challenge) => ({
    status,
    text: JSON.stringify({ status, code }),
    type: 'application/problem+json',
    challenge,
  });
  const algs = `algs="${DPOP_ALGORITHMS.join(' ')}"`;
  const holder = holderOf('ES256');
  const token = tenant.token({ cnf: { jkt: thumbprintOf(holder) } });
  /** Headers with a proof for the URL of the request, or for another one. */
  const proven = (claims) => (htu) => ({
    authorization: `DPoP ${token}`,
    dpop: proofOf(holder, token, { claims: { htm: 'GET', htu, ...claims } }),
  });
  const once = proven()('http://127.0.0.1/elsewhere');
  const refusedProof = answer(401, 'unauthorized', `DPoP error="invalid_dpop_proof", ${algs}`);
  const withUrl = ({ challenge, ...rest }, separator = ', ') => ({
    ...rest,
    challenge: `${challenge}${separator}resource_metadata="${METADATA}"`,
  });
  return [
    ['main', '/', {}, NO_TOKEN],
    ['main', '/', { authorization: 'Basic YTpi' }, NO_TOKEN],
    ['main', '/', { authorization: 'Bearer a b' }, NO_TOKEN],
    ['main', `/?access_token=${tenant.token()}`, {}, NO_TOKEN],
    ['main', '/', bearer(), passes('user')],
    ['main', '/', { authorization: `bEARER \t ${tenant.token()}  ` }, passes('user')],
    ['main', '/', bearer({ exp: now - 3600 }), INVALID],
    ['main', '/', bearer({ aud: 'https://other.example.com' }), INVALID],
    ['main', '/', bearer({ iss: 'https://other.example.com' }), INVALID],
    ['main', '/', bearer({ cnf: { jkt: 'A'.repeat(43) } }), INVALID],
    ['main', '/', { authorization: `${bearer().authorization}AA` }, INVALID],
    // A MonoCloudValidationError: there is no clientId.
    ['main', '/', plain, INVALID],
    ['main', '/scope', bearer({ scope: 'posts:read posts:write' }), passes('user')],
    ['main', '/scope', bearer(), forbidden(', scope="posts:read posts:write"')],
    ['main', '/scope', {}, NO_TOKEN],
    ['main', '/one-of', bearer({ scope: 'posts:own' }), passes('user')],
    ['main', '/one-of', bearer(), forbidden(', scope="posts:write posts:own"')],
    ['main', '/group', bearer({ groups: ['admin'] }), passes('user')],
    ['main', '/group', bearer({ groups: ['user'] }), forbidden()],
    ['main', '/claims', bearer({ plan: 'team' }), passes('user')],
    ['main', '/claims', bearer({ plan: 'free' }), forbidden()],
    ['main', '/acr', bearer({ acr: 'gold', auth_time: now }), passes('user')],
    ['main', '/acr', bearer({ acr: 'gold', auth_time: now - 3600 }), insufficient],
    ['main', '/acr', bearer({ acr: 'lead', auth_time: now }), insufficient],
    ['main', '/boss', bearer({ sub: 'boss' }), passes('boss')],
    ['main', '/boss', bearer(), forbidden()],
    ['main', '/rule-throws', bearer(), forbidden()],
    ['main', '/rule-truthy', bearer(), forbidden()],
    ['main', '/optional', {}, passes(undefined)],
    ['main', '/optional', { authorization: 'Basic YTpi' }, passes(undefined)],
    ['main', '/optional', { authorization: 'Bearer' }, INVALID],
    ['main', '/optional', { authorization: 'Bearer a b' }, INVALID],
    ['main', '/optional', bearer({ exp: 1 }), INVALID],
    ['main', '/optional', bearer(), passes('user')],
    ['main', '/handler-throws', bearer(), MISTAKE],
    ['main', '/handler-throws', {}, NO_TOKEN],
    ['main', '/handler-throws-token', bearer(), MISTAKE],
    ['resolving', '/', { 'x-token': tenant.token({ sub: 'other' }), ...bearer() }, passes('other')],
    ['resolving', '/', bearer(), passes('user')],
    ['resolving', '/', { 'x-token': 'empty', ...bearer() }, NO_TOKEN],
    ['resolving', '/', { 'x-token': 'throw', ...bearer() }, AWAY],
    ['resolving', '/optional', { 'x-token': 'empty', ...bearer() }, passes(undefined)],
    ['certified', '/', { 'x-certificate': 'yes', ...bearer(bound) }, passes('user')],
    ['certified', '/', bearer(bound), INVALID],
    ['certified', '/', bearer(), passes('user')],
    [
      'certified',
      '/',
      { 'x-certificate': 'yes', ...bearer({ cnf: { 'x5t#S256': 'A'.repeat(43) } }) },
      INVALID,
    ],
    ['certified', '/required', { 'x-certificate': 'yes', ...bearer() }, INVALID],
    ['certified', '/required', { 'x-certificate': 'yes', ...bearer(bound) }, passes('user')],
    ['certified', '/ignored', bearer(bound), passes('user')],
    ['problem', '/', {}, problem(401, undefined, 'Bearer')],
    [
      'problem',
      '/',
      bearer({ exp: 1 }),
      problem(401, 'invalid_token', 'Bearer error="invalid_token"'),
    ],
    [
      'problem',
      '/scope',
      bearer(),
      problem(403, 'insufficient_scope', 'Bearer error="insufficient_scope", scope="admin"'),
    ],
    ['problem', '/', bearer(), passes('user')],
    ['teapot', '/', {}, { status: 418, text: '{}', type: JSON_TYPE, tea: 'yes' }],
    ['teapot', '/scope', bearer(), MISTAKE],
    ['teapot', '/', bearer(), passes('user')],
    // How long depends on how often it was in vain.
    ['away', '/', bearer({ iss: 'http://127.0.0.1:9' }), { ...AWAY, retryAfter: /^[1-9]$/ }],
    ['own', '/', own('op'), REFUSED],
    ['own', '/', own('http'), AWAY],
    ['own', '/', own('http400'), REFUSED],
    ['own', '/', own('http429'), AWAY],
    ['own', '/', own('inactive'), INVALID],
    ['own', '/', own('groups'), forbidden()],
    ['own', '/', own('string'), INVALID],
    ['own', '/', own('nothing'), INVALID],
    ['own', '/', own('true'), INVALID],
    ['own', '/', own('array'), INVALID],
    ['own', '/', own('else'), INVALID],
    ['own', '/', own('claims'), passes('own')],
    ['own', '/', own('plain'), passes('own')],
    ['resource', '/', {}, withUrl(NO_TOKEN, ' ')],
    ['resource', '/', bearer({ exp: 1 }), withUrl(INVALID)],
    ['resource', '/scope', bearer(), withUrl(forbidden(', scope="admin"'))],
    [
      'resource',
      '/acr',
      bearer(),
      withUrl(
        answer(
          401,
          'unauthorized',
          'Bearer error="insufficient_user_authentication", acr_values="gold"',
        ),
      ),
    ],
    ['resource', '/', bearer(), passes('user')],
    ['proof', '/', {}, answer(401, 'unauthorized', ['Bearer', `DPoP ${algs}`])],
    ['proof', '/', bearer(), passes('user')],
    ['proof', '/', proven(), passes('user')],
    ['proof', '/', { authorization: `Bearer ${token}` }, INVALID],
    ['proof', '/', { authorization: `DPoP ${token}` }, refusedProof],
    ['proof', '/', proven({ htm: 'POST' }), refusedProof],
    ['proof', '/', once, refusedProof],
    ['proof', '/', proven({ iat: now - 3600 }), refusedProof],
    [
      'proof',
      '/scope',
      proven(),
      answer(403, 'forbidden', `DPoP error="insufficient_scope", scope="admin", ${algs}`),
    ],
    ['proof', '/required', {}, answer(401, 'unauthorized', `DPoP ${algs}`)],
    ['proof', '/required', proven(), passes('user')],
    [
      'nonce',
      '/',
      proven(),
      answer(401, 'unauthorized', `DPoP error="use_dpop_nonce", ${algs}`, { nonce: true }),
    ],
  ];
}

module.exports = { DPOP_ALGORITHMS, JSON_TYPE, MISTAKE, rowsOf };
