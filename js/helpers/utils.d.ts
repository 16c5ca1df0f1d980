/**
 * `@monocloud/backend-node/utils`: what programs that sign users in share with this package: groups,
 * callbacks, one-time values, and text under a secret.
 *
 * ```ts
 * import { decryptSession, isUserInGroup } from '@monocloud/backend-node/utils';
 * ```
 *
 * @packageDocumentation
 */

import type { JwtClaims, MonoCloudValidationError } from '../../index.js';

// ---------------------------------------------------------------------------------------------
// Users and sessions
// ---------------------------------------------------------------------------------------------

/** A group that a user is in: its name or identifier, or both. */
export type Group =
  | string
  | {
      /** Its identifier. */
      id: string;
      /** What it is called. */
      name: string;
    };

/** A postal address (OpenID Connect Core 1.0 §5.1.1). */
export interface Address {
  /** The whole of it, as it goes on a label. Lines end with `\n` or `\r\n`. */
  formatted?: string | undefined;
  /** Street, house number, and so on. */
  street_address?: string | undefined;
  /** City. */
  locality?: string | undefined;
  /** State, province or prefecture. */
  region?: string | undefined;
  /** Postal code. */
  postal_code?: string | undefined;
  /** Country. */
  country?: string | undefined;
  /** Anything else. */
  [member: string]: unknown;
}

/**
 * What the userinfo endpoint says of a user (OpenID Connect Core 1.0 §5.1, §5.3.2).
 *
 * @typeParam TAddress - The address, where there is more to it.
 */
export interface UserinfoResponse<TAddress extends Address = Address> {
  /** The user. The only claim that is always there. */
  sub: string;
  /** The groups that the user is in. */
  groups?: Group[] | undefined;
  /** Full name. */
  name?: string | undefined;
  /** First names. */
  given_name?: string | undefined;
  /** Surnames. */
  family_name?: string | undefined;
  /** Middle names. */
  middle_name?: string | undefined;
  /** Casual name. */
  nickname?: string | undefined;
  /** What the user likes to be called here. Not unique. */
  preferred_username?: string | undefined;
  /** URL of the user's page. */
  profile?: string | undefined;
  /** URL of a picture. */
  picture?: string | undefined;
  /** URL of the user's site. */
  website?: string | undefined;
  /** Email address. */
  email?: string | undefined;
  /** Whether the address was shown to be the user's. */
  email_verified?: boolean | undefined;
  /** Gender. */
  gender?: string | undefined;
  /** `YYYY-MM-DD`, or `YYYY`. */
  birthdate?: string | undefined;
  /** Time zone, such as `Europe/Paris`. */
  zoneinfo?: string | undefined;
  /** Language, such as `en-US`. */
  locale?: string | undefined;
  /** Phone number, in E.164 where it can be. */
  phone_number?: string | undefined;
  /** Whether the number was shown to be the user's. */
  phone_number_verified?: boolean | undefined;
  /** When any of this last changed, in epoch seconds. */
  updated_at?: number | undefined;
  /** Postal address. */
  address?: TAddress | undefined;
  /** Any other claim. */
  [claim: string]: unknown;
}

/** The user of a {@link MonoCloudSession}. */
export interface MonoCloudUser extends UserinfoResponse {
  /** How the user was authenticated: `pwd`, `otp`, … (RFC 8176). */
  amr?: string[] | undefined;
  /** Which identity provider did it. */
  idp?: string | undefined;
}

/** The claims of an ID token (OpenID Connect Core 1.0 §2, §3.3.2.11). */
export interface IdTokenClaims extends UserinfoResponse, JwtClaims {
  /** Who issued the token. */
  iss: string;
  /** The user. */
  sub: string;
  /** How strong the authentication was. */
  acr?: string | undefined;
  /** How the user was authenticated. */
  amr?: string[] | undefined;
  /** Hash of the access token; see `validateTokenHash` in `/internal`. */
  at_hash?: string | undefined;
  /** When the user was authenticated, in epoch seconds. */
  auth_time?: number | undefined;
  /** The client that the token was issued to. */
  azp?: string | undefined;
  /** Hash of the code. */
  c_hash?: string | undefined;
  /** That of the request; see {@link generateNonce}. */
  nonce?: string | undefined;
  /** Hash of the state. */
  s_hash?: string | undefined;
}

