// Mistakes with the helpers, the issuers, the caches and the test tenant: each line after a "TS…:" is refused.
import { MonoCloudBackendNodeClient, type AccessTokenClaims } from '@monocloud/backend-node';
import * as internal from '@monocloud/backend-node/internal';
import { auth0, cognito, entra, keycloak, okta } from '@monocloud/backend-node/issuers';
import { createMemoryCache, createRedisCache } from '@monocloud/backend-node/redis';
import { createTestTenant } from '@monocloud/backend-node/testing';
import {
  decrypt,
  decryptAuthState,
  decryptSession,
  encrypt,
  encryptAuthState,
  encryptSession,
  generatePKCE,
  isUserInGroup,
  mergeArrays,
  parseCallbackParams,
} from '@monocloud/backend-node/utils';

declare const claims: AccessTokenClaims;
declare const tenant: Awaited<ReturnType<typeof createTestTenant>>;

// --- utils ---
// TS2345: groups are a list
isUserInGroup(claims, 'admin');
// TS2345: a user has a `sub`
isUserInGroup({ groups: ['a'] }, ['a']);
// TS2345: there may be nobody
isUserInGroup(undefined, ['a']);
// TS2345: the claim has a name
isUserInGroup(claims, ['a'], true);
// TS2353|TS2345: a request is no URL
parseCallbackParams({ url: '/callback' });
// TS2322: there may be no code
const code: string = parseCallbackParams('?code=c').code;
// TS2554: there is no default secret
encrypt('text');
// TS2345: a secret that may be missing
decryptSession('text', process.env['SECRET']);
// TS2345: text, not bytes
encrypt(new Uint8Array(), 'secret');
// TS18048: it may not be decrypted
decrypt('text', 'secret').then((text) => text.length);
// TS2345: a session has a user
encryptSession({ idToken: 'text' }, 'secret');
// TS2741: and the user a `sub`
encryptSession({ user: { name: 'Ada' } }, 'secret');
// TS2345: seconds are a number
encryptSession({ user: { sub: 'ada' } }, 'secret', '3600');
// TS2345: a state has a nonce
encryptAuthState({ state: 's', scopes: 'openid' }, 'secret');
// TS2344: likewise
decryptAuthState<{ returnUrl: string }>('text', 'secret');
// TS2339: it is waited for
generatePKCE().codeVerifier;
// TS2322: of texts
mergeArrays(['a'], [1]);

// --- internal ---
// TS2322: a number may be missing
const number: number = internal.getNumber('5');
// TS2345: no such algorithm
internal.hashTokenValue('token', 'none');
// TS2322: keys without the set around them
internal.getPublicSigKeyFromIssuerJwks({ keys: [] }, { alg: 'RS256' });
// TS2322: it has never been accepted
internal.getPublicSigKeyFromIssuerJwks([], { alg: 'none' });
// TS2345: a list is no set
internal.setsEqual(['a'], new Set(['a']));
// TS2345: bytes
internal.encodeBase64Url('text');

// --- redis ---
// TS2345: an address is no client
createRedisCache('redis://127.0.0.1');
// TS2345: a Map is no client
createRedisCache(new Map());
// TS2322: a number
createMemoryCache({ maxEntries: '5' });
// TS2353|TS2345: entries go with their token
createMemoryCache({ ttl: 60 });

// --- testing ---
// TS2820: never accepted
createTestTenant({ algorithms: ['HS256'] });
// TS2561|TS2345: misspelt
tenant.issueToken({ scope: ['read'] });
// TS2322: scopes are a list
tenant.issueToken({ scopes: 'read' });
// TS2322: seconds from now
tenant.issueToken({ expiresIn: new Date() });
// TS2353|TS2345: an opaque token has no signature
tenant.issueOpaqueToken({ alg: 'RS256' });
// TS2322: it has to be waited for
const token: string = tenant.issueToken();
// TS2769: likewise
new MonoCloudBackendNodeClient().validateAccessToken(tenant.issueToken());
// TS2540: it is where it is
tenant.tenantDomain = 'https://acme.us.monocloud.com';
// TS2339: it is `clientOptions`
tenant.options();

export { code, number, token };

// --- issuers ---
// TS2345: a pool has app clients
cognito({ region: 'eu-central-1', userPoolId: 'eu-central-1_a' });
// TS2561|TS2345: a misspelt option
auth0({ domain: 'example.eu.auth0.com', audience: 'a', audiance: 'a' });
// TS2322: there are two versions
entra({ tenantId: '11111111-2222-3333-4444-555555555555', audience: 'a', version: 'v3' });
// TS2322: an API has an audience
keycloak({ url: 'https://sso.example.com', realm: 'staff', audience: false });
// TS2345: likewise
okta({ domain: 'example.okta.com' });
