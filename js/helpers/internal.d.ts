/**
 * `@monocloud/backend-node/internal`: small helpers that the vendor's packages share, for programs that already
 * import them. New programs should use the functions of Node.js.
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
 * Reads a boolean, for example from an environment variable.
 *
 * @param value - `true` or `false`, in any case, with white space around it.
 * @returns The boolean; `undefined` for any other text.
 */
export declare function getBoolean(value?: string): boolean | undefined;

/**
 * Reads a whole number, for example from an environment variable.
 *
 * @param value - A decimal number. Text after the digits is ignored: `'300s'` is 300, and `'0.5'` is 0.
 * @returns The number; `undefined` where the text does not begin with one.
 */
export declare function getNumber(value?: string): number | undefined;

/**
 * Whether there is a value: a boolean, a number, or a string that is not only white space.
 *
 * @param value - The value of a setting.
 */
export declare function isPresent(
  value?: string | number | boolean | null,
): value is string | number | boolean;

/**
 * Reads a client secret. The JSON of a JWK (an object with a string `kty`; RFC 7517 §4) becomes that object; any
 * other value is returned unchanged.
 *
 * @param value - A secret, a JWK, or the JSON of one.
 */
export declare function parseClientSecret(value?: string | Jwk): string | Jwk | undefined;

// ---------------------------------------------------------------------------------------------
// URLs
// ---------------------------------------------------------------------------------------------

/**
 * The path, trimmed, with a `/` in front. An empty or absent path is returned unchanged.
 *
 * @param value - A path.
 */
export declare function ensureLeadingSlash(value: string): string;
/** The same for a path that may be absent. */
export declare function ensureLeadingSlash(value?: string): string | undefined;

/**
 * The URL or path, trimmed, without the last `/`. Only one `/` is removed. An absent value stays `undefined`.
 *
 * @param value - A URL or a path.
 */
export declare function removeTrailingSlash(value: string): string;
/** The same for a value that may be absent. */
export declare function removeTrailingSlash(value?: string): string | undefined;

/**
 * Whether a URL begins with `http://` or `https://`, in any case (RFC 3986 §3.1).
 *
 * `false` does not mean that a redirect stays on your site: `//example.org` and `\\example.org` leave it, too.
 * Resolve the URL against your own, then call {@link isSameHost}.
 *
 * @param url - A URL or a path.
 * @example
 * ```ts
 * const target = new URL(returnUrl, 'https://app.example.com').href;
 * const isOurs = isSameHost(target, 'https://app.example.com');
 * ```
 */
export declare function isAbsoluteUrl(url: string): boolean;

/**
 * Whether two absolute URLs have the same origin: scheme, host and port (RFC 6454 §5). `false` for text that is no
 * URL, and for a URL without origin (`data:`, `javascript:`).
 *
 * @param url - An absolute URL.
 * @param urlToCheck - An absolute URL.
 */
export declare function isSameHost(url: string, urlToCheck: string): boolean;

// ---------------------------------------------------------------------------------------------
// Lists and objects
// ---------------------------------------------------------------------------------------------

/**
 * The words of a text, such as `scope` (RFC 6749 §3.3); `undefined` without a text.
 *
 * @param text - Words, separated by white space.
 */
export declare function parseSpaceSeparated(text: string): string[];
/** The same for a text that may be absent. */
export declare function parseSpaceSeparated(text?: string): string[] | undefined;

/**
 * The words of a text without duplicates; an empty set without a text.
 *
 * @param text - Words, separated by white space.
 */
export declare function parseSpaceSeparatedSet(text?: string): Set<string>;

/**
 * Whether two sets have the same members.
 *
 * @param a - One set.
 * @param b - The other one.
 * @param strict - `false`: whether `b` contains all members of `a`. By default `true`.
 */
export declare function setsEqual(
  a: ReadonlySet<string>,
  b: ReadonlySet<string>,
  strict?: boolean,
): boolean;

/**
 * Whether a value is an object: not `null`, and no array.
 *
 * @typeParam T - The type of the object, which is not checked.
 * @param input - Any value.
 */
export declare function isJsonObject<T = Record<string, unknown>>(input: unknown): input is T;

/**
 * Finds the access token of a session that was requested for exactly these resources and scopes.
 *
 * @param tokens - The tokens of the session.
 * @param resource - Resources, separated by spaces, in any order. Absent: a token without resources.
 * @param scopes - Scopes, in the same form. They are compared with `requestedScopes`, not with granted scopes.
 */
export declare function findToken(
  tokens?: readonly AccessToken[],
  resource?: string,
  scopes?: string,
): AccessToken | undefined;

/**
 * Merges new claims into the user of a session. Claims of the userinfo response replace those of the ID token, and
 * both replace existing ones. Returns a new object, or the existing user if there are no new claims.
 *
 * @param existingUser - The user in the session.
 * @param idTokenClaims - The claims of a new ID token.
 * @param userinfoClaims - The claims of a userinfo response.
 * @param strict - `true`: new claims replace the existing user as a whole. By default `false`.
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
 * @param text - Any text. An unpaired surrogate becomes `\uFFFD`.
 */
