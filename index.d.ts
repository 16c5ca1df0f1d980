/**
 * `@monocloud/backend-node`: validates the access tokens that reach an API. The client, for a program of
 * any framework or of none, its errors, and the types of what they take and give.
 *
 * ```ts
 * import { MonoCloudBackendNodeClient, MonoCloudTokenError } from '@monocloud/backend-node';
 *
 * const client = new MonoCloudBackendNodeClient(); // reads MONOCLOUD_BACKEND_* of the environment
 * try {
 *   const { sub } = await client.validateAccessToken(token, { scopes: ['posts:read'] });
 *   console.log('it is', sub);
 * } catch (error) {
 *   if (!(error instanceof MonoCloudTokenError)) throw error;
 *   console.log('refused:', error.reason);
 * }
 * ```
 *
 * @packageDocumentation
 */

// Written by hand. The file uses only its own types and TypeScript's ES library, so that it compiles with or
// without `@types/node`, and with or without the DOM library.
//
// Sections: Claims. Keys and metadata. Options of a client. Statistics. Explanations. Options of a validation.
// Guards. Clients. Errors. Diagnostics channels.

// ---------------------------------------------------------------------------------------------
// Claims
//
// The claims of a token, as methods return them and handlers find them.
// ---------------------------------------------------------------------------------------------

/**
 * The claims of a JWT (RFC 7519 §4.1).
 *
 * Times are whole or fractional seconds since 1970-01-01T00:00:00Z. A claim that is not listed is
 * there under its own name, as `unknown`: check it before use, or name its type with
 * `validateAccessToken<MyClaims>()`.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7519#section-4.1 RFC 7519 §4.1}
 */
export interface JwtClaims {
  /** Who issued the token: the tenant's URL, byte for byte (RFC 7519 §4.1.1). */
  iss: string;
  /**
   * Whom the token speaks for: a user, or the client itself in a client-credentials grant (§4.1.2). A
   * MonoCloud tenant always sets it; a token that lacks it is not refused.
   */
  sub: string;
  /** Which APIs the token is for (§4.1.3). One of them is your `audience`. */
  aud: string | string[];
  /** When it expires, in epoch seconds (§4.1.4). An introspected token may lack it (RFC 7662 §2.2). */
  exp: number;
  /**
   * When it was issued, in epoch seconds (§4.1.6). It is not checked: a MonoCloud tenant always sets it, and
   * a token that lacks it is not refused.
   */
  iat: number;
  /** Before when it must not be used, in epoch seconds (§4.1.5). */
  nbf?: number;
  /** Any other claim. */
  [key: string]: unknown;
}

/**
 * The claims of an access token (RFC 9068 §2.2), as `validateAccessToken` resolves to them and as
 * handlers find them in `req.claims`.
 *
 * A plain object, made anew for each call: changing it changes nothing for anybody else.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9068#section-2.2 RFC 9068 §2.2}
 * @example
 * ```ts
 * // Claims of your own. The type is taken at its word: it is not checked.
 * interface MyClaims extends AccessTokenClaims {
 *   plan?: 'free' | 'paid';
 * }
 * const { sub, plan } = await client.validateAccessToken<MyClaims>(token);
 * ```
 */
export interface AccessTokenClaims extends JwtClaims {
  /** The scopes granted, separated by spaces (RFC 6749 §3.3, RFC 8693 §4.2). */
  scope?: string;
  /** The client that the token was issued to (RFC 8693 §4.3). */
  client_id?: string;
  /** The token's own identifier (RFC 7519 §4.1.7). */
  jti?: string;
  /**
   * What the bearer has to prove (RFC 7800 §3.1). With mutual TLS an object whose `x5t#S256` is the
   * base64url SHA-256 of the client certificate (RFC 8705 §3.1), or that object as a JSON string.
   */
  cnf?: unknown;
}

// ---------------------------------------------------------------------------------------------
// Keys and metadata
//
// The documents of a tenant: metadata (RFC 8414) and keys (RFC 7517).
// ---------------------------------------------------------------------------------------------

/** A signature algorithm that an access token may use (RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2.2). */
export type JwsAlgorithm =
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'EdDSA'
  | 'Ed25519';

/**
 * The header of a signed token (RFC 7515 §4.1).
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7515#section-4.1 RFC 7515 §4.1}
 */
export interface JwsHeaderParameters {
  /** The signature algorithm. `none` and HS* are always refused. */
  alg: JwsAlgorithm;
  /** Which key of the tenant's set signed it. */
  kid?: string;
  /** What kind of token it is: absent, `JWT`, `at+jwt` or `application/at+jwt` (RFC 9068 §2.1). */
  typ?: string;
  /** Extensions that must be understood (RFC 7515 §4.1.11). None is, so a token with it is refused. */
  crit?: string[];
  /** A key inside the token. It is never used: only the tenant's keys count. */
  jwk?: Jwk;
}

/**
 * One JSON Web Key (RFC 7517 §4; members by key type in RFC 7518 §6 and RFC 8037 §2).
 *
 * Big integers and octets are base64url without padding.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7517#section-4 RFC 7517 §4}
 * @see {@link https://www.rfc-editor.org/rfc/rfc7518#section-6 RFC 7518 §6}
 */
export interface Jwk {
  /** Key type: `RSA`, `EC`, `OKP` or `oct`. */
  kty: string;
  /** The algorithm that the key is for. */
  alg?: string;
  /** Identifies the key in its set. */
  kid?: string;
  /** `sig` or `enc`. A key for `enc` verifies nothing. */
  use?: string;
  /** What the key may do: `sign`, `verify`, … */
  key_ops?: string[];
  /** WebCrypto's "extractable". It is ignored. */
  ext?: boolean;
  /** Certificate chain, standard base64 of the DER. */
  x5c?: string[];
  /** SHA-1 of the certificate. */
  x5t?: string;
  /** SHA-256 of the certificate. */
  'x5t#S256'?: string;
  /** Where the certificate chain is. */
  x5u?: string;
  /** Curve: `P-256`, `P-384`, `P-521` or `Ed25519`. */
  crv?: string;
  /** EC or OKP: the x coordinate, or the public key. */
  x?: string;
  /** EC: the y coordinate. */
  y?: string;
  /** RSA: the modulus; 2048 bits and more. */
  n?: string;
  /** RSA: the public exponent. */
  e?: string;
  /** The private part. Only in a `clientSecret`; never send it anywhere. */
  d?: string;
  /** RSA, private: first prime factor. */
  p?: string;
  /** RSA, private: second prime factor. */
  q?: string;
  /** RSA, private: exponent of the first factor. */
  dp?: string;
  /** RSA, private: exponent of the second factor. */
  dq?: string;
  /** RSA, private: coefficient. */
  qi?: string;
  /** RSA, private: further primes. */
  oth?: {
    /** The prime factor. */
    r?: string;
    /** Its exponent. */
    d?: string;
    /** Its coefficient. */
    t?: string;
  }[];
  /** `oct`: the shared secret. */
  k?: string;
}

/** A set of keys (RFC 7517 §5). */
export interface Jwks {
  /** The keys. One that cannot be used is skipped; the others still serve. */
  keys: Jwk[];
}

/** The endpoints that a tenant has behind mutual TLS (RFC 8705 §5). */
export interface MtlsEndpointAliases {
  /** Where a client gets tokens. */
  token_endpoint?: string;
  /** Where a token is withdrawn. */
  revocation_endpoint?: string;
  /** Where opaque tokens are looked up. */
  introspection_endpoint?: string;
  /** Where a device starts its flow (RFC 8628 §3.1). */
  device_authorization_endpoint?: string;
  /** Where an authorization request is left in advance (RFC 9126 §5). */
  pushed_authorization_request_endpoint?: string;
  /** Where the user's claims are. */
  userinfo_endpoint?: string;
}

/**
 * A tenant's discovery document (OpenID Connect Discovery 1.0 §3, RFC 8414 §2).
 *
 * The members without a question mark are those that a MonoCloud tenant always has. Validation
 * itself needs `issuer` and `jwks_uri`, and `introspection_endpoint` for opaque tokens.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8414#section-2 RFC 8414 §2}
 */
export interface IssuerMetadata {
  /** The tenant's identifier. It must be equal to `tenantDomain`. */
  issuer: string;
  /** Where the signing keys are. */
  jwks_uri: string;
  /** Where a user signs in. */
  authorization_endpoint: string;
  /** Where a client gets tokens. */
  token_endpoint: string;
  /** Where the user's claims are. */
  userinfo_endpoint: string;
  /** Where a user signs out. */
  end_session_endpoint: string;
  /** The page that watches a session. */
  check_session_iframe: string;
  /** Where a token is withdrawn (RFC 7009). */
  revocation_endpoint: string;
  /** Where opaque tokens are looked up (RFC 7662). */
  introspection_endpoint: string;
  /** Where a device starts its flow (RFC 8628). */
  device_authorization_endpoint: string;
  /** Where an authorization request is left in advance (RFC 9126). */
  pushed_authorization_request_endpoint?: string;
  /** Front-channel sign-out is offered. */
  frontchannel_logout_supported: boolean;
  /** Front-channel sign-out names the session. */
  frontchannel_logout_session_supported: boolean;
  /** Back-channel sign-out is offered. */
  backchannel_logout_supported: boolean;
  /** Back-channel sign-out names the session. */
  backchannel_logout_session_supported: boolean;
  /** The scopes there are. */
  scopes_supported: string[];
  /** The claims there are. */
  claims_supported: string[];
  /** The grants there are. */
  grant_types_supported: string[];
  /** The response types there are. */
  response_types_supported: string[];
  /** The response modes there are. */
  response_modes_supported: string[];
  /** How a client may authenticate at the token endpoint. */
  token_endpoint_auth_methods_supported: string[];
  /** How ID tokens are signed. Says nothing of access tokens. */
  id_token_signing_alg_values_supported: string[];
  /** `public`, `pairwise`. */
  subject_types_supported: string[];
  /** PKCE methods (RFC 7636). */
  code_challenge_methods_supported: string[];
  /** The `request` parameter is understood. */
  request_parameter_supported: boolean;
  /** The `request_uri` parameter is understood. */
  request_uri_parameter_supported: boolean;
  /** Only requests left in advance are taken. */
  require_pushed_authorization_requests: boolean;
  /** How request objects may be signed. */
  request_object_signing_alg_values_supported: string[];
  /** How a client may authenticate at the introspection endpoint (RFC 8414 §2). */
  introspection_endpoint_auth_methods_supported?: string[];
  /** Access tokens can be bound to a client certificate (RFC 8705 §3.3). */
  tls_client_certificate_bound_access_tokens?: boolean;
  /** The same endpoints behind mutual TLS (RFC 8705 §5). */
  mtls_endpoint_aliases?: MtlsEndpointAliases;
  /** The same again for each further trust store, by its identifier; see `trustStoreId`. */
  mtls_additional_endpoint_aliases?: Record<string, MtlsEndpointAliases>;
}

// ---------------------------------------------------------------------------------------------
// Options of a client
//
// The options of the constructors and of `protectApi`: tenant, audience, clocks, groups, introspection, network.
// ---------------------------------------------------------------------------------------------

