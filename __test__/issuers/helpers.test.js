'use strict';

// What the functions of `./issuers` return, and what they refuse.

const assert = require('node:assert/strict');
const { describe, it } = require('node:test');
const vm = require('node:vm');
const { MonoCloudValidationError } = require('@monocloud/backend-node');
const issuers = require('@monocloud/backend-node/issuers');
const { API, POOL, TENANT } = require('../support/vendors.js');

const { auth0, cognito, entra, keycloak, okta } = issuers;
const AUDIENCE = 'https://api.example.com';

describe('the options that the helpers return', () => {
  it('are those of Entra ID, v2 and v1', () => {
    const v2 = {
      tenantDomain: `https://login.microsoftonline.com/${TENANT}/v2.0`,
      issuer: `https://login.microsoftonline.com/${TENANT}/v2.0`,
      audience: API,
      scopesClaim: 'scp',
      groupOptions: { groupsClaim: 'roles' },
    };
    assert.deepEqual(entra({ tenantId: TENANT, audience: API }), v2);
    assert.deepEqual(entra({ tenantId: TENANT, audience: API, version: 'v2' }), v2);
    assert.deepEqual(entra({ tenantId: TENANT, audience: API, version: 'v1' }), {
      ...v2,
      tenantDomain: `https://login.microsoftonline.com/${TENANT}`,
      issuer: `https://sts.windows.net/${TENANT}/`,
    });
    // The `iss` of tokens is in lower case.
    const upper = 'ABCDEFAB-CDEF-4ABC-8DEF-ABCDEFABCDEF';
    const { issuer } = entra({ tenantId: upper, audience: API });
    assert.equal(issuer, `https://login.microsoftonline.com/${upper.toLowerCase()}/v2.0`);
  });

  it('are those of Cognito', () => {
    const issuer = `https://cognito-idp.eu-central-1.amazonaws.com/${POOL}`;
    assert.deepEqual(cognito({ region: 'eu-central-1', userPoolId: POOL, clientIds: ['a', 'b'] }), {
      tenantDomain: issuer,
      issuer,
      audience: false,
      clientIds: ['a', 'b'],
      requiredClaims: { token_use: 'access' },
      groupOptions: { groupsClaim: 'cognito:groups' },
    });
    for (const [region, host] of [
      ['us-gov-west-1', 'cognito-idp.us-gov-west-1.amazonaws.com'],
      ['ap-southeast-2', 'cognito-idp.ap-southeast-2.amazonaws.com'],
      ['cn-north-1', 'cognito-idp.cn-north-1.amazonaws.com.cn'],
    ]) {
      const options = cognito({ region, userPoolId: `${region}_a1`, clientIds: ['a'] });
      assert.equal(options.issuer, `https://${host}/${region}_a1`);
    }
  });

  it('are those of Auth0, with a slash at the end of the issuer', () => {
    for (const domain of [
      'example.eu.auth0.com',
      'https://example.eu.auth0.com',
      'https://example.eu.auth0.com/',
      'EXAMPLE.eu.auth0.com',
    ]) {
      assert.deepEqual(auth0({ domain, audience: AUDIENCE }), {
        tenantDomain: 'https://example.eu.auth0.com',
        issuer: 'https://example.eu.auth0.com/',
        audience: AUDIENCE,
        groupOptions: { groupsClaim: 'permissions' },
      });
    }
  });

  it('are those of Keycloak', () => {
    for (const [url, realm, issuer] of [
      ['https://sso.example.com', 'staff', 'https://sso.example.com/realms/staff'],
      ['https://sso.example.com/', 'our staff', 'https://sso.example.com/realms/our%20staff'],
      [
        'https://sso.example.com/auth/',
        'größe',
        'https://sso.example.com/auth/realms/gr%C3%B6%C3%9Fe',
      ],
      ['https://sso.example.com:8443', 'a%2fb', 'https://sso.example.com:8443/realms/a%252fb'],
      ['http://localhost:8080', 'a/b', 'http://localhost:8080/realms/a%2Fb'],
      ['http://127.0.0.1:8080', '..a', 'http://127.0.0.1:8080/realms/..a'],
      ['http://[::1]:8080', 'a', 'http://[::1]:8080/realms/a'],
    ]) {
      assert.deepEqual(keycloak({ url, realm, audience: 'orders' }), {
        tenantDomain: issuer,
        issuer,
        audience: 'orders',
        requiredClaims: { typ: ['Bearer', 'DPoP'] },
        groupOptions: { groupsClaim: '/realm_access/roles' },
      });
    }
  });

  it('are those of Okta', () => {
    for (const [authorizationServer, issuer] of [
      [undefined, 'https://example.okta.com/oauth2/default'],
      ['aus1a2B', 'https://example.okta.com/oauth2/aus1a2B'],
    ]) {
      const options = okta({
        domain: 'example.okta.com',
        authorizationServer,
        audience: 'api://a',
      });
      assert.deepEqual(options, {
        tenantDomain: issuer,
        issuer,
        audience: 'api://a',
        scopesClaim: 'scp',
      });
    }
  });

  it('are plain objects of the caller, each time new ones', () => {
    const audience = [API, 'api://orders'];
    const clientIds = ['a'];
    const made = () => [
      entra({ tenantId: TENANT, audience }),
      cognito({ region: 'eu-central-1', userPoolId: POOL, clientIds }),
    ];
    const [first, pool] = made();
    assert.equal(Object.getPrototypeOf(first), Object.prototype);
    assert.deepEqual(first.audience, audience);
    assert.notEqual(first.audience, audience);
    first.audience.push('another');
    first.groupOptions.groupsClaim = 'another';
    pool.clientIds.push('another');
    pool.requiredClaims.token_use = 'id';
    assert.deepEqual(audience, [API, 'api://orders']);
    assert.deepEqual(clientIds, ['a']);
    assert.deepEqual(made()[0].groupOptions, { groupsClaim: 'roles' });
    assert.deepEqual(made()[1].requiredClaims, { token_use: 'access' });
    const foreign = vm.runInNewContext("['a', 'b']");
    assert.deepEqual(auth0({ domain: 'a.example', audience: foreign }).audience, ['a', 'b']);
  });
});

