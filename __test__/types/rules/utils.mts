// What `./utils` and `./internal` offer, and what they must refuse. No framework, no DOM.
import { MonoCloudBackendNodeClient, type AccessTokenClaims } from '@monocloud/backend-node';
import {
  decrypt,
  decryptAuthState,
  decryptSession,
  encrypt,
  encryptAuthState,
  encryptSession,
  generateNonce,
  generatePKCE,
  generateState,
  isUserInGroup,
  mergeArrays,
  parseCallbackParams,
  type AccessToken,
  type Address,
  type AuthState,
  type CallbackParams,
  type Group,
  type IdTokenClaims,
  type MonoCloudSession,
  type MonoCloudUser,
  type QueryParameters,
  type UserinfoResponse,
} from '@monocloud/backend-node/utils';
import * as internal from '@monocloud/backend-node/internal';
import { webcrypto } from 'node:crypto';

type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(..._: Equal<A, B> extends true ? [] : [never]): void => {};

// --- groups ---
export function groups(claims: AccessTokenClaims, idToken: IdTokenClaims, user: MonoCloudUser) {
  const any: boolean = isUserInGroup(claims, ['finance']);
  const all: boolean = isUserInGroup(idToken, ['a', 'b'] as const, 'roles', true);
  const group: Group | undefined = user.groups?.[0];
  return [any, all, isUserInGroup({ sub: 'ada', groups: [{ id: '1', name: 'a' }] }, []), group];
}

// --- callbacks ---
const fromText: CallbackParams = parseCallbackParams('?code=c');
const fromUrl = parseCallbackParams(new URL('https://app.example.com/callback?code=c'));
const fromParameters = parseCallbackParams(new URLSearchParams('code=c'));
same<typeof fromUrl.code, string | undefined>();
same<typeof fromUrl.expiresIn, number | undefined>();
const parameters: QueryParameters = new URLSearchParams();
const oneTime: [string, string] = [generateState(), generateNonce()];

// --- sessions ---
interface MySession extends MonoCloudSession {
  cart: string[];
}
interface MyState extends AuthState {
  returnUrl: string;
}
export async function sessions(cookie: string | undefined, secret: string): Promise<void> {
  const { codeVerifier, codeChallenge } = await generatePKCE();
  const text: string | undefined = await decrypt(cookie, secret);
  const encrypted: string = await encrypt(text ?? '', secret);
  const token: AccessToken = { accessToken: 'at', accessTokenExpiration: 0, scopes: 'openid' };
  const session = { user: { sub: 'ada', custom: 1 }, accessTokens: [token], cart: ['a book'] };
  same<Awaited<ReturnType<typeof encryptSession>>, string>();
  const read = await decryptSession(await encryptSession(session, secret, 3600), secret);
  same<typeof read, MonoCloudSession>();
  const mine = await decryptSession<MySession>(encrypted, secret);
  const cart: string[] = mine.cart;
  const state = { state: 's', nonce: 'n', scopes: 'openid', codeVerifier, returnUrl: '/' };
  const stored = await encryptAuthState(state, secret);
  const plain = await decryptAuthState(stored, secret);
  same<typeof plain, AuthState>();
  const { returnUrl } = await decryptAuthState<MyState>(stored, secret);
  const address: Address | undefined = read.user.address;
  const userinfo: UserinfoResponse = read.user;
  same<(typeof read)['made_up'], unknown>();
  console.log(codeChallenge, cart, returnUrl, address?.country, userinfo.email);
}
const merged: string[] | undefined = mergeArrays(['a'], undefined, ['b'] as const);

