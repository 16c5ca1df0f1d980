/**
 * `@monocloud/backend-node/mcp`: an MCP server as an OAuth resource server, with the SDK's own bearer middleware
 * and transport.
 *
 * ```ts
 * import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js';
 * import { createTokenVerifier } from '@monocloud/backend-node/mcp';
 * import { MonoCloudBackendNodeClient } from '@monocloud/backend-node';
 *
 * const client = new MonoCloudBackendNodeClient(); // reads MONOCLOUD_BACKEND_* of the environment
 * const verifier = createTokenVerifier(client, { requiredScopes: ['mcp'] });
 * const bearer = requireBearerAuth({ verifier, requiredScopes: ['mcp'] });
 * ```
 *
 * @packageDocumentation
 */

import type {
  AccessTokenClaims,
  AccessTokenValidator,
  MonoCloudValidationError,
} from '../../index.js';

/** What the MCP SDK calls `AuthInfo`: what its transports hand to tools as `extra.authInfo`. */
export interface McpAuthInfo {
  /** The access token. */
  token: string;
  /** The token's `client_id` (RFC 9068 §2.2), or else its `azp`; empty where it has neither. */
  clientId: string;
  /** The scopes in the claim `scope`, and those that the verifier requires. */
  scopes: string[];
  /** `exp`, in epoch seconds. */
  expiresAt?: number;
  /** The client's `resourceMetadata.resource`, where `aud` names it (RFC 8707 §2). */
  resource?: URL;
  /** More about the token. */
  extra: {
    /** All claims of the token. */
    claims: AccessTokenClaims;
  };
}

/** What the SDK's `requireBearerAuth` takes as `verifier`. */
export interface TokenVerifier {
  /**
   * Validates a token. It rejects with the SDK's `InvalidTokenError` (401), `InsufficientScopeError` (403) or, where
   * the token could not be validated, `ServerError` (500).
   */
  verifyAccessToken(token: string): Promise<McpAuthInfo>;
}

/** Options of {@link createTokenVerifier}. */
export interface TokenVerifierOptions {
  /** Scopes that every token must have. */
  requiredScopes?: string[];
}

/**
 * Makes a verifier for `requireBearerAuth` of the MCP SDK. The audience of every token is checked, as the MCP
 * specification asks (RFC 8707 §2).
 *
 * @param client - A client; one with `audience: false` is refused.
 * @param options - What every token must have.
 * @throws {MonoCloudValidationError} where it is no such client, or an option is bad.
 */
export declare function createTokenVerifier(
  client: AccessTokenValidator,
  options?: TokenVerifierOptions,
): TokenVerifier;

/** Options of {@link protectTools}. */
export interface ProtectToolsOptions {
  /** Scopes that every request must have. */
  requiredScopes?: string[];
  /** What calls of a tool need beside those, by the tool's name. */
  toolScopes: Record<string, string[]>;
}

/**
 * Guards single tools. The result is a function that returns the guard for one request, by the JSON in its body: a
 * call of a tool whose scopes the token lacks is a 403 that names them (RFC 6750 §3.1).
 *
 * Hand the same JSON to the transport. A body that is not parsed (`undefined`, a string, bytes) is an error that is
 * thrown, because it may call any tool.
 *
 * @typeParam G - The guard of a route of the framework.
 * @param protect - What `protectApi()` of any framework has returned.
 * @param options - The scopes.
 * @throws {MonoCloudValidationError} where an option is bad.
 *
 * @example
 * ```ts
 * const guardOf = protectTools(protect, { toolScopes: { remove: ['files:delete'] } });
 * app.post('/mcp', express.json(), (req, res, next) => guardOf(req.body)(req, res, next));
 * ```
 */
export declare function protectTools<G>(
  protect: (options: { scopes: string[] }) => G,
  options: ProtectToolsOptions,
): (body: unknown) => G;

/**
 * `AuthInfo` for a transport, from a request that a guard of this package has admitted.
 *
 * @param claims - The claims that the guard gave.
 * @param authorization - The request's header `Authorization`, for tools that need the token.
 */
export declare function authInfoOf(claims: AccessTokenClaims, authorization?: string): McpAuthInfo;