/**
 * How this API authenticates to the introspection endpoint.
 *
 * - `client_secret_basic`, `client_secret_post`: the secret, in a header or in the body (RFC 6749 §2.3.1).
 * - `client_secret_jwt`, `private_key_jwt`: an assertion signed with the secret or with a private JWK
 *   (RFC 7523 §2.2).
 * - `tls_client_auth`, `self_signed_tls_client_auth`: the client certificate of the connection (RFC 8705 §2).
 * - `spiffe_jwt`, `spiffe_x509`: a SPIFFE identity, as a JWT or as the certificate of the connection.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1 RFC 6749 §2.3.1}
 * @see {@link https://www.rfc-editor.org/rfc/rfc7523#section-2.2 RFC 7523 §2.2}
 * @see {@link https://www.rfc-editor.org/rfc/rfc8705#section-2 RFC 8705 §2}
 */
export type ClientAuthMethod =
  | 'client_secret_basic'
  | 'client_secret_post'
  | 'client_secret_jwt'
  | 'private_key_jwt'
  | 'tls_client_auth'
  | 'self_signed_tls_client_auth'
  | 'spiffe_jwt'
  | 'spiffe_x509';

/**
 * When a token must be bound to the certificate of the request (RFC 8705 §3).
 *
 * - `when_present`: a token that carries `cnf['x5t#S256']` must match; another one passes.
 * - `required`: every token must carry it, and match.
 * - `dangerously_ignore`: never checked. A stolen token works without its certificate.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8705#section-3 RFC 8705 §3}
 */
export type CertificateBindingValidation = 'when_present' | 'required' | 'dangerously_ignore';

/** A value that a claim may be required to have. Types do not mix: `1` is not `'1'`. */
export type ClaimValue = string | number | boolean;

/**
 * Claims that a token must have: each name with its value, or with the list of its allowed values. Each
 * claim must be there and be equal to one of them, in value and in type; a claim that is an array or an
 * object is equal to none.
 *
 * A name that begins with `/` is a JSON Pointer (RFC 6901), unless the token has a claim of just that name.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6901 RFC 6901}
 * @example
 * ```ts
 * const required: RequiredClaims = {
 *   token_use: 'access',
 *   plan: ['team', 'enterprise'],
 *   '/realm_access/roles/0': 'staff',
 * };
 * ```
 */
export type RequiredClaims = Record<string, ClaimValue | readonly ClaimValue[]>;

/** Where a token says which groups its subject is in, and how many of them are needed. */
export interface IsUserInGroupOptions {
  /**
   * The claim with the groups: an array of strings, or of objects with `id` or `name`. A name that begins
   * with `/` is a JSON Pointer (RFC 6901), unless the token has a claim of just that name:
   * `/realm_access/roles`.
   *
   * Environment: `MONOCLOUD_BACKEND_GROUPS_CLAIM`.
   * @defaultValue `'groups'`
   */
  groupsClaim?: string;
  /**
   * `true`: all the groups that a route names. `false`: any one of them.
   *
   * Environment: `MONOCLOUD_BACKEND_GROUPS_MATCH_ALL`.
   * @defaultValue `false`
   */
  matchAll?: boolean;
}

/**
 * A store for claims that were validated already: Redis, a `Map`, anything with these three methods.
 *
 * Keyed by the raw token: hash it before it leaves the process. What the store returns is checked
 * like a fresh token, and a store that throws or hangs never fails a valid token.
 *
 * Two are ready in `@monocloud/backend-node/redis`.
 *
 * @example
 * ```ts
 * class MapCache implements ICache {
 *   #entries = new Map<string, { claims: AccessTokenClaims; expiresAt: number }>();
 *   #key = (token: string) => createHash('sha256').update(token).digest('base64url');
 *
 *   async get(token: string) {
 *     const entry = this.#entries.get(this.#key(token));
 *     return entry && entry.expiresAt > Date.now() / 1000 ? entry.claims : undefined;
 *   }
 *   async set(token: string, claims: AccessTokenClaims, expiresAt: number) {
 *     this.#entries.set(this.#key(token), { claims, expiresAt });
 *   }
 *   async delete(token: string) {
 *     this.#entries.delete(this.#key(token));
 *   }
 * }
 * const client = new MonoCloudBackendNodeClient({ cache: new MapCache() });
 * ```
 */
export interface ICache {
  /**
   * Looks a token up.
   *
   * @param token - The raw access token.
   * @returns The claims stored for it; `null` or `undefined` where there are none.
   */
  get(token: string): Promise<AccessTokenClaims | null | undefined>;
  /**
   * Stores the claims of a token that has just been validated.
   *
   * @param token - The raw access token.
   * @param claims - Its claims.
   * @param expiresAt - When the entry must go, in epoch seconds.
   */
  set(token: string, claims: AccessTokenClaims, expiresAt: number): Promise<void>;
  /**
   * Removes an entry that is stale or unusable.
   *
   * @param token - The raw access token.
   */
  delete(token: string): Promise<void>;
}

/** The same as {@link ICache}, by its later name. */
export type IIntrospectionCache = ICache;

/**
 * What a `fetcher` is called with: the URL. It is always a string; in projects with the DOM library
 * the type allows for a `Request` too, so that a function written for `RequestInfo` still compiles.
 */
export type FetcherInput = typeof globalThis extends {
  document: unknown;
  Request: { prototype: infer R };
}
  ? string | R
  : string;

/** What a `fetcher` is called with: a `RequestInit` of these members. */
export interface FetcherInit {
  /** `GET` or `POST`. */
  method?: string;
  /** Header names in lower case, and their values. */
  headers?: Record<string, string>;
  /** The form of a `POST`. */
  body?: string;
  /** `manual`: a redirect is an answer like any other, and is refused. */
  redirect?: 'manual';
  /** Aborts at the deadline of `responseTimeout`. */
  signal?: FetcherSignal;
}

/** `AbortSignal`, where the project's libraries have it. */
export type FetcherSignal = typeof globalThis extends { AbortSignal: { prototype: infer S } }
  ? S
  : never;

/**
 * What is read of a `fetcher`'s answer. The `Response` of Node.js, of the DOM and of undici fits, and
 * so does a plain object in a test: `{ status: 200, json: async () => document }`.
 */
export type FetcherResponse = {
  /** HTTP status. */
  readonly status: number;
  /** Its reason phrase. */
  readonly statusText?: string;
  /** `Headers`, or an object of names and values. */
  readonly headers?: object;
  /** It is not read: `status` is. */
  readonly ok?: boolean;
} & (
  | {
      /** The body as bytes. */
      arrayBuffer(): Promise<ArrayBuffer>;
    }
  | {
      /** The body as text. */
      text(): Promise<string>;
    }
  | {
      /** The body as a document. */
      json(): Promise<unknown>;
    }
);

/**
 * The client certificate and the roots of the built-in HTTP client, named as in `node:tls`.
 * All in PEM, as text: read a file with `fs.readFileSync(path, 'utf8')`.
 *
 * @example
 * ```ts
 * const client = new MonoCloudBackendNodeClient({
 *   clientId: 'my-api',
 *   clientAuthMethod: 'tls_client_auth',
 *   tls: { cert: readFileSync('client.pem', 'utf8'), key: readFileSync('client.key', 'utf8') },
 * });
 * ```
 */
export interface TlsOptions {
  /** The client certificate, its chain after it. Needs `key`. */
  cert?: string;
  /** Its private key: PKCS#8, PKCS#1 or SEC1. Needs `cert`. */
  key?: string;
  /** Certificate authorities to trust beside the platform's, one after the other. */
  ca?: string;
  /** Opens an encrypted `key`. */
  passphrase?: string;
}

/** What a `metadataResolver` has to supply: a discovery document with at least these two members. */
export type MetadataResolverResult = Pick<IssuerMetadata, 'issuer' | 'jwks_uri'> &
  Partial<IssuerMetadata>;

/**
 * Options of {@link MonoCloudOidcBackendClient}.
 *
 * The environment variables that are named here are read by {@link MonoCloudBackendNodeClient} and by
 * `protectApi()`, not by the base class.
 */
