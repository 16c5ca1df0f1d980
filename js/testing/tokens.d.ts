// The tokens and proofs of a test tenant, for `./testing`.

import type { JwsAlgorithm } from '../../index.js';

/**
 * The JWS algorithms of a test tenant: those of RFC 7518 §3.3 to §3.5, and Ed25519 with its names in RFC 8037
 * (`EdDSA`) and RFC 9864 (`Ed25519`).
 */
export type TestTenantAlgorithm = JwsAlgorithm;

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
   * @defaultValue the tenant's `audience`
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
  /** The algorithm, one of the tenant's `algorithms`; by default the first one. */
  alg?: TestTenantAlgorithm;

  /**
   * Header parameters to add or to replace. `undefined` removes one. Nothing is checked, and the algorithm of the
   * signature stays {@link IssueTokenOptions.alg}, so that a test can make a header that must be refused.
   */
  header?: Record<string, unknown>;

  /** A `kid` for the header in place of the signing key's, for example of an unknown key. */
  kid?: string;
}

/** The options of `tenant.dpopClient()`: the content of its token, and what its proofs are signed with. */
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
