/**
 * `@monocloud/backend-node/testing`: a small authorization server on loopback, for tests of
 * protected routes and for trying things out. It needs no cloud account, no network and no mocked
 * middleware: tokens are really signed, keys are really fetched.
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

// What `await using` needs, as TypeScript's own `esnext.disposable` and `@types/node` have it: all of them
// merge. TypeScript before 5.2 has no such library, and a reference to it would be an error there.
declare global {
  interface SymbolConstructor {
    /** Names the method that `using` calls. */
    readonly dispose: unique symbol;
    /** Names the method that `await using` calls. */
    readonly asyncDispose: unique symbol;
  }
  /** What `using` takes. */
  interface Disposable {
    /** Called at the end of the block. */
    [Symbol.dispose](): void;
  }
  /** What `await using` takes. */
  interface AsyncDisposable {
    /** Called, and waited for, at the end of the block. */
    [Symbol.asyncDispose](): PromiseLike<void>;
  }
}

/**
 * A JWS algorithm that a test tenant can sign with: those of RFC 7518 §3.3 to §3.5, and Ed25519
 * under its name of RFC 8037 (`EdDSA`) and of RFC 9864 (`Ed25519`).
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

/** What {@link createTestTenant} can be told. */
export interface TestTenantOptions {
  /**
   * The `aud` of the tokens, unless one is issued for another.
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
   * That client's secret.
   *
   * @defaultValue a random one for each tenant
   */
  clientSecret?: string;

  /**
   * The algorithms that it signs with; the first one where {@link IssueTokenOptions.alg} does not
   * say otherwise. Each has a key of its own in the JWKS from the start (those of the RSA algorithms
   * differ in `kid` and `alg` only).
   *
   * @defaultValue all of them, `RS256` first
   */
  algorithms?: readonly TestTenantAlgorithm[];

  /**
   * The port on 127.0.0.1, for instance to write it into an `.env` file. `0`: a free one.
   *
   * @defaultValue `0`
   */
  port?: number;
}

/** A group as the groups claim can hold it. */
export type TestTenantGroup =
  | string
  | {
      /** Its identifier. */
      id: string;
      /** What it is called. */
      name?: string;
    }
  | {
      /** Its identifier. */
      id?: string;
      /** What it is called. */
      name: string;
    };

/** What goes into a token, of either kind. */
export interface IssueOpaqueTokenOptions {
  /**
   * Claims to add or to replace; they come last, so they win over every other option. A claim that
   * is `undefined` is removed: `{ exp: undefined }` gives a token without expiry. Values are
   * written as `JSON.stringify` writes them.
   */
  claims?: Record<string, unknown>;

  /**
   * Becomes the space-delimited `scope` claim (RFC 9068 §2.2.3).
   *
   * @defaultValue no such claim
   */
  scopes?: readonly string[];

  /**
   * Becomes the `groups` claim. For a client with another `groupsClaim` use {@link IssueOpaqueTokenOptions.claims}.
   *
   * @defaultValue no such claim
   */
  groups?: readonly TestTenantGroup[];

  /**
   * Seconds from now until `exp`. Negative for a token that has expired: remember that a client
   * accepts one for its `clockTolerance` (300 seconds by default) past `exp`, so `-3600` is refused
   * and `-1` is not.
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
   * A client certificate in PEM. The token is bound to it: `cnf['x5t#S256']` is the SHA-256 of its
   * DER bytes (RFC 8705 §3.1).
   */
  certificate?: string;
}

/** What goes into a JWT. */
export interface IssueTokenOptions extends IssueOpaqueTokenOptions {
  /** The algorithm that signs, one of {@link TestTenantOptions.algorithms}; by default the first. */
  alg?: TestTenantAlgorithm;

  /**
   * Header parameters to add or to replace; `undefined` removes one. Nothing is checked, and the
   * signature stays that of {@link IssueTokenOptions.alg}: this is how a test makes a header that must be refused.
   */
  header?: Record<string, unknown>;

  /** The header's `kid` instead of that of the signing key; for a key that nobody knows. */
  kid?: string;
}

