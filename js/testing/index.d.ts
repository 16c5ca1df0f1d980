/**
 * `@monocloud/backend-node/testing`: a small authorization server on loopback, for tests of protected
 * routes and for experiments. It needs no cloud account and no network. Tokens are signed, and keys are fetched, as
 * with a real tenant.
 *
 * ```ts
 * import { createTestTenant } from '@monocloud/backend-node/testing';
 * import { protectApi } from '@monocloud/backend-node/express';
 *
 * const tenant = await createTestTenant();
 * const protect = protectApi(tenant.clientOptions());
 * // … app.get('/api/data', protect({ scopes: ['data:write'] }), handler) …
 * const token = await tenant.issueToken({ scopes: ['data:write'] });
 * await fetch(url, { headers: { authorization: `Bearer ${token}` } });
 * await tenant.close();
 * ```
 *
 * @packageDocumentation
 */

// The types for `await using`, which merge with those of TypeScript's `esnext.disposable` and of `@types/node`.
// TypeScript before 5.2 has no such library, so it can't be referenced.
declare global {
  interface SymbolConstructor {
    /** The name of the method that `using` calls. */
    readonly dispose: unique symbol;
    /** The name of the method that `await using` calls. */
    readonly asyncDispose: unique symbol;
  }
  /** A resource for `using`. */
  interface Disposable {
    /** Called at the end of the block. */
    [Symbol.dispose](): void;
  }
  /** A resource for `await using`. */
  interface AsyncDisposable {
    /** Called and awaited at the end of the block. */
    [Symbol.asyncDispose](): PromiseLike<void>;
  }
}

/**
 * The JWS algorithms of a test tenant: those of RFC 7518 §3.3 to §3.5, and Ed25519 with its names in RFC 8037
 * (`EdDSA`) and RFC 9864 (`Ed25519`).
 */
export type TestTenantAlgorithm =
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

/** The options of {@link createTestTenant}. */
export interface TestTenantOptions {
  /**
   * The default `aud` of tokens.
   *
   * @defaultValue `'https://api.example.com'`
   */
  audience?: string;

  /**
   * The client that may call the introspection endpoint.
   *
   * @defaultValue `'test-api'`
   */
  clientId?: string;

  /**
   * The client's secret.
   *
   * @defaultValue a random secret for each tenant
   */
  clientSecret?: string;

  /**
   * The algorithms of the tenant. The first one signs, unless {@link IssueTokenOptions.alg} is set. Each has a key of
   * its own in the JWKS (those of the RSA algorithms differ in `kid` and `alg` only).
   *
   * @defaultValue all of them, `RS256` first
   */
  algorithms?: readonly TestTenantAlgorithm[];

  /**
   * The port on 127.0.0.1, for example to write it into an `.env` file. `0`: a free port.
   *
   * @defaultValue `0`
   */
  port?: number;
}

/** A group in the groups claim. */
export type TestTenantGroup =
  | string
  | {
      /** The group's identifier. */
      id: string;
      /** The group's name. */
      name?: string;
    }
  | {
      /** The group's identifier. */
      id?: string;
      /** The group's name. */
      name: string;
    };

/** The content of a token of either kind. */
export interface IssueOpaqueTokenOptions {
  /**
   * Claims to add or to replace. They take precedence over all other options. `undefined` removes a claim:
   * `{ exp: undefined }` gives a token without expiry. Values are written with `JSON.stringify`.
   */
  claims?: Record<string, unknown>;

  /**
   * The `scope` claim, which is space-delimited (RFC 9068 §2.2.3).
   *
   * @defaultValue no `scope` claim
   */
  scopes?: readonly string[];

  /**
   * The `groups` claim. For a client with another `groupsClaim`, use {@link IssueOpaqueTokenOptions.claims}.
   *
   * @defaultValue no `groups` claim
   */
  groups?: readonly TestTenantGroup[];

  /**
   * Seconds from now until `exp`. Negative for an expired token. A client accepts a token for its `clockTolerance`
   * (300 seconds by default) past `exp`, so `-3600` is refused and `-1` is not.
   *
   * @defaultValue `300`
   */
  expiresIn?: number;

  /**
   * The `aud` claim, one or several.
   *
   * @defaultValue the tenant's {@link TestTenant.audience}
   */
  audience?: string | readonly string[];

