/**
 * `@monocloud/backend-node/issuers`: the options for tokens of Microsoft Entra ID, Amazon Cognito, Auth0,
 * Keycloak and Okta, to spread into a client's options, or to list in `issuers`.
 *
 * ```ts
 * import { protectApi } from '@monocloud/backend-node/express';
 * import { auth0, entra } from '@monocloud/backend-node/issuers';
 *
 * const protect = protectApi({
 *   issuers: [
 *     entra({ tenantId: '11111111-2222-3333-4444-555555555555', audience: 'api://orders' }),
 *     auth0({ domain: 'example.eu.auth0.com', audience: 'https://api.example.com' }),
 *   ],
 * });
 * ```
 *
 * Each function only computes: it asks nobody, and reads no environment variable. `docs/issuers.md` shows what
 * a token of each looks like.
 *
 * @packageDocumentation
 */

import type { MonoCloudValidationError } from '../../index.js';

/** What the functions of this module return: a new plain object of a client's options. */
export interface KnownIssuer {
  /** Where discovery starts. */
  tenantDomain: string;
  /** The `iss` of every token, to the byte. */
  issuer: string;
  /** The `aud` of every token: one of these. `false`: tokens have none. */
  audience: string | string[] | false;
  /** The clients whose tokens are accepted. */
  clientIds?: string[];
  /** The claim with the scopes. */
  scopesClaim?: string;
  /** The claim with the groups, roles or permissions that `groups` of a route asks for. */
  groupOptions?: {
    /** Its name, or a JSON Pointer. */
    groupsClaim: string;
  };
  /** What every token must say, so that an ID token is refused. */
  requiredClaims?: Record<string, string | string[]>;
}

/** The options of {@link entra}. */
export interface EntraOptions {
  /** The directory's tenant ID, a GUID. Tokens name the tenant by this ID and never by a domain. */
  tenantId: string;
  /** The API's application ID (a GUID: the `aud` of v2 tokens), or its Application ID URI; or a list of both. */
  audience: string | readonly string[];
  /**
   * The version of the access tokens, as `requestedAccessTokenVersion` in the API's manifest has it: their
   * `ver` is `1.0` or `2.0`.
   *
   * @defaultValue `'v2'`
   */
  version?: 'v1' | 'v2' | undefined;
}

/** The options of {@link cognito}. */
export interface CognitoOptions {
  /** The pool's region: `eu-central-1`. */
  region: string;
  /** The pool's ID, which begins with the region: `eu-central-1_AbCdEfGhI`. */
  userPoolId: string;
  /** The app clients whose tokens are accepted: access tokens of a user pool name no API. */
  clientIds: readonly string[];
}

/** The options of {@link auth0}. */
export interface Auth0Options {
  /** The tenant's domain, or the custom domain: `example.eu.auth0.com`. */
  domain: string;
  /** The API's identifier. */
  audience: string | readonly string[];
}

/** The options of {@link keycloak}. */
export interface KeycloakOptions {
  /** The server's URL as clients see it, with `/auth` where the server is there: `https://sso.example.com`. */
  url: string;
  /** The realm's name. */
  realm: string;
  /** What an audience mapper puts into `aud`: the API's client ID, most often. */
  audience: string | readonly string[];
}

/** The options of {@link okta}. */
export interface OktaOptions {
  /** The organisation's domain, or the custom domain: `example.okta.com`. */
  domain: string;
  /**
   * The ID of the custom authorization server.
   *
   * @defaultValue `'default'`
   */
  authorizationServer?: string | undefined;
  /** The authorization server's audience: `api://default`. */
  audience: string | readonly string[];
}

/**
 * Microsoft Entra ID (Azure AD), one tenant. Scopes are in `scp`, and `groups` of a route asks for app roles
 * (`roles`).
 *
 * @param options - Which tenant and API.
 * @throws {MonoCloudValidationError} where an option is missing, wrong, or does not exist.
 *
 * @example
 * ```ts
 * const client = new MonoCloudBackendNodeClient(
 *   entra({
 *     tenantId: '11111111-2222-3333-4444-555555555555',
 *     audience: ['66666666-7777-8888-9999-000000000000', 'api://orders'],
 *   }),
 * );
 * ```
 */
export declare function entra(options: EntraOptions): KnownIssuer;

/**
 * A user pool of Amazon Cognito: access tokens (`token_use`) of these app clients. `groups` of a route asks for
 * the pool's groups (`cognito:groups`).
 *
 * @param options - Which pool and app clients.
 * @throws {MonoCloudValidationError} where an option is missing, wrong, or does not exist.
 *
 * @example
 * ```ts
 * const client = new MonoCloudBackendNodeClient(
 *   cognito({
 *     region: 'eu-central-1',
 *     userPoolId: 'eu-central-1_AbCdEfGhI',
 *     clientIds: ['1example23456789'],
 *   }),
 * );
 * ```
 */
export declare function cognito(options: CognitoOptions): KnownIssuer;

/**
 * A tenant of Auth0. `groups` of a route asks for `permissions`, which tokens have where the API adds them.
 *
 * @param options - Which tenant and API.
 * @throws {MonoCloudValidationError} where an option is missing, wrong, or does not exist.
 *
 * @example
 * ```ts
 * const client = new MonoCloudBackendNodeClient(
 *   auth0({ domain: 'example.eu.auth0.com', audience: 'https://api.example.com' }),
 * );
 * ```
 */
export declare function auth0(options: Auth0Options): KnownIssuer;

/**
 * A realm of Keycloak: access tokens (`typ` is `Bearer` or `DPoP`). `groups` of a route asks for the realm's
 * roles (`realm_access.roles`).
 *
 * @param options - Which realm and API.
 * @throws {MonoCloudValidationError} where an option is missing, wrong, or does not exist.
 *
 * @example
 * ```ts
 * const client = new MonoCloudBackendNodeClient(
 *   keycloak({ url: 'https://sso.example.com', realm: 'staff', audience: 'orders-api' }),
 * );
 * ```
 */
export declare function keycloak(options: KeycloakOptions): KnownIssuer;

/**
 * A custom authorization server of Okta. Scopes are in `scp`. Tokens of the organisation's own authorization
 * server, whose issuer has no `/oauth2/`, are for Okta alone.
 *
 * @param options - Which authorization server and API.
 * @throws {MonoCloudValidationError} where an option is missing, wrong, or does not exist.
 *
 * @example
 * ```ts
 * const client = new MonoCloudBackendNodeClient(
 *   okta({ domain: 'example.okta.com', audience: 'api://default' }),
 * );
 * ```
 */
export declare function okta(options: OktaOptions): KnownIssuer;