export interface MonoCloudOidcBackendClientOptions {
  /**
   * The client that this API is at the introspection endpoint. Opaque tokens need it, JWTs do not.
   *
   * Environment: `MONOCLOUD_BACKEND_CLIENT_ID`.
   */
  clientId?: string;
  /**
   * Its secret: a string; a JWK for `private_key_jwt`, or an `oct` one for `client_secret_jwt`. A JWK
   * may be given as an object or as its JSON.
   *
   * Environment: `MONOCLOUD_BACKEND_CLIENT_SECRET`.
   */
  clientSecret?: string | Jwk;
  /**
   * How it authenticates.
   *
   * Environment: `MONOCLOUD_BACKEND_CLIENT_AUTH_METHOD`.
   * @defaultValue `'client_secret_post'`; `'client_secret_basic'` for `new MonoCloudOidcBackendClient()`
   */
  clientAuthMethod?: ClientAuthMethod;
  /**
   * Which of the tenant's `mtls_additional_endpoint_aliases` to use; unset: `mtls_endpoint_aliases`.
   *
   * Environment: `MONOCLOUD_BACKEND_TRUST_STORE_ID`.
   */
  trustStoreId?: string;
  /** Where the groups are, and how many of them a route needs. */
  groupOptions?: IsUserInGroupOptions;
  /**
   * The claim with the scopes. `scope` is a string of scopes separated by spaces (RFC 8693 §4.2); another
   * claim may also be an array of strings. A name that begins with `/` is a JSON Pointer (RFC 6901), unless
   * the token has a claim of just that name.
   *
   * Environment: `MONOCLOUD_BACKEND_SCOPES_CLAIM`.
   * @defaultValue `'scope'`
   */
  scopesClaim?: string;
  /**
   * Clients whose tokens are accepted: the token's `client_id` (RFC 8693 §4.3), or its `azp` where it has no
   * `client_id`, must be one of these; else `client_mismatch`. Unset: any client.
   *
   * Environment: `MONOCLOUD_BACKEND_CLIENT_IDS`, separated by spaces.
   */
  clientIds?: string[];
  /** Claims that each token must have, whatever the route; else `required_claims_mismatch`. */
  requiredClaims?: RequiredClaims;
  /**
   * Seconds that this machine's clock is set forward by when times are checked; finite, ≥ 0.
   *
   * Environment: `MONOCLOUD_BACKEND_CLOCK_SKEW`.
   * @defaultValue `0`
   */
  clockSkew?: number;
  /**
   * Seconds by which `exp` may have passed and `nbf` may be to come; finite, ≥ 0 (RFC 7519 §4.1.4).
   * A token passes while `exp > now + clockSkew - clockTolerance`.
   *
   * Environment: `MONOCLOUD_BACKEND_CLOCK_TOLERANCE`.
   * @defaultValue `300`
   */
  clockTolerance?: number;
  /**
   * Seconds for which the tenant's keys are used before they are fetched again; finite, ≥ 0.
   *
   * Environment: `MONOCLOUD_BACKEND_JWKS_CACHE_DURATION`.
   * @defaultValue `300`
   */
  jwksCacheDuration?: number;
  /**
   * Seconds for which the discovery document is used before it is fetched again; finite, ≥ 0.
   *
   * Environment: `MONOCLOUD_BACKEND_METADATA_CACHE_DURATION`.
   * @defaultValue `300`
   */
  metadataCacheDuration?: number;
  /**
   * Seconds past their freshness for which the last good keys serve while the tenant can't be reached;
   * 0 to 86400.
   *
   * Environment: `MONOCLOUD_BACKEND_JWKS_STALE_DURATION`.
   * @defaultValue `3600`
   */
  jwksStaleDuration?: number;
  /**
   * Milliseconds for one whole exchange with the tenant, from connecting to the last byte; ≥ 1000.
   *
   * Environment: `MONOCLOUD_BACKEND_RESPONSE_TIMEOUT`.
   * @defaultValue `10000`
   */
  responseTimeout?: number;
  /**
   * The most introspection requests in flight at the tenant at the same time; an integer, ≥ 1. At most
   * 1,024 more wait, each no longer than `responseTimeout`; what finds no place is refused with
   * `introspection_limit`.
   *
   * Environment: `MONOCLOUD_BACKEND_MAX_CONCURRENT_INTROSPECTIONS`.
   * @defaultValue `64`
   */
  maxConcurrentIntrospections?: number;
  /**
   * The longest token that is looked at, in bytes; ≥ 1, and at most 1 MiB. A longer one is refused with
   * `token_too_large`.
   *
   * Environment: `MONOCLOUD_BACKEND_MAX_TOKEN_BYTES`.
   * @defaultValue `16384`
   */
  maxTokenBytes?: number;
  /**
   * What may be remembered of tokens whose signature was verified before, in bytes, for the process;
   * `0`: nothing. Half of it is for verdicts, by the SHA-256 of the token, and half for the claims of
   * tokens that keep coming; the tokens themselves are not kept. Each further worker thread may keep
   * another half for its own claims.
   *
   * It changes no answer: times, scopes, groups and certificate binding are checked each time, and a
   * verdict counts only while the key that it rests on is in the tenant's key set.
   *
   * Environment: `MONOCLOUD_BACKEND_VERIFIED_TOKENS_BYTES`.
   * @defaultValue `33554432`
   */
  verifiedTokensBytes?: number;
  /** The client certificate and roots of the built-in HTTP client. A `fetcher` brings its own. */
  tls?: TlsOptions;
  /**
   * Makes every request to the tenant instead of the built-in HTTP client. Called as `fetch(url, init)`.
   *
   * `fetch` itself fits, undici's `fetch` fits, and so does any function that returns a `Response`.
   * Where it throws, validation rejects with {@link MonoCloudHttpError}.
   *
   * @param input - Where the request goes: an absolute URL.
   * @param init - How it is made.
   * @returns The answer. Its body is read once.
   * @example
   * ```ts
   * const client = new MonoCloudBackendNodeClient({
   *   fetcher: async (url, init) => {
   *     const response = await fetch(url, init);
   *     console.log(response.status, url);
   *     return response;
   *   },
   * });
   * ```
   */
  // A method, not a property: its parameters are then compared leniently, so that a function that
  // asks for `string` alone, or for another library's `RequestInit`, is taken too.
  fetcher?(input: FetcherInput, init?: FetcherInit): Promise<FetcherResponse>;
  /**
   * Supplies the discovery document instead of a request. It is asked when a request would be made,
   * and its answer is kept for `metadataCacheDuration`. Where it throws, validation rejects with
   * {@link MonoCloudHttpError}. A client with several `issuers` names the one that is meant.
   *
   * @example
   * ```ts
   * const client = new MonoCloudBackendNodeClient({
   *   metadataResolver: () => ({
   *     issuer: 'https://acme.us.monocloud.com',
   *     jwks_uri: 'https://acme.us.monocloud.com/.well-known/jwks',
   *   }),
   * });
   * ```
   */
  metadataResolver?: (issuer?: string) => Promise<MetadataResolverResult> | MetadataResolverResult;
  /**
   * Supplies the tenant's keys instead of a request. It is asked when a request would be made, and its
   * answer is kept for `jwksCacheDuration`. Where it throws, validation rejects with
   * {@link MonoCloudHttpError}. A client with several `issuers` names the one that is meant.
   *
   * @example
   * ```ts
   * const client = new MonoCloudBackendNodeClient({
   *   jwksResolver: async () => JSON.parse(await readFile('jwks.json', 'utf8')),
   * });
   * ```
   */
  jwksResolver?: (issuer?: string) => Promise<Jwks> | Jwks;
}

/**
 * Where DPoP proofs are remembered, so that each can be used once: by all processes of an API.
 * `createRedisReplayStore` of `@monocloud/backend-node/redis` makes one.
 *
 * A store that throws, rejects, does not answer within a second, or resolves to something else than a boolean
 * makes the request a 503.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9449#section-11.1 RFC 9449 §11.1}
 * @example
 * ```ts
 * class SqlReplayStore implements IReplayStore {
 *   constructor(private readonly db: { insertOrIgnore(key: string, until: Date): Promise<number> }) {}
 *
 *   async add(key: string, expiresAt: number) {
 *     return (await this.db.insertOrIgnore(key, new Date(expiresAt * 1000))) === 1;
 *   }
 * }
 * ```
 */
export interface IReplayStore {
  /**
   * Remembers a key, in one step.
   *
   * @param key - 43 characters of base64url.
   * @param expiresAt - When the key may be forgotten, in seconds since 1970.
   * @returns `true` where the key was new, `false` where it was known.
   */
  add(key: string, expiresAt: number): Promise<boolean>;
}

/** The algorithms that a DPoP proof may be signed with (RFC 7518 §3.1, RFC 9864). */
export type DPoPAlgorithm = Exclude<JwsAlgorithm, 'ES512'>;

/**
 * Which tokens need a DPoP proof. `when_present`: those that are bound to a key (`cnf.jkt`). `required`: every
 * token must be bound to one. `dangerously_ignore`: none; a bound token passes like a bearer token.
 */
export type DPoPMode = 'when_present' | 'required' | 'dangerously_ignore';

/**
 * How DPoP proofs are checked.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9449 RFC 9449}
 */
export interface DPoPOptions {
  /**
   * Which tokens need a proof. Environment: `MONOCLOUD_BACKEND_DPOP`.
   * @defaultValue `'when_present'`
   */
  mode?: DPoPMode;
  /**
   * The algorithms of proofs; at least one.
   * @defaultValue ES256, ES384, PS256, PS384, PS512, RS256, RS384, RS512 and EdDSA
   */
  algorithms?: DPoPAlgorithm[];
  /**
   * The most seconds since a proof's `iat`, from 1 to 3,600. A proof may be from the future by
   * `clockTolerance`, and by 60 seconds at the most.
   * @defaultValue `60`
   */
  maxAge?: number;
  /**
   * Where proofs are remembered. Without it, in the process: all worker threads share 1,000,000 places.
   */
  replayStore?: IReplayStore;
  /**
   * Asks for nonces (RFC 9449 §9). They are made from the secret and the time, and nothing is stored: every
   * process with the same secret takes them.
   */
  nonce?: {
    /** At least 32 bytes. */
    secret: string;
    /**
     * Seconds for which a nonce is handed out, from 1 to 86,400; it is accepted for as long again.
     * @defaultValue `300`
     */
    lifetime?: number;
  };
  /**
   * Scheme, host and port by which clients reach this API, where a proxy hides them from the framework:
   * `https://api.example.com`. Without it, the framework says, by its own trust in proxies.
   */
  origin?: string;
}

/** The DPoP proof of a request, and what it is for: for programs without a guard. */
export interface DPoPRequest {
  /** The header `DPoP`; `undefined` where the request has none. */
  proof: string | undefined;
  /** The request's method. */
  method: string;
  /** The absolute URL that the client asked for. Its query and fragment are not looked at. */
  url: string;
  /**
   * The scheme of `Authorization`. A proof beside a bearer token is refused.
   * @defaultValue `'DPoP'`
   */
  scheme?: 'DPoP' | 'Bearer';
  /** `true`: the token must be bound to a key. `false`: not checked. Unset: the client's mode. */
  required?: boolean;
}

/**
 * The metadata of a protected resource (RFC 9728 §2). `bearer_methods_supported` and
 * `tls_client_certificate_bound_access_tokens` are not options: the document says what the guard does.
 */
export interface ResourceMetadataOptions {
  /**
   * The API's URL, as clients name it in `resource` (RFC 8707 §2): `https:`, without query or fragment (`http:` for
   * loopback hosts only). With and without a slash at its end, the document is at the same URL.
   */
  resource: string;
  /**
   * Issuers whose tokens the API accepts.
   * @defaultValue those of the client
   */
  authorizationServers?: string[];
  /** Scopes that clients may ask for. */
  scopesSupported?: string[];
  /** A name of the API for people. */
  resourceName?: string;
  /** The URL of documentation for developers. */
  resourceDocumentation?: string;
  /** The URL of the rules on how the API's data may be used. */
  resourcePolicyUri?: string;
  /** The URL of the terms of service. */
  resourceTosUri?: string;
}

/**
 * Options of {@link MonoCloudBackendNodeClient} and of `protectApi()`.
 *
 * An option that is given wins over its environment variable, which wins over the default. An empty
 * variable counts as unset; one that does not parse stops the constructor.
 */