  /**
   * The `sub` claim.
   *
   * @defaultValue `'test-user'`
   */
  subject?: string;

  /**
   * A client certificate in PEM, to which the token is bound: `cnf['x5t#S256']` is the SHA-256 of the certificate's
   * DER bytes (RFC 8705 §3.1).
   */
  certificate?: string;

  /**
   * The thumbprint of a key (RFC 7638), to which the token is bound: `cnf.jkt` (RFC 9449 §6.1). A token may be bound to
   * a certificate and a key.
   */
  jkt?: string;
}

/** The content of a JWT. */
export interface IssueTokenOptions extends IssueOpaqueTokenOptions {
  /** The algorithm, one of {@link TestTenantOptions.algorithms}; by default the first one. */
  alg?: TestTenantAlgorithm;

  /**
   * Header parameters to add or to replace. `undefined` removes one. Nothing is checked, and the algorithm of the
   * signature stays {@link IssueTokenOptions.alg}, so that a test can make a header that must be refused.
   */
  header?: Record<string, unknown>;

  /** A `kid` for the header in place of the signing key's, for example of an unknown key. */
  kid?: string;
}

/** The options of {@link TestTenant.rotateKeys}. */
export interface RotateKeysOptions {
  /**
   * `true`: the old keys stay in the JWKS, so that earlier tokens remain valid. `false`: the old keys are removed from
   * the JWKS.
   *
   * @defaultValue `true`
   */
  keepOld?: boolean;
}

/** The options of {@link TestTenant.dpopClient}: the content of its token, and what its proofs are signed with. */
export interface DPoPClientOptions extends IssueTokenOptions {
  /**
   * `true`: the token is opaque.
   *
   * @defaultValue `false`
   */
  opaque?: boolean;

  /**
   * The algorithm of the proofs. The client has a new key for it.
   *
   * @defaultValue `'ES256'`
   */
  proofAlg?: TestTenantAlgorithm;
}

/** The content of a proof. */
export interface DPoPProofOptions {
  /** The URL of the request. `htu` is this URL without query and fragment. */
  url: string;

  /**
   * The method of the request, `htm`.
   *
   * @defaultValue `'GET'`
   */
  method?: string;

  /**
   * The token that the proof is sent with. `ath` is its SHA-256.
   *
   * @defaultValue the client's token
   */
  token?: string;

  /** The server's nonce. */
  nonce?: string | undefined;

  /** Claims to add or to replace, for a wrong proof. `undefined` removes one. */
  claims?: Record<string, unknown>;

  /**
   * Header parameters to add or to replace. `undefined` removes one. The signature stays that of the client's own key
   * and algorithm.
   */
  header?: Record<string, unknown>;
}

/** `fetch` as this project's types have it, or one that takes anything. */
export type TestFetch = typeof globalThis extends { fetch: infer F }
  ? F
  : (url: string, init?: unknown) => Promise<unknown>;

/** A client with a key of its own and a token that is bound to the key (RFC 9449). */
export interface DPoPClient {
  /** The thumbprint of the client's key (RFC 7638), for {@link IssueOpaqueTokenOptions.jkt}. */
  readonly thumbprint: string;

  /** The client's public key as a JWK, without further members. Each read returns a copy. */
  readonly jwk: Record<string, unknown>;

  /**
   * The token that {@link DPoPClient.fetch} sends. It is issued when it is needed first, and is the same afterwards.
   *
   * @throws {TypeError} as a rejection, if an option of the token is invalid.
   */
  token(): Promise<string>;

  /**
   * Makes a proof: `typ: dpop+jwt`, `alg`, `jwk`; `jti`, `htm`, `htu`, `iat`, `ath`, and `nonce` where there is one.
   *
   * @param options - The request, and what differs from a good proof.
   * @returns the compact serialisation, for the header `DPoP`.
   * @throws {TypeError} as a rejection, if an option is unknown or invalid.
   * @see {@link https://www.rfc-editor.org/rfc/rfc9449#section-4.2 RFC 9449 §4.2}
   * @example
   * ```ts
   * const late = await client.proof({ url, claims: { iat: Date.now() / 1000 - 3600 } });
   * ```
   */
  proof(options: DPoPProofOptions): Promise<string>;

