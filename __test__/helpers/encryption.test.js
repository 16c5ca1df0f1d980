'use strict';

// Text under a secret, against what the vendor's code made (vendor.json) and against node:crypto's own
// PBKDF2 and AES. A derivation takes some 100 ms, so each of them is made to show as much as it can.

const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const { describe, it } = require('node:test');
const { MonoCloudAuthBaseError, MonoCloudValidationError } = require('@monocloud/backend-node');
const {
  decrypt,
  decryptAuthState,
  decryptSession,
  encrypt,
  encryptAuthState,
  encryptSession,
} = require('@monocloud/backend-node/utils');
const vendor = require('./vendor.json');

const SECRET = 'correct horse battery staple';
const SESSION = { user: { sub: 'ada' }, custom: { deep: [1, null, 'é'] } };
const STATE = { state: 's', nonce: 'n', scopes: 'openid', returnUrl: '/after' };
const LEAST = Buffer.alloc(44).toString('base64url');

/** The promise rejects with exactly this, from here, and says nothing of what it was given. */
async function refuses(promise, message) {
  const error = await promise.then(
    () => assert.fail(`not refused: ${message}`),
    (reason) => reason,
  );
  assert.ok(error instanceof MonoCloudValidationError && error instanceof MonoCloudAuthBaseError);
  assert.ok(error instanceof Error);
  assert.equal(error.message, message);
  assert.match(error.stack, /encryption\.test\.js/);
  for (const secret of [SECRET, vendor.secret]) assert.ok(!error.stack.includes(secret));
}

/** Sets the clock for as long as `use` takes. */
async function at(iso, use) {
  const { now } = Date;
  const instant = Date.parse(iso);
  Date.now = () => instant;
  try {
    return await use();
  } finally {
    Date.now = now;
  }
}

describe('what the vendor encrypted', () => {
  for (const { iterations, text, session, authState } of vendor.encrypted) {
    it(`is read with ${iterations} iterations`, async () => {
      assert.equal(await decrypt(text, vendor.secret), vendor.text);
      assert.deepEqual(await decryptSession(session, vendor.secret), vendor.session);
      assert.deepEqual(await decryptAuthState(authState, vendor.secret), vendor.authState);
    });
  }

  it('expires when it says, to the second', async () => {
    const read = () => decryptSession(vendor.expiring, vendor.secret);
    assert.deepEqual(await at('2026-01-01T00:01:00.999Z', read), vendor.session);
    await refuses(at('2026-01-01T00:01:01Z', read), 'Session Expired');
  });
});

describe('encrypt', () => {
  it('makes salt, IV, ciphertext and tag of AES-256-GCM with PBKDF2-SHA-256, 310,000 times', async () => {
    const encrypted = await encrypt(vendor.text, SECRET);
    assert.match(encrypted, /^[\w-]+$/);
    const bytes = Buffer.from(encrypted, 'base64url');
    const key = crypto.pbkdf2Sync(SECRET, bytes.subarray(0, 16), 310_000, 32, 'sha256');
    const decipher = crypto.createDecipheriv('aes-256-gcm', key, bytes.subarray(16, 28));
    decipher.setAuthTag(bytes.subarray(-16));
    const text = Buffer.concat([decipher.update(bytes.subarray(28, -16)), decipher.final()]);
    assert.equal(text.toString(), vendor.text);
  });

  it('is undone by decrypt, also from standard base64 with padding', async () => {
    // A byte order mark is part of the text; so is nothing at all.
    for (const text of ['', '\uFEFFwith a mark']) {
      const encrypted = await encrypt(text, SECRET);
      const standard = Buffer.from(encrypted, 'base64url').toString('base64');
      assert.equal(await decrypt(standard, SECRET), text);
    }
  });

  it('makes another one each time', async () => {
    const [one, other] = await Promise.all([encrypt('a', SECRET), encrypt('a', SECRET)]);
    for (const [from, to] of [
      [0, 21],
      [22, 37],
    ]) {
      assert.notEqual(one.slice(from, to), other.slice(from, to));
    }
  });

  it('takes texts of 1 MiB, by their bytes', async () => {
    const tooLong = '"data" must have at most 1048576 bytes';
    await refuses(encrypt('a'.repeat(1_048_577), SECRET), tooLong);
    await refuses(encrypt('é'.repeat(524_289), SECRET), tooLong);
    const text = 'é'.repeat(524_288);
    assert.equal(await decrypt(await encrypt(text, SECRET), SECRET), text);
  });

  it('takes strings alone', async () => {
    for (const data of [undefined, null, 1, {}, Buffer.from('text')]) {
      await refuses(encrypt(data, SECRET), '"data" must be a string');
    }
  });
});

