/**
 * `@monocloud/backend-node/internal`: small helpers that the vendor's packages share. They are here for
 * programs that import them already. New ones are better off with what Node.js has.
 *
 * @packageDocumentation
 */

import type {
  Jwk,
  JwsHeaderParameters,
  MonoCloudTokenError,
  MonoCloudValidationError,
} from '../../index.js';
import type { AccessToken, IdTokenClaims, MonoCloudUser } from './utils.js';

// ---------------------------------------------------------------------------------------------
// Settings
// ---------------------------------------------------------------------------------------------

/**
 * Reads a boolean, such as that of an environment variable.
 *
 * @param value - `true` or `false`, in any case, with white space around it.
 * @returns `undefined` for anything else.
 */
export declare function getBoolean(value?: string): boolean | undefined;

/**
 * Reads a whole number, such as that of an environment variable.
 *
 * @param value - Decimal. What follows the digits is ignored: `'300s'` is 300, and `'0.5'` is 0.
 * @returns `undefined` where it does not begin with one.
 */
export declare function getNumber(value?: string): number | undefined;

/**
 * Whether there is a value: a boolean, a number, or a string that is not only white space.
 *
 * @param value - Anything that a setting may be.
 */
export declare function isPresent(
  value?: string | number | boolean | null,
): value is string | number | boolean;

/**
 * Reads a client secret: the JSON of a JWK (an object with a string `kty`; RFC 7517 §4) becomes that
 * object; anything else stays as it is.
 *
 * @param value - A secret, a JWK, or the JSON of one.
 */
export declare function parseClientSecret(value?: string | Jwk): string | Jwk | undefined;

// ---------------------------------------------------------------------------------------------
// URLs
// ---------------------------------------------------------------------------------------------

/**
 * The path, trimmed, with a `/` in front. Nothing stays nothing.
 *
 * @param value - A path.
 */
export declare function ensureLeadingSlash(value: string): string;
/** The same, where there may be none. */
export declare function ensureLeadingSlash(value?: string): string | undefined;

/**
 * The URL or path, trimmed, without the last `/`. Only one is removed. Nothing stays nothing.
 *
 * @param value - A URL or a path.
 */
export declare function removeTrailingSlash(value: string): string;
/** The same, where there may be none. */
export declare function removeTrailingSlash(value?: string): string | undefined;

/**
 * Whether a URL begins with `http://` or `https://`, in any case (RFC 3986 §3.1).
 *
 * `false` does not mean that a redirect stays on your site: `//example.org` and `\\example.org` leave it,
 * too. Resolve the URL against your own, then ask {@link isSameHost}.
 *
 * @param url - Anything that may be one.
 * @example
 * ```ts
 * const target = new URL(returnUrl, 'https://app.example.com').href;
 * const isOurs = isSameHost(target, 'https://app.example.com');
 * ```
 */
export declare function isAbsoluteUrl(url: string): boolean;

/**
 * Whether two absolute URLs have the same origin: scheme, host and port (RFC 6454 §5). What is no URL, and
 * what has no origin (`data:`, `javascript:`), is like no other.
 *
 * @param url - Absolute.
 * @param urlToCheck - Absolute.
 */
export declare function isSameHost(url: string, urlToCheck: string): boolean;

// ---------------------------------------------------------------------------------------------
// Lists and objects
// ---------------------------------------------------------------------------------------------

/**
 * The words of a text, such as those of `scope` (RFC 6749 §3.3). No text: `undefined`.
 *
 * @param text - Words with white space between them.
 */
export declare function parseSpaceSeparated(text: string): string[];
/** The same, where there may be none. */
export declare function parseSpaceSeparated(text?: string): string[] | undefined;

/**
 * The words of a text, each once. No text: an empty set.
 *
 * @param text - Words with white space between them.
 */
export declare function parseSpaceSeparatedSet(text?: string): Set<string>;

/**
 * Whether two sets have the same members.
 *
 * @param a - One set.
 * @param b - The other one.
 * @param strict - `false`: whether all of `a` is in `b`. By default `true`.
 */
export declare function setsEqual(
  a: ReadonlySet<string>,
  b: ReadonlySet<string>,
  strict?: boolean,
): boolean;

/**
 * Whether something is an object: not `null`, no array.
 *
 * @typeParam T - What it is then taken for, unchecked.
 * @param input - Anything.
 */
export declare function isJsonObject<T = Record<string, unknown>>(input: unknown): input is T;

/**
 * Finds the access token of a session that was requested for exactly these resources and scopes.
 *
 * @param tokens - Those of the session.
 * @param resource - Separated by spaces, in any order. Absent: the token has none.
 * @param scopes - Likewise; compared with `requestedScopes`, not with those that were granted.
 */
export declare function findToken(
  tokens?: readonly AccessToken[],
  resource?: string,
  scopes?: string,
): AccessToken | undefined;

/**
 * What a session knows of its user after new claims have come. The userinfo's win over the ID token's,
 * and both over what was there. A new object, unless nothing new has come.
 *
 * @param existingUser - What was there.
 * @param idTokenClaims - What a new ID token says.
 * @param userinfoClaims - What the userinfo endpoint says.
 * @param strict - `true`: what was there is forgotten, if anything has come. By default `false`.
 */
export declare function profileSync(
  existingUser?: MonoCloudUser,
  idTokenClaims?: Partial<IdTokenClaims>,
  userinfoClaims?: Partial<MonoCloudUser>,
  strict?: boolean,
): MonoCloudUser;

// ---------------------------------------------------------------------------------------------
// Bytes and text
// ---------------------------------------------------------------------------------------------

/**
 * The UTF-8 bytes of a text.
 *
 * @param text - Any; half a surrogate pair becomes `\uFFFD`.
 */