// --- internal ---
const flag: boolean | undefined = internal.getBoolean(process.env['FLAG']);
const count: number | undefined = internal.getNumber(process.env['COUNT']);
const present = process.env['SECRET'];
if (internal.isPresent(present)) present.toUpperCase();
same<ReturnType<typeof internal.parseSpaceSeparatedSet>, Set<string>>();
const words: string[] = internal.parseSpaceSeparated('a b');
const perhaps: string[] | undefined = internal.parseSpaceSeparated(present);
const path: string = internal.ensureLeadingSlash('path');
const url: string | undefined = internal.removeTrailingSlash(present);
const paths: [string, string | undefined] = [
  internal.removeTrailingSlash('path/'),
  internal.ensureLeadingSlash(present),
];
const input: unknown = {};
if (internal.isJsonObject<{ key: string }>(input)) input.key.toUpperCase();
if (internal.isJsonObject(input)) same<(typeof input)['key'], unknown>();
export async function keys(client: MonoCloudBackendNodeClient): Promise<boolean> {
  const { keys } = await client.getJwks();
  const key = await internal.getPublicSigKeyFromIssuerJwks(keys, { alg: 'ES256', kid: '1' });
  const algorithm = { name: 'ECDSA', hash: 'SHA-256' };
  const bytes = internal.stringToArrayBuffer('text');
  const genuine = await webcrypto.subtle.verify(algorithm, key, new Uint8Array(), bytes);
  return genuine && internal.validateTokenHash('token', 'hash', 'ES256');
}
export const values = [
  fromText,
  fromParameters,
  parameters,
  oneTime,
  merged,
  flag,
  count,
  words,
  perhaps,
  path,
  url,
  paths,
  internal.findToken([], 'resource', 'openid')?.accessToken,
  internal.profileSync({ sub: 'ada' }, { amr: ['pwd'] }, { email: 'ada@example.com' }, true).email,
  internal.isAbsoluteUrl('/') || internal.isSameHost('https://a.example', '/'),
  internal.setsEqual(new Set(['a']), new Set(['b']), false),
  internal.timingSafeEqual(internal.encodeBase64('a'), internal.randomBytes(16)),
  internal.arrayBufferToString(new Uint8Array()) + internal.arrayBufferToBase64(new Uint8Array()),
  internal.encodeBase64Url(new ArrayBuffer(1)) + internal.decodeBase64Url('YQ'),
  internal.decodeBase64UrlUtf8('YQ') + internal.decodeBase64UrlBytes('YQ').byteLength,
  internal.toB64Url('ab+/') + internal.fromB64Url('ab-_'),
  internal.parseClientSecret({ kty: 'oct' }),
  internal.now() + 1,
];
export const digests: Promise<string>[] = [
  internal.sha256('text'),
  internal.hashTokenValue('token', 'PS512'),
];

// --- what must not compile ---
// @ts-expect-error groups are a list
isUserInGroup({ sub: 'ada' }, 'admin');
// @ts-expect-error a user has a sub
isUserInGroup({ groups: ['a'] }, ['a']);
// @ts-expect-error a request is no URL
parseCallbackParams({ url: '/callback' });
// @ts-expect-error there is no default secret
encrypt('text');
// @ts-expect-error a secret that may be missing
decryptSession('text', process.env['SECRET']);
// @ts-expect-error text, not bytes
encrypt(new Uint8Array(), 'secret');
// @ts-expect-error it may not be decrypted
decrypt('text', 'secret').then((text) => text.length);
// @ts-expect-error a session has a user
encryptSession({ idToken: 'text' }, 'secret');
// @ts-expect-error seconds are a number
encryptSession({ user: { sub: 'ada' } }, 'secret', '3600');
// @ts-expect-error a state has a nonce
encryptAuthState({ state: 's', scopes: 'openid' }, 'secret');
// @ts-expect-error a number may be missing
const number: number = internal.getNumber('5');
// @ts-expect-error no such algorithm
internal.hashTokenValue('token', 'none');
// @ts-expect-error keys without the set around them
internal.getPublicSigKeyFromIssuerJwks({ keys: [] }, { alg: 'RS256' });
// @ts-expect-error there is no default export
import utils from '@monocloud/backend-node/utils/index';
export { number, utils };
