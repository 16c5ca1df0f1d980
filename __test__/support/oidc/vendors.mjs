// What access tokens of well-known authorization servers look like: `header` and `payload` of each, from what
// oidc-provider would have issued. The page of the vendor's documentation is named above each.

const ACCOUNT = 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee';
const CLIENT = '99999999-8888-4777-8666-555555555555';

/** What every payload has. `aud` is required by oidc-provider; one that is not enumerable is not sent. */
const common = ({ iss, aud, iat, exp }) => ({ iss, aud, iat, exp });

const withoutAudience = (payload) =>
  Object.defineProperty({ ...payload }, 'aud', {
    value: 'none',
    writable: true,
    enumerable: false,
  });

const entra = ({ scope, groups, ...claims }, tid) => ({
  ...common(claims),
  nbf: claims.iat,
  aio: 'ASQA2/8XAAAA',
  oid: ACCOUNT,
  rh: '0.AAAA',
  ...(groups && { roles: groups }),
  ...(scope && { scp: scope }),
  sub: 'pairwise-subject',
  tid,
  uti: 'uti-example',
});

export const VENDORS = {
  // https://learn.microsoft.com/en-us/entra/identity-platform/access-token-claims-reference
  'entra-v1': {
    header: ({ alg, kid }) => ({ typ: 'JWT', alg, x5t: kid, kid }),
    payload: (claims) => ({
      ...entra(claims, claims.iss.split('/')[3]),
      acr: '1',
      amr: ['pwd'],
      appid: CLIENT,
      appidacr: '0',
      idp: claims.iss,
      unique_name: 'ada@example.com',
      ver: '1.0',
    }),
  },
  // The same page.
  'entra-v2': {
    header: ({ alg, kid }) => ({ typ: 'JWT', alg, kid }),
    payload: (claims) => ({
      ...entra(claims, claims.iss.split('/')[3]),
      azp: CLIENT,
      azpacr: '0',
      preferred_username: 'ada@example.com',
      ver: '2.0',
    }),
  },
  // https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html
  cognito: {
    header: ({ alg, kid }) => ({ kid, alg }),
    payload: ({ scope, groups, client_id, jti, ...claims }) =>
      withoutAudience({
        ...common(claims),
        sub: ACCOUNT,
        ...(groups && { 'cognito:groups': groups }),
        version: 2,
        client_id,
        origin_jti: ACCOUNT,
        event_id: ACCOUNT,
        token_use: 'access',
        scope,
        auth_time: claims.iat,
        jti,
        username: 'ada',
      }),
  },
  // https://auth0.com/docs/secure/tokens/access-tokens/access-token-profiles (the Auth0 profile)
  auth0: {
    header: ({ alg, kid }) => ({ alg, typ: 'JWT', kid }),
    payload: ({ scope, groups, client_id, aud, ...claims }) => ({
      ...common(claims),
      aud: [aud, `${claims.iss}userinfo`],
      sub: 'auth0|123456',
      scope,
      azp: client_id,
      ...(groups && { permissions: groups }),
    }),
  },
  // https://www.keycloak.org/docs/latest/server_admin/#audience-support
  keycloak: {
    header: ({ alg, kid }) => ({ alg, typ: 'JWT', kid }),
    payload: ({ scope, groups, client_id, jti, aud, ...claims }) => ({
      ...common(claims),
      auth_time: claims.iat,
      jti,
      aud: [aud, 'account'],
      sub: ACCOUNT,
      typ: 'Bearer',
      azp: client_id,
      sid: ACCOUNT,
      acr: '1',
      'allowed-origins': ['https://app.example.com'],
      realm_access: { roles: ['offline_access', 'uma_authorization', ...(groups ?? [])] },
      resource_access: { account: { roles: ['manage-account', 'view-profile'] } },
      scope,
      preferred_username: 'ada',
    }),
  },
  // https://developer.okta.com/docs/guides/validate-access-tokens/main/
  okta: {
    header: ({ alg, kid }) => ({ kid, alg }),
    payload: ({ scope, groups, client_id, jti, ...claims }) => ({
      ver: 1,
      ...common(claims),
      jti: `AT.${jti}`,
      cid: client_id,
      uid: '00u1example',
      ...(scope && { scp: scope.split(' ') }),
      ...(groups && { groups }),
      auth_time: claims.iat,
      sub: 'ada@example.com',
    }),
  },
};
