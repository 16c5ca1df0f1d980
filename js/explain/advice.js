'use strict';

// What to change, for each way in which a token can stop. Whatever comes from a token or a tenant is
// quoted as JSON, so that a terminal shows it and does not obey it.

/**
 * @import { ExplanationStep } from '../../index.d.ts'
 * @import { Failure } from '../binding.js'
 */

/**
 * A step that failed. What `found` and `expected` are is the rule's own (src/validator/explain.rs).
 * @typedef {Omit<ExplanationStep, 'found' | 'expected'> & { failure: Failure, found?: any, expected?: any }} Step
 * @typedef {{ token: string, offset: number | undefined }} About the token, and how far the clock is off
 * @typedef {{ reason?: string, error?: string }} Exchange of an error
 * @typedef {{ kid: string | null, algorithms: string[] }} TenantKey
 */

const { dpopAdvice } = require('./dpop-advice.js');

/** @param {unknown} value */
const quote = (value) => JSON.stringify(value);

/** Seconds by which clocks may differ without anybody having to mend one. */
const CLOCK_SLACK = 30;

/**
 * `['a', 'b']` as `"a" and "b"`.
 * @param {string[]} words
 * @param {string} [last]
 */
function list(words, last = 'and') {
  const quoted = words.map(quote);
  return quoted.length < 2
    ? quoted.join('')
    : `${quoted.slice(0, -1).join(', ')} ${last} ${quoted.at(-1)}`;
}

/**
 * A time span as one says it: `7 minutes`.
 * @param {number} seconds
 */