export interface MonoCloudBackendNodeClientOptions extends MonoCloudOidcBackendClientOptions {
  /**
   * The tenant's URL, as tokens have it in `iss`: absolute and `https:`, without query, fragment or user
   * info (`http:` for loopback hosts only). One trailing slash is dropped.
   *
   * Environment: `MONOCLOUD_BACKEND_TENANT_DOMAIN`. Required in one of the two places, unless there is an
   * `issuer` or there are `issuers`.
   */
  tenantDomain: string;
  /**
   * An issuer that is no MonoCloud tenant, as tokens have it in `iss`: compared byte for byte, a slash at
   * its end included. Alone it is also where discovery starts (`<issuer>` without that slash, plus
   * `/.well-known/openid-configuration`, OpenID Connect Discovery 1.0 §4). Beside `tenantDomain`, discovery
   * starts at the tenant domain, whose document must name this `issuer`.
   *
   * Environment: `MONOCLOUD_BACKEND_ISSUER`.
   * @defaultValue `tenantDomain`
   */
  issuer?: string;
  /**
   * This API's identifier, a URI, as tokens have it in `aud` (RFC 9068 §4). Compared byte for byte: a
   * trailing slash makes another audience. A list: a token needs one of them.
   *
   * Beside `issuer` it may be any string that is not empty and has no white space (a GUID, `api://…`), and
   * `false` where the issuer's tokens carry no `aud`; then `clientIds` is required.
   *
   * Environment: `MONOCLOUD_BACKEND_AUDIENCE`. Required in one of the two places.
   */
  audience: string | string[] | false;
  /**
   * Several issuers, in place of `issuer` and `tenantDomain`. A token goes to the entry whose `issuer` equals
   * its `iss`, byte for byte; no other issuer is asked about it. Options beside the list hold for each entry
   * that does not have them. Opaque tokens go to the one entry with a `clientId`.
   *
   * The constructor throws {@link MonoCloudValidationError} for a list that is empty, that names an issuer
   * twice, or that has a `clientId` in several entries.
   *
   * @example
   * ```ts
   * const client = new MonoCloudBackendNodeClient({
   *   audience: 'https://api.example.com',
   *   issuers: [
   *     { issuer: 'https://acme.us.monocloud.com' },
   *     { issuer: 'https://acme.eu.auth0.com/', scopesClaim: 'permissions' },
   *   ],
   * });
   * ```
   */
  issuers?: IssuerOptions[];
  /**
   * What the API publishes about itself (RFC 9728). Every challenge names the document's URL in `resource_metadata`,
   * and `protect.metadata()` of each framework serves it.
   */
  resourceMetadata?: ResourceMetadataOptions;
  /** Claims by raw token, asked before a token is validated. There is no environment variable for it. */
  cache?: ICache;
  /**
   * `true`: JWTs are looked up at the introspection endpoint like opaque tokens, and `clientId` is needed.
   *
   * Environment: `MONOCLOUD_BACKEND_INTROSPECT_JWT_TOKENS`.
   * @defaultValue `false`
   */
  introspectJwtTokens?: boolean;
  /**
   * Whether tokens must be bound to the client certificate (RFC 8705 §3), where a route does not say.
   *
   * Environment: `MONOCLOUD_BACKEND_VALIDATE_CERTIFICATE_BINDING`.
   * @defaultValue `'when_present'`
   */
  validateCertificateBinding?: CertificateBindingValidation;
  /**
   * Proof of possession by DPoP (RFC 9449): a mode, or an object with more. Where it is given at all, challenges
   * offer the scheme `DPoP`.
   *
   * Environment: `MONOCLOUD_BACKEND_DPOP` (the mode).
   * @defaultValue `'when_present'`
   */
  dpop?: DPoPMode | DPoPOptions;
  /**
   * `'fapi2'`: the rules of the FAPI 2.0 Security Profile for resource servers. Every token must be bound, to a
   * certificate or to a DPoP key, and no route can turn that off; tokens and proofs are signed with PS256,
   * ES256 or EdDSA; proofs are at most 60 seconds old.
   *
   * Environment: `MONOCLOUD_BACKEND_PROFILE`.
   */
  profile?: 'fapi2';
  /**
   * The most seconds for which an introspected token is kept in `cache`; unset: until its `exp`.
   *
   * Environment: `MONOCLOUD_BACKEND_INTROSPECTION_CACHE_DURATION`.
   */
  introspectionCacheDuration?: number;
  /**
   * Milliseconds that a request waits for `cache`, for all that it asks of it, before the token is
   * validated without it; finite, ≥ 0.
   *
   * Environment: `MONOCLOUD_BACKEND_CACHE_TIMEOUT`.
   * @defaultValue `100`
   */
  cacheTimeout?: number;
}

/**
 * One entry of `issuers`. An option that is absent has the value that stands beside the list, or that of its
 * environment variable, or its default. `audience`, `clientIds` and what is about the client's credentials
 * are not taken from the environment.
 */
export interface IssuerOptions
  extends Partial<
    Pick<
      MonoCloudBackendNodeClientOptions,
      | 'tenantDomain'
      | 'audience'
      | 'clientIds'
      | 'clientId'
      | 'clientSecret'
      | 'clientAuthMethod'
      | 'groupOptions'
      | 'scopesClaim'
      | 'requiredClaims'
      | 'jwksCacheDuration'
      | 'metadataCacheDuration'
      | 'jwksStaleDuration'
      | 'introspectJwtTokens'
      | 'trustStoreId'
      | 'validateCertificateBinding'
      | 'responseTimeout'
      | 'maxConcurrentIntrospections'
    >
  > {
  /** The issuer, as its tokens have it in `iss`. Compared byte for byte. */
  issuer: string;
}

// ---------------------------------------------------------------------------------------------
// Statistics
//
// The counters of `client.stats()`.
// ---------------------------------------------------------------------------------------------

/** The state of an issuer's documents, and requests for them. Counters only grow. */
export interface IssuerDocumentStats {
  /** The issuer's keys. */
  keys: {
    /** `none`: not fetched yet. `stale`: past its time. `expired`: past `jwksStaleDuration`, too. */
    state: 'none' | 'fresh' | 'stale' | 'expired';
    /** Seconds since they were fetched, or found unchanged. */
    ageSeconds?: number;
    /** How many verify signatures. */
    usable: number;
    /** How many don't, by reason: `unsupported_key_type`, `weak_or_oversized`, … */
    skipped: Record<string, number>;
  };
  /** Requests for the discovery document. */
  metadataRequests: number;
  /** Requests for the JWKS. */
  jwksRequests: number;
  /** Documents that came, or were found unchanged. */
  refreshes: number;
  /** Attempts that failed. */
  failedRefreshes: number;
  /** Tokens served by keys past their time, because the issuer could not be reached. */
  staleUses: number;
  /** Requests made because of a token whose key nobody knew. */
  unknownKeyLookups: number;
}

/** What is counted of one of several `issuers`. */
export interface IssuerStats extends IssuerDocumentStats {
  /** Which. */
  issuer: string;
}

/**
 * What {@link MonoCloudOidcBackendClient.stats} returns. Counters only grow. Those of documents belong to the
 * key set, which all clients of a tenant in the process share. With several `issuers` they are sums, and
 * `keys` and `clockOffsetSeconds` are those of the first.
 */
export interface ClientStats extends IssuerDocumentStats {
  /** Tokens that this client let in. */
  accepted: number;
  /** Those of them whose signature had been verified before: see `verifiedTokensBytes`. */
  seenBefore: number;
  /** Tokens that it did not, whatever for. */
  refused: number;
  /** What this client's `cache` did; empty without one. */
  cache: {
    /** Tokens whose claims it had. */
    hits?: number;
    /** Tokens of which it had nothing that still counts. */
    misses?: number;
    /** Calls in which it threw, took too long, or answered with what are no claims. */
    faults?: number;
  };
  /** Each of several `issuers`, in their order; absent where there is one. */
  issuers?: IssuerStats[];
  /**
   * Whole seconds by which this machine's clock was ahead of the tenant's when the tenant last answered
   * (negative: behind). Absent before the first answer, and where an answer has no `Date`.
   */
  clockOffsetSeconds?: number;
}

// ---------------------------------------------------------------------------------------------
// Explanations
//
// The result of `client.explain()`: each rule, its outcome, and advice.
// ---------------------------------------------------------------------------------------------

/**
 * What is asked of a token, in the order in which it is asked. A JWT has no `client` and no
 * `introspection`; a token that the tenant is asked about has no `header`, `keys`, `key` and `signature`.
 */
export type ExplanationRule =
  /** It is no longer than `maxTokenBytes`, and a JWT is in three parts (RFC 7515 §7.1). */
  | 'form'
  /** Its header can be read, and its `alg`, `typ` and `crit` are acceptable (RFC 7515 §4, RFC 9068 §2.1). */
  | 'header'
  /** The tenant's metadata and keys could be had. */
  | 'keys'
  /** One of them, and only one, is the token's (RFC 7517 §4.5). */
  | 'key'
  /** That key made the signature (RFC 7515 §5.2). */
  | 'signature'
  /** This client may ask the tenant: there is a `clientId`. */
  | 'client'
  /** The tenant says that the token is active (RFC 7662 §2.2). */
  | 'introspection'
  /** The claims are a JSON object that names each member once. */
  | 'payload'
  /** `iss` is the tenant (RFC 9068 §4). */
  | 'issuer'
  /** `sub`, where it is there, is a string (RFC 7519 §4.1.2). */
  | 'subject'
  /** `aud` is this API, or names it among others (RFC 9068 §4). */
  | 'audience'
  /** `client_id`, or where that is absent `azp`, is one of `clientIds`. */
  | 'client_id'
  /** The claims are those that `requiredClaims` asks for. */
  | 'required_claims'
  /** `exp` is to come (RFC 7519 §4.1.4). */
  | 'expiration'
  /** `nbf`, where it is there, has come (RFC 7519 §4.1.5). */
  | 'not_before'
  /** `scope` has what the route asks for (RFC 6749 §3.3). */
  | 'scopes'
  /** The groups claim has what the route asks for. */
  | 'groups'
  /** The claims are those that the route asks for in `claims`. */
  | 'claims'
  /** `acr` and `auth_time` are what the route asks for in `acr` and `maxAge` (RFC 9470 §5). */
  | 'authentication'
  /** The certificate is the one that the token is bound to (RFC 8705 §3). */
  | 'binding'
  /** The token comes with the scheme that its binding and the configuration ask for (RFC 9449 §7). */
  | 'dpop'
  // Those on the proof (RFC 9449 §4.3) are there where the request has one. A proof is not spent, and it is
  // not asked whether it has been.
  /** There is one `DPoP` header, and it can be read. */
  | 'dpop_form'
  /** `typ` is `dpop+jwt`. */
  | 'dpop_type'
  /** `alg` is one that is accepted. */
  | 'dpop_algorithm'
  /** `jwk` is a public key. */
  | 'dpop_key'
  /** `jti`, `htm`, `htu`, `iat` and `ath` are there. */
  | 'dpop_claims'
  /** `htm` is the method. */
  | 'dpop_method'
  /** `htu` is the URL. */
  | 'dpop_url'
  /** `iat` is neither too old nor in the future. */
  | 'dpop_time'
  /** `ath` is the hash of the token. */
  | 'dpop_token_hash'
  /** The key is the one that the token is bound to. */
  | 'dpop_binding'
  /** `nonce` is one that is good now. */
  | 'dpop_nonce'
  /** The key made the signature. */
  | 'dpop_signature';

/** One rule, and what came of it. */
export interface ExplanationStep {
  /** Which. */
  rule: ExplanationRule;
  /**
   * `passed`, `failed`; `not_asked`: neither route nor token ask for it; `not_reached`: what comes before
   * it left nothing to look at.
   */
  outcome: 'passed' | 'failed' | 'not_asked' | 'not_reached';
  /** Of a failed one: the stable machine word, as in the error that it leads to. */
  reason?: string;
  /** Of a failed one: what is wrong, for people. */
  message?: string;
  /** Of a failed one: what to change. */
  advice?: string;
  /**
   * What was looked at: of claims only those that the rules are about, long texts cut. Its shape is the
   * rule's own, and may grow; it is for people.
   */
  found?: unknown;
  /** What it was held to. */
  expected?: unknown;
}

/**
 * Why a token passes or does not: what {@link MonoCloudOidcBackendClient.explain} resolves to.
 *
 * For whoever runs the API. It is not meant for whoever sent the token.
 */
export interface Explanation {
  /** Whether the token passes. */
  ok: boolean;
  /** Whether it was verified here, or the tenant was asked about it. */
  kind: 'jwt' | 'introspected';
  /** What a guarded route answers: 200 where its handler runs, else 401, 403, 500 or 503. */
  status: number;
  /** What `validateAccessToken` rejects with; absent where the token passes. */
  error?: MonoCloudAuthBaseError;
  /**
   * All rules in their order. The first that failed is why the token is refused. Those after it were
   * looked at nevertheless, so that everything is seen at once; where the signature did not pass, the
   * claims are the token's own words.
   */
  steps: ExplanationStep[];
  /** As in {@link ClientStats.clockOffsetSeconds}. */
  clockOffsetSeconds?: number;
  /** What to do about a clock that is more than half a minute off. */
  clockAdvice?: string;
}

