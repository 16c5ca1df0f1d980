/**
 * `@monocloud/backend-node/utils`: helpers for programs that sign users in: groups, callbacks, one-time
 * values, and encryption with a secret.
 *
 * ```ts
 * import { decryptSession, isUserInGroup } from '@monocloud/backend-node/utils';
 * ```
 *
 * @packageDocumentation
 */

import type { JwtClaims, MonoCloudValidationError } from '../../index.js';
import type { AuthState, IdTokenClaims, MonoCloudSession, MonoCloudUser } from './sessions.js';

export type * from './sessions.js';

// ---------------------------------------------------------------------------------------------
// Groups
// ---------------------------------------------------------------------------------------------

/**
 * Whether a user is in a group, by the same rule as `protect({ groups })`.
 *
 * The groups claim is an array of names, or of objects with `id` or `name`. Names are case-sensitive. A claim of
 * another form has no groups.
 *
 * @param user - A user, or claims. Without one, the result is `false`.
 * @param groups - The groups. Empty: the result is `true`.
 * @param groupsClaim - The name of the groups claim. By default `'groups'`.
 * @param matchAll - `true`: the user must be in all groups. `false`, the default: in any one.
 * @throws {MonoCloudValidationError} where `groups` is no array of strings.
 *
 * @example
 * ```ts
 * app.get('/api/report', protect(), (req, res) => {
 *   const { claims } = req as AuthenticatedExpressRequest;
 *   res.json(isUserInGroup(claims, ['finance']) ? everything : summary);
 * });
 * ```
 */
export declare function isUserInGroup(
  user: MonoCloudUser | IdTokenClaims | JwtClaims,
  groups: readonly string[],
  groupsClaim?: string,
  matchAll?: boolean,
): boolean;

// ---------------------------------------------------------------------------------------------
// Signing in
// ---------------------------------------------------------------------------------------------

/** The parameters of an authorization response (RFC 6749 §4.1.2, OpenID Connect Core 1.0 §3). */
export interface CallbackParams {
  /** `state`: compare it with the one that was sent. */
  state: string | undefined;
  /** `code`, to be exchanged for tokens. */
  code: string | undefined;
  /** `access_token`, of the implicit and hybrid flows. */
  accessToken: string | undefined;
  /** `id_token`. */
  idToken: string | undefined;
  /** `refresh_token`. */
  refreshToken: string | undefined;
  /** `scope`, separated by spaces. */
  scope: string | undefined;
  /** `session_state` (OpenID Connect Session Management 1.0 §2). */
  sessionState: string | undefined;
  /** `expires_in`: the lifetime of the access token, in seconds. */
  expiresIn: number | undefined;
  /** `error`, such as `access_denied` (RFC 6749 §4.1.2.1). */
  error: string | undefined;
  /** `error_description`, for developers. Untrusted: escape it. */
  errorDescription: string | undefined;
}

/** The method of `URLSearchParams` that is used. */
export interface QueryParameters {
  /** The first value of a parameter. */
  get(name: string): string | null;
}

/**
 * Reads the parameters of a callback. Nothing is checked. Absent parameters are `undefined`; of duplicates, the
 * first one is used.
 *
 * @param queryOrUrl - A URL (its query is read, its fragment is not); `req.url`; a query or a fragment, with or
 * without `?` or `#`; the body of a `form_post`; or a `URLSearchParams`.
 * @returns Every parameter that this package knows; absent ones are `undefined`.
 * @throws {MonoCloudValidationError} for any other argument.
 *
 * @example
 * ```ts
 * const { code, state, error } = parseCallbackParams('/callback?code=abc&state=xyz');
 * ```
 */
export declare function parseCallbackParams(
  queryOrUrl: string | { readonly searchParams: QueryParameters } | QueryParameters,
): CallbackParams;

/**
 * A new `state` (RFC 6749 §10.12): 32 random bytes, 43 characters of base64url.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-10.12 RFC 6749 §10.12}
 */
export declare function generateState(): string;

/** A new `nonce` (OpenID Connect Core 1.0 §3.1.2.1): 32 random bytes, 43 characters of base64url. */
export declare function generateNonce(): string;

/**
 * A new code verifier and its challenge, for `code_challenge_method=S256` (RFC 7636 §4.1, §4.2): 43
 * characters of base64url each. Keep the verifier; send the challenge.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7636#section-4 RFC 7636 §4}
 * @example
 * ```ts
 * const { codeVerifier, codeChallenge } = await generatePKCE();
 * const authState = { state: generateState(), nonce: generateNonce(), scopes: 'openid', codeVerifier };
 * const cookie = await encryptAuthState(authState, secret, 600);
 * const query = new URLSearchParams({
 *   response_type: 'code',
 *   state: authState.state,
 *   nonce: authState.nonce,
 *   code_challenge: codeChallenge,
 *   code_challenge_method: 'S256',
 * });
 * ```
 */
export declare function generatePKCE(): Promise<{
  /** For the token request. Keep it until then. */
  codeVerifier: string;
  /** For the authorization request. */
  codeChallenge: string;
}>;

// ---------------------------------------------------------------------------------------------
// Encryption
// ---------------------------------------------------------------------------------------------