/** The options of each function that are right, and values of one option that are wrong. */
const WORDS = [
  undefined,
  null,
  '',
  ' ',
  'a b',
  'a\n',
  5,
  true,
  {},
  [],
  [''],
  ['a', 5],
  ['a', 'b c'],
];
const HOSTS = [
  ...[
    undefined,
    '',
    5,
    'a b',
    'http://a.example',
    'https://a.example/b',
    'a.example/b',
    '//a.example',
  ],
  ...['https://a@b.example', 'a@b.example', 'a.example?b', 'a.example#b', 'a.example\\b', 'a\tb'],
  ...['https://', 'ftp://a.example', 'a.example:99999', 'https:a.example', 'https:///a.example'],
];
const CASES = [
  [
    entra,
    { tenantId: TENANT, audience: API },
    {
      tenantId: [
        ...[undefined, null, '', 5, 'common', 'organizations', 'Consumers', 'contoso.com'],
        ...['contoso.onmicrosoft.com', `${TENANT}/`, ` ${TENANT}`, `${TENANT}\n`, `{${TENANT}}`],
      ],
      audience: WORDS,
      version: ['', 'v3', '1', 1, 2, true],
    },
  ],
  [
    cognito,
    { region: 'eu-central-1', userPoolId: POOL, clientIds: ['a'] },
    {
      region: [
        undefined,
        '',
        5,
        'eu',
        'EU-CENTRAL-1',
        'eu-central-1.evil.example',
        'eu-central-1/',
      ],
      userPoolId: [undefined, '', 5, 'AbC', 'eu-west-1_AbC', 'eu-central-1_', 'eu-central-1_a/b'],
      clientIds: [undefined, null, 'a', [], [''], ['a b'], [5], {}, new Array(3)],
    },
  ],
  [auth0, { domain: 'a.example', audience: AUDIENCE }, { domain: HOSTS, audience: WORDS }],
  [
    keycloak,
    { url: 'https://a.example', realm: 'b', audience: 'c' },
    {
      url: [
        ...[
          undefined,
          '',
          5,
          'a.example',
          'http://a.example',
          'http://127.evil.example',
          'https://',
        ],
        ...['https://a@b.example', 'https://a.example?b', 'https://a.example#b', 'https:a.example'],
        ...['https://a.example/b c', 'https://a.example\\b', 'ftp://localhost', 'https:///a'],
      ],
      realm: [undefined, '', 5, '.', '..', '\ud800'],
      audience: WORDS,
    },
  ],
  [
    okta,
    { domain: 'a.example', audience: 'api://a' },
    {
      domain: HOSTS,
      authorizationServer: ['', 5, '.', '..', 'a/b', 'a?b', 'a b'],
      audience: WORDS,
    },
  ],
];

describe('a value that is wrong', () => {
  const refused = (call, pattern, shown) => {
    assert.throws(call, (error) => {
      assert.ok(error instanceof MonoCloudValidationError, `${shown}: ${error.stack}`);
      assert.match(error.message, pattern, shown);
      assert.match(error.stack.split('\n    at ')[1], /helpers\.test\.js/, shown);
      return true;
    });
  };

  for (const [helper, right, wrong] of CASES) {
    const { name } = helper;
    for (const [option, values] of Object.entries(wrong)) {
      it(`is named: ${option} of ${name}()`, () => {
        for (const value of values) {
          const shown = `${name} ${option} ${JSON.stringify(value)}`;
          const pattern = new RegExp(`^${name}\\(\\): "${option}(\\[\\d\\])?" `);
          refused(() => helper({ ...right, [option]: value }), pattern, shown);
        }
      });
    }

    it(`is no option of ${name}()`, () => {
      assert.ok(helper(right));
      refused(() => helper({ ...right, audiences: 'a' }), /has no option "audiences"/, name);
      for (const none of ['a', 5, true, [], () => {}]) {
        refused(() => helper(none), /"options" must be an object/, name);
      }
      for (const none of [undefined, null, {}]) refused(() => helper(none), /is required/, name);
    });
  }

  it('is one that throws', () => {
    const hostile = new Proxy(['a'], {
      get() {
        throw new Error('hostile');
      },
    });
    const { proxy, revoke } = Proxy.revocable(['a'], {});
    revoke();
    for (const audience of [hostile, proxy]) {
      refused(
        () => auth0({ domain: 'a.example', audience }),
        /"audience" can't be read/,
        'hostile',
      );
    }
    const getter = {
      get domain() {
        throw new Error('hostile');
      },
      audience: 'a',
    };
    refused(() => auth0(getter), /"domain" can't be read/, 'getter');
  });

  it('does not come from Object.prototype', () => {
    Object.defineProperty(Object.prototype, 'audience', { value: 'evil', configurable: true });
    try {
      refused(() => auth0({ domain: 'a.example' }), /"audience" is required/, 'polluted');
    } finally {
      delete Object.prototype.audience;
    }
  });
});
