'use strict';

// What other code in the process has done to prototypes and globals, on APIs that ask for DPoP: node attacked.js
// replaced|polluted FRAMEWORK. Prints what went wrong, by attack.

const [kind, name] = process.argv.slice(2);

// Loaded before any attack; nothing is promised for a package that is loaded under one.
const { createTestTenant } = require('@monocloud/backend-node/testing');
const { pollutions, replaced } = require('../../boundary/programs/attacks.js');
const { agent, statusOf } = require('../../boundary/programs/status-of.js');
const { frameworks } = require('../../support/http.js');
const { environmentNames, optionTable } = require('../../../js/core/bridge.js');
const { proofOf, holderOf, seconds, thumbprintOf } = require('../support.js');

const { create, adapter } = frameworks.find((framework) => framework.name === name);
const { protectApi } = require(`@monocloud/backend-node/${adapter}`);

const AUDIENCE = 'https://api.example.com';
const holder = holderOf('ES256');
const thief = holderOf('ES384');

const NativePromise = Promise;
const { then } = NativePromise.prototype;

/** What is replaced for this package's sake, beside the attacks of the boundary. */
const MORE = {
  'Promise: resolves to true': () => {
    globalThis.Promise = function Evil() {
      // biome-ignore lint/suspicious/noThenProperty: a thenable is what is tried.
      return { then: (done) => done(true), catch() {}, finally() {} };
    };
    return () => {
      globalThis.Promise = NativePromise;
    };
  },
};

/** Answers `true` in place of what a promise comes to, where this package calls the method. */
function thenIsTrue() {
  const define = (value) =>
    Object.defineProperty(NativePromise.prototype, 'then', {
      value,
      writable: true,
      configurable: true,
    });
  define(function evil(done, ...more) {
    const { stack } = new Error();
    const isOurs = /[/\\]js[/\\]core[/\\]/.test(String(stack).split('\n').slice(2, 4).join());
    return isOurs ? done?.(true) : Reflect.apply(then, this, [done, ...more]);
  });
  return () => define(then);
}

/** Names of what goes with a proof, on its way through the package. */
const NAMES = [
  ...['dpop', 'proof', 'method', 'url', 'scheme', 'required', 'unspent', 'claims', 'besideBearer'],
  ...['isDpop', 'isRequired', 'isConfigured', 'algorithms', 'nonce', 'replayStore', 'add', 'spend'],
  ...[
    'mode',
    'origin',
    'maxAge',
    'secret',
    'lifetime',
    'profile',
    'expiresAt',
    'possession',
    'jkt',
  ],
  ...['dpopHasNonce', 'dpopIsRequired', 'dpopIsConfigured', 'ignoresDpop', 'token'],
];
const VALUES = {
  'is true': true,
  'is false': false,
  'is a text': 'when_present',
  'is dangerously_ignore': 'dangerously_ignore',
  'is an object': { mode: 'dangerously_ignore', proof: 'x', method: 'GET', url: 'https://a/' },
  'is a function': async () => true,
};

function pollute(property, value) {
  return () => {
    Object.defineProperty(Object.prototype, property, {
      value,
      writable: true,
      configurable: true,
    });
    return () => {
      delete Object.prototype[property];
    };
  };
}

function attacks(jwks) {
  if (kind === 'replaced') {
    return { ...replaced, ...MORE, 'Promise.prototype.then: true': thenIsTrue };
  }
  const options = optionTable.map(({ name: option }) => option.split('.').pop());
  const theirs = ['get', 'set', 'delete', 'key', 'cert', 'ca', 'passphrase', 'cache', 'add'];
  const every = [...new Set([...options, ...environmentNames])].filter((n) => !theirs.includes(n));
  const one = NAMES.flatMap((property) =>
    Object.entries(VALUES).map(([what, value]) => [
      `${property} ${what}`,
      pollute(property, value),
    ]),
  );
  return {
    ...pollutions(every, { jwks }),
    ...Object.fromEntries(one),
  };
}

