// What the root offers, and what it must refuse. No framework, no DOM.
import {
  MonoCloudAuthBaseError,
  MonoCloudBackendNodeClient,
  MonoCloudHttpError,
  MonoCloudOidcBackendClient,
  MonoCloudOPError,
  MonoCloudTokenError,
  MonoCloudValidationError,
  type AccessTokenClaims,
  type CertificateBindingValidation,
  type ClientAuthMethod,
  type ClientCertificateResolver,
  type ICache,
  type IIntrospectionCache,
  type IntrospectOptions,
  type IssuerMetadata,
  type IsUserInGroupOptions,
  type Jwk,
  type Jwks,
  type JwsHeaderParameters,
  type JwtClaims,
  type MonoCloudBackendNodeClientOptions,
  type MonoCloudOidcBackendClientOptions,
  type MonoCloudRawResponse,
  type MonoCloudTokenErrorCode,
  type MonoCloudTokenErrorReason,
  type MtlsEndpointAliases,
  type ProtectApiRequestOptions,
  type ProtectOptions,
  type TokenResolver,
  type ValidateAccessTokenOptions,
  type ValidateJwtAccessTokenOptions,
} from '@monocloud/backend-node';

type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(..._: Equal<A, B> extends true ? [] : [never]): void => {};

// --- clients ---
const fromEnvironment = new MonoCloudBackendNodeClient();
const client = new MonoCloudBackendNodeClient({ audience: 'https://api.example.com' });
const base = new MonoCloudOidcBackendClient('acme.us.monocloud.com', 'https://api.example.com', {
  clientId: 'id',
});
const asBase: MonoCloudOidcBackendClient = fromEnvironment;

export async function standardClaims(): Promise<void> {
  const claims = await client.validateAccessToken('token');
  same<typeof claims, AccessTokenClaims>();
  const sub: string = claims.sub;
  const scope: string | undefined = claims.scope;
  same<(typeof claims)['made_up'], unknown>();
  console.log(sub, scope);
  // @ts-expect-error a claim of unknown type is not a string
  claims.made_up.toUpperCase();
}

interface MyClaims extends AccessTokenClaims {
  plan: 'free' | 'paid';
}
export async function ownClaims(): Promise<MyClaims> {
  const { plan } = await client.validateAccessToken<MyClaims>('token', {
    scopes: ['a'],
    clientCertificate: 'PEM',
  });
  same<typeof plan, 'free' | 'paid'>();
  const introspected: AccessTokenClaims = await asBase.introspectAccessToken('token', {
    groups: ['admin'],
  });
  console.log(introspected);
  const keys: Jwks = await client.getJwks(true);
  return base.validateJwtAccessToken<MyClaims>('token', {
    jwks: keys,
    validateCertificateBinding: 'required',
  });
}
client.setClockSkew(5);
client.setClockTolerance(60);
const decoded: JwtClaims = MonoCloudOidcBackendClient.decodeJwt('a.b.c');
const alsoDecoded = MonoCloudBackendNodeClient.decodeJwt<MyClaims>('a.b.c').plan;

// --- a subclass, and a method replaced on an instance, need no type parameters ---
class Counting extends MonoCloudBackendNodeClient {
  count = 0;
  override async validateAccessToken(
    token: string,
    options?: ValidateAccessTokenOptions,
  ): Promise<AccessTokenClaims> {
    this.count += 1;
    return super.validateAccessToken(token, options);
  }
}
client.validateAccessToken = async () => ({ iss: '', sub: '', aud: [], exp: 0, iat: 0 });
new Counting().count.toFixed();

// --- errors ---
export function report(error: unknown): void {
  if (error instanceof MonoCloudTokenError) {
    same<typeof error.code, MonoCloudTokenErrorCode>();
    const reason: MonoCloudTokenErrorReason | undefined = error.reason;
    if (reason === 'expired' || reason === 'a_word_of_tomorrow') reason.toUpperCase();
  } else if (error instanceof MonoCloudOPError) {
    const {
      error: code,
      errorDescription,
      raw,
    }: { error: string; errorDescription?: string; raw?: MonoCloudRawResponse } = error;
    console.log(code, errorDescription, raw?.headers['content-type']);
  } else if (error instanceof MonoCloudHttpError) {
    const status: number | undefined = error.status;
    const seconds: number | undefined = error.retryAfter;
    console.log(status, seconds, error.statusText, error.raw?.body);
  } else if (error instanceof MonoCloudValidationError) {
    const parent: MonoCloudAuthBaseError = error;
    const grandparent: Error = parent;
    console.log(grandparent.message);
  }
}
new MonoCloudAuthBaseError('message');
new MonoCloudValidationError('message');
new MonoCloudTokenError('Token is missing required scopes');
new MonoCloudTokenError('message', 'insufficient_groups');
new MonoCloudOPError('invalid_client', 'description');
new MonoCloudHttpError('message').status = 503;
const raw: MonoCloudRawResponse = {
  status: 503,
  statusText: '',
  headers: { 'retry-after': '5' },
  body: '',
};
same<MonoCloudRawResponse['body'], string>();
new MonoCloudHttpError('message', raw).reason === 'timeout';
new MonoCloudTokenError('message', 'invalid_token', 'expired');
new MonoCloudTokenError('message', 'use_dpop_nonce', raw).raw === raw;
class MyError extends MonoCloudTokenError {}
new MyError('message', 'inactive_token');