  /**
   * The global `fetch` with `Authorization: DPoP <token>` and a fresh proof. It can be handed on without the client. Headers of the caller with these names are
   * sent in their place. The newest `DPoP-Nonce` of each server is remembered. Where the server answers
   * `error="use_dpop_nonce"`, the request is sent once more with its nonce (RFC 9449 §9).
   *
   * @example
   * ```ts
   * const client = tenant.dpopClient({ scopes: ['posts:write'] });
   * const response = await client.fetch(`${url}/api/posts`, { method: 'POST' });
   * assert.equal(response.status, 201);
   * ```
   */
  fetch: TestFetch;
}

/** The number of requests to each endpoint, whatever the response. */
export interface TestTenantRequests {
  /** `/.well-known/openid-configuration` */
  discovery: number;
  /** The JWKS. */
  jwks: number;
  /** The introspection endpoint. */
  introspection: number;
}

/** The options of a client for a tenant. */
export interface TestTenantClientOptions {
  /** The tenant's {@link TestTenant.tenantDomain}. */
  tenantDomain: string;
  /** The tenant's {@link TestTenant.audience}. */
  audience: string;
  /** The tenant's {@link TestTenant.clientId}. */
  clientId: string;
  /** The tenant's {@link TestTenant.clientSecret}. */
  clientSecret: string;
}

/**
 * A running tenant. On 127.0.0.1, it serves:
 *
 * - `GET /.well-known/openid-configuration` (RFC 8414), whose `issuer` is {@link TestTenant.tenantDomain};
 * - the JWKS (RFC 7517), one key for each algorithm;
 * - the introspection endpoint (RFC 7662), for opaque tokens and JWTs. The client authenticates with
 *   `client_secret_basic` or `client_secret_post` (RFC 6749 §2.3.1). Wrong credentials get a 401 with
 *   `{"error":"invalid_client"}`, a malformed request gets a 400 with `{"error":"invalid_request"}`, and a body over
 *   64 KiB gets a 413.
 *
 * The tenant does not keep the process alive: a test without {@link TestTenant.close} ends, too.
 */
export interface TestTenant {
  /** The issuer: `http://127.0.0.1:<port>`, without a trailing slash. */
  readonly tenantDomain: string;

  /** The default `aud` of tokens. */
  readonly audience: string;

  /** The client that may call the introspection endpoint. */
  readonly clientId: string;

  /** The client's secret. */
  readonly clientSecret: string;

  /** The number of requests so far. Each read returns a copy, which a test can compare with a later one. */
  readonly requests: TestTenantRequests;

  /**
   * Options for `new MonoCloudBackendNodeClient(…)` or `protectApi(…)`.
   *
   * @example
   * ```ts
   * const protect = protectApi(tenant.clientOptions({ clockTolerance: 0 }));
   * ```
   */
  clientOptions(): TestTenantClientOptions;
  /**
   * The same with further options.
   *
   * @typeParam T - The type of the options.
   * @param extra - Options to add, or to replace the tenant's.
   */
  clientOptions<T extends object>(extra: T): Omit<TestTenantClientOptions, keyof T> & T;

  /**
   * The same as `MONOCLOUD_BACKEND_*` variables, for `Object.assign(process.env, tenant.env())` or
   * the environment of a child process.
   *
   * @example
   * ```ts
   * spawn(process.execPath, ['server.js'], { env: { ...process.env, ...tenant.env() } });
   * ```
   */
  env(): {
    /** {@link TestTenant.tenantDomain} */
    MONOCLOUD_BACKEND_TENANT_DOMAIN: string;
    /** {@link TestTenant.audience} */
    MONOCLOUD_BACKEND_AUDIENCE: string;
    /** {@link TestTenant.clientId} */
    MONOCLOUD_BACKEND_CLIENT_ID: string;
    /** {@link TestTenant.clientSecret} */
    MONOCLOUD_BACKEND_CLIENT_SECRET: string;
  };

