'use strict';

// `@monocloud/backend-node/issuers`: the options for the tokens of well-known authorization servers.
// Documented in index.d.ts and docs/issuers.md; the source of each fact is the page named above its function.

/** @import { Auth0Options, CognitoOptions, EntraOptions, KeycloakOptions, KnownIssuer, OktaOptions } from './index.d.ts' */

const { MonoCloudValidationError } = require('../errors.js');
const { readOptions } = require('../core/options-reader.js');
const { withStack } = require('../core/stack.js');

const { URL } = globalThis;
const { from, isArray } = Array;

/** Path segments that a URL parser takes for directions. */
const DOT_SEGMENT = /^\.{1,2}$/;
const HOST = /^[a-z0-9.-]+(:\d+)?$/i;
const LOOPBACK = /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/;
const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** Entra's endpoints that serve every tenant. Their tokens name the tenant of the user. */
const MANY_TENANTS = ['common', 'organizations', 'consumers'];
const REGION = /^[a-z]{2,4}(-[a-z]+)+-\d+$/;
const POOL = /^[A-Za-z0-9]+$/;
const SERVER = /^[A-Za-z0-9._~-]+$/;

/** @typedef {(name: string, rule: string) => Error} Refuse */

/**
 * The options of a call, and an error that names the function and the option.
 * @param {unknown} options
 * @param {readonly string[]} names
 * @param {Function} factory
 */
function read(options, names, factory) {
  const what = `${factory.name}()`;
  const values = readOptions(options, names, { what, from: factory });
  /** @type {Refuse} */
  const refuse = (name, rule) =>
    withStack(new MonoCloudValidationError(`${what}: "${name}" ${rule}`), factory);

  /**
   * @param {string} name
   * @param {string} [fallback]
   * @returns {string}
   */
  const string = (name, fallback) => {
    const value = values[name] ?? fallback;
    if (value === undefined) throw refuse(name, 'is required');
    if (typeof value !== 'string') throw refuse(name, 'must be a string');
    if (value === '') throw refuse(name, 'is not allowed to be empty');
    return value;
  };

  /**
   * @param {unknown} value
   * @returns {value is string}
   */
  const isWord = (value) => typeof value === 'string' && /^[^\s\p{Cc}]+$/u.test(value);

  /**
   * A copy of a list; `undefined` for what is none.
   * @param {string} name
   * @returns {unknown[] | undefined}
   */
  const copyOf = (name) => {
    try {
      return isArray(values[name]) ? from(values[name]) : undefined;
    } catch {
      throw refuse(name, "can't be read");
    }
  };

  /**
   * @param {string} name
   * @returns {string[]}
   */
  const list = (name) => {
    if (values[name] === undefined) throw refuse(name, 'is required');
    const copy = copyOf(name);
    if (copy === undefined || copy.length === 0) {
      throw refuse(name, 'must be a list of at least one string');
    }
    const wrong = copy.findIndex((value) => !isWord(value));
    if (wrong >= 0) {
      throw refuse(`${name}[${wrong}]`, 'must be a non-empty string without white space');
    }
    // Each is a word.
    return /** @type {string[]} */ (copy);
  };

  return {
    refuse,
    string,
    list,
    audience() {
      if (isWord(values.audience)) return values.audience;
      if (values.audience === undefined || copyOf('audience')) return list('audience');
      throw refuse(
        'audience',
        'must be a non-empty string without white space, or a list of those',
      );
    },
    /**
     * `https://host`, of a bare host or an https URL without a path.
     * @param {string} name
     */
    origin(name) {
      const value = string(name);
      const host = /^https:\/\/([^/]*)\/?$/i.exec(value)?.[1] ?? value;
      const url = HOST.test(host) ? parsed(`https://${host}`) : undefined;
      if (url === undefined) {
        throw refuse(name, 'must be a host, or an https: URL without a path, query and user info');
      }
      return url.origin;
    },
  };
}