/** Whose certificate it was; times in epoch seconds. */
export interface CertificateDescription {
  /** The subject's distinguished name. */
  subject: string;
  /** From when it counts. */
  notBefore: number;
  /** Until when it counts. */
  notAfter: number;
}

// ---------------------------------------------------------------------------------------------
// Options of a validation
//
// The options of the methods that validate a token.
// ---------------------------------------------------------------------------------------------

/**
 * What is asked of a token besides being genuine and alive.
 *
 * @example
 * ```ts
 * const options: IntrospectOptions = { scopes: ['posts:read', 'posts:write'], groups: ['editors'] };
 * ```
 */
export interface IntrospectOptions {
  /** Scopes that must all be in the token's `scope`. Empty or absent: none is asked for. */
  scopes?: string[];
  /** Scopes of which one must be in the token's `scope`; at least one entry. Absent: none is asked for. */
  anyScope?: string[];
  /**
   * Groups of which one must be in the token's groups claim, or all with `groupOptions.matchAll`.
   * Empty or absent: none is asked for.
   */
  groups?: string[];
  /** Claims that the token must have; else `access_denied`. Empty or absent: none is asked for. */
  claims?: RequiredClaims;
  /**
   * Authentication context classes of which one must be the token's `acr` (RFC 9470 §5, OpenID Connect Core
   * 1.0 §2); at least one entry. Else `insufficient_user_authentication`.
   */
  acr?: string[];
  /**
   * The most seconds that may have passed since the user signed in, by the token's `auth_time` (RFC 9470 §5);
   * a finite number, ≥ 0. `clockTolerance` is not added to it. Else `insufficient_user_authentication`, also
   * where `auth_time` is missing, is no number, or is further in the future than `clockTolerance` allows.
   */
  maxAge?: number;
  /**
   * `true`: token and request must both show the same certificate (RFC 8705 §3). `false`: not checked
   * for this token. A mode, or unset: that mode, or the client's.
   */
  validateCertificateBinding?: boolean | CertificateBindingValidation;
  /** The certificate that the client showed: PEM, with or without its delimiter lines. */
  clientCertificate?: string;
  /**
   * An object: the DPoP proof of the request, and what it is for (RFC 9449). `true`: a proof is required and the
   * request has none, so that the token is refused. `false`: neither binding nor proof is checked. Unset: the token
   * came as a bearer token.
   */
  dpop?: boolean | DPoPRequest;
}

/** Options of {@link MonoCloudOidcBackendClient.validateJwtAccessToken}. */
export interface ValidateJwtAccessTokenOptions extends IntrospectOptions {
  /** Keys to verify with instead of the tenant's. No request is made. */
  jwks?: Jwks;
}

/** Options of {@link MonoCloudBackendNodeClient.validateAccessToken}. */
export interface ValidateAccessTokenOptions extends IntrospectOptions {}

// ---------------------------------------------------------------------------------------------
// Guards
//
// The options and functions that the adapters of all frameworks share.
// ---------------------------------------------------------------------------------------------

/**
 * What a route asks of its callers: `protect({ scopes: ['posts:write'] })`.
 *
 * @typeParam Scopes - The scopes that there are, as a union: a scope that is not one of them does not compile.
 * @typeParam T - The framework's request, which `authorize` gets.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9470 RFC 9470}
 * @example
 * ```ts
 * const writers: ProtectOptions = { scopes: ['posts:write'], groups: ['editors', 'admins'] };
 * ```
 *
 * @example
 * ```ts
 * // The user has signed in with a second factor, in the last five minutes.
 * const payments: ProtectOptions<'payments:write'> = {
 *   scopes: ['payments:write'],
 *   acr: ['urn:example:mfa'],
 *   maxAge: 300,
 * };
 * ```
 */
export interface ProtectOptions<Scopes extends string = string, T = any> {
  /** Scopes that the token must all have; else 403. */
  scopes?: Scopes[];
  /** Scopes of which the token must have one; at least one entry. Else 403. */
  anyScope?: Scopes[];
  /** Groups of which the token must have one, or all with `groupOptions.matchAll`; else 403. */
  groups?: string[];
  /** Claims that the token must have, each with its value or one of several; else 403. */
  claims?: RequiredClaims;
  /**
   * Authentication context classes of which one must be the token's `acr` (OpenID Connect Core 1.0 §2); at
   * least one entry. Else 401 with `error="insufficient_user_authentication"` and `acr_values`
   * (RFC 9470 §3).
   */
  acr?: string[];
  /**
   * The most seconds that may have passed since the user signed in, by the token's `auth_time`; a finite
   * number, ≥ 0. `clockTolerance` is not added to it. Else 401 with
   * `error="insufficient_user_authentication"` and `max_age` (RFC 9470 §3).
   */
  maxAge?: number;
  /**
   * A rule of your own. It is called last, when the token has passed everything else, with the claims that
   * the handler gets. Only `true`, or a promise of `true`, lets the request in; anything else is 403. What it
   * throws is 403, too, and is published on the channel `refused`. It has no time limit but the request's.
   *
   * It is not called for a request without a token (see `optional`).
   *
   * @param claims - The claims of the token.
   * @param request - The framework's request.
   * @returns Whether the request may go on.
   * @example
   * ```ts
   * app.get(
   *   '/orgs/:org/invoices',
   *   protect({ authorize: (claims, req) => claims['org'] === req.params['org'] }),
   *   (_req, res) => void res.json([]),
   * );
   * ```
   */
  // A method, so that its parameters are compared leniently: a function that asks for claims or a request of
  // your own is taken, too.
  authorize?(claims: AccessTokenClaims, request: T): boolean | PromiseLike<boolean>;
  /**
   * `true`: a request without a token passes, and its `claims` are `undefined`. A token that does not pass is
   * refused as ever, and so is a header `Authorization: Bearer` or `DPoP` without exactly one token.
   *
   * @defaultValue `false`
   */
  optional?: boolean;
  /**
   * `true`: the token must be bound to the certificate that `certificateResolver` returns (RFC 8705 §3);
   * else 401. `false`: not checked on this route. Unset: the client's `validateCertificateBinding`.
   */
  validateCertificateBinding?: boolean;
  /**
   * `true`: the token must be bound to a DPoP key, and the request needs a proof (RFC 9449); else 401. `false`:
   * not checked on this route. Unset: the client's `dpop`.
   */
  dpop?: boolean;
}

/**
 * Finds the access token in a request. It comes first; where it returns nothing, the `Authorization`
 * header is read. Where it throws, the answer is 401.
 *
 * @typeParam T - The framework's request.
 * @param req - The request, before anything of it was checked.
 * @returns The token, without `Bearer`; or nothing.
 * @example
 * ```ts
 * const fromQuery: TokenResolver<{ url: string }> = (req) =>
 *   new URL(req.url, 'http://localhost').searchParams.get('access_token');
 * ```
 */
export type TokenResolver<T> = (
  req: T,
) => Promise<string | null | undefined> | string | null | undefined;

/**
 * Finds the client certificate of a request: PEM, with or without its delimiter lines. Returning nothing
 * means that the client showed none. Called for each request of a guarded route, unless the route says
 * `validateCertificateBinding: false`. Where it throws, the answer is 401.
 *
 * `certificateFromSocket()` and `certificateFromHeader()`, in `/express` and `/fastify`, make ready ones.
 *
 * @typeParam T - The framework's request.
 * @param req - The request, before anything of it was checked.
 * @returns The PEM; or nothing.
 */
export type ClientCertificateResolver<T> = (
  req: T,
) => Promise<string | null | undefined> | string | null | undefined;

/**
 * The proxy that terminates TLS, and so how the client's certificate is written into a header.
 *
 * Each must be told to ask for certificates and to set the header itself on **every** request, so that one
 * that came from outside is replaced or removed, also where the client showed no certificate. Where the
 * proxy need not judge the certificate, let it take any: the token says which is the right one.
 *
 * - `nginx`: `ssl-client-cert`. `ssl_verify_client optional_no_ca;` and
 *   `proxy_set_header ssl-client-cert $ssl_client_escaped_cert;`. Kubernetes' ingress-nginx sets it with
 *   `auth-tls-pass-certificate-to-upstream`.
 * - `aws-alb`: `X-Amzn-Mtls-Clientcert-Leaf`, of the mutual TLS mode "verify". In the mode "passthrough" the
 *   load balancer sets another one: name it, `header: 'X-Amzn-Mtls-Clientcert'`. `trustProxy` is the range
 *   of the load balancer's subnets.
 * - `envoy`: `x-forwarded-client-cert`. `forward_client_cert_details: SANITIZE_SET` and
 *   `set_current_client_cert_details: { cert: true }`, or `chain: true`. Of several elements the last
 *   counts, which is the nearest proxy's own; those before it can come from anybody. Leave `uri` and `dns`
 *   off where elements are appended: Envoy does not quote them, so no certificate is taken after them.
 *   Behind a second Envoy over mutual TLS, have that one `FORWARD_ONLY`, or it shows the first one's
 *   certificate.
 * - `haproxy`: `X-SSL-Client-Cert`. `bind … ssl verify optional ca-file … crt-ignore-err all ca-ignore-err all`
 *   and `http-request set-header X-SSL-Client-Cert %[ssl_c_der,base64]`, without a condition. If clients
 *   lose their certificate on their second connection, set `no-tls-tickets`.
 * - `apache`: `SSL_CLIENT_CERT`. `SSLVerifyClient optional_no_ca` and
 *   `RequestHeader set SSL_CLIENT_CERT "%{SSL_CLIENT_CERT}s"`.
 * - `rfc9440`: `Client-Cert`, from any proxy that follows RFC 9440 §2.2. `Client-Cert-Chain` is not read.
 */
export type CertificateHeaderFormat =
  | 'nginx'
  | 'aws-alb'
  | 'envoy'
  | 'haproxy'
  | 'apache'
  | 'rfc9440';

/**
 * Options of `certificateFromHeader()`, in `/express` and `/fastify`.
 *
 * @example
 * ```ts
 * const options: CertificateFromHeaderOptions = {
 *   format: 'nginx',
 *   trustProxy: ['loopback', '10.0.0.0/8'],
 * };
 * ```
 */
export interface CertificateFromHeaderOptions {
  /** Which proxy writes the header. */
  format: CertificateHeaderFormat;
  /**
   * The header's name, where it is not the usual one.
   *
   * @defaultValue that of the format; see {@link CertificateHeaderFormat}
   */
  header?: string;
  /**
   * Where the proxy is. It is compared with the address that the connection comes from, never with one
   * out of a header:
   *
   * - Addresses and CIDR ranges, IPv4 or IPv6, as an array or separated by commas. An IPv4 address also
   *   means the same as an IPv6 socket shows it (`::ffff:10.0.0.1`). `loopback`, `linklocal` and
   *   `uniquelocal` are ranges, as in Express and Fastify.
   * - A function of the address, and `0` for the hop, such as `app.get('trust proxy fn')`. Only `true`
   *   trusts. On a Unix socket the address is `''`.
   * - `true`: the framework's own setting, which has to name addresses. Where it trusts whoever connects
   *   (`true`, or a number of hops), no header is believed, and a process warning says so once.
   *
   * There is no default: a header that anybody may set proves nothing.
   */
  trustProxy: true | string | readonly string[] | ((address: string, hop: number) => boolean);
}

