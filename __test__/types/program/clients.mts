// Uses everything that the root's types offer. `complete.test.js` compiles and runs it, and checks its values.
import {
  MonoCloudAuthBaseError,
  MonoCloudBackendNodeClient,
  MonoCloudHttpError,
  MonoCloudOidcBackendClient,
  MonoCloudOPError,
  MonoCloudTokenError,
  MonoCloudValidationError,
  type AccessTokenClaims,
  type AccessTokenValidator,
  type CertificateBindingValidation,
  type CertificateDescription,
  type ClaimValue,
  type ClientStats,
  type Explanation,
  type ExplanationRule,
  type ExplanationStep,
  type FetcherInit,
  type FetcherInput,
  type ICache,
  type IIntrospectionCache,
  type IntrospectOptions,
  type IssuerDocumentStats,
  type IssuerOptions,
  type IssuerStats,
  type IsUserInGroupOptions,
  type JwtClaims,
  type MonoCloudBackendNodeClientOptions,
  type MonoCloudHttpErrorReason,
  type MonoCloudOidcBackendClientOptions,
  type MonoCloudRawResponse,
  type MonoCloudTokenErrorCode,
  type MonoCloudTokenErrorReason,
  type RequiredClaims,
  type TlsOptions,
  type ValidateAccessTokenOptions,
  type ValidateJwtAccessTokenOptions,
} from '@monocloud/backend-node';
import { createTestTenant } from '@monocloud/backend-node/testing';

type Witness = <T>(name: string, value: T) => T;

/** What the test has: PEM, and private JWKs. */
interface Given {
  client: { cert: string; key: string };
  stranger: { cert: string };
  encryptedKey: string;
  passphrase: string;
  ca: string;
}

class Cache implements ICache {
  #entries = new Map<string, AccessTokenClaims>();
  until = 0;
  async get(token: string): Promise<AccessTokenClaims | undefined> {
    return this.#entries.get(token);
  }
  async set(token: string, claims: AccessTokenClaims, expiresAt: number): Promise<void> {
    this.until = expiresAt;
    this.#entries.set(token, claims);
  }
  async delete(token: string): Promise<void> {
    this.#entries.delete(token);
  }
  spoil(token: string, claims: AccessTokenClaims): void {
    this.#entries.set(token, { ...claims, exp: 1 });
  }
}

/** What a call throws or rejects with; a value, if it does not, which is no `E`. */
async function caught<E>(work: () => unknown): Promise<E> {
  return (await (async () => work())().catch((error: unknown) => error)) as E;
}

interface MyClaims extends AccessTokenClaims {
  plan: string;
}