  /**
   * Issues a JWT access token (RFC 9068): header `typ: at+jwt`, `alg`, `kid`; claims `iss`, `sub`,
   * `aud`, `client_id`, `iat`, `exp`, `jti`, and those of the options.
   *
   * @param options - The content of the token, where it differs from the default.
   * @returns the compact serialisation (RFC 7515 §7.1).
   * @throws {TypeError} as a rejection, if an option is unknown or invalid. The message names the option.
   * @see {@link https://www.rfc-editor.org/rfc/rfc9068#section-2 RFC 9068 §2}
   * @example
   * ```ts
   * const good = await tenant.issueToken({ scopes: ['posts:write'], groups: ['editors'] });
   * const expired = await tenant.issueToken({ expiresIn: -3600 });
   * const foreign = await tenant.issueToken({ audience: 'https://other.example.com' });
   * const forged = await tenant.issueToken({ kid: 'nobody knows' });
   * ```
   */
  issueToken(options?: IssueTokenOptions): Promise<string>;

  /**
   * Issues an opaque token: random, without a dot. The introspection endpoint responds with the claims that
   * {@link TestTenant.issueToken} would put into a JWT.
   *
   * @param options - The claims of the token, where they differ from the default.
   * @returns 43 characters of base64url.
   * @throws {TypeError} as a rejection, if an option is unknown or invalid. The message names the option.
   */
  issueOpaqueToken(options?: IssueOpaqueTokenOptions): Promise<string>;

  /**
   * Makes a client with a new key, whose token is bound to the key (RFC 9449).
   *
   * @param options - The content of the token, as for {@link TestTenant.issueToken}, and the kind of token and proofs.
   * @returns the client. Its requests need no more than a URL.
   * @throws {TypeError} if an option is unknown, or `opaque` or `proofAlg` is invalid.
   * @see {@link https://www.rfc-editor.org/rfc/rfc9449 RFC 9449}
   * @example
   * ```ts
   * const client = tenant.dpopClient({ scopes: ['data:write'] });
   * const response = await client.fetch(`${url}/api/data`);
   * assert.equal(response.status, 200);
   * ```
   */
  dpopClient(options?: DPoPClientOptions): DPoPClient;

  /**
   * Revokes a token: introspection responds with `{"active":false}`. A JWT that is validated by its signature stays
   * valid until it expires. Unknown tokens are no error (RFC 7009 §2.2).
   *
   * @param token - A token of either kind.
   * @throws {TypeError} if the token is no string, or empty.
   */
  revoke(token: string): void;

  /**
   * Makes a new key for each algorithm, which signs the following tokens. The JWKS lists the new keys first.
   *
   * @param options - Whether the old keys are kept.
   * @throws {TypeError} as a rejection, if an option is unknown or no boolean.
   * @example
   * ```ts
   * const old = await tenant.issueToken();
   * await tenant.rotateKeys({ keepOld: false });
   * await assert.rejects(client.validateAccessToken(old)); // once its cached keys are past their time
   * ```
   */
  rotateKeys(options?: RotateKeysOptions): Promise<void>;

  /**
   * Makes the tenant keep the process alive, for a script that only runs a tenant.
   *
   * @returns the tenant.
   */
  ref(): this;

  /**
   * Undoes {@link TestTenant.ref}.
   *
   * @returns the tenant.
   */
  unref(): this;

  /**
   * Stops the server and closes every connection. It may be called more than once; each call resolves when the server
   * has stopped. Tokens can still be issued afterwards, to test an API without its tenant.
   */
  close(): Promise<void>;

  /** {@link TestTenant.close}, for `await using`. Available from Node.js 18.18 and 20.5 on. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts a tenant on 127.0.0.1.
 *
 * @param options - The settings that differ from the defaults.
 * @returns the tenant, once it accepts connections.
 * @throws {Error} as a rejection, if `NODE_ENV` is `production`: the tenant issues tokens to anybody.
 * @throws {TypeError} as a rejection, if an option is unknown or invalid. The message names the option.
 * @throws the system's error (as a rejection) if the port is in use (`EADDRINUSE`) or not allowed.
 * @example
 * ```ts
 * const tenant = await createTestTenant();
 * const client = new MonoCloudBackendNodeClient(tenant.clientOptions());
 *
 * const token = await tenant.issueToken({ scopes: ['data:write'] });
 * const claims = await client.validateAccessToken(token, { scopes: ['data:write'] });
 *
 * await tenant.close();
 * ```
 */
export declare function createTestTenant(options?: TestTenantOptions): Promise<TestTenant>;