/** @param {string} text */
function parsed(text) {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

/**
 * Microsoft Entra ID.
 * https://learn.microsoft.com/en-us/entra/identity-platform/access-token-claims-reference
 * https://learn.microsoft.com/en-us/entra/identity-platform/access-tokens#validate-tokens
 * @param {EntraOptions} options
 * @returns {KnownIssuer}
 */
function entra(options) {
  const { audience, refuse, string } = read(options, ['tenantId', 'audience', 'version'], entra);
  const tenant = string('tenantId').toLowerCase();
  if (MANY_TENANTS.includes(tenant)) {
    throw refuse('tenantId', `must be one tenant; "${tenant}" serves the users of many`);
  }
  if (!GUID.test(tenant)) {
    // The `iss` of a token has the tenant's ID, also where the token was asked for by the domain's name.
    throw refuse(
      'tenantId',
      "must be the directory's tenant ID, a GUID (a domain has it as the issuer of its " +
        'https://login.microsoftonline.com/<domain>/v2.0/.well-known/openid-configuration)',
    );
  }
  const version = string('version', 'v2');
  if (version !== 'v1' && version !== 'v2') throw refuse('version', 'must be "v1" or "v2"');
  const authority = `https://login.microsoftonline.com/${tenant}`;
  const addresses =
    version === 'v1'
      ? { tenantDomain: authority, issuer: `https://sts.windows.net/${tenant}/` }
      : { tenantDomain: `${authority}/v2.0`, issuer: `${authority}/v2.0` };
  return {
    ...addresses,
    audience: audience(),
    scopesClaim: 'scp',
    groupOptions: { groupsClaim: 'roles' },
  };
}

/**
 * Amazon Cognito user pools.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html
 * https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html
 * @param {CognitoOptions} options
 * @returns {KnownIssuer}
 */
function cognito(options) {
  const { list, refuse, string } = read(options, ['region', 'userPoolId', 'clientIds'], cognito);
  const region = string('region');
  if (!REGION.test(region)) throw refuse('region', 'must be an AWS region, such as "eu-central-1"');
  const pool = string('userPoolId');
  if (!pool.startsWith(`${region}_`) || !POOL.test(pool.slice(region.length + 1))) {
    throw refuse('userPoolId', `must be "${region}_", and letters and digits after that`);
  }
  const suffix = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  const issuer = `https://cognito-idp.${region}.${suffix}/${pool}`;
  return {
    tenantDomain: issuer,
    issuer,
    audience: false,
    clientIds: list('clientIds'),
    // ID tokens are signed with keys of the same set.
    requiredClaims: { token_use: 'access' },
    groupOptions: { groupsClaim: 'cognito:groups' },
  };
}

/**
 * Auth0.
 * https://auth0.com/docs/secure/tokens/access-tokens/access-token-profiles
 * https://auth0.com/docs/get-started/apis/enable-role-based-access-control-for-apis
 * @param {Auth0Options} options
 * @returns {KnownIssuer}
 */
function auth0(options) {
  const { audience, origin } = read(options, ['domain', 'audience'], auth0);
  const tenantDomain = origin('domain');
  return {
    tenantDomain,
    issuer: `${tenantDomain}/`,
    audience: audience(),
    groupOptions: { groupsClaim: 'permissions' },
  };
}

/**
 * Keycloak.
 * https://www.keycloak.org/securing-apps/oidc-layers
 * https://www.keycloak.org/docs/latest/server_admin/#audience-support
 * @param {KeycloakOptions} options
 * @returns {KnownIssuer}
 */
function keycloak(options) {
  const { audience, refuse, string } = read(options, ['url', 'realm', 'audience'], keycloak);
  const base = serverUrl(string('url'));
  if (base === undefined) {
    throw refuse(
      'url',
      'must be an https: URL without query and user info (http: is for loopback hosts only)',
    );
  }
  const issuer = `${base}/realms/${segment(string('realm'), refuse)}`;
  return {
    tenantDomain: issuer,
    issuer,
    audience: audience(),
    // ID tokens ("ID") and logout tokens are signed with the same keys.
    requiredClaims: { typ: ['Bearer', 'DPoP'] },
    groupOptions: { groupsClaim: '/realm_access/roles' },
  };
}

/**
 * The URL of a server, which may have a path, without a slash at its end.
 * @param {string} text
 */
function serverUrl(text) {
  if (/[\s\p{Cc}\\?#@]/u.test(text) || !/^https?:\/\/[^/]/i.test(text)) return undefined;
  const url = parsed(text);
  if (url === undefined) return undefined;
  if (url.protocol !== 'https:' && !LOOPBACK.test(url.hostname)) return undefined;
  return url.href.replace(/\/$/, '');
}

/**
 * @param {string} realm
 * @param {Refuse} refuse
 */
function segment(realm, refuse) {
  try {
    if (!DOT_SEGMENT.test(realm)) return encodeURIComponent(realm);
  } catch {
    // Half of a surrogate pair.
  }
  throw refuse('realm', 'must be the name of a realm');
}

/**
 * Okta, a custom authorization server.
 * https://developer.okta.com/docs/guides/validate-access-tokens/main/
 * https://developer.okta.com/docs/api/openapi/okta-oauth/guides/overview/
 * @param {OktaOptions} options
 * @returns {KnownIssuer}
 */
function okta(options) {
  const names = ['domain', 'authorizationServer', 'audience'];
  const { audience, origin, refuse, string } = read(options, names, okta);
  const server = string('authorizationServer', 'default');
  if (!SERVER.test(server) || DOT_SEGMENT.test(server)) {
    throw refuse('authorizationServer', 'must be the ID of an authorization server');
  }
  const issuer = `${origin('domain')}/oauth2/${server}`;
  return { tenantDomain: issuer, issuer, audience: audience(), scopesClaim: 'scp' };
}

module.exports = /** @satisfies {typeof import('./index.d.ts')} */ ({
  auth0,
  cognito,
  entra,
  keycloak,
  okta,
});