function duration(seconds) {
  /** @type {[string, number][]} */
  const units = [
    ['day', 86_400],
    ['hour', 3_600],
    ['minute', 60],
    ['second', 1],
  ];
  const last = units[units.length - 1];
  const [unit, size] = units.find(([, each]) => seconds >= each * 1.5) ?? last;
  const count = Math.max(1, Math.round(seconds / size));
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

/**
 * What to say of a clock that is not the tenant's.
 * @param {number | undefined} offset
 */
function clockAdvice(offset) {
  if (offset === undefined || Math.abs(offset) <= CLOCK_SLACK) return undefined;
  const way = offset > 0 ? 'ahead of' : 'behind';
  return `This machine's clock is ${duration(Math.abs(offset))} ${way} the tenant's: let NTP set it`;
}

/**
 * How two texts that look alike differ, or nothing where they do not.
 * @param {string} found
 * @param {string} expected
 */
function difference(found, expected) {
  if (found === `${expected}/`) return 'has a slash at its end';
  if (`${found}/` === expected) return 'lacks the slash at the end';
  if (found.trim() === expected) return 'has white space around it';
  if (found.replace(/^http:/, 'https:') === expected) return 'begins with http:, not https:';
  if (found === expected.replace(/^http:/, 'https:')) return 'begins with https:, not http:';
  if (found.toLowerCase() === expected.toLowerCase()) return 'differs in upper and lower case';
  /** @param {string} text */
  const bare = (text) =>
    text
      .toLowerCase()
      .replace(/^https?:\/\//, '')
      .replace(/\/+$/, '');
  return bare(found) === bare(expected) ? 'differs in how it is written' : undefined;
}

/**
 * @param {Step} step
 * @param {About} about
 */
function ofHeader({ failure, found }, { token }) {
  if (/^\s*bearer\s/i.test(token)) return 'Give the token alone, without the word "Bearer"';
  if (/\s/.test(token)) return 'There is white space in it: copy the token in one piece';
  switch (failure.reason) {
    case 'unsupported_algorithm':
      if (/^HS\d+$/.test(found.alg)) {
        return `It is signed with a shared secret (${quote(found.alg)}): have the tenant sign with a key pair, RS256 or ES256 say`;
      }
      if (/^none$/i.test(found.alg))
        return 'It is not signed at all, and anybody could have made it';
      return `Have the tenant sign with one of the algorithms that are accepted; it says ${quote(found.alg ?? null)}`;
    case 'unexpected_token_type':
      return `It is another kind of token (${quote(found.typ)}): send the access token`;
    case 'unsupported_critical_header':
      return 'Have the tenant issue tokens without "crit"';
    case 'unknown_key':
      return 'Its "kid" is no string: tell the issuer';
    default:
      return 'Its first part is not base64url-encoded JSON: look for what cuts or alters it on the way';
  }
}

/** @param {Step} step */
function ofKey({ failure, found, expected }) {
  if (failure.reason === 'ambiguous_key') {
    return found.kid === null
      ? 'It names no key and several of the tenant fit: have the tenant put a "kid" into tokens'
      : 'Several keys of the tenant go by this name: give each a "kid" of its own';
  }
  const namesake = expected.find(
    (/** @type {TenantKey} */ { kid }) => kid !== null && kid === found.kid,
  );
  if (namesake !== undefined) {
    return `The tenant's key ${quote(namesake.kid)} is for ${list(namesake.algorithms, 'or')}, and the token says ${quote(found.alg)}`;
  }
  if (expected.length === 0) return 'The tenant has no key that can be used: see its JWKS';
  const names = list(
    expected.map((/** @type {TenantKey} */ { kid }) => kid ?? '(no name)'),
    'or',
  );
  return `The tenant's keys are ${names}: it may be another tenant's token, or one from before a rotation; check tenantDomain`;
}

/**
 * The text of a list that differs from another only in how it is written; `undefined` where there is none.
 * @param {unknown} found
 * @param {string[]} allowed
 */
function nearest(found, allowed) {
  if (typeof found !== 'string') return undefined;
  return allowed.find((one) => difference(found, one) !== undefined);
}

/** @param {Step} step */
function ofIssuer({ found, expected }) {
  const allowed = [expected].flat();
  const near = nearest(found, allowed);
  if (near !== undefined) {
    return `The token's issuer ${difference(found, near)}: set issuer to ${quote(found)}, if you trust that one`;
  }
  const other = `It is a token of ${quote(found ?? null)}`;
  return allowed.length > 1
    ? `${other}, and "issuers" has ${list(allowed)}: add an entry for it, if you trust it`
    : `${other}: another tenant's or another environment's, or set tenantDomain or issuer to that`;
}

/** @param {Step} step */
function ofAudience({ found, expected }) {
  const all = [found ?? []].flat();
  if (expected === null) {
    return `It is for ${list(all)}, and with audience: false tokens are for nobody: if it is an ID token, send the access token; else set audience`;
  }
  const allowed = [expected].flat();
  const near = all.find((one) => nearest(one, allowed) !== undefined);
  const ask = `have the client ask for a token for ${list(allowed, 'or')}`;
  const meant = nearest(near, allowed);
  if (meant !== undefined) {
    return `The token's audience ${difference(near, meant)}: set audience to ${quote(near)}, or ${ask}`;
  }
  if (all.length === 0) return `It is for nobody: ${ask}`;
  return `It is for ${list(all)}: ${ask}; if it is an ID token, send the access token`;
}

/** @param {Step} step */
function ofClientId({ found, expected }) {
  const client = found.client_id ?? found.azp;
  return client === null
    ? 'It does not say which client it was issued to: have the issuer put "client_id" or "azp" into tokens'
    : `It was issued to ${quote(client)}: add that to clientIds, if it is a client of yours; they are ${list(expected)}`;
}

/**
 * What is wrong with one claim of which a value is required.
 * @param {string} name
 * @param {unknown} found
 * @param {unknown[]} allowed
 */
function ofClaim(name, found, allowed) {
  if (found === null) return `it has no ${quote(name)}`;
  const is = `${quote(name)} is ${quote(found)}`;
  if (Array.isArray(found) && found.some((one) => allowed.includes(one))) {
    return `${is}, a list: name the place of the value by a JSON Pointer, or ask for it with groups and groupsClaim`;
  }
  const alike = allowed.find((one) => typeof one !== typeof found && String(one) === String(found));
  return alike === undefined ? is : `${is}, and ${quote(alike)} is of another type`;
}

/**
 * @param {string} option
 * @returns {(step: Step) => string}
 */
const ofClaims =
  (option) =>
  ({ found, expected }) => {
    const wrong = Object.keys(expected).filter((name) => !expected[name].includes(found[name]));
    const what = wrong.map((name) => ofClaim(name, found[name], expected[name])).join('; ');
    return `Have the issuer set what ${option} asks for, or change the option: ${what}`;
  };

/** @param {Step} step */
function ofAuthentication({ failure, found, expected }) {
  switch (failure.reason) {
    case 'acr_not_met':
      return found.acr === null
        ? 'It does not say how the user signed in: have the issuer put "acr" into access tokens (RFC 9068); a token of a client without a user has none'
        : `The user signed in by ${quote(found.acr)}: have the client sign the user in again, with acr_values ${list(expected.acr, 'or')}`;
    case 'login_too_old': {
      const ago = duration(expected.now + expected.clockSkew - found.auth_time);
      return `The user signed in ${ago} ago, and maxAge allows ${expected.maxAge} seconds: have the client sign the user in again, with max_age`;
    }
    default:
      if (found.auth_time === null) {
        return 'It does not say when the user signed in: have the issuer put "auth_time" into access tokens (RFC 9068); a token of a client without a user has none';
      }
      return typeof found.auth_time === 'number'
        ? `By its "auth_time" the user signs in only in ${duration(found.auth_time - expected.now - expected.clockSkew)}: if it is new, this machine's clock is that much behind; let NTP set it`
        : 'Its "auth_time" is no number: tell the issuer';
  }
}

/**
 * @param {Step} step
 * @param {About} about
 */
function ofExpiration(
  { failure, found, expected: { now, clockSkew, clockTolerance } },
  { offset },
) {
  switch (failure.reason) {
    case 'missing_expiration':
      return 'Have the tenant give tokens a lifetime';
    case 'invalid_expiration':
      return 'Its "exp" is no number: tell the issuer';
    default: {
      const ago = duration(now + clockSkew - found.exp);
      // A clock that explains it is to blame; a token that is just old is not.
      if (offset !== undefined && offset > CLOCK_SLACK && found.exp > now - offset) {
        return `By the tenant's clock it is still good: this machine's is ${duration(offset)} ahead; let NTP set it`;
      }
      return `It expired ${ago} ago, and clockTolerance allows ${duration(clockTolerance)}: get a new one; if it is new, this machine's clock is ahead`;
    }
  }
}

/** @param {Step} step */
function ofNotBefore({ failure, found, expected: { now, clockSkew } }) {
  if (failure.reason === 'invalid_not_before') return 'Its "nbf" is no number: tell the issuer';
  const ahead = duration(found - now - clockSkew);
  return `It counts only in ${ahead}: if it is new, this machine's clock is that much behind; let NTP set it`;
}

/** @param {Step} step */
function ofScopes({ found, expected }) {
  const granted = found ?? [];
  const { scopes, anyScope = [] } = Array.isArray(expected) ? { scopes: expected } : expected;
  const missing = scopes.filter((/** @type {string} */ scope) => !granted.includes(scope));
  const hasOne =
    anyScope.length === 0 ||
    anyScope.some((/** @type {string} */ scope) => granted.includes(scope));
  const asked = [list(missing), hasOne ? '' : list(anyScope, 'or')].filter((text) => text !== '');
  const has = granted.length === 0 ? 'it has no scopes' : `it has ${list(granted)}`;
  return `Have the client ask for ${asked.join(', and for ')}, and the tenant grant it: ${has}`;
}

/** @param {Step} step */
function ofGroups({ found, expected: { groups, matchAll, groupsClaim } }) {
  if (found === null) {
    return `It has no list of groups in ${quote(groupsClaim)}: have the tenant put it into tokens, or set groupOptions.groupsClaim to where it is`;
  }
  const missing = groups.filter((/** @type {string} */ group) => !found.includes(group));
  return matchAll
    ? `Add the user to ${list(missing)}: all of the route's groups are asked for`
    : `Add the user to ${list(groups, 'or')}: one of them is enough`;
}

/** @type {Record<string, string | undefined>} */
const BINDING = {
  certificate_missing:
    'Give the certificate of the request (clientCertificate, or a certificateResolver): the token works only beside it',
  certificate_missing_resumed_session:
    'The TLS session was resumed and had begun without a certificate: have the client begin a new one',
  certificate_malformed: 'What was given as the certificate is no PEM: give the certificate itself',
  token_not_bound: 'Have the client get its token over mutual TLS',
  certificate_mismatch: 'Use the certificate that the token was issued to',
  unsupported_confirmation: 'Have tokens bound by mutual TLS or by DPoP, and by nothing else',
};

/**
 * What lies between this machine and the tenant.
 * @type {Record<string, string | undefined>}
 */
const EXCHANGE = {
  timeout: 'The tenant is slow: see how it does, or raise responseTimeout',
  connection_failed:
    'Nothing answers there: check the host in tenantDomain, the firewall, HTTPS_PROXY and NO_PROXY',
  tls_failed:
    'TLS fails: check the certificate of the host; for a private authority set NODE_EXTRA_CA_CERTS or tls.ca',
  connection_lost: 'The connection broke in the middle of the answer: try again',
  response_too_large: 'The answer is far too long to be right: check tenantDomain',
  unexpected_status: 'What answers there is not what was asked for: check tenantDomain',
  unreadable_response: 'What answers there is not what was asked for: check tenantDomain',
  forbidden_url: "The tenant's metadata leads to where no request may go: tell the tenant",
  fetcher_failed: 'Your fetcher or resolver failed: see its own log',
  introspection_limit:
    'Too many introspections are in flight: see how the tenant does, or raise maxConcurrentIntrospections',
  replay_store_unavailable:
    'The DPoP proof could not be remembered: see how the replayStore does, on the channel replay-store-fault',
  client_failed: 'The HTTP client could not be set up: check tls, and the limits of the process',
};

/** @type {Record<string, string | undefined>} */
const REFUSALS = {
  invalid_client:
    'The tenant does not take these credentials: check clientId, clientSecret and clientAuthMethod',
  unauthorized_client: 'The tenant does not let this client introspect: allow it there',
  invalid_request:
    'The tenant does not understand the request: check clientAuthMethod, and that its introspection follows RFC 7662',
};

/**
 * What to do about an exchange with the tenant that came to nothing.
 * @param {Exchange} exchange
 */
function exchangeAdvice({ reason, error }) {
  return error === undefined ? EXCHANGE[reason ?? ''] : REFUSALS[error];
}

/** @param {Step} step */
function ofIntrospection({ failure }) {
  switch (failure.reason) {
    case 'inactive':
      return 'The tenant says that it is expired, revoked or none of its tokens: get a new one';
    case 'inactive_or_client_not_permitted':
      return 'By its own words it is alive: it was revoked, or the tenant does not let this client ask about tokens for this audience';
    default:
      return exchangeAdvice(failure);
  }
}

/** @type {Record<string, ((step: Step, about: About) => string | undefined) | undefined>} */
const BY_RULE = {
  form: ({ found, expected }) =>
    found.bytes > expected.bytesAtMost
      ? `It has ${found.bytes} bytes: put fewer claims into tokens, or raise maxTokenBytes`
      : undefined,
  header: ofHeader,
  keys: ({ failure }) => exchangeAdvice(failure),
  key: ofKey,
  signature: () =>
    'It was altered on its way, or somebody else signed it under the name of this key: do not trust it',
  client: () => 'Set clientId, and what clientAuthMethod needs, to have opaque tokens looked up',
  introspection: ofIntrospection,
  payload: () => 'Its claims are not JSON, or name a member twice: tell the issuer',
  issuer: ofIssuer,
  subject: () => 'Its "sub" is no string: tell the issuer',
  audience: ofAudience,
  expiration: ofExpiration,
  not_before: ofNotBefore,
  client_id: ofClientId,
  required_claims: ofClaims('requiredClaims'),
  scopes: ofScopes,
  groups: ofGroups,
  claims: ofClaims('claims'),
  authentication: ofAuthentication,
  binding: ({ failure }) => BINDING[failure.reason ?? ''],
};

/**
 * What to change, where a token stopped at a rule.
 * @param {Step} step
 * @param {About} about
 */
function adviceFor(step, about) {
  return step.rule.startsWith('dpop') ? dpopAdvice(step) : BY_RULE[step.rule]?.(step, about);
}

module.exports = { adviceFor, clockAdvice, duration, exchangeAdvice };