async function validate(witness: Witness, given: Given): Promise<void> {
  const tenant = await createTestTenant();
  const groupOptions: IsUserInGroupOptions = { groupsClaim: 'groups', matchAll: true };
  const tls: TlsOptions = {
    cert: given.client.cert,
    key: given.encryptedKey,
    passphrase: given.passphrase,
    ca: given.ca,
  };
  const cache = new Cache();
  const plans: ClaimValue[] = ['free', 'paid'];
  const required: RequiredClaims = { iss: tenant.tenantDomain };
  const options: MonoCloudBackendNodeClientOptions = {
    tenantDomain: tenant.tenantDomain,
    audience: tenant.audience,
    clientId: tenant.clientId,
    clientSecret: tenant.clientSecret,
    clientAuthMethod: 'client_secret_post',
    groupOptions,
    clockSkew: 0,
    clockTolerance: 300,
    jwksCacheDuration: 300,
    metadataCacheDuration: 300,
    jwksStaleDuration: 3600,
    responseTimeout: 60_000,
    maxConcurrentIntrospections: 64,
    maxTokenBytes: 16_384,
    verifiedTokensBytes: 1_048_576,
    scopesClaim: 'scope',
    clientIds: [tenant.clientId, 'test-client'],
    requiredClaims: required,
    introspectJwtTokens: false,
    introspectionCacheDuration: 60,
    validateCertificateBinding: 'when_present',
    cache,
    cacheTimeout: 60_000,
    tls,
  };
  const client = new MonoCloudBackendNodeClient(options);
  const validator: AccessTokenValidator = client;
  const asLaterNamed: IIntrospectionCache = cache;
  client.setClockSkew(1);
  client.setClockSkew(0);
  client.setClockTolerance(60);

  const nbf = Math.floor(Date.now() / 1000) - 10;
  const token = await tenant.issueToken({
    scopes: ['read', 'write'],
    groups: ['a', { id: 'b', name: 'bee' }],
    claims: { nbf, plan: 'paid', level: 3, acr: 'urn:example:mfa', auth_time: nbf },
    certificate: given.client.cert,
  });
  const asked: ValidateAccessTokenOptions = {
    scopes: ['read'],
    anyScope: ['admin', 'write'],
    groups: ['a', 'bee'],
    claims: { plan: plans, level: [3, true] },
    acr: ['urn:example:mfa'],
    maxAge: 300,
    validateCertificateBinding: true,
    clientCertificate: given.client.cert,
  };
  witness('claims', await client.validateAccessToken(token, asked));
  const { plan } = await client.validateAccessToken<MyClaims>(token, asked);
  witness('own claim', plan);
  witness('the interface', await validator.validateAccessToken(token, asked));
  witness('cached', await asLaterNamed.get(token));
  const opaque = await tenant.issueOpaqueToken({ scopes: ['read'], claims: { plan: 'paid' } });
  const forIntrospection: IntrospectOptions = { scopes: ['read'], groups: [] };
  witness('introspected', await client.introspectAccessToken(opaque, forIntrospection));
  witness('introspected as mine', await client.introspectAccessToken<MyClaims>(opaque));
  witness(
    'a JWT',
    await client.validateJwtAccessToken(token, { clientCertificate: given.client.cert }),
  );
  const keys = witness('keys', await client.getJwks());
  const forJwt: ValidateJwtAccessTokenOptions = { jwks: keys, validateCertificateBinding: false };
  witness('a JWT as mine', await client.validateJwtAccessToken<MyClaims>(token, forJwt));
  const decoded: JwtClaims = MonoCloudBackendNodeClient.decodeJwt(token);
  witness('decoded', decoded);
  witness('decoded as mine', MonoCloudOidcBackendClient.decodeJwt<MyClaims>(token).plan);

  // A token that fails in every way that its claims can, and one that passes.
  const bad = await tenant.issueToken({ expiresIn: -3600, audience: 'https://other.example.com' });
  const explained: Explanation = await client.explain(bad, asked);
  witness('explained', explained);
  const steps: ExplanationStep[] = explained.steps;
  const rules: ExplanationRule[] = steps.map(({ rule }) => rule);
  witness('rules', rules);
  witness('explained, good', await client.explain(token, asked));
  witness('explained, opaque', await client.explain(opaque));

  // A tenant whose clock is seven minutes ahead.
  const ahead = new MonoCloudBackendNodeClient(
    tenant.clientOptions({
      async fetcher(input: FetcherInput, init?: FetcherInit) {
        const response = await fetch(input, init);
        const date = new Date(Date.now() + 420_000).toUTCString();
        return { status: response.status, headers: { date }, text: () => response.text() };
      },
    }),
  );
  witness('explained, ahead', await ahead.explain(await tenant.issueToken()));
  witness('stats, ahead', ahead.stats());

  const other = await tenant.issueToken();
  const claims = await client.validateAccessToken(other);
  cache.spoil(other, claims);
  await client.validateAccessToken(other); // is deleted, and stored again
  const stats: ClientStats = client.stats();
  witness('stats', stats);
  witness('until', cache.until);

  const mismatch = await caught<MonoCloudTokenError>(() =>
    client.validateAccessToken(token, { clientCertificate: given.stranger.cert }),
  );
  const whose: CertificateDescription | undefined = mismatch.certificate;
  witness('whose certificate', whose);
  witness('mismatch', mismatch);
  witness('is one', (mismatch instanceof MonoCloudTokenError) as true);
  const code: MonoCloudTokenErrorCode = mismatch.code;
  const reason: MonoCloudTokenErrorReason | undefined = mismatch.reason;
  witness('code and reason', [code, reason]);
  witness('code', code as 'invalid_token');
  const modes: CertificateBindingValidation[] = ['when_present', 'required', 'dangerously_ignore'];
  const codes: MonoCloudTokenErrorCode[] = [];
  for (const validateCertificateBinding of modes) {
    const bound = client.validateAccessToken(other, { validateCertificateBinding });
    codes.push(
      await bound.then(
        () => 'inactive_token' as const,
        (error) => error.code,
      ),
    );
  }
  witness('codes', codes);

  const wrong = new MonoCloudBackendNodeClient(tenant.clientOptions({ clientSecret: 'wrong' }));
  const refused = await caught<MonoCloudOPError>(() => wrong.validateAccessToken(opaque));
  witness('refused', refused);
  witness('is another', (refused instanceof MonoCloudOPError) as true);
  witness('refused because', [refused.error, refused.errorDescription]);
  const raw: MonoCloudRawResponse | undefined = refused.raw;
  witness('raw', raw);
  await tenant.close();
}

