// Mistakes with the clients and the errors: each line after a "TS…:" is refused, with that code.
import {
  MonoCloudBackendNodeClient,
  MonoCloudHttpError,
  MonoCloudOidcBackendClient,
  MonoCloudOPError,
  MonoCloudTokenError,
  MonoCloudValidationError,
  type AccessTokenClaims,
  type AccessTokenValidator,
  type CertificateFromHeaderOptions,
  type ICache,
  type IssuerMetadata,
  type Jwk,
  type JwsHeaderParameters,
  type IntrospectOptions,
  type ProtectOptions,
  type TokenResolver,
} from '@monocloud/backend-node';

declare const cache: import('@monocloud/backend-node').ICache;
declare const client: MonoCloudBackendNodeClient;
declare const base: MonoCloudOidcBackendClient;
declare const claims: AccessTokenClaims;

// --- what is not there ---
// TS2305: the root has no guard
import { protectApi } from '@monocloud/backend-node';
// TS2307: there is no such module
import * as restify from '@monocloud/backend-node/restify';
// TS2307: what is inside is not for everybody
import * as inside from '@monocloud/backend-node/js/client.js';
// TS2339: a method that is not there
client.verify('token');
// TS2551: the base class does not choose by the token's form
base.validateAccessToken('token');
// TS2576: it belongs to the class
client.decodeJwt('token');
// TS2348: a class is not called
MonoCloudBackendNodeClient({});

// --- options of a client ---
// TS2561|TS2345: misspelt
new MonoCloudBackendNodeClient({ tenantDomian: 'https://acme.us.monocloud.com' });
// TS2353|TS2345: the environment's name is not the option's
new MonoCloudBackendNodeClient({ MONOCLOUD_BACKEND_AUDIENCE: 'https://api.example.com' });
// TS2322: `false` is for none, and `true` for nothing
new MonoCloudBackendNodeClient({ audience: true });
// TS2322: a list of texts
new MonoCloudBackendNodeClient({ audience: ['https://a.example.com', 1] });
// TS2322: a list, as it is not in the environment
new MonoCloudBackendNodeClient({ clientIds: 'app other' });
// TS2322: one claim
new MonoCloudBackendNodeClient({ scopesClaim: ['scope', 'scp'] });
// TS2322: a value that can be compared
new MonoCloudBackendNodeClient({ requiredClaims: { org: undefined } });
// TS2741|TS2322: an entry is for an issuer
new MonoCloudBackendNodeClient({ issuers: [{ audience: 'https://api.example.com' }] });
// TS2353|TS2322: a cache is the client's
new MonoCloudBackendNodeClient({ issuers: [{ issuer: 'https://a.example.com', cache }] });
// TS2322: seconds are a number
new MonoCloudBackendNodeClient({ clockSkew: '5' });
// TS2322: the text of a variable is no boolean
new MonoCloudBackendNodeClient({ introspectJwtTokens: 'true' });
// TS2322: a method that is not there
new MonoCloudBackendNodeClient({ clientAuthMethod: 'none' });
// TS2322: a client's is a mode, and a route's is yes or no
new MonoCloudBackendNodeClient({ validateCertificateBinding: true });
// TS2322: a list is one claim's name
new MonoCloudBackendNodeClient({ groupOptions: { groupsClaim: ['groups', 'roles'] } });
// TS2353|TS2345: it is under `groupOptions`
new MonoCloudBackendNodeClient({ groupsClaim: 'roles' });
// TS2322: a JWK says of which type it is
new MonoCloudBackendNodeClient({ clientSecret: { k: 'c2VjcmV0' } });
// TS2322: bytes are no PEM
new MonoCloudBackendNodeClient({ tls: { cert: new Uint8Array() } });
// TS2322: a fetcher gives an answer, not its body
new MonoCloudBackendNodeClient({ fetcher: async () => 'body' });
// TS2322: an answer has a body
new MonoCloudBackendNodeClient({ fetcher: async () => ({ status: 200 }) });
// TS2322: a set of keys, not what is not one
new MonoCloudBackendNodeClient({ jwksResolver: () => ({}) });
// TS2322: metadata says where the keys are
new MonoCloudBackendNodeClient({ metadataResolver: () => ({ issuer: 'https://a.example.com' }) });
// TS2559: not an address alone
new MonoCloudBackendNodeClient('https://acme.us.monocloud.com');
// TS2554: the base class reads no environment
new MonoCloudOidcBackendClient('https://acme.us.monocloud.com');
// TS2353|TS2345: and has no cache
new MonoCloudOidcBackendClient('https://a', 'https://b', { cache: new Map() });

