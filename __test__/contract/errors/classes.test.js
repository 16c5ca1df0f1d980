'use strict';

// Contract §8: the error classes, as programs construct them.

const assert = require('node:assert/strict');
const util = require('node:util');
const { describe, it } = require('node:test');

const root = require('@monocloud/backend-node');
const express = require('@monocloud/backend-node/express');
const fastify = require('@monocloud/backend-node/fastify');
const { everythingIn } = require('../../support/introspection.js');
const { CODES } = require('./support.js');

const {
  MonoCloudAuthBaseError,
  MonoCloudBackendNodeClient,
  MonoCloudHttpError,
  MonoCloudOPError,
  MonoCloudOidcBackendClient,
  MonoCloudTokenError,
  MonoCloudValidationError,
} = root;

const CLASSES = {
  MonoCloudAuthBaseError,
  MonoCloudValidationError,
  MonoCloudTokenError,
  MonoCloudOPError,
  MonoCloudHttpError,
};

describe('§8 the classes', () => {
  for (const [name, type] of Object.entries(CLASSES)) {
    it(`${name} extends MonoCloudAuthBaseError extends Error, and is named so`, () => {
      const error = new type('why');
      assert.ok(error instanceof Error);
      assert.ok(error instanceof MonoCloudAuthBaseError);
      for (const other of Object.values(CLASSES)) {
        const expected = other === type || other === MonoCloudAuthBaseError;
        assert.equal(error instanceof other, expected, other.name);
      }
      assert.equal(type.name, name);
      assert.equal(error.name, name);
      assert.equal(error.message, 'why');
      assert.equal(String(error), `${name}: why`);
      assert.ok(util.types.isNativeError(error));
      assert.match(error.stack, new RegExp(`^(${name}|Error): why\n`));
      assert.ok(!Object.keys(error).includes('name'));
    });

    it(`${name} can be extended, and its subclass named otherwise`, () => {
      class Mine extends type {
        constructor(...args) {
          super(...args);
          this.name = 'Mine';
          this.extra = 1;
        }
      }
      const error = new Mine('why');
      assert.ok(error instanceof type && error instanceof Mine);
      assert.equal(String(error), 'Mine: why');
      assert.equal(new type('x').name, name);
    });

    it(`${name} without a message has an empty one`, () => {
      assert.equal(new type().message, '');
    });
  }

  it('are not the same class under two names', () => {
    assert.equal(new Set(Object.values(CLASSES)).size, 5);
  });
});

describe('§8 one copy of every class', () => {
  it('import and require give the same classes, from every entry point', async () => {
    const imported = await Promise.all([
      import('@monocloud/backend-node'),
      import('@monocloud/backend-node/express'),
      import('@monocloud/backend-node/fastify'),
    ]);
    const clients = { MonoCloudBackendNodeClient, MonoCloudOidcBackendClient };
    for (const entry of [root, express, fastify, ...imported]) {
      for (const [name, type] of Object.entries({ ...CLASSES, ...clients })) {
        assert.equal(entry[name], type, name);
      }
    }
  });

  it('what an importer’s client throws is an instance of what a requirer knows', async () => {
    const imported = await import('@monocloud/backend-node');
    assert.throws(
      () => new imported.MonoCloudBackendNodeClient({ clockSkew: -1 }),
      (error) => {
        assert.ok(error instanceof MonoCloudValidationError);
        return true;
      },
    );
    const client = new MonoCloudBackendNodeClient({
      tenantDomain: 'https://tenant.example',
      audience: 'https://api.example',
    });
    await assert.rejects(client.validateAccessToken('..'), imported.MonoCloudTokenError);
  });

  it('the root has no protectApi, the adapters have', () => {
    assert.equal(root.protectApi, undefined);
    assert.equal(typeof express.protectApi, 'function');
    assert.equal(typeof fastify.protectApi, 'function');
  });
});