export declare function stringToArrayBuffer(text: string): Uint8Array;

/**
 * The text of UTF-8 bytes, without a byte order mark. Bytes that are no UTF-8 become `\uFFFD`.
 *
 * @param buffer - The bytes.
 */
export declare function arrayBufferToString(buffer: ArrayBuffer | Uint8Array): string;

/**
 * The UTF-8 bytes of a text as standard base64 with padding (RFC 4648 §4).
 *
 * @param text - Any text.
 */
export declare function encodeBase64(text: string): string;

/**
 * Bytes as base64url without padding (RFC 4648 §5).
 *
 * @param input - The bytes.
 */
export declare function encodeBase64Url(input: Uint8Array | ArrayBuffer): string;

/**
 * The same as {@link encodeBase64Url}, under another name of the vendor's.
 *
 * @param buffer - The bytes.
 */
export declare function arrayBufferToBase64(buffer: Uint8Array | ArrayBuffer): string;

/**
 * Decodes base64url or base64; white space is ignored.
 *
 * @param input - Base64url or base64, with or without padding.
 * @returns One character for each **byte**, as `atob` returns it, without decoding UTF-8.
 * @throws {MonoCloudValidationError} for any other text.
 */
export declare function decodeBase64Url(input: string): string;

/**
 * The bytes of base64url without padding (RFC 7515 §2). Strict: padding, white space, characters of another
 * alphabet and unused bits that are not zero are refused.
 *
 * @param input - Base64url.
 * @throws {MonoCloudValidationError} for any other text.
 */
export declare function decodeBase64UrlBytes(input: string): Uint8Array;

/**
 * The text of base64url without padding, as {@link decodeBase64UrlBytes} reads it. A byte order mark is part of the
 * text.
 *
 * @param input - Base64url of UTF-8.
 * @throws {MonoCloudValidationError} for any other text.
 */
export declare function decodeBase64UrlUtf8(input: string): string;

/**
 * Standard base64 as base64url without padding.
 *
 * @param base64 - Base64, with or without padding.
 */
export declare function toB64Url(base64: string): string;

/**
 * Base64url without padding as standard base64 with padding.
 *
 * @param base64url - Base64url without padding.
 */
export declare function fromB64Url(base64url: string): string;

// ---------------------------------------------------------------------------------------------
// Time, randomness and digests
// ---------------------------------------------------------------------------------------------

/** Whole seconds since 1970-01-01T00:00:00Z, rounded down. */
export declare function now(): number;

/**
 * Random bytes, as base64url without padding.
 *
 * @param length - The number of bytes, from 1 to 65536. By default 32, which are 43 characters.
 * @throws {MonoCloudValidationError} for any other `length`.
 */
export declare function randomBytes(length?: number): string;

/**
 * Whether two strings are equal, in a time that depends on their lengths only.
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

/** The algorithms of ID tokens. */
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
 * Computes `at_hash`, `c_hash` or `s_hash` of an ID token: the left half of a digest, as base64url (OpenID Connect
 * Core 1.0 §3.3.2.11).
 *
 * @param value - The access token, code or state.
 * @param alg - The ID token's algorithm, which determines the digest.
 * @returns Base64url: 22, 32 or 43 characters.
 * @throws {MonoCloudTokenError} with the reason `unsupported_algorithm` for any other algorithm.
 */
export declare function hashTokenValue(value: string, alg: SecurityAlgorithms): Promise<string>;

/**
 * Whether `at_hash`, `c_hash` or `s_hash` is the hash of a value; see {@link hashTokenValue}.
 *
 * @param value - The access token, code or state.
 * @param expectedHash - The hash in the ID token.
 * @param alg - The ID token's algorithm.
 * @throws {MonoCloudTokenError} with the reason `unsupported_algorithm` for any other algorithm.
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

/** `CryptoKey`, if the project's type libraries have this type. */
export type PublicKey = typeof globalThis extends {
  crypto: { subtle: { importKey(...args: never[]): Promise<infer K> } };
}
  ? K
  : object;

/**
 * The one key of a set that can verify a token, by key type, curve, `kid`, `alg`, `use` and `key_ops`
 * (RFC 7517 §4). To validate an access token, call `validateAccessToken`.
 *
 * @param jwks - The keys of the set: `(await client.getJwks()).keys`.
 * @param header - The header of the token. `alg` is one of {@link SecurityAlgorithms}.
 * @returns A `CryptoKey` for `verify`.
 * @throws {MonoCloudTokenError} with the reason `unsupported_algorithm`; `ambiguous_key`, where several keys fit; or
 * `unknown_key`, where no key fits, or the key is invalid, or an RSA key with less than 2048 bits.
 * @throws {MonoCloudValidationError} where the key is a private key.
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