/** The proofs that a store of the program has seen. */
class MapStore {
  #seen = new Set();
  async add(key) {
    if (this.#seen.has(key)) return false;
    this.#seen.add(key);
    return true;
  }
}

const ROUTES = [
  { path: '/any' },
  { path: '/bound', options: { dpop: true } },
  { path: '/admin', options: { dpop: true, scopes: ['admin'] } },
].map((route) => ({ ...route, handler: ({ claims }) => ({ sub: claims.sub }) }));

async function main() {
  const tenant = await createTestTenant({ audience: AUDIENCE, algorithms: ['ES256'] });
  const bound = await tenant.issueToken({ jkt: thumbprintOf(holder), expiresIn: 3_600 });
  const unbound = await tenant.issueToken({ expiresIn: 3_600 });
  const admin = await tenant.issueToken({
    jkt: thumbprintOf(holder),
    scopes: ['admin'],
    expiresIn: 3_600,
  });

  const started = [];
  async function serve() {
    const apis = [];
    for (const [way, dpop] of Object.entries({
      required: { mode: 'required', maxAge: 3_600, replayStore: new MapStore() },
      'when present': { maxAge: 3_600 },
    })) {
      const api = await create(protectApi(tenant.clientOptions({ dpop })), ROUTES);
      started.push(api);
      apis.push({ way, url: api.url });
    }
    return apis;
  }

  const proofFor = (token, htu, { by = holder, claims, ...more } = {}) =>
    proofOf(by, token, { claims: { htm: 'GET', htu, ...claims }, ...more });

  /** Each is `[route, headers, whether it may pass]`. */
  function requestsTo({ way, url, used }) {
    const any = `${url}/any`;
    const withProof = (token, proof) => ({ authorization: `DPoP ${token}`, dpop: proof });
    const plain = (token) => ({ authorization: `Bearer ${token}` });
    return {
      'a good one': ['/any', withProof(bound, proofFor(bound, any)), true],
      'a good one for a route': ['/bound', withProof(bound, proofFor(bound, `${url}/bound`)), true],
      'a good one for the scope': [
        '/admin',
        withProof(admin, proofFor(admin, `${url}/admin`)),
        true,
      ],
      'without the scope': ['/admin', withProof(bound, proofFor(bound, `${url}/admin`)), false],
      'a bound token as a bearer token': ['/any', plain(bound), false],
      'the same for a route': ['/bound', plain(bound), false],
      'a token that is not bound': ['/bound', plain(unbound), false],
      'no token': ['/any', {}, false],
      'no proof': ['/any', { authorization: `DPoP ${bound}` }, false],
      rubbish: ['/any', withProof(bound, 'rubbish'), false],
      'the scheme Bearer': ['/any', { ...plain(bound), dpop: proofFor(bound, any) }, false],
      'the key of another': ['/any', withProof(bound, proofFor(bound, any, { by: thief })), false],
      'another URL': ['/any', withProof(bound, proofFor(bound, `${any}/x`)), false],
      'another method': [
        '/any',
        withProof(bound, proofFor(bound, any, { claims: { htm: 'POST' } })),
        false,
      ],
      'another token': ['/any', withProof(bound, proofFor(unbound, any)), false],
      old: [
        '/any',
        withProof(bound, proofFor(bound, any, { claims: { iat: seconds() - 7_200 } })),
        false,
      ],
      unsigned: [
        '/any',
        withProof(bound, proofFor(bound, any, { header: { alg: 'none' } })),
        false,
      ],
      'a proof that was used': ['/any', withProof(bound, used), false],
      ...(way === 'when present' ? {} : { 'a bearer token': ['/any', plain(unbound), false] }),
    };
  }

  async function round(apis) {
    const wrong = { letIn: [], refused: [], unanswered: [] };
    for (const api of apis) {
      const asked = Object.entries(requestsTo(api)).map(async ([what, [path, headers, may]]) => {
        const status = await statusOf(api.url + path, headers);
        const label = `${api.way}, ${what} (${status})`;
        if (status === 0) wrong.unanswered.push(label);
        else if (status === 200 && !may) wrong.letIn.push(label);
        else if (status !== 200 && may) wrong.refused.push(label);
      });
      for (const each of asked) await each;
    }
    return wrong;
  }

  /** Uses one proof at each API, for later. */
  async function use(apis) {
    for (const api of apis) {
      api.used = proofFor(bound, `${api.url}/any`);
      const headers = { authorization: `DPoP ${bound}`, dpop: api.used };
      const status = await statusOf(`${api.url}/any`, headers);
      if (status !== 200) throw new Error(`a good proof: ${status}`);
    }
    return apis;
  }

  const early = await use(await serve());
  const results = { beforehand: { before: await round(early) } };
  for (const [what, attack] of Object.entries(attacks(await jwksOf(tenant)))) {
    const result = {};
    results[what] = result;
    // Shown where the program has to be ended.
    process.stderr.write(`${what}\n`);
    const undo = attack();
    try {
      result.during = await round(early);
    } finally {
      undo();
    }
  }
  results.afterwards = { after: await round(early) };
  for (const api of started) await api.close();
  await tenant.close();
  agent.destroy();
  process.stdout.write(JSON.stringify(results));
}

async function jwksOf({ tenantDomain }) {
  const metadata = await (await fetch(`${tenantDomain}/.well-known/openid-configuration`)).json();
  return (await fetch(metadata.jwks_uri)).json();
}

main();