describe('§8 MonoCloudTokenError', () => {
  it('has the code that it is given', () => {
    for (const code of CODES) assert.equal(new MonoCloudTokenError('why', code).code, code);
  });

  it('without a code is invalid_token', () => {
    assert.equal(new MonoCloudTokenError('why').code, 'invalid_token');
    assert.equal(new MonoCloudTokenError('why', undefined).code, 'invalid_token');
    assert.equal(new MonoCloudTokenError().code, 'invalid_token');
  });

  it('with one of the two messages and no code gets the code that belongs to it', () => {
    const scopes = new MonoCloudTokenError('Token is missing required scopes');
    assert.equal(scopes.code, 'insufficient_scope');
    const groups = new MonoCloudTokenError('Token is missing required groups');
    assert.equal(groups.code, 'insufficient_groups');
    for (const near of ['token is missing required scopes', 'Token is missing required scopes.']) {
      assert.equal(new MonoCloudTokenError(near).code, 'invalid_token');
    }
  });

  it('with one of the two messages and a code keeps the code', () => {
    for (const code of CODES) {
      for (const what of ['scopes', 'groups']) {
        const error = new MonoCloudTokenError(`Token is missing required ${what}`, code);
        assert.equal(error.code, code);
      }
    }
  });

  it('a subclass with one of the two messages gets the code, too', () => {
    class Mine extends MonoCloudTokenError {}
    assert.equal(new Mine('Token is missing required scopes').code, 'insufficient_scope');
  });

  it('takes a reason or the answer as its third parameter', () => {
    const withReason = new MonoCloudTokenError('why', 'inactive_token', 'inactive');
    assert.equal(withReason.reason, 'inactive');
    assert.equal(withReason.raw, undefined);
    const withRaw = new MonoCloudTokenError('why', 'inactive_token', RAW);
    assert.equal(withRaw.reason, undefined);
    assert.equal(withRaw.raw, RAW);
    assert.deepEqual(Object.keys(withRaw), ['code', 'reason']);
    for (const none of [undefined, null]) {
      const { raw, reason } = new MonoCloudTokenError('why', 'invalid_token', none);
      assert.deepEqual([raw, reason], [undefined, undefined]);
    }
    // What the message implies stays.
    const implied = new MonoCloudTokenError('Token is missing required scopes', undefined, RAW);
    assert.deepEqual([implied.code, implied.reason], ['insufficient_scope', 'missing_scopes']);
  });

  it('is what it is, whatever stands on Object.prototype', () => {
    const names = ['get', 'set', 'code', 'reason', 'raw', 'error', 'status', 'statusText'];
    const polluted = { __proto__: null, value: () => 'polluted', configurable: true };
    let made;
    try {
      for (const name of names) Object.defineProperty(Object.prototype, name, polluted);
      made = [
        new MonoCloudTokenError('why', 'inactive_token', 'inactive'),
        new MonoCloudOPError('invalid_client', 'no', RAW),
        new MonoCloudHttpError('why', RAW),
        new MonoCloudValidationError('why'),
      ];
    } finally {
      for (const name of names) delete Object.prototype[name];
    }
    const [token, op, http, validation] = made;
    assert.deepEqual({ ...token }, { code: 'inactive_token', reason: 'inactive' });
    assert.deepEqual({ ...op }, { error: 'invalid_client', errorDescription: 'no' });
    assert.deepEqual({ ...http }, { status: 503, statusText: 'Down' });
    assert.deepEqual({ ...validation }, {});
    assert.deepEqual([token.raw, op.raw, http.raw], [undefined, RAW, RAW]);
  });

  it('shows its code and its reason', () => {
    const error = new MonoCloudTokenError('why', 'inactive_token', 'inactive');
    assert.deepEqual(JSON.parse(JSON.stringify(error)), {
      code: 'inactive_token',
      reason: 'inactive',
    });
  });
});

describe('§8 MonoCloudOPError', () => {
  it('has error and errorDescription, and error for a message', () => {
    const error = new MonoCloudOPError('invalid_client', 'Who are you?');
    assert.equal(error.error, 'invalid_client');
    assert.equal(error.errorDescription, 'Who are you?');
    assert.equal(error.message, 'invalid_client');
    assert.equal(error.raw, undefined);
    assert.equal(new MonoCloudOPError('invalid_client').errorDescription, undefined);
  });
});

const RAW = { status: 503, statusText: 'Down', headers: { via: 'RAW-HEADER' }, body: 'RAW-BODY' };

describe('§8 raw', () => {
  for (const error of [
    new MonoCloudHttpError('why', RAW),
    new MonoCloudTokenError('why', 'invalid_token', RAW),
    new MonoCloudOPError('invalid_client', 'why', RAW),
    new MonoCloudAuthBaseError('why', RAW),
  ]) {
    it(`of a ${error.name} is there, and does not show in console.log, JSON or a copy`, () => {
      assert.equal(error.raw, RAW);
      assert.ok(!everythingIn(error).includes('RAW-'), everythingIn(error));
      assert.ok(!Object.keys(error).includes('raw'));
      assert.ok(!('raw' in { ...error }));
      assert.doesNotMatch(JSON.stringify(structuredClone({ ...error })), /RAW-/);
    });

    it(`of a ${error.name} may be replaced and stays out of sight`, () => {
      const copy = new error.constructor('why');
      copy.raw = { body: 'RAW-TOO' };
      assert.ok(!everythingIn(copy).includes('RAW-TOO'));
    });
  }

  it('gives a MonoCloudHttpError its status', () => {
    const error = new MonoCloudHttpError('why', RAW);
    assert.equal(error.status, 503);
    assert.equal(error.statusText, 'Down');
    assert.equal(new MonoCloudHttpError('why').status, undefined);
    assert.equal(new MonoCloudHttpError('why').statusText, undefined);
  });
});
