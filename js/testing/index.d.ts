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

import type {
  DPoPClient,
  DPoPClientOptions,
  IssueOpaqueTokenOptions,
  IssueTokenOptions,
  TestTenantAlgorithm,
} from './tokens.js';

export type * from './tokens.js';

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
