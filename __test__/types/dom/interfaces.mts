// The interfaces that seeds 000 and 003 print, and ours: each fits in the other's place.
// Needs the DOM library, where `RequestInfo` is from.
import {
  MonoCloudBackendNodeClient,
  type AccessTokenClaims,
  type ClientAuthMethod,
  type ICache as OurCache,
  type IIntrospectionCache,
  type MonoCloudBackendNodeClientOptions as OurOptions,
  type ProtectOptions as OurProtectOptions,
} from '@monocloud/backend-node';

interface ProtectOptions {
  scopes?: string[]; // require all listed scopes
  groups?: string[]; // require group membership (any-of by default)
  validateCertificateBinding?: boolean; // mTLS-bound token validation
}

interface MonoCloudBackendNodeClientOptions {
  tenantDomain: string;
  audience: string;
  clientId?: string;
  clientSecret?: string;
  clientAuthMethod?: ClientAuthMethod;
  groupOptions?: { groupsClaim?: string; matchAll?: boolean };
  clockSkew?: number;
  clockTolerance?: number;
  jwksCacheDuration?: number;
  metadataCacheDuration?: number;
  introspectJwtTokens?: boolean;
  cache?: ICache;
  fetcher?: (input: RequestInfo, init?: RequestInit) => Promise<Response>;
}

interface ICache {
  get(token: string): Promise<AccessTokenClaims | null | undefined>;
  set(token: string, claims: AccessTokenClaims, expiresAt: number): Promise<void>;
  delete(token: string): Promise<void>;
}

declare const protectOptions: ProtectOptions;
declare const ourProtectOptions: OurProtectOptions;
declare const options: MonoCloudBackendNodeClientOptions;
declare const cache: ICache;
declare const ourCache: OurCache;

export const a: OurProtectOptions = protectOptions;
export const b: ProtectOptions = ourProtectOptions;
export const c: OurOptions = options;
export const d: OurCache = cache;
export const e: ICache = ourCache;
export const f: IIntrospectionCache = cache;
new MonoCloudBackendNodeClient(options);