describe('decrypt', () => {
  it('gives nothing for what was altered anywhere, cut off, or is under another secret', async () => {
    const [{ text }] = vendor.encrypted;
    const bytes = Buffer.from(text, 'base64url');
    const flipped = [0, 16, 28, bytes.length - 1].map((index) => {
      const copy = Buffer.from(bytes);
      copy[index] ^= 1;
      return copy.toString('base64url');
    });
    const rubbish = [...flipped, bytes.subarray(0, -1).toString('base64url'), `${text}AAAA`, LEAST];
    const results = await Promise.all([
      ...rubbish.map((other) => decrypt(other, vendor.secret)),
      decrypt(text, `${vendor.secret} `),
    ]);
    assert.deepEqual(results, Array(8).fill(undefined));
  });

  it('tells without a derivation what can be nothing', async (t) => {
    const derive = t.mock.method(crypto.webcrypto.subtle, 'deriveKey');
    const rubbish = [
      undefined,
      null,
      1,
      {},
      '',
      '=',
      'A',
      LEAST.slice(0, -2),
      `${LEAST}AA`,
      `${LEAST}===`,
      `${LEAST.slice(1)}.`,
      `${LEAST}\n`,
      ` ${LEAST}`,
      `${LEAST}é`,
      'A'.repeat(1_400_000),
      '='.repeat(1_000_000),
    ];
    for (const encrypted of rubbish) assert.equal(await decrypt(encrypted, SECRET), undefined);
    assert.equal(derive.mock.callCount(), 0);
    // And that what can be something takes two, and no more.
    assert.equal(await decrypt(LEAST, SECRET), undefined);
    const used = derive.mock.calls.map(({ arguments: [algorithm] }) => algorithm.iterations);
    assert.deepEqual(used, [310_000, 100_000]);
  });

  it('refuses to work without a secret', async () => {
    for (const secret of [undefined, null, '', 1, Buffer.from(SECRET)]) {
      const message = '"secret" must be a non-empty string';
      await refuses(encrypt('text', secret), message);
      await refuses(decrypt(LEAST, secret), message);
      await refuses(decrypt(undefined, secret), message);
      await refuses(encryptSession(SESSION, secret), message);
      await refuses(decryptSession(LEAST, secret), message);
      await refuses(encryptAuthState(STATE, secret), message);
      await refuses(decryptAuthState(LEAST, secret), message);
    }
  });
});

describe('sessions and states', () => {
  it('are the JSON that the vendor reads', async () => {
    await at('2026-01-01T00:00:00.999Z', async () => {
      const [session, state] = await Promise.all([
        encryptSession(SESSION, SECRET),
        encryptAuthState(STATE, SECRET, 60),
      ]);
      assert.deepEqual(JSON.parse(await decrypt(session, SECRET)), { session: SESSION });
      assert.deepEqual(JSON.parse(await decrypt(state, SECRET)), {
        authState: STATE,
        expiresAt: Date.parse('2026-01-01T00:01:00Z') / 1000,
      });
      assert.deepEqual(await decryptSession(session, SECRET), SESSION);
      assert.deepEqual(await decryptAuthState(state, SECRET), STATE);
      // One is not taken for the other.
      await refuses(decryptSession(state, SECRET), 'Invalid session data');
      await refuses(decryptAuthState(session, SECRET), 'Invalid auth state');
      Date.now = () => Date.parse('2026-01-01T00:01:01Z');
      await refuses(decryptAuthState(state, SECRET), 'Auth state expired');
    });
  });

  it('are refused where they are none', async () => {
    for (const text of [
      '{',
      'null',
      '{"session":null,"authState":[]}',
      '{"session":{},"authState":{},"expiresAt":"never"}',
    ]) {
      const encrypted = await encrypt(text, SECRET);
      await refuses(decryptSession(encrypted, SECRET), 'Invalid session data');
      await refuses(decryptAuthState(encrypted, SECRET), 'Invalid auth state');
    }
    await refuses(decryptSession(undefined, SECRET), 'Invalid session data');
    await refuses(decryptAuthState('rubbish', SECRET), 'Invalid auth state');
  });

  it('have no limit where the vendor wrote NaN for one', async () => {
    const encrypted = await encrypt('{"session":{"user":{"sub":"ada"}},"expiresAt":null}', SECRET);
    assert.deepEqual(await decryptSession(encrypted, SECRET), { user: { sub: 'ada' } });
  });

  it('are not made of what could not be read again', async () => {
    const circular = { user: { sub: SECRET } };
    circular.circular = circular;
    for (const session of [undefined, null, 'session', 1, [SESSION]]) {
      await refuses(encryptSession(session, SECRET), '"session" must be an object');
      await refuses(encryptAuthState(session, SECRET), '"authState" must be an object');
    }
    for (const session of [circular, { user: 1n }]) {
      await refuses(encryptSession(session, SECRET), `"session" can't be written as JSON`);
      await refuses(encryptAuthState(session, SECRET), `"authState" can't be written as JSON`);
    }
    for (const ttl of [Number.NaN, Number.POSITIVE_INFINITY, '60', {}]) {
      const message = '"ttl" must be a finite number of seconds';
      await refuses(encryptSession(SESSION, SECRET, ttl), message);
      await refuses(encryptAuthState(STATE, SECRET, ttl), message);
    }
  });
});