// --- a cache ---
// TS2741: without `delete`
new MonoCloudBackendNodeClient({ cache: { get: async () => null, set: async () => {} } });
// TS2322: a Map answers at once
new MonoCloudBackendNodeClient({ cache: new Map<string, AccessTokenClaims>() });
class Cache implements ICache {
  // TS2416: what it finds is claims, not their text
  async get(_token: string): Promise<string> {
    return '{}';
  }
  // TS2416: `expiresAt` is epoch seconds
  async set(_token: string, _claims: AccessTokenClaims, _expiresAt: Date): Promise<void> {}
  // TS2416: it is waited for
  delete(_token: string): boolean {
    return true;
  }
}

// --- tokens ---
// TS2769: a header may be absent
client.validateAccessToken(process.env['TOKEN']);
// TS2554: of which token
client.validateAccessToken();
// TS2769: scopes are a list
client.validateAccessToken('token', { scopes: 'posts:write' });
// TS2769: misspelt
client.validateAccessToken('token', { scope: ['posts:write'] });
// TS2769: options are an object
client.validateAccessToken('token', ['posts:write']);
// TS2769: keys are only for a JWT
client.validateAccessToken('token', { jwks: { keys: [] } });
// TS2769: a set, not a list
client.validateJwtAccessToken('token', { jwks: [] });
// TS2769: a mode that is not there
client.introspectAccessToken('token', { validateCertificateBinding: 'always' });
// TS2769: PEM is text
client.validateAccessToken('token', { clientCertificate: new Uint8Array() });
// TS2344: claims have `iss`, `sub` and so on
client.validateAccessToken<{ plan: string }>('token');
// TS2344: likewise
client.introspectAccessToken<string>('token');
// TS2344: likewise
client.validateJwtAccessToken<Record<string, string>[]>('token');
// TS2344: likewise
MonoCloudBackendNodeClient.decodeJwt<{ plan: string }>('token');
// TS2339: a promise of claims has none
client.validateAccessToken('token').sub;
// TS2345: milliseconds are a number all the same
client.setClockSkew('5');
// TS2345: yes or no
client.getJwks('force');
// TS2551: misspelt
client.stats().acepted;

// --- claims ---
// TS18046: a claim that is not listed may be anything
claims.plan.toUpperCase();
// TS18048: a scope may be absent
claims.scope.split(' ');
// TS2339: an audience may be several
claims.aud.toLowerCase();
// TS2322: seconds, not a date
const expires: Date = claims.exp;
// TS18046: nobody has looked at it
claims.cnf['x5t#S256'];

// --- errors ---
declare const error: MonoCloudTokenError;
declare const failure: MonoCloudHttpError;
// TS2345: a code that is not there
new MonoCloudTokenError('message', 'expired');
// TS2554: an OAuth error has a code
new MonoCloudOPError();
// TS2345: an answer has a status
new MonoCloudHttpError('message', { headers: {} });
// TS2345: a message is text
new MonoCloudValidationError(new Error('cause'));
// TS2367: a code that is not there
error.code === 'expired';
// TS2540: it is read when it is asked for
error.certificate = { subject: 'CN=ada', notBefore: 0, notAfter: 0 };
// TS2339: a refusal has no status of its own
error.status;
// TS18048: there may be none
failure.status.toFixed();

// --- types ---
// TS2322: a route's is yes or no
const route: ProtectOptions = { validateCertificateBinding: 'required' };
// TS2344: scopes are texts
const numbered: ProtectOptions<1 | 2> = {};
// TS2322: seconds
const aged: IntrospectOptions = { maxAge: new Date() };
// TS2322: no token is `null` or `undefined`
const resolver: TokenResolver<{ url: string }> = () => false;
// TS2820: never accepted
const header: JwsHeaderParameters = { alg: 'HS256' };
// TS2741: of which type
const key: Jwk = { n: '', e: 'AQAB' };
// TS2322: claims, not a verdict
const validator: AccessTokenValidator = { validateAccessToken: async () => true };
// TS2741: nobody is trusted by default
const proxy: CertificateFromHeaderOptions = { format: 'nginx' };
// TS2740: a tenant publishes more
const metadata: IssuerMetadata = { issuer: '', jwks_uri: '' };

export { Cache, expires, header, inside, key, type restify, metadata, protectApi, proxy };
export { aged, numbered, resolver, route, validator };