/**
 * How `protectApi()` reads a request.
 *
 * @typeParam T - The framework's request.
 */
export interface ProtectApiRequestOptions<T> {
  /** Finds the token somewhere else than in `Authorization: Bearer …`. */
  tokenResolver?: TokenResolver<T>;
  /** Finds the client certificate, for certificate-bound tokens. */
  certificateResolver?: ClientCertificateResolver<T>;
  /** Replaces the answer to a request that is refused: another body, for example. */
  errorResponse?: ErrorResponse<T>;
}

/** The answer to a request that is refused, as the guard would send it. */
export interface ErrorAnswer {
  /** HTTP status: 401, 403, 500 or 503. */
  status: number;
  /** What is sent as JSON. */
  body: {
    /** `unauthorized`, `forbidden`, `internal server error` or `service unavailable`. */
    message: string;
  };
  /** `WWW-Authenticate` (RFC 6750 §3), `Retry-After`, or none. */
  headers: Record<string, string>;
}

/** An answer in place of the guard's. */
export interface ErrorReply {
  /** HTTP status, from 400 to 599. Any other is an error of the application's. */
  status: number;
  /** What is sent as JSON. Absent: nothing. */
  body?: unknown;
  /** All headers of the answer. Absent: those of the guard's answer, with its challenge. */
  headers?: Record<string, string | number>;
}

/** What an `errorResponse` returns: an answer, or nothing. */
// biome-ignore lint/suspicious/noConfusingVoidType: a function without `return` is one, too.
export type MaybeErrorReply = ErrorReply | null | undefined | void;

/**
 * Makes the answer to a request that is refused. It is called with the guard's own answer, and returns another,
 * or nothing for that one. It can't let a request in: a status below 400 or above 599, what it throws and
 * what it rejects with go to the framework's error handler.
 *
 * @typeParam T - The framework's request.
 * @param answer - The guard's own answer, a copy.
 * @param error - What `validateAccessToken` rejected with, or what a resolver threw; `undefined` where the
 * request has no token. Its `reason` is for your log and not for the caller.
 * @param request - The request.
 * @returns The answer to send; nothing: the guard's own. A promise is awaited.
 * @example
 * ```ts
 * const errorResponse: ErrorResponse<unknown> = ({ status, body, headers }, error) => ({
 *   status,
 *   headers,
 *   body: { error: body.message, code: error instanceof MonoCloudTokenError ? error.code : undefined },
 * });
 * const protect = protectApi({ errorResponse });
 * ```
 */
export type ErrorResponse<T> = (
  answer: ErrorAnswer,
  error: unknown,
  request: T,
) => MaybeErrorReply | PromiseLike<MaybeErrorReply>;

/** Options of `problemDetails()`, in `/express` and `/fastify`. */
export interface ProblemDetailsOptions {
  /**
   * What the `code` of a token error is appended to, for the member `type` (RFC 9457 §3.1.1). Unset, and
   * for errors without a code: `about:blank`.
   */
  typeBase?: string;
}

/** What an `errorResponse` of `problemDetails()` answers (RFC 9457 §3). */
export interface ProblemAnswer {
  /** HTTP status. */
  status: number;
  /** The problem. */
  body: {
    /** What kind of problem it is: `about:blank`, or `typeBase` and the error's code. */
    type: string;
    /** The status in words. */
    title: string;
    /** HTTP status. */
    status: number;
  };
  /** Those of the guard's own answer, and `Content-Type: application/problem+json`. */
  headers: Record<string, string>;
}

/**
 * Makes problem details (RFC 9457) of the guard's answers.
 *
 * @param answer - The guard's own answer.
 * @param error - What the request was refused for.
 * @returns The answer to send.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9457#section-3 RFC 9457 §3}
 */
// Without the request: so that the guard's type parameter is not inferred from it.
export type ProblemResponse = (answer: ErrorAnswer, error: unknown) => ProblemAnswer;

/**
 * All that `protectApi(client)` needs of a client: a {@link MonoCloudBackendNodeClient}, or an object of
 * your own in a test.
 *
 * @example
 * ```ts
 * const everybodyIsAda: AccessTokenValidator = {
 *   validateAccessToken: async () => ({ iss: '', sub: 'ada', aud: '', exp: 0, iat: 0 }),
 * };
 * ```
 */
export interface AccessTokenValidator {
  /**
   * Resolves to the claims, or rejects with one of the five error classes.
   *
   * @param accessToken - The token, without `Bearer`.
   * @param options - What the route asks for, and the certificate that the request came with.
   * @returns What the handler finds in `req.claims`.
   */
  validateAccessToken(
    accessToken: string,
    options?: ValidateAccessTokenOptions,
  ): Promise<AccessTokenClaims>;
}

// ---------------------------------------------------------------------------------------------
// Clients
//
// The two classes. `MonoCloudBackendNodeClient` adds the environment, the cache and `validateAccessToken`.
// ---------------------------------------------------------------------------------------------

/**
 * Validates access tokens of one tenant for one audience: the calls by kind of token, without
 * environment variables and without a cache. Most programs want {@link MonoCloudBackendNodeClient}.
 *
 * @example
 * ```ts
 * const client = new MonoCloudOidcBackendClient('acme.us.monocloud.com', 'https://api.example.com', {
 *   clientId: 'my-api',
 *   clientSecret: process.env['CLIENT_SECRET'] ?? '',
 * });
 * const { sub } = await client.introspectAccessToken(token);
 * ```
 */
export declare class MonoCloudOidcBackendClient {
  /**
   * @param tenantDomain - The tenant's URL. A bare host gets `https://`.
   * @param audience - This API's identifier, as tokens have it in `aud`.
   * @param options - The rest. `clientAuthMethod` is `client_secret_basic` unless given.
   * @throws {MonoCloudValidationError} for a bad value, before anything else happens.
   */
  constructor(tenantDomain: string, audience: string, options?: MonoCloudOidcBackendClientOptions);

  /**
   * Validates a JWT: header, key, signature, claims, scopes, groups, certificate binding, in this order
   * (RFC 9068 §4, RFC 8725). The first failure is the answer.
   *
   * @param accessToken - The compact form, `header.payload.signature`.
   * @param options - What the token must have besides.
   * @returns The claims, as they were signed.
   * @throws {MonoCloudTokenError} where the token does not pass; `reason` says why.
   * @throws {MonoCloudHttpError} where the tenant's metadata or keys could not be had.
   * @throws {MonoCloudValidationError} where `accessToken` is no string, or empty.
   * @see {@link https://www.rfc-editor.org/rfc/rfc9068#section-4 RFC 9068 §4}
   * @see {@link https://www.rfc-editor.org/rfc/rfc8725 RFC 8725}
   * @example
   * ```ts
   * // With keys that are there already: no request is made.
   * const jwks: Jwks = JSON.parse(await readFile('jwks.json', 'utf8'));
   * const claims = await client.validateJwtAccessToken(token, { jwks });
   * ```
   */
  validateJwtAccessToken(
    accessToken: string,
    options?: ValidateJwtAccessTokenOptions,
  ): Promise<AccessTokenClaims>;
  /**
   * The same, with a type for claims of your own. It is taken at your word, not checked.
   *
   * @typeParam T - What the claims are.
   */
  validateJwtAccessToken<T extends AccessTokenClaims>(
    accessToken: string,
    options?: ValidateJwtAccessTokenOptions,
  ): Promise<T>;

  /**
   * Asks the tenant whether a token is active (RFC 7662 §2), then checks its claims, scopes, groups and
   * certificate binding. Needs `clientId`.
   *
   * @param accessToken - A token of any form.
   * @param options - What the token must have besides.
   * @returns The claims in the tenant's answer, without `active`.
   * @throws {MonoCloudTokenError} where the token is not active or does not pass.
   * @throws {MonoCloudOPError} where the tenant refuses this client.
   * @throws {MonoCloudHttpError} where no readable answer came.
   * @throws {MonoCloudValidationError} where `clientId` is missing, or `accessToken` is no string, or empty.
   * @see {@link https://www.rfc-editor.org/rfc/rfc7662#section-2 RFC 7662 §2}
   */
  introspectAccessToken(
    accessToken: string,
    options?: IntrospectOptions,
  ): Promise<AccessTokenClaims>;
  /**
   * The same, with a type for claims of your own. It is taken at your word, not checked.
   *
   * @typeParam T - What the claims are.
   */
  introspectAccessToken<T extends AccessTokenClaims>(
    accessToken: string,
    options?: IntrospectOptions,
  ): Promise<T>;

  /**
   * Walks a token through each rule and says where it stops and what to change. It validates as
   * {@link MonoCloudBackendNodeClient.validateAccessToken} does, but for your `cache`, which is neither
   * asked nor filled, and a `validateJwtAccessToken` or `introspectAccessToken` that you have replaced. It
   * counts neither as accepted nor as refused.
   *
   * For a log or a support tool. What it finds is about the token: don't send it to whoever sent that.
   * From a terminal: `npx monocloud-backend doctor --token …`.
   *
   * @param accessToken - The token, without `Bearer`.
   * @param options - What the route asks for; `jwks` as for `validateJwtAccessToken`.
   * @returns What came of each rule. A token that does not pass is no error here.
   * @throws {MonoCloudValidationError} where `accessToken` is no string, or empty.
   * @example
   * ```ts
   * const { ok, steps } = await client.explain(token, { scopes: ['posts:write'] });
   * if (!ok) console.log(steps.find(({ outcome }) => outcome === 'failed')?.advice);
   * ```
   */
  explain(accessToken: string, options?: ValidateJwtAccessTokenOptions): Promise<Explanation>;

  /**
   * The tenant's discovery document, from the cache while it is fresh.
   *
   * @param forceRefresh - `true`: fetch it now. By default `false`.
   * @param issuer - Which of several `issuers`. A client with one needs none.
   * @returns An object of the caller's own.
   * @throws {MonoCloudHttpError} where it could not be had, or its `issuer` is another one.
   * @throws {MonoCloudValidationError} where `issuer` is none of the client's, or is missing and there are several.
   */
  getMetadata(forceRefresh?: boolean, issuer?: string): Promise<IssuerMetadata>;

  /**
   * The tenant's keys, from the cache while they are fresh.
   *
   * @param forceRefresh - `true`: fetch them now. By default `false`.
   * @param issuer - Which of several `issuers`. A client with one needs none.
   * @returns The set as the tenant publishes it, with the keys that can't be used.
   * @throws {MonoCloudHttpError} where they could not be had.
   * @throws {MonoCloudValidationError} where `issuer` is none of the client's, or is missing and there are several.
   */
  getJwks(forceRefresh?: boolean, issuer?: string): Promise<Jwks>;

  /**
   * Counters, and the state of the tenant's keys: for a health check or a metric.
   *
   * @returns A copy: keep one to compare it with a later one.
   * @example
   * ```ts
   * app.get('/health', (_req, res) => {
   *   const { state, ageSeconds } = client.stats().keys;
   *   res.status(state === 'expired' ? 503 : 200).json({ state, ageSeconds });
   * });
   * ```
   */
  stats(): ClientStats;

