// Uses the types of a tenant's documents and of client authentication, as `clients.mts` uses the others of the root.
import {
  MonoCloudBackendNodeClient,
  MonoCloudOidcBackendClient,
  type ClientAuthMethod,
  type FetcherInit,
  type FetcherInput,
  type FetcherResponse,
  type FetcherSignal,
  type IssuerMetadata,
  type Jwk,
  type Jwks,
  type MetadataResolverResult,
  type MonoCloudBackendNodeClientOptions,
  type MtlsEndpointAliases,
} from '@monocloud/backend-node';

type Witness = <T>(name: string, value: T) => T;

/** What the test has: a private JWK. */
interface Given {
  rsa: Jwk;
}

const ALIASES: MtlsEndpointAliases = {
  token_endpoint: 'https://mtls.example.com/token',
  revocation_endpoint: 'https://mtls.example.com/revoke',
  introspection_endpoint: 'https://mtls.example.com/introspect',
  device_authorization_endpoint: 'https://mtls.example.com/device',
  pushed_authorization_request_endpoint: 'https://mtls.example.com/par',
  userinfo_endpoint: 'https://mtls.example.com/userinfo',
};

/** All that a tenant may publish. */
function metadataOf(issuer: string): IssuerMetadata {
  return {
    issuer,
    jwks_uri: `${issuer}/jwks`,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    userinfo_endpoint: `${issuer}/userinfo`,
    end_session_endpoint: `${issuer}/signout`,
    check_session_iframe: `${issuer}/session`,
    revocation_endpoint: `${issuer}/revoke`,
    introspection_endpoint: `${issuer}/introspect`,
    device_authorization_endpoint: `${issuer}/device`,
    pushed_authorization_request_endpoint: `${issuer}/par`,
    frontchannel_logout_supported: true,
    frontchannel_logout_session_supported: true,
    backchannel_logout_supported: true,
    backchannel_logout_session_supported: true,
    scopes_supported: ['openid'],
    claims_supported: ['sub'],
    grant_types_supported: ['client_credentials'],
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    token_endpoint_auth_methods_supported: ['client_secret_post'],
    id_token_signing_alg_values_supported: ['RS256'],
    subject_types_supported: ['public'],
    code_challenge_methods_supported: ['S256'],
    request_parameter_supported: true,
    request_uri_parameter_supported: false,
    require_pushed_authorization_requests: false,
    request_object_signing_alg_values_supported: ['RS256'],
    introspection_endpoint_auth_methods_supported: ['client_secret_post'],
    tls_client_certificate_bound_access_tokens: true,
    mtls_endpoint_aliases: ALIASES,
    mtls_additional_endpoint_aliases: { store: ALIASES },
  };
}

async function documents(witness: Witness, given: Given): Promise<void> {
  const tenantDomain = 'https://tenant.example.com';
  const metadata = metadataOf(tenantDomain);
  // Every member that a key may have, private ones too, which a tenant does not publish.
  const keys: Jwk[] = [
    { ...given.rsa, kid: 'rsa', use: 'sig', alg: 'RS256', key_ops: ['verify'], ext: true },
    { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA', x5c: [], x5t: '', 'x5t#S256': '', x5u: '' },
    { kty: 'RSA', n: 'AA', e: 'AQAB', d: 'AA', p: 'AA', q: 'AA', dp: 'AA', dq: 'AA', qi: 'AA' },
    { kty: 'RSA', oth: [{ r: 'AA', d: 'AA', t: 'AA' }] },
    { kty: 'oct', k: 'c2VjcmV0' },
  ];
  const jwks: Jwks = { keys };
  const short: MetadataResolverResult = { issuer: tenantDomain, jwks_uri: `${tenantDomain}/jwks` };
  const audience = 'https://api.example.com';
  const supplied = { metadataResolver: () => metadata, jwksResolver: () => jwks };
  const client = new MonoCloudBackendNodeClient({ tenantDomain, audience, ...supplied });
  witness('metadata', await client.getMetadata());
  witness('metadata again', await client.getMetadata(true));
  witness('every key', await client.getJwks(true));
  witness('stats with skipped keys', client.stats());

  const later = new MonoCloudOidcBackendClient('tenant.example.com', audience, {
    metadataResolver: async () => short,
    jwksResolver: async () => jwks,
  });
  witness('short metadata', (await later.getMetadata()).issuer);
  witness('keys later', await later.getJwks());
}

/** Every way to authenticate, with a `fetcher` in the tenant's place: the test tenant knows two of them. */
async function authenticate(witness: Witness, given: Given): Promise<void> {
  const tenantDomain = 'https://tenant.example.com';
  const methods: Record<ClientAuthMethod, Partial<MonoCloudBackendNodeClientOptions>> = {
    client_secret_basic: { clientSecret: 'secret' },
    client_secret_post: { clientSecret: 'secret' },
    client_secret_jwt: { clientSecret: { kty: 'oct', k: 'A'.repeat(43), alg: 'HS256' } },
    private_key_jwt: { clientSecret: { ...given.rsa, alg: 'RS256' } },
    tls_client_auth: {},
    self_signed_tls_client_auth: { trustStoreId: 'store' },
    spiffe_jwt: { clientSecret: 'a.b.c' },
    spiffe_x509: {},
  };
  const bodies: ((document: object) => FetcherResponse)[] = [
    (document) => ({ status: 200, json: async () => document }),
    (document) => ({
      status: 200,
      ok: true,
      headers: {},
      text: async () => JSON.stringify(document),
    }),
    (document) => ({
      status: 200,
      statusText: 'OK',
      headers: new Headers({ 'content-type': 'application/json' }),
      arrayBuffer: async () => new TextEncoder().encode(JSON.stringify(document)).buffer,
    }),
  ];
  let turn = 0;
  const exp = Math.floor(Date.now() / 1000) + 300;
  const aud = 'https://api.example.com';
  const answer = { active: true, iss: tenantDomain, sub: 'ada', aud, exp, iat: exp - 300 };
  for (const [method, more] of Object.entries(methods)) {
    const seen: (string | undefined)[] = [];
    const signals: (FetcherSignal | undefined)[] = [];
    const client = new MonoCloudBackendNodeClient({
      tenantDomain,
      audience: aud,
      clientId: 'my-api',
      clientAuthMethod: method as ClientAuthMethod,
      ...more,
      async fetcher(input: FetcherInput, init?: FetcherInit): Promise<FetcherResponse> {
        seen.push(init?.method, init?.body, init?.redirect, init?.headers?.['accept']);
        signals.push(init?.signal);
        turn += 1;
        const document = String(input).includes('introspect') ? answer : metadataOf(tenantDomain);
        return bodies[turn % bodies.length]!(document);
      },
    });
    witness('by', await client.validateAccessToken('opaque'));
    witness('seen', seen);
    witness('signals', signals);
  }
}

export async function run(witness: Witness, given: Given): Promise<void> {
  await documents(witness, given);
  await authenticate(witness, given);
}
