// Everything that `./utils` and `./internal` offer.
import * as internal from '@monocloud/backend-node/internal';
import type { PublicKey, SecurityAlgorithms } from '@monocloud/backend-node/internal';
import * as utils from '@monocloud/backend-node/utils';
import type {
  AccessToken,
  Address,
  AuthState,
  CallbackParams,
  Group,
  IdTokenClaims,
  MonoCloudSession,
  MonoCloudUser,
  QueryParameters,
  UserinfoResponse,
} from '@monocloud/backend-node/utils';
import { MonoCloudBackendNodeClient, type JwsHeaderParameters } from '@monocloud/backend-node';
import { createTestTenant } from '@monocloud/backend-node/testing';

type Witness = <T>(name: string, value: T) => T;

const SECRET = 'a secret of the types';
const groups: Group[] = ['a', { id: '1', name: 'b' }];
const address: Address = {
  formatted: 'Musterstraße 1\n10117 Berlin',
  street_address: 'Musterstraße 1',
  locality: 'Berlin',
  region: 'Berlin',
  postal_code: '10117',
  country: 'Germany',
  floor: 3,
};
const userinfo: UserinfoResponse = {
  sub: 'ada',
  groups,
  name: 'Ada Lovelace',
  given_name: 'Ada',
  family_name: 'Lovelace',
  middle_name: 'King',
  nickname: 'ada',
  preferred_username: 'ada',
  profile: 'https://example.com/ada',
  picture: 'https://example.com/ada.png',
  website: 'https://example.com',
  email: 'ada@example.com',
  email_verified: true,
  gender: 'female',
  birthdate: '1815-12-10',
  zoneinfo: 'Europe/London',
  locale: 'en-GB',
  phone_number: '+441234567890',
  phone_number_verified: false,
  updated_at: 1,
  address,
};
const user: MonoCloudUser = { ...userinfo, amr: ['pwd'], idp: 'local' };
const idToken: IdTokenClaims = {
  ...userinfo,
  iss: 'https://tenant.example.com',
  sub: 'ada',
  aud: 'my-app',
  exp: 2,
  iat: 1,
  acr: '0',
  amr: ['pwd'],
  at_hash: 'hash',
  auth_time: 1,
  azp: 'my-app',
  c_hash: 'hash',
  nonce: 'nonce',
  s_hash: 'hash',
};

async function signIn(witness: Witness): Promise<void> {
  const pkce = witness('pkce', await utils.generatePKCE());
  const state: AuthState = {
    state: utils.generateState(),
    nonce: utils.generateNonce(),
    scopes: 'openid',
    codeVerifier: pkce.codeVerifier,
    maxAge: 60,
    resource: 'https://api.example.com',
  };
  witness(
    'state',
    await utils.decryptAuthState(await utils.encryptAuthState(state, SECRET, 60), SECRET),
  );
  witness('challenge', pkce.codeChallenge);
  const token: AccessToken = {
    accessToken: 'token',
    accessTokenExpiration: 2,
    scopes: 'openid',
    resource: 'https://api.example.com',
    requestedScopes: 'openid email',
  };
  const session: MonoCloudSession = {
    user,
    idToken: 'id token',
    accessTokens: [token],
    refreshToken: 'refresh token',
    authorizedScopes: 'openid email',
    cart: ['a book'],
  };
  witness(
    'session',
    await utils.decryptSession(await utils.encryptSession(session, SECRET, 60), SECRET),
  );
  witness('text', await utils.decrypt(await utils.encrypt('text', SECRET), SECRET));
  witness('nothing', await utils.decrypt(undefined, SECRET));

  const all = 'state=s&code=c&access_token=a&id_token=i&refresh_token=r&scope=openid';
  const query = `${all}&session_state=t&expires_in=60&error=access_denied&error_description=No`;
  const parameters: QueryParameters = new URLSearchParams(query);
  witness('a parameter', parameters.get('code'));
  const params: CallbackParams = utils.parseCallbackParams(parameters);
  witness('params', params);
  witness('of a URL', utils.parseCallbackParams(new URL(`https://app.example.com/?${query}`)));
  witness('of a path', utils.parseCallbackParams('/callback'));
  witness('member', utils.isUserInGroup(user, ['a']));
  witness('all', utils.isUserInGroup(idToken, ['a', 'b'], 'groups', true));
  witness('merged', utils.mergeArrays(['a'], undefined, ['b']));
  witness('found', internal.findToken([token], 'https://api.example.com', 'email openid'));
  witness('user', internal.profileSync(user, idToken, { email: 'ada@example.org' }, false));
  witness('ID token', idToken);
}

function convert(witness: Witness): void {
  const bytes = witness('bytes', internal.stringToArrayBuffer('text'));
  const setting: unknown = ' true ';
  witness('settings', [
    internal.getBoolean(String(setting)),
    internal.getNumber('300s'),
    internal.isPresent(''),
    internal.parseClientSecret('{"kty":"oct","k":"AA"}'),
  ]);
  const perhaps: string | undefined = [' path/ '][0];
  witness('paths', [
    internal.ensureLeadingSlash('path'),
    internal.ensureLeadingSlash(perhaps),
    internal.removeTrailingSlash('path/'),
    internal.removeTrailingSlash(perhaps),
  ]);
  witness('words', internal.parseSpaceSeparated('a b'));
  witness('perhaps words', internal.parseSpaceSeparated(perhaps));
  const words = witness('set', internal.parseSpaceSeparatedSet('a b'));
  witness('answers', [
    internal.isAbsoluteUrl('/'),
    internal.isSameHost('https://a.example.com', 'https://a.example.com/b'),
    internal.setsEqual(words, new Set(['a', 'b']), true),
    internal.isJsonObject<{ key: string }>({}),
    internal.timingSafeEqual('a', 'a'),
  ]);
  witness('bytes of base64url', internal.decodeBase64UrlBytes('dGV4dA'));
  witness('texts', [
    internal.arrayBufferToString(bytes),
    internal.encodeBase64('text'),
    internal.encodeBase64Url(bytes),
    internal.arrayBufferToBase64(bytes),
    internal.decodeBase64Url('dGV4dA'),
    internal.decodeBase64UrlUtf8('dGV4dA'),
    internal.toB64Url('ab+/'),
    internal.fromB64Url('ab-_'),
    internal.randomBytes(16),
  ]);
  witness('now', internal.now());
}

async function digest(witness: Witness): Promise<void> {
  witness('digest', await internal.sha256('text'));
  const algorithms: SecurityAlgorithms[] = [
    'RS256',
    'RS384',
    'RS512',
    'PS256',
    'PS384',
    'PS512',
    'ES256',
    'ES384',
    'ES512',
  ];
  const tenant = await createTestTenant();
  const { keys } = await new MonoCloudBackendNodeClient(tenant.clientOptions()).getJwks();
  for (const alg of algorithms) {
    const hash = witness('hash', await internal.hashTokenValue('token', alg));
    witness('is it', await internal.validateTokenHash('token', hash, alg));
    const key = keys.find((each) => each.alg === alg)!;
    const kid = key.kid!;
    const header: JwsHeaderParameters = { alg, kid, typ: 'at+jwt', crit: [], jwk: key };
    const found: PublicKey = await internal.getPublicSigKeyFromIssuerJwks(keys, header);
    witness('key', found);
  }
  await tenant.close();
}

export async function run(witness: Witness): Promise<void> {
  await signIn(witness);
  convert(witness);
  await digest(witness);
}