/** An access token in a session. */
export interface AccessToken {
  /** The token itself. */
  accessToken: string;
  /** When it expires, in epoch seconds. */
  accessTokenExpiration: number;
  /** The scopes granted, separated by spaces. */
  scopes: string;
  /** What it is for, separated by spaces (RFC 8707). */
  resource?: string | undefined;
  /** The scopes that were asked for, separated by spaces. */
  requestedScopes?: string | undefined;
}

/** A user who is signed in, with the tokens that came with it: what a session cookie holds. */
export interface MonoCloudSession {
  /** Who it is. */
  user: MonoCloudUser;
  /** The ID token, in compact form. */
  idToken?: string | undefined;
  /** The access tokens: one for each resource and set of scopes. */
  accessTokens?: AccessToken[] | undefined;
  /** The refresh token. */
  refreshToken?: string | undefined;
  /** The scopes that were asked for when the user signed in, separated by spaces. */
  authorizedScopes?: string | undefined;
  /** Anything else that JSON can hold. */
  [member: string]: unknown;
}

/** What a program has to remember between sending a user to sign in and the callback. */
export interface AuthState {
  /** What must come back in the callback (RFC 6749 §10.12). */
  state: string;
  /** What must come back in the ID token (OpenID Connect Core 1.0 §3.1.2.1). */
  nonce: string;
  /** The scopes asked for, separated by spaces. */
  scopes: string;
  /** What proves that the code is ours (RFC 7636 §4.1). */
  codeVerifier?: string | undefined;
  /** How long ago the user may have been authenticated, in seconds. */
  maxAge?: number | undefined;
  /** What the token is for, separated by spaces (RFC 8707). */
  resource?: string | undefined;
}

// ---------------------------------------------------------------------------------------------
// Groups
// ---------------------------------------------------------------------------------------------

/**
 * Whether somebody is in a group: the rule of `protect({ groups })`, as a question of its own.
 *
 * The groups claim is an array of names, or of objects with `id` or `name`. Names are compared to the
 * letter. A claim that is none of this has no groups in it.
 *
 * @param user - A user, or claims. Without one the answer is no.
 * @param groups - What to look for. Empty: nothing is asked for, and the answer is yes.
 * @param groupsClaim - The claim with the groups. By default `'groups'`.
 * @param matchAll - `true`: all of them. `false`, the default: any one.
 * @throws {MonoCloudValidationError} where `groups` is no array, or has something else than strings in it.
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

/** What came back from the authorization endpoint (RFC 6749 §4.1.2, OpenID Connect Core 1.0 §3). */
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
  /** `expires_in`: how long the access token lives, in seconds. */
  expiresIn: number | undefined;
  /** `error`, such as `access_denied` (RFC 6749 §4.1.2.1). */
  error: string | undefined;
  /** `error_description`, for developers. It comes from outside: escape it. */
  errorDescription: string | undefined;
}

/** What is read of a `URLSearchParams`. */
export interface QueryParameters {
  /** The first value of a parameter. */
  get(name: string): string | null;
}

/**
 * Reads the parameters of a callback. Nothing is checked; a parameter that is not there is `undefined`,
 * and of one that is there twice the first counts.
 *
 * @param queryOrUrl - A URL, whose query is read and whose fragment is not; `req.url`; a query or a
 * fragment, with or without its `?` or `#`; the body of a `form_post`; or a `URLSearchParams`.
 * @returns Every parameter that this package knows, those that are not there as `undefined`.
 * @throws {MonoCloudValidationError} where it is none of these.
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
  /** To be kept until the code is exchanged. */
  codeVerifier: string;
  /** To be sent with the authorization request. */
  codeChallenge: string;
}>;

// ---------------------------------------------------------------------------------------------
// Text under a secret
// ---------------------------------------------------------------------------------------------

/**
 * Encrypts a text, so that who has the secret can read it, and nobody else can read or change it.
 *
 * AES-256-GCM with a key from PBKDF2-SHA-256 (RFC 8018 §5.2), 310,000 iterations. The result is
 * base64url without padding of salt (16 bytes), IV (12), ciphertext and tag (16), and another one each
 * time: four thirds of the text's bytes, and 59 characters more. The vendor's packages that use
 * 310,000 iterations read it, too.
 *
 * It takes about 100 ms of one of the process's four background threads (`UV_THREADPOOL_SIZE`).
 *
 * @param data - At most 1 MiB as UTF-8.
 * @param secret - `openssl rand -base64 32`. Who knows it can read, and make up, all that it encrypts.
 * @returns Base64url without padding: it goes into a cookie, a URL or a header as it is.
 * @throws {MonoCloudValidationError} where `data` is no string or too long, or `secret` is missing or empty.
 * @example
 * ```ts
 * const text = await encrypt('the answer is 42', secret);
 * const answer = await decrypt(text, secret); // undefined, if it is not what was encrypted
 * ```
 */