  /**
   * Sets `clockSkew` for the tokens that follow.
   *
   * @param clockSkew - Seconds, finite, ≥ 0.
   * @throws {MonoCloudValidationError} for another value.
   */
  setClockSkew(clockSkew: number): void;

  /**
   * Sets `clockTolerance` for the tokens that follow.
   *
   * @param clockTolerance - Seconds, finite, ≥ 0.
   * @throws {MonoCloudValidationError} for another value.
   */
  setClockTolerance(clockTolerance: number): void;

  /**
   * Reads the payload of a JWT **without verifying anything**: not the signature, not the issuer, not
   * the time. For looking at a token, never for letting it in.
   *
   * @typeParam T - What the claims are. It is taken at your word, not checked.
   * @param token - The compact form.
   * @returns The claims.
   * @throws {MonoCloudTokenError} where it is no JWT.
   * @example
   * ```ts
   * const { iss, aud } = MonoCloudBackendNodeClient.decodeJwt(token);
   * console.log('for', aud, 'by', iss);
   * ```
   */
  static decodeJwt<T extends JwtClaims = JwtClaims>(token: string): T;
}

/**
 * Validates access tokens of one tenant for one audience, whatever their form, configured by options
 * and by the environment.
 *
 * Build it once, when the program starts. It is an ordinary class: it can be subclassed, and a method
 * that is replaced on an instance is the one that is called.
 *
 * @example
 * ```ts
 * const client = new MonoCloudBackendNodeClient();
 * const claims = await client.validateAccessToken(token, { scopes: ['posts:write'] });
 * ```
 *
 * @example
 * ```ts
 * // A subclass, for what every token of this API has to have.
 * class MyClient extends MonoCloudBackendNodeClient {
 *   override async validateAccessToken(token: string, options?: ValidateAccessTokenOptions) {
 *     const claims = await super.validateAccessToken(token, options);
 *     if (claims.client_id === 'retired') throw new MonoCloudTokenError('This client is retired');
 *     return claims;
 *   }
 * }
 * ```
 */
export declare class MonoCloudBackendNodeClient extends MonoCloudOidcBackendClient {
  /**
   * @param options - Each wins over its environment variable. Nothing is fetched before the first token.
   * @throws {MonoCloudValidationError} where something required is missing or a value is bad; the
   * message names the option and its environment variable.
   */
  constructor(options?: Partial<MonoCloudBackendNodeClientOptions>);

  /**
   * Validates an access token. With exactly three parts between dots it is a JWT and is verified here,
   * unless `introspectJwtTokens` is set; anything else is looked up at the tenant (RFC 7662).
   *
   * @param accessToken - The token, without `Bearer`.
   * @param options - What the token must have besides being genuine and alive.
   * @returns The claims.
   * @throws {MonoCloudTokenError} where the token does not pass; `code` and `reason` say why.
   * @throws {MonoCloudOPError} where the tenant refuses this client.
   * @throws {MonoCloudHttpError} where the tenant could not be asked.
   * @throws {MonoCloudValidationError} where `accessToken` is no string, or empty, or is opaque and
   * there is no `clientId`.
   */
  validateAccessToken(
    accessToken: string,
    options?: ValidateAccessTokenOptions,
  ): Promise<AccessTokenClaims>;
  /**
   * The same, with a type for claims of your own. It is taken at your word, not checked.
   *
   * @typeParam T - What the claims are.
   * @example
   * ```ts
   * interface MyClaims extends AccessTokenClaims { tenant: string }
   * const { tenant } = await client.validateAccessToken<MyClaims>(token);
   * ```
   */
  // An overload of its own, not a default type argument: only so can a subclass, or an object in a test,
  // have a plain `validateAccessToken(token)` without type parameters.
  validateAccessToken<T extends AccessTokenClaims>(
    accessToken: string,
    options?: ValidateAccessTokenOptions,
  ): Promise<T>;
}

// ---------------------------------------------------------------------------------------------
// Errors
//
// The five error classes, with the codes and reasons that they can have.
// ---------------------------------------------------------------------------------------------

/** An answer of the tenant, as it came. */
export interface MonoCloudRawResponse {
  /** HTTP status. */
  status: number;
  /** Its reason phrase. */
  statusText: string;
  /** Header names in lower case, and their values; never `set-cookie`. */
  headers: Record<string, string>;
  /** The body as text, cut off after a few KiB; `''` for none. It may hold claims: think before you log it. */
  body: string;
}

/**
 * What kind of refusal a {@link MonoCloudTokenError} is.
 *
 * - `invalid_token`: the token is no good here (401; RFC 6750 §3.1).
 * - `inactive_token`: the tenant says that it is not active (401; RFC 7662 §2.2).
 * - `insufficient_scope`: a good token without a scope of the route (403; RFC 6750 §3.1).
 * - `insufficient_groups`: a good token without a group of the route (403).
 * - `access_denied`: a good token without a claim that the route asks for, or one that its `authorize` does
 *   not let in (403).
 * - `insufficient_user_authentication`: the user has to sign in again, or more strongly (401; RFC 9470 §3).
 * - `invalid_dpop_proof`: the proof of possession is missing or wrong (401; RFC 9449 §7.1).
 * - `use_dpop_nonce`: the proof lacks this API's nonce (401; RFC 9449 §9).
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6750#section-3.1 RFC 6750 §3.1}
 */
export type MonoCloudTokenErrorCode =
  | 'invalid_token'
  | 'insufficient_scope'
  | 'insufficient_groups'
  | 'inactive_token'
  | 'access_denied'
  | 'insufficient_user_authentication'
  | 'invalid_dpop_proof'
  | 'use_dpop_nonce';

/**
 * Why exactly a token was refused. The words are stable; new ones may join them, hence the `string`.
 */
export type MonoCloudTokenErrorReason =
  /** Not `header.payload.signature` (RFC 7515 §7.1). Send the access token itself, whole. */
  | 'malformed_token'
  /** Longer than `maxTokenBytes`. Put fewer claims into tokens, or raise the option. */
  | 'token_too_large'
  /** The header is no base64url JSON object, or names a member twice (RFC 7515 §4). Look for a cut or altered token. */
  | 'malformed_header'
  /** The header has `crit` (RFC 7515 §4.1.11), of which nothing is understood here. Have the tenant issue plain tokens. */
  | 'unsupported_critical_header'
  /** `alg` is missing, `none`, HS* or unknown (RFC 8725 §3.1). Sign with RS, PS, ES or Ed25519. */
  | 'unsupported_algorithm'
  /** `typ` names another kind of token (RFC 9068 §2.1). Send an access token, not an ID or logout token. */
  | 'unexpected_token_type'
  /** No usable key of the tenant has this `kid` and `alg`. Check `tenantDomain`; after a rotation, that the JWKS has the new key. */
  | 'unknown_key'
  /** Several keys of the tenant fit. Give tokens and keys a `kid` that is theirs alone. */
  | 'ambiguous_key'
  /** The signature is not this key's over these bytes (RFC 7515 §5.2). The token was altered, or signed by somebody else. */
  | 'invalid_signature'
  /** The payload is no base64url JSON object, or names a member twice. The fault is the issuer's. */
  | 'malformed_payload'
  /** `iss` is not `tenantDomain`, byte for byte (RFC 9068 §4). Set the option to what tokens have; mind custom domains. */
  | 'issuer_mismatch'
  /** `sub` is there and no string (RFC 7519 §4.1.2). The fault is the issuer's. */
  | 'invalid_subject'
  /** `aud` does not name your `audience`, byte for byte (RFC 9068 §4). Compare the two: trailing slash, `http`, letter case. */
  | 'audience_mismatch'
  /** `client_id`, or where that is absent `azp`, is none of `clientIds`. Add the client, if it is one of yours. */
  | 'client_mismatch'
  /** A claim of `requiredClaims` is missing or has another value. Have the issuer set it, or correct the option. */
  | 'required_claims_mismatch'
  /** A JWT without `exp` (RFC 9068 §2.2). Have the tenant set a lifetime. */
  | 'missing_expiration'
  /** `exp` is no number (RFC 7519 §4.1.4). The fault is the issuer's. */
  | 'invalid_expiration'
  /** `exp` has passed, by more than `clockTolerance`. Get a new token; if it is new, set this machine's clock. */
  | 'expired'
  /** `nbf` is no number (RFC 7519 §4.1.5). The fault is the issuer's. */
  | 'invalid_not_before'
  /** `nbf` is to come, by more than `clockTolerance`. Set this machine's clock. */
  | 'not_yet_valid'
  /** The token lacks a scope that the route asks for. Have the client request it, and the tenant grant it. */
  | 'missing_scopes'
  /** The groups claim lacks the groups that the route asks for. Check the user's groups and `groupsClaim`. */
  | 'missing_groups'
  /** A claim that the route asks for is missing or has another value. Have the issuer set it for this caller. */
  | 'claims_mismatch'
  /** `acr` is none of those that the route asks for (RFC 9470 §3). Have the client sign the user in with `acr_values`. */
  | 'acr_not_met'
  /** `auth_time` is missing, no number or to come, and the route has a `maxAge` (RFC 9470 §5). Have the issuer put it into tokens. */
  | 'missing_auth_time'
  /** The user signed in longer ago than `maxAge` (RFC 9470 §3). Have the client sign the user in with `max_age`. */
  | 'login_too_old'
  /** The route's `authorize` did not return `true`, or threw. The rule is your own. */
  | 'not_authorized'
  /** Introspection did not answer `"active": true` (RFC 7662 §2.2). Get a new token. */
  | 'inactive'
  /** The same, for a JWT that looks alive. Check that this client may introspect tokens of this audience; else it was revoked. */
  | 'inactive_or_client_not_permitted'
  /** The request came without a certificate (RFC 8705 §3). Set a `certificateResolver`, have the server ask for one, and check `trustProxy`. */
  | 'certificate_missing'
  /** The same, in a resumed TLS session that began without one. Have the client begin a new one, or the server keep no tickets. */
  | 'certificate_missing_resumed_session'
  /** What the `certificateResolver` returned is no PEM certificate. Return the PEM, not its subject or its key. */
  | 'certificate_malformed'
  /** The token has no `cnf`, and the route asks for one (RFC 8705 §3.1). Have the client get its token over mutual TLS. */
  | 'token_not_bound'
  /** The token is bound to a DPoP key (RFC 9449 §6.1) and came as a bearer token. Send it with the scheme `DPoP` and a proof. */
  | 'dpop_required'
  /** The token has no `cnf.jkt`, and the scheme is `DPoP`, or DPoP is required. Have the client get its token with a proof. */
  | 'dpop_token_not_bound'
  /** A `DPoP` header beside the scheme `Bearer` (RFC 9449 §7.2). Send the token with the scheme `DPoP`. */
  | 'dpop_scheme_mismatch'
  /** The proof is signed with another key than the token's. Use the key with which the token was requested. */
  | 'dpop_key_mismatch'
  /** The scheme is `DPoP`, and there is no `DPoP` header. Make a proof for each request. */
  | 'dpop_proof_missing'
  /** There is more than one `DPoP` header. Send one. */
  | 'dpop_proof_repeated'
  /** The proof is no JWT, names a member twice, has `crit`, or has more than 8 KiB. */
  | 'dpop_proof_malformed'
  /** The proof's `typ` is not `dpop+jwt`. */
  | 'dpop_proof_type'
  /** The proof's `alg` is not one of `dpop.algorithms`. */
  | 'dpop_proof_algorithm'
  /** The proof's `jwk` is absent, private, weak, or not for its `alg`. */
  | 'dpop_proof_key'
  /** `jti`, `htm`, `htu`, `iat` or `ath` is absent, or of another type. */
  | 'dpop_proof_claims'
  /** `htm` is not the request's method. */
  | 'dpop_method_mismatch'
  /** `htu` is not the request's URL. Behind a proxy, set the framework's trust in it, or `dpop.origin`. */
  | 'dpop_url_mismatch'
  /** `iat` is longer ago than `dpop.maxAge`. Make a proof for each request, and set the clocks. */
  | 'dpop_proof_expired'
  /** `iat` is in the future. Set the clocks. */
  | 'dpop_proof_not_yet_valid'
  /** `ath` is not the hash of the token. */
  | 'dpop_token_hash_mismatch'
  /** The proof's signature is not that of its key. */
  | 'dpop_proof_signature'
  /** The proof has been used before. Make a proof for each request. */
  | 'dpop_proof_replayed'
  /** The proof has no `nonce`. Repeat the request with the one in `DPoP-Nonce`. */
  | 'dpop_nonce_missing'
  /** The proof's `nonce` is not good now. Repeat the request with the one in `DPoP-Nonce`. */
  | 'dpop_nonce_stale'
  /** The token is bound to another certificate (RFC 8705 §3). Use the one that it was issued to. */
  | 'certificate_mismatch'
  /** `cnf` cannot be read, or asks for another proof than a certificate. Have tokens bound by mutual TLS. */
  | 'unsupported_confirmation'
  // Any other string, without losing the suggestions above.
  | (string & {});