/**
 * Encrypts a text. Only somebody with the secret can read or change it.
 *
 * AES-256-GCM with a key from PBKDF2-SHA-256 (RFC 8018 §5.2), 310,000 iterations. The result is base64url of salt
 * (16 bytes), IV (12), ciphertext and tag (16): four thirds of the text's bytes, and 59 characters more. It is
 * different each time. The vendor's packages that use 310,000 iterations can decrypt it.
 *
 * A call takes about 100 ms of one of the process's four background threads (`UV_THREADPOOL_SIZE`).
 *
 * @param data - At most 1 MiB as UTF-8.
 * @param secret - `openssl rand -base64 32`. Anybody who has the secret can decrypt and encrypt.
 * @returns Base64url without padding, which needs no escaping in a cookie, a URL or a header.
 * @throws {MonoCloudValidationError} where `data` is no string or too long, or `secret` is missing or empty.
 * @example
 * ```ts
 * const text = await encrypt('the answer is 42', secret);
 * const answer = await decrypt(text, secret); // undefined, if the text was changed
 * ```
 */
export declare function encrypt(data: string, secret: string): Promise<string>;

/**
 * Decrypts a text of {@link encrypt}, or of the vendor's packages with 310,000 or 100,000 iterations.
 *
 * A call takes as long as {@link encrypt}, or a third more if the secret is another one. Text of the wrong form
 * (other characters, too short, over 1 MiB) is refused at once. Limit the calls where anybody can send texts.
 *
 * @param encrypted - Any value: one that can't be decrypted is no error.
 * @param secret - The secret with which the text was encrypted.
 * @returns The text; `undefined` where it was changed or cut off, or the secret is another one.
 * @throws {MonoCloudValidationError} where `secret` is missing or empty.
 */
export declare function decrypt(
  encrypted: string | null | undefined,
  secret: string,
): Promise<string | undefined>;

/**
 * Encrypts a session as `{ "session": …, "expiresAt": … }`, for a cookie or a store; see {@link encrypt}.
 *
 * @param session - The session, which is written as JSON.
 * @param secret - The same as for {@link decryptSession}.
 * @param ttl - The lifetime in seconds, finite. By default, the session does not expire.
 * @returns The result of {@link encrypt}. A cookie can hold about 4000 characters; larger sessions need a store.
 * @throws {MonoCloudValidationError} where `session` is no object, can't be written as JSON, or is over
 * 1 MiB; where `ttl` is no finite number; where `secret` is missing or empty.
 *
 * @example
 * ```ts
 * const session: MonoCloudSession = { user: { sub: 'ada' }, idToken };
 * const cookie = await encryptSession(session, secret, 8 * 60 * 60);
 * res.cookie('session', cookie, { httpOnly: true, secure: true, sameSite: 'lax' });
 * ```
 */
export declare function encryptSession(
  session: MonoCloudSession,
  secret: string,
  ttl?: number,
): Promise<string>;

/**
 * Decrypts a session. Its tokens are not validated, and may have expired.
 *
 * @typeParam T - The type of the session, which is not checked.
 * @param encryptedSession - The result of {@link encryptSession}, for example from a cookie.
 * @param secret - The secret with which the session was encrypted.
 * @returns The session.
 * @throws {MonoCloudValidationError} with the message `Invalid session data` where the text was changed, the
 * secret is another one, or the text is no session; with `Session Expired` after its `ttl`; and where `secret` is
 * missing or empty.
 *
 * @example
 * ```ts
 * const { user } = await decryptSession(req.cookies.session, secret);
 * ```
 */
export declare function decryptSession<T extends MonoCloudSession = MonoCloudSession>(
  encryptedSession: string,
  secret: string,
): Promise<T>;

/**
 * Encrypts the state of a sign-in as `{ "authState": …, "expiresAt": … }`; see {@link encrypt}.
 *
 * @typeParam T - The type of the state.
 * @param authState - The state, which is written as JSON.
 * @param secret - The same as for {@link decryptAuthState}.
 * @param ttl - The lifetime in seconds, finite. By default, the state does not expire.
 * @returns The result of {@link encrypt}.
 * @throws {MonoCloudValidationError} where `authState` is no object, can't be written as JSON, or is over
 * 1 MiB; where `ttl` is no finite number; where `secret` is missing or empty.
 */
export declare function encryptAuthState<T extends AuthState>(
  authState: T,
  secret: string,
  ttl?: number,
): Promise<string>;

/**
 * Decrypts the state of a sign-in.
 *
 * @typeParam T - The type of the state, which is not checked.
 * @param encryptedAuthState - The result of {@link encryptAuthState}, for example from a cookie.
 * @param secret - The secret with which the state was encrypted.
 * @returns The state.
 * @throws {MonoCloudValidationError} with the message `Invalid auth state` where the text was changed, the secret
 * is another one, or the text is no state; with `Auth state expired` after its `ttl`; and where `secret` is
 * missing or empty.
 *
 * @example
 * ```ts
 * const { state, codeVerifier } = await decryptAuthState(req.cookies.state, secret);
 * const callback = parseCallbackParams(req.url);
 * if (callback.state !== state) throw new Error('The callback belongs to another sign-in');
 * ```
 */
export declare function decryptAuthState<T extends AuthState = AuthState>(
  encryptedAuthState: string,
  secret: string,
): Promise<T>;

// ---------------------------------------------------------------------------------------------
// Lists
// ---------------------------------------------------------------------------------------------

/**
 * The strings of several lists without duplicates, in the order of their first occurrence.
 *
 * @param arrays - The lists. Values that are no array are skipped.
 * @returns The strings; `undefined` where no list was given.
 * @example
 * ```ts
 * mergeArrays(['openid', 'email'], undefined, ['email', 'posts:read']); // openid, email, posts:read
 * ```
 */
export declare function mergeArrays(
  ...arrays: (readonly string[] | undefined)[]
): string[] | undefined;