export declare function encrypt(data: string, secret: string): Promise<string>;

/**
 * Decrypts what {@link encrypt} made, here or in a package of the vendor's, with 310,000 iterations
 * or 100,000.
 *
 * It takes as long as encrypting; a text that is not under this secret takes a third more. What can't be
 * one (other characters, too short, over 1 MiB) is told at once. Where anybody can send texts, mind how
 * many.
 *
 * @param encrypted - Anything: what can't be decrypted is no error.
 * @param secret - The one that it was encrypted with.
 * @returns The text; `undefined` where it was altered, cut off, or is not under this secret.
 * @throws {MonoCloudValidationError} where `secret` is missing or empty.
 */
export declare function decrypt(
  encrypted: string | null | undefined,
  secret: string,
): Promise<string | undefined>;

/**
 * Encrypts a session, for a cookie or a store; see {@link encrypt}. What is encrypted is
 * `{ "session": …, "expiresAt": … }`.
 *
 * @param session - What JSON can hold of it is kept.
 * @param secret - The same as for {@link decryptSession}.
 * @param ttl - After how many seconds it is expired; finite. Without one it never is.
 * @returns As {@link encrypt} makes it. A cookie holds some 4000 characters: large claims are better off in
 * a store.
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
 * Decrypts a session. That it was encrypted with the secret is all that is checked of it: its tokens may
 * have expired.
 *
 * @typeParam T - What the session is. It is taken at your word, not checked.
 * @param encryptedSession - What {@link encryptSession} returned, or what is in the cookie's place.
 * @param secret - The one that it was encrypted with.
 * @returns The session.
 * @throws {MonoCloudValidationError} with the message `Invalid session data` where it was altered, is not
 * under this secret, or holds no session; with `Session Expired` where its `ttl` is over; and where `secret`
 * is missing or empty.
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
 * Encrypts what has to be remembered until the callback; see {@link encrypt}. What is encrypted is
 * `{ "authState": …, "expiresAt": … }`.
 *
 * @typeParam T - The state, with members of your own.
 * @param authState - What JSON can hold of it is kept.
 * @param secret - The same as for {@link decryptAuthState}.
 * @param ttl - After how many seconds it is expired; finite. Without one it never is.
 * @returns As {@link encrypt} makes it.
 * @throws {MonoCloudValidationError} where `authState` is no object, can't be written as JSON, or is over
 * 1 MiB; where `ttl` is no finite number; where `secret` is missing or empty.
 */
export declare function encryptAuthState<T extends AuthState>(
  authState: T,
  secret: string,
  ttl?: number,
): Promise<string>;

/**
 * Decrypts what was remembered.
 *
 * @typeParam T - What it is. It is taken at your word, not checked.
 * @param encryptedAuthState - What {@link encryptAuthState} returned, or what is in the cookie's place.
 * @param secret - The one that it was encrypted with.
 * @returns What was encrypted.
 * @throws {MonoCloudValidationError} with the message `Invalid auth state` where it was altered, is not
 * under this secret, or holds none; with `Auth state expired` where its `ttl` is over; and where `secret` is
 * missing or empty.
 *
 * @example
 * ```ts
 * const { state, codeVerifier } = await decryptAuthState(req.cookies.state, secret);
 * const callback = parseCallbackParams(req.url);
 * if (callback.state !== state) throw new Error('This callback is not of a sign-in that began here');
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
 * All strings of some lists, each once, in the order in which they first come.
 *
 * @param arrays - The lists. What is no array is passed over.
 * @returns The strings; `undefined` where no list was given.
 * @example
 * ```ts
 * mergeArrays(['openid', 'email'], undefined, ['email', 'posts:read']); // openid, email, posts:read
 * ```
 */
export declare function mergeArrays(
  ...arrays: (readonly string[] | undefined)[]
): string[] | undefined;