/**
 * The parent of the errors that this package throws. `name` is the class's name, and the stack starts at
 * the caller. No token, claim or secret is in a message or a stack.
 *
 * @example
 * ```ts
 * try {
 *   return await client.validateAccessToken(token);
 * } catch (error) {
 *   if (error instanceof MonoCloudTokenError) console.log('refused:', error.code, error.reason);
 *   else if (error instanceof MonoCloudHttpError) console.log('no answer:', error.reason, error.status);
 *   else if (error instanceof MonoCloudOPError) console.log('not permitted:', error.error);
 *   else if (error instanceof MonoCloudValidationError) console.log('misconfigured:', error.message);
 *   throw error;
 * }
 * ```
 */
export declare class MonoCloudAuthBaseError extends Error {
  /**
   * @param message - For people.
   * @param raw - The tenant's answer.
   */
  constructor(message?: string, raw?: MonoCloudRawResponse);
  /**
   * The tenant's answer, where the error comes from one. Not enumerable, so that logging an error does
   * not log it.
   */
  raw?: MonoCloudRawResponse;
}

/**
 * Bad configuration, or a bad argument. The message names it, and its environment variable. A program
 * may throw one of its own: `new MonoCloudValidationError(message)`.
 */
export declare class MonoCloudValidationError extends MonoCloudAuthBaseError {}

/**
 * The token does not pass. `code` decides between 401 and 403, `reason` says why.
 *
 * @example
 * ```ts
 * // A client of your own for a test: this caller lacks a scope.
 * const protect = protectApi({
 *   validateAccessToken: async () => {
 *     throw new MonoCloudTokenError('Token is missing required scopes', 'insufficient_scope');
 *   },
 * });
 * ```
 */
export declare class MonoCloudTokenError extends MonoCloudAuthBaseError {
  /**
   * @param message - For people.
   * @param code - What kind of refusal. Without it: what belongs to the message, else `invalid_token`.
   * @param reason - Why exactly; or the answer that the refusal rests on, which becomes `raw`.
   */
  constructor(
    message?: string,
    code?: MonoCloudTokenErrorCode,
    reason?: MonoCloudTokenErrorReason | MonoCloudRawResponse,
  );
  /** What kind of refusal, which decides between 401 and 403. */
  code: MonoCloudTokenErrorCode;
  /** Why exactly. An error that this package threw has one. */
  reason?: MonoCloudTokenErrorReason;
  /**
   * With `certificate_mismatch`: whose certificate the request came with. Read when it is asked for;
   * not shown when the error is printed.
   */
  readonly certificate?: CertificateDescription;
}

/**
 * The tenant answered with an OAuth error (RFC 6749 §5.2): it refuses this API, not the caller.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-5.2 RFC 6749 §5.2}
 */
export declare class MonoCloudOPError extends MonoCloudAuthBaseError {
  /**
   * @param error - The error code, such as `invalid_client`. It is the message, too.
   * @param errorDescription - What the tenant says about it.
   * @param raw - The tenant's answer.
   */
  constructor(error: string, errorDescription?: string, raw?: MonoCloudRawResponse);
  /** The error code. A bare 401 is `invalid_client`. */
  error: string;
  /** What the tenant says about it, if anything. */
  errorDescription?: string;
}

/**
 * What went wrong between this API and the tenant. The words are stable; new ones may join them, hence
 * the `string`.
 */
export type MonoCloudHttpErrorReason =
  /** No whole answer within `responseTimeout`. See how the tenant does, or allow it more time. */
  | 'timeout'
  /** No connection. Check the name, the firewall, and `HTTPS_PROXY` and `NO_PROXY`. */
  | 'connection_failed'
  /** The TLS handshake failed. Check the certificate's name and dates; for a private CA set `NODE_EXTRA_CA_CERTS` or `tls.ca`. */
  | 'tls_failed'
  /** The connection broke before the answer was whole. Try again. */
  | 'connection_lost'
  /** The answer is longer than 512 KiB. It is not what was asked for. */
  | 'response_too_large'
  /** A status that has no place here. `status` has it; check `tenantDomain`. */
  | 'unexpected_status'
  /** The body is not what it has to be, or the metadata's `issuer` is another one. Check `tenantDomain`. */
  | 'unreadable_response'
  /** The metadata names an endpoint that is not `https:`. The fault is the tenant's. */
  | 'forbidden_url'
  /** Your `fetcher` or resolver threw. The message names the error. */
  | 'fetcher_failed'
  /** No place was free among the introspections in flight: see `maxConcurrentIntrospections`. Try again. */
  | 'introspection_limit'
  /** The DPoP proof could not be remembered: `replayStore` failed, or the process's memory for proofs is full. */
  | 'replay_store_unavailable'
  /** The built-in HTTP client could not be set up. Check `tls`, and the process's limits. */
  | 'client_failed'
  // Any other string, without losing the suggestions above.
  | (string & {});

/** The tenant could not be reached in time, or answered with a status or a body that cannot be used. */
export declare class MonoCloudHttpError extends MonoCloudAuthBaseError {
  /**
   * @param message - For people.
   * @param raw - The tenant's answer, of which `status` and `statusText` are taken.
   */
  constructor(message?: string, raw?: MonoCloudRawResponse);
  /** What went wrong. An error that this package threw has one. */
  reason?: MonoCloudHttpErrorReason;
  /** The status of the answer; absent where none came. */
  status?: number;
  /** Its reason phrase. */
  statusText?: string;
  /** Whole seconds after which to try again, where the tenant said so (RFC 9110 §10.2.3). */
  retryAfter?: number;
}

// ---------------------------------------------------------------------------------------------
// Diagnostics channels
//
// The messages of the channels of `node:diagnostics_channel`.
// ---------------------------------------------------------------------------------------------

/** A document of the tenant's came, or was found unchanged. */
export interface RefreshMessage {
  /** Whose it is. */
  tenantDomain: string;
  /** Which one. */
  document: 'metadata' | 'JWKS';
  /** How many keys verify signatures; `0` for the metadata. */
  keys: number;
  /** How many don't; `0` for the metadata. */
  skipped: number;
  /** The tenant said that it is the same as before (RFC 9110 §15.4.5). */
  unchanged: boolean;
}

/** A document of the tenant's could not be had. */
export interface RefreshFailedMessage {
  /** Whose it is. */
  tenantDomain: string;
  /** Which one. */
  document: 'metadata' | 'JWKS';
  /** Why. */
  reason: MonoCloudHttpErrorReason;
  /** Seconds, also fractions, until the tenant is asked again, if a token comes. */
  retryInSeconds: number;
}

/** Tokens were let in by keys past their time, because the tenant can't be reached. */
export interface StaleUseMessage {
  /** Whose keys they are. */
  tenantDomain: string;
  /** Seconds since the keys were fetched, or found unchanged. */
  ageSeconds: number;
  /** How many tokens, since the last message of this kind. */
  uses: number;
}

/** A token was refused. */
export interface RefusedMessage {
  /** Whose token it was to be. */
  tenantDomain: string;
  /** What kind of refusal. */
  code: MonoCloudTokenErrorCode;
  /** Why exactly. */
  reason: MonoCloudTokenErrorReason;
  /** With `not_authorized`: what `authorize` threw or rejected with, if it did. */
  error?: unknown;
}

/** The `cache` failed, and the token was validated without it. */
export interface CacheFaultMessage {
  /** What was asked of it. */
  operation: 'get' | 'set' | 'delete';
  /** What it threw; an error of this package where it took too long. */
  error: unknown;
}

/** The `replayStore` failed, and the request was answered with 503. */
export interface ReplayStoreFaultMessage {
  /** What it threw; an error of this package where it took too long, or resolved to no boolean. */
  error: unknown;
}

/**
 * What is published with `node:diagnostics_channel`, by the channel's name. A message is made only where
 * somebody listens. No token, claim or secret of ours is in one.
 *
 * @example
 * ```ts
 * import { subscribe } from 'node:diagnostics_channel';
 * import type { DiagnosticsMessages } from '@monocloud/backend-node';
 *
 * function watch<C extends keyof DiagnosticsMessages>(
 *   channel: C,
 *   listener: (message: DiagnosticsMessages[C]) => void,
 * ) {
 *   subscribe(channel, (message) => listener(message as DiagnosticsMessages[C]));
 * }
 *
 * watch('@monocloud/backend-node:refused', ({ reason }) => console.log('refused:', reason));
 * ```
 */
export interface DiagnosticsMessages {
  /** A document of the tenant's came, or was found unchanged. */
  '@monocloud/backend-node:refresh': RefreshMessage;
  /** A document of the tenant's could not be had. */
  '@monocloud/backend-node:refresh-failed': RefreshFailedMessage;
  /** Keys past their time were used; at most once a second. */
  '@monocloud/backend-node:stale-use': StaleUseMessage;
  /** A token was refused. */
  '@monocloud/backend-node:refused': RefusedMessage;
  /** A token was refused because nobody knows its key. */
  '@monocloud/backend-node:unknown-key': RefusedMessage;
  /** The `cache` failed. */
  '@monocloud/backend-node:cache-fault': CacheFaultMessage;
  /** The `replayStore` failed. */
  '@monocloud/backend-node:replay-store-fault': ReplayStoreFaultMessage;
}