export declare function stringToArrayBuffer(text: string): Uint8Array;

/**
 * The text of UTF-8 bytes, without a byte order mark. What is no UTF-8 becomes `\uFFFD`.
 *
 * @param buffer - The bytes.
 */
export declare function arrayBufferToString(buffer: ArrayBuffer | Uint8Array): string;

/**
 * The UTF-8 bytes of a text as standard base64 with padding (RFC 4648 §4).
 *
 * @param text - Any.
 */
export declare function encodeBase64(text: string): string;

/**
 * Bytes as base64url without padding (RFC 4648 §5).
 *
 * @param input - The bytes.
 */
export declare function encodeBase64Url(input: Uint8Array | ArrayBuffer): string;

/**
 * The same as {@link encodeBase64Url}, by the vendor's other name.
 *
 * @param buffer - The bytes.
 */
export declare function arrayBufferToBase64(buffer: Uint8Array | ArrayBuffer): string;

/**
 * Decodes base64url or base64; white space is ignored.
 *
 * @param input - Either of them, with or without padding.
 * @returns One character for each **byte**, as `atob` returns it: this is not UTF-8.
 * @throws {MonoCloudValidationError} where it is neither.
 */
export declare function decodeBase64Url(input: string): string;

/**
 * The bytes of base64url without padding (RFC 7515 §2). Nothing else is taken: no padding, no white space,
 * no other alphabet, no bits that are left over.
 *
 * @param input - Base64url.
 * @throws {MonoCloudValidationError} where it is not.
 */
export declare function decodeBase64UrlBytes(input: string): Uint8Array;

/**
 * The text of base64url without padding, as {@link decodeBase64UrlBytes} reads it. A byte order mark is part
 * of the text.
 *
 * @param input - Base64url of UTF-8.
 * @throws {MonoCloudValidationError} where it is not.
 */
export declare function decodeBase64UrlUtf8(input: string): string;

/**
 * Standard base64 as base64url without padding.
 *
 * @param base64 - With or without padding.
 */
export declare function toB64Url(base64: string): string;

/**
 * Base64url without padding as standard base64 with it.
 *
 * @param base64url - Without padding.
 */
export declare function fromB64Url(base64url: string): string;

// ---------------------------------------------------------------------------------------------
// Time, chance and digests
// ---------------------------------------------------------------------------------------------

/** Whole seconds since 1970-01-01T00:00:00Z, rounded down. */
export declare function now(): number;

/**
 * Random bytes, as base64url without padding.
 *
 * @param length - How many bytes, 1 to 65536. By default 32: 43 characters.
 * @throws {MonoCloudValidationError} where `length` is another number, or none.
 */
export declare function randomBytes(length?: number): string;

/**
 * Whether two strings are equal; how long that takes says nothing but whether they are as long.
 *
 * @param a - One string.
 * @param b - The other one.
 */
export declare function timingSafeEqual(a: string, b: string): boolean;

/**
 * The SHA-256 of a text's UTF-8 bytes, as base64url: 43 characters.
 *
 * @param input - Any text.
 */
export declare function sha256(input: string): Promise<string>;

/** How ID tokens are signed. */
export type SecurityAlgorithms =
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'ES256'
  | 'ES384'
  | 'ES512';

/**
 * What `at_hash`, `c_hash` or `s_hash` in an ID token must be: the left half of a digest, as base64url
 * (OpenID Connect Core 1.0 §3.3.2.11).
 *
 * @param value - The access token, code or state.
 * @param alg - How the ID token is signed, which says what digest it is.
 * @returns Base64url: 22, 32 or 43 characters.
 * @throws {MonoCloudTokenError} with the reason `unsupported_algorithm` where it is none of those.
 */
export declare function hashTokenValue(value: string, alg: SecurityAlgorithms): Promise<string>;

/**
 * Whether such a hash is that of a value.
 *
 * @param value - The access token, code or state.
 * @param expectedHash - What the ID token has.
 * @param alg - How the ID token is signed.
 * @throws {MonoCloudTokenError} with the reason `unsupported_algorithm` where it is none of those.
 * @example
 * ```ts
 * const isItsToken = await validateTokenHash(accessToken, idTokenClaims.at_hash ?? '', 'RS256');
 * ```
 */
export declare function validateTokenHash(
  value: string,
  expectedHash: string,
  alg: SecurityAlgorithms,
): Promise<boolean>;

// ---------------------------------------------------------------------------------------------
// Keys
// ---------------------------------------------------------------------------------------------

/** `CryptoKey`, where the project's libraries have it. */
export type PublicKey = typeof globalThis extends {
  crypto: { subtle: { importKey(...args: never[]): Promise<infer K> } };
}
  ? K
  : object;

/**
 * The one key of a set that can verify a token: by key type, curve, `kid`, `alg`, `use` and `key_ops`
 * (RFC 7517 §4). To validate an access token call `validateAccessToken`, which does this and the rest.
 *
 * @param jwks - The keys, without the set around them: `(await client.getJwks()).keys`.
 * @param header - That of the token: `alg` is one of {@link SecurityAlgorithms}.
 * @returns A `CryptoKey` for `verify`.
 * @throws {MonoCloudTokenError} with the reason `unsupported_algorithm`; `ambiguous_key`, where several
 * keys fit; or `unknown_key`, where none does, or its material is bad, or it is RSA of less than 2048 bits.
 * @throws {MonoCloudValidationError} where the key is a private one.
 * @example
 * ```ts
 * const { keys } = await client.getJwks();
 * const key = await getPublicSigKeyFromIssuerJwks(keys, { alg: 'RS256', kid: 'one' });
 * ```
 */
export declare function getPublicSigKeyFromIssuerJwks(
  jwks: readonly Jwk[],
  header: JwsHeaderParameters,
): Promise<PublicKey>;