// --- options ---
const everything: MonoCloudBackendNodeClientOptions = {
  tenantDomain: 'https://acme.us.monocloud.com',
  audience: 'https://api.example.com',
  clientId: 'id',
  clientSecret: { kty: 'EC', crv: 'P-256', x: '', y: '', d: '' },
  clientAuthMethod: 'private_key_jwt',
  trustStoreId: 'store',
  groupOptions: { groupsClaim: 'roles', matchAll: true },
  clockSkew: 0,
  clockTolerance: 300,
  jwksCacheDuration: 300,
  metadataCacheDuration: 300,
  responseTimeout: 10_000,
  maxConcurrentIntrospections: 64,
  maxTokenBytes: 16_384,
  verifiedTokensBytes: 0,
  introspectJwtTokens: false,
  introspectionCacheDuration: 60,
  validateCertificateBinding: 'when_present',
  tls: { cert: 'PEM', key: 'PEM', ca: 'PEM', passphrase: 'secret' },
  metadataResolver: async () => ({
    issuer: 'https://acme.us.monocloud.com',
    jwks_uri: 'https://acme.us.monocloud.com/jwks',
  }),
  jwksResolver: () => ({ keys: [{ kty: 'RSA', n: '', e: 'AQAB' }] }),
  cache: new (class implements ICache {
    async get() {
      return undefined;
    }
    async set() {}
    async delete() {}
  })(),
};
const withoutTenant: Omit<MonoCloudBackendNodeClientOptions, 'tenantDomain' | 'audience'> =
  everything;
const forBase: MonoCloudOidcBackendClientOptions = everything;
export async function documents(): Promise<void> {
  const metadata: IssuerMetadata = await client.getMetadata(true);
  const aliases: MtlsEndpointAliases | undefined =
    metadata.mtls_additional_endpoint_aliases?.['store'];
  const introspectionEndpoint: string = metadata.introspection_endpoint;
  console.log(aliases, introspectionEndpoint);
}
const header: JwsHeaderParameters = { alg: 'EdDSA', kid: '1', typ: 'at+jwt' };
const key: Jwk = { kty: 'RSA', 'x5t#S256': '' };
const method: ClientAuthMethod = 'spiffe_x509';
const mode: CertificateBindingValidation = 'dangerously_ignore';
const introspect: IntrospectOptions = { validateCertificateBinding: mode };
const jwtOptions: ValidateJwtAccessTokenOptions = { ...introspect, jwks: { keys: [] } };
const group: IsUserInGroupOptions = { matchAll: true };
const protect: ProtectOptions = { scopes: ['a'], groups: ['b'], validateCertificateBinding: false };
const synchronous: TokenResolver<{ url: string }> = (req) => req.url;
const nothing: TokenResolver<unknown> = () => null;
const certificate: ClientCertificateResolver<unknown> = async () => undefined;
const requestOptions: ProtectApiRequestOptions<unknown> = {
  tokenResolver: nothing,
  certificateResolver: certificate,
};
const laterName: IIntrospectionCache = everything.cache!;
export {
  alsoDecoded,
  decoded,
  forBase,
  group,
  header,
  jwtOptions,
  key,
  laterName,
  method,
  protect,
  requestOptions,
  synchronous,
  withoutTenant,
};

// --- what must not compile ---
// @ts-expect-error a misspelt option
new MonoCloudBackendNodeClient({ tenantDomian: 'https://acme.us.monocloud.com' });
// @ts-expect-error a number as a string
new MonoCloudBackendNodeClient({ clockSkew: '5' });
// @ts-expect-error a method that does not exist
new MonoCloudBackendNodeClient({ clientAuthMethod: 'none' });
// @ts-expect-error not a mode
new MonoCloudBackendNodeClient({ validateCertificateBinding: true });
// @ts-expect-error a cache without `delete`
new MonoCloudBackendNodeClient({ cache: { get: async () => null, set: async () => {} } });
// @ts-expect-error a fetcher that returns text
new MonoCloudBackendNodeClient({ fetcher: async () => 'body' });
// @ts-expect-error a resolver without keys
new MonoCloudBackendNodeClient({ jwksResolver: () => ({}) });
// @ts-expect-error metadata without jwks_uri
new MonoCloudBackendNodeClient({ metadataResolver: () => ({ issuer: '' }) });
// @ts-expect-error the base class reads no environment: both are required
new MonoCloudOidcBackendClient('https://acme.us.monocloud.com');
// @ts-expect-error the base class has no cache
new MonoCloudOidcBackendClient('https://a', 'https://b', { cache: everything.cache });
// @ts-expect-error a token is a string
client.validateAccessToken(undefined);
// @ts-expect-error scopes are an array
client.validateAccessToken('token', { scopes: 'posts:write' });
// @ts-expect-error claims that are none
client.validateAccessToken<{ plan: string }>('token');
// @ts-expect-error the base class does not choose by the token's form
base.validateAccessToken('token');
// @ts-expect-error a code that does not exist
new MonoCloudTokenError('message', 'expired');
// @ts-expect-error an OAuth error has a code
new MonoCloudOPError();
// @ts-expect-error the root has no protectApi
import { protectApi } from '@monocloud/backend-node';
protectApi;
// @ts-expect-error a mode is the client's, a route says yes or no
const route: ProtectOptions = { validateCertificateBinding: 'required' };
route;
