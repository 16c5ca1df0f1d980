// Users, sessions and the state of a sign-in, for `./utils`.

import type { JwtClaims } from '../../index.js';

/** A group that a user is in: its name or identifier, or both. */
export type Group =
  | string
  | {
      /** The group's identifier. */
      id: string;
      /** The group's name. */
      name: string;
    };

/** A postal address (OpenID Connect Core 1.0 §5.1.1). */
export interface Address {
  /** The full address, as on a mailing label. Lines end with `\n` or `\r\n`. */
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
  /** Any other member. */
  [member: string]: unknown;
}

/**
 * The claims of a userinfo response (OpenID Connect Core 1.0 §5.1, §5.3.2).
 *
 * @typeParam TAddress - The type of the address.
 */
export interface UserinfoResponse<TAddress extends Address = Address> {
  /** The user's identifier. The only claim that is always present. */
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
  /** The user name that the user prefers. Not unique. */
  preferred_username?: string | undefined;
  /** URL of the user's page. */
  profile?: string | undefined;
  /** URL of a picture. */
  picture?: string | undefined;
  /** URL of the user's site. */
  website?: string | undefined;
  /** Email address. */
  email?: string | undefined;
  /** Whether the email address was verified. */
  email_verified?: boolean | undefined;
  /** Gender. */
  gender?: string | undefined;
  /** `YYYY-MM-DD`, or `YYYY`. */
  birthdate?: string | undefined;
  /** Time zone, such as `Europe/Paris`. */
  zoneinfo?: string | undefined;
  /** Language, such as `en-US`. */
  locale?: string | undefined;
  /** Phone number, preferably in E.164 format. */
  phone_number?: string | undefined;
  /** Whether the phone number was verified. */
  phone_number_verified?: boolean | undefined;
  /** The time of the last change of these claims, in epoch seconds. */
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
  /** The identity provider that authenticated the user. */
  idp?: string | undefined;
}

/** The claims of an ID token (OpenID Connect Core 1.0 §2, §3.3.2.11). */
export interface IdTokenClaims extends UserinfoResponse, JwtClaims {
  /** The issuer of the token. */
  iss: string;
  /** The user's identifier. */
  sub: string;
  /** The authentication context class: how strong the authentication was. */
  acr?: string | undefined;
  /** How the user was authenticated. */
  amr?: string[] | undefined;
  /** Hash of the access token; see `validateTokenHash` in `/internal`. */
  at_hash?: string | undefined;
  /** The time of the authentication, in epoch seconds. */
  auth_time?: number | undefined;
  /** The client that the token was issued to. */
  azp?: string | undefined;
  /** Hash of the code. */
  c_hash?: string | undefined;
  /** The nonce of the request; see `generateNonce`. */
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
  /** The resources that the token is for, separated by spaces (RFC 8707). */
  resource?: string | undefined;
  /** The requested scopes, separated by spaces. */
  requestedScopes?: string | undefined;
}

/** The session of a user, with tokens: the content of a session cookie. */
export interface MonoCloudSession {
  /** The user. */
  user: MonoCloudUser;
  /** The ID token, in compact form. */
  idToken?: string | undefined;
  /** The access tokens: one for each resource and set of scopes. */
  accessTokens?: AccessToken[] | undefined;
  /** The refresh token. */
  refreshToken?: string | undefined;
  /** The scopes that were requested at sign-in, separated by spaces. */
  authorizedScopes?: string | undefined;
  /** Any other member that JSON can represent. */
  [member: string]: unknown;
}

/** The state of a sign-in, from the authorization request to the callback. */
export interface AuthState {
  /** The `state` that the callback must have (RFC 6749 §10.12). */
  state: string;
  /** The `nonce` that the ID token must have (OpenID Connect Core 1.0 §3.1.2.1). */
  nonce: string;
  /** The requested scopes, separated by spaces. */
  scopes: string;
  /** The code verifier of PKCE (RFC 7636 §4.1). */
  codeVerifier?: string | undefined;
  /** The longest time since the user's authentication, in seconds. */
  maxAge?: number | undefined;
  /** The resources that the token is for, separated by spaces (RFC 8707). */
  resource?: string | undefined;
}
