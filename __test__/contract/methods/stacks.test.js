'use strict';

// Contract §3: where the stack of an error begins.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const { describe, it } = require('node:test');
const util = require('node:util');

const {
  MonoCloudAuthBaseError,
  MonoCloudBackendNodeClient,
  MonoCloudOidcBackendClient,
} = require('@monocloud/backend-node');
const { BASE, clientWith, failureOf, jwks, token } = require('./support.js');

describe('§3 where an error’s stack begins', () => {
  const source = fs.readFileSync(__filename, 'utf8').split('\n');

  /** In this file, and not in ours; in the line with `mark`, where there is one. */
  function assertBegins(error, mark) {
    assert.ok(error instanceof MonoCloudAuthBaseError, util.inspect(error));
    assert.match(error.stack, new RegExp(`^${error.name}: `));
    const frame = error.stack.split('\n').find((text) => /^\s+at /.test(text)) ?? '';
    const [, line] = /stacks\.test\.js:(\d+):\d+/.exec(frame) ?? [];
    assert.ok(line, `${error.name} (${error.message}) begins at\n${error.stack}`);
    if (mark) assert.ok(source[line - 1].includes(mark), `${source[line - 1]}\n${error.stack}`);
  }

  const failing = {
    fetcher: async () => new Response('', { status: 500 }),
    clientId: 'me',
    clientSecret: 'x',
  };

  const calls = {
    'a token that is none': (c) => c.validateAccessToken(''),
    'a bad header': (c) => c.validateAccessToken('..'),
    'no JWT': (c) => c.validateJwtAccessToken('x'),
    'a bad signature': (c) => c.validateJwtAccessToken(`${token}A`, { jwks }),
    'a bad set of keys': (c) => c.validateJwtAccessToken(token, { jwks: {} }),
    'a late error of a JWT': (c) => c.validateAccessToken(token),
    'a late error of validateJwtAccessToken': (c) => c.validateJwtAccessToken(token),
    'a late error of an opaque token': (c) => c.validateAccessToken('opaque'),
    'a late error of introspectAccessToken': (c) => c.introspectAccessToken('opaque'),
    'a late error of getMetadata': (c) => c.getMetadata(),
    'a late error of getJwks': (c) => c.getJwks(true),
    'bad options': (c) => c.validateAccessToken(token, 5),
    'bad scopes': (c) => c.validateJwtAccessToken(token, { scopes: 'a' }),
    'no clientId': () => clientWith().validateAccessToken('opaque'),
  };

  for (const [name, call] of Object.entries(calls)) {
    it(`${name}: at the caller’s line`, async () => {
      assertBegins(await failureOf(() => call(clientWith(failing))));
    });
  }

  it('to the very line, for early and for late errors', async () => {
    const client = clientWith(failing);
    let error = await client.validateAccessToken('..').catch((thrown) => thrown); // early
    assertBegins(error, '// early');
    error = await client.validateAccessToken(token).catch((thrown) => thrown); // late
    assertBegins(error, '// late');
    error = await client.introspectAccessToken('x').catch((thrown) => thrown); // asked
    assertBegins(error, '// asked');
  });

  it('with getJwks and getMetadata replaced: at the caller’s line', async () => {
    for (const method of ['getJwks', 'getMetadata']) {
      const client = clientWith(failing);
      client[method] = async () => ({});
      const error = await client.validateAccessToken(token).catch((thrown) => thrown); // replaced
      assertBegins(error, '// replaced');
    }
  });

  const sync = {
    'a constructor': () => new MonoCloudBackendNodeClient({ ...BASE, clockSkew: -1 }),
    'a constructor’s options': () => new MonoCloudBackendNodeClient(5),
    'an option that can’t be read': () => new MonoCloudBackendNodeClient(unreadable),
    'the base class’s constructor': () => new MonoCloudOidcBackendClient(),
    'a setter': () => clientWith().setClockSkew(-1),
    'the other setter': () => clientWith().setClockTolerance('x'),
    decodeJwt: () => MonoCloudOidcBackendClient.decodeJwt('x'),
    'decodeJwt of a subclass': () => MonoCloudBackendNodeClient.decodeJwt('.e.'),
    'protectApi() of Express': () => express.protectApi({ ...BASE, clockSkew: -1 }),
    'protectApi() of Fastify': () => fastify.protectApi({ ...BASE, clockSkew: -1 }),
    'a resolver that is none': () => express.protectApi({ ...BASE, tokenResolver: 1 }),
    'protect() of Express': () => protectors.express({ scopes: 'a' }),
    'protect() of Fastify': () => protectors.fastify({ scopes: 'a' }),
  };
  const express = require('@monocloud/backend-node/express');
  const fastify = require('@monocloud/backend-node/fastify');
  const protectors = { express: express.protectApi(BASE), fastify: fastify.protectApi(BASE) };
  const unreadable = {
    get fetcher() {
      throw new Error();
    },
  };

  for (const [name, call] of Object.entries(sync)) {
    it(`${name}: at the caller’s line`, async () => {
      assertBegins(await failureOf(call));
    });
  }

  it('a subclass’s constructor: at the line that makes one', async () => {
    class Mine extends MonoCloudBackendNodeClient {}
    const make = () => new Mine({ ...BASE, clockSkew: -1 }); // made
    assertBegins(await failureOf(make), '// made');
  });

  it('goes on to those who wait for the caller', async () => {
    const client = clientWith(failing);
    const inner = async () => client.validateAccessToken('..');
    async function outer() {
      return await inner();
    }
    const error = await failureOf(outer);
    assert.match(error.stack, /inner/);
  });

  it('survives a program that has its own idea of stacks', async () => {
    const client = clientWith(failing);
    const { stackTraceLimit, prepareStackTrace } = Error;
    const ideas = [
      () => {
        Error.stackTraceLimit = 0;
      },
      () => {
        Error.stackTraceLimit = undefined;
      },
      () => {
        Reflect.deleteProperty(Error, 'stackTraceLimit');
      },
      () => {
        Error.prepareStackTrace = () => undefined;
      },
      () => {
        Error.prepareStackTrace = (_error, sites) => sites;
      },
      () => {
        Error.prepareStackTrace = () => ({});
      },
    ];
    const works = [
      () => client.validateAccessToken('..'),
      () => client.validateAccessToken(token),
      () => client.getMetadata(),
      async () => clientWith({ clockSkew: -1 }),
    ];
    for (const [index, idea] of ideas.entries()) {
      for (const work of works) {
        let error;
        try {
          idea();
          error = await failureOf(work);
        } finally {
          Object.assign(Error, { stackTraceLimit, prepareStackTrace });
        }
        assert.ok(error instanceof MonoCloudAuthBaseError, `${index} ${work}: ${error}`);
      }
    }
  });

  it('is the name and the message, and the frames that the program lets us have', async () => {
    const client = clientWith(failing);
    const { stackTraceLimit, prepareStackTrace } = Error;
    const late = async (idea) => {
      Object.assign(Error, idea);
      try {
        return await failureOf(() => client.getMetadata(true));
      } finally {
        Object.assign(Error, { stackTraceLimit, prepareStackTrace });
      }
    };
    const bare = await late({ stackTraceLimit: 0 });
    assert.equal(bare.stack, `${bare.name}: ${bare.message}`);
    const frames = '\n    at mine (file.js:1:1)';
    const framed = await late({ prepareStackTrace: () => frames });
    assert.equal(framed.stack, `${framed.name}: ${framed.message}${frames}`);
    // As that of any error.
    const { value, ...others } = Object.getOwnPropertyDescriptor(framed, 'stack');
    assert.deepEqual(others, { writable: true, enumerable: false, configurable: true });
  });
});