/** Two issuers, of which one is the test tenant. */
async function several(witness: Witness): Promise<void> {
  const tenant = await createTestTenant();
  const { tenantDomain, audience, clientId, clientSecret } = tenant;
  const other = 'https://login.example.com/';
  const issuers: IssuerOptions[] = [
    { issuer: tenantDomain, tenantDomain, audience: [audience], clientId, clientSecret },
    { issuer: other, audience: false, clientIds: ['my-app'], scopesClaim: 'scp' },
  ];
  const client = new MonoCloudBackendNodeClient({ issuers });
  witness('of one of two', await client.validateAccessToken(await tenant.issueToken()));
  witness('metadata of one', (await client.getMetadata(true, tenantDomain)).issuer);
  witness('keys of one', await client.getJwks(false, tenantDomain));
  const stats = client.stats();
  const each: IssuerStats[] | undefined = stats.issuers;
  const first: IssuerDocumentStats | undefined = each?.[0];
  witness('stats of several', stats);
  witness('state of the keys of one', first?.keys.state);
  const single = new MonoCloudBackendNodeClient({ issuer: tenantDomain, audience });
  witness('of an issuer', await single.validateAccessToken(await tenant.issueToken()));
  await tenant.close();
}

async function fail(witness: Witness): Promise<void> {
  const headers = { 'retry-after': '7' };
  const options: MonoCloudOidcBackendClientOptions = {
    clientId: 'my-api',
    clientSecret: 'secret',
    fetcher: async () => ({ status: 503, statusText: 'Busy', headers, text: async () => 'later' }),
  };
  const base = new MonoCloudOidcBackendClient(
    'busy.example.com',
    'https://api.example.com',
    options,
  );
  const busy = await caught<MonoCloudHttpError>(() => base.introspectAccessToken('opaque'));
  witness('busy', busy);
  witness('is a third', (busy instanceof MonoCloudHttpError) as true);
  const reason: MonoCloudHttpErrorReason | undefined = busy.reason;
  witness('busy because', [reason, busy.status, busy.statusText, busy.retryAfter]);
  const bad = await caught<MonoCloudValidationError>(() => new MonoCloudBackendNodeClient({}));
  witness('bad', bad);
  witness('is a fourth', (bad instanceof MonoCloudValidationError) as true);

  const raw: MonoCloudRawResponse = { status: 400, statusText: 'Bad', headers: {}, body: '{}' };
  witness('made', new MonoCloudAuthBaseError('message', raw));
  witness('made for a configuration', new MonoCloudValidationError('message'));
  witness(
    'made for a scope',
    new MonoCloudTokenError('message', 'insufficient_scope', 'missing_scopes'),
  );
  for (const code of [
    'access_denied',
    'insufficient_user_authentication',
    'invalid_dpop_proof',
    'use_dpop_nonce',
  ] as const) {
    witness('made with an answer', new MonoCloudTokenError('message', code, raw));
  }
  witness('made for a group', new MonoCloudTokenError('message', 'insufficient_groups'));
  witness('made by a tenant', new MonoCloudOPError('invalid_client', 'description', raw));
  witness('made by a network', new MonoCloudHttpError('message', raw));
}

export async function run(witness: Witness, given: Given): Promise<void> {
  await validate(witness, given);
  await several(witness);
  await fail(witness);
}