/** How {@link TestTenant.rotateKeys} treats the keys of before. */
export interface RotateKeysOptions {
  /**
   * `true`: they stay in the JWKS, so tokens issued earlier remain valid. `false`: they are gone from
   * the JWKS.
   *
   * @defaultValue `true`
   */
  keepOld?: boolean;
}

/** How many requests each endpoint had, whatever the answer was. */
export interface TestTenantRequests {
  /** `/.well-known/openid-configuration` */
  discovery: number;
  /** The JWKS. */
  jwks: number;
  /** The introspection endpoint. */
  introspection: number;
}

/** What a client needs to know of a tenant. */
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
 * A tenant that is running. It serves, on 127.0.0.1:
 *
 * - `GET /.well-known/openid-configuration` (RFC 8414), whose `issuer` is {@link TestTenant.tenantDomain};
 * - the JWKS (RFC 7517), one key for each algorithm;
 * - the introspection endpoint (RFC 7662), for opaque tokens and JWTs alike. The client
 *   authenticates with `client_secret_basic` or `client_secret_post` (RFC 6749 §2.3.1); wrong
 *   credentials are a 401 with `{"error":"invalid_client"}`, a malformed request is a 400 with
 *   `{"error":"invalid_request"}`. Bodies over 64 KiB are refused with 413.
 *
 * It never keeps the process alive, so a test that forgets {@link TestTenant.close} ends all the same.
 */
export interface TestTenant {
  /** The issuer: `http://127.0.0.1:<port>`, without a trailing slash. */
  readonly tenantDomain: string;

  /** The `aud` that its tokens have by default. */
  readonly audience: string;

  /** The client that may introspect. */
  readonly clientId: string;

  /** Its secret. */
  readonly clientSecret: string;

  /** The requests so far. A copy: keep one to compare it with a later one. */
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
   * The same with options of your own.
   *
   * @typeParam T - What they are.
   * @param extra - Further options, or others in the place of the tenant's own.
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
   * `aud`, `client_id`, `iat`, `exp`, `jti`, and what the options add.
   *
   * @param options - What is in it besides, or instead.
   * @returns the compact form (RFC 7515 §7.1).
   * @throws {TypeError} as a rejection, if an option is unknown or has no sense, naming it.
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
   * Issues an opaque token: random, without any dot, and known to the introspection endpoint, which
   * answers with the claims that {@link TestTenant.issueToken} would have put into a JWT.
   *
   * @param options - What the tenant knows of it besides, or instead.
   * @returns 43 characters of base64url.
   * @throws {TypeError} as a rejection, if an option is unknown or has no sense, naming it.
   */
  issueOpaqueToken(options?: IssueOpaqueTokenOptions): Promise<string>;

  /**
   * From now on introspection answers `{"active":false}` for this token. A JWT that is validated by
   * its signature alone stays valid until it expires, as everywhere. Unknown tokens are no error
   * (RFC 7009 §2.2).
   *
   * @param token - Of either kind.
   * @throws {TypeError} if it is no non-empty string.
   */
  revoke(token: string): void;

  /**
   * Makes a new key for each algorithm. Tokens issued afterwards are signed with it and name its
   * `kid`; the JWKS lists the new keys first.
   *
   * @param options - What becomes of the old ones.
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
   * Lets the tenant keep the process alive after all, for a script that does nothing but run one.
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
   * Stops the server and ends every connection. May be called more than once; each call settles
   * when the server is down. Tokens can still be issued afterwards, to see what an API does whose
   * tenant is gone.
   */
  close(): Promise<void>;

  /** {@link TestTenant.close}, for `await using`. There from Node.js 18.18 and 20.5 on. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts a tenant on 127.0.0.1.
 *
 * @param options - What differs from the usual.
 * @returns the tenant, once it accepts connections.
 * @throws {Error} as a rejection, if `NODE_ENV` is `production`: a server that issues a token to
 * anybody has no place there.
 * @throws {TypeError} as a rejection, if an option is unknown or has no sense, naming it.
 * @throws the system's error (as a rejection) if the port is taken (`EADDRINUSE`) or not allowed.
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
