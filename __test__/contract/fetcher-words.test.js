'use strict';

// What a message says of the error that a caller's function threw: one word of it, which can hold no
// secret, or none. Each place that a word is taken from for itself, and both sides of its bounds.

const assert = require('node:assert/strict');
const { describe, it } = require('node:test');

const { MonoCloudBackendNodeClient, MonoCloudHttpError } = require('@monocloud/backend-node');

const SECRET = 'hunter2';

/** The word in the message of the error that a client throws where `name` throws `thrown`. */
async function wordOf(thrown, name = 'fetcher') {
  const client = new MonoCloudBackendNodeClient({
    tenantDomain: 'https://tenant.example',
    audience: 'https://api.example',
    [name]: async () => {
      throw thrown;
    },
  });
  const call = name === 'jwksResolver' ? 'getJwks' : 'getMetadata';
  try {
    await client[call]();
  } catch (error) {
    assert.ok(error instanceof MonoCloudHttpError, error.stack);
    assert.equal(error.reason, 'fetcher_failed');
    assert.ok(!error.message.includes(SECRET), error.message);
    const words = /failed: (.*?)(?: \(https:[^)]*\))?$/s.exec(error.message);
    assert.ok(words, error.message);
    return words[1];
  }
  return assert.fail('nothing was thrown');
}

/** Where a word is looked for, the first first. */
const PLACES = {
  'the cause’s code': (word) => Object.assign(new Error(SECRET), { cause: { code: word } }),
  'the code': (word) => Object.assign(new Error(SECRET), { code: word, name: undefined }),
  'the name': (word) => Object.assign(new Error(SECRET), { name: word }),
};

const WORDS = ['ECONNREFUSED', 'E_1', 'A'.repeat(64), 'x', '_', 'UND_ERR_SOCKET'];

const TOLD_NOTHING = [
  `ECONNREFUSED ${SECRET}`,
  `${SECRET} ECONNREFUSED`,
  `ECONNREFUSED\n${SECRET}`,
  `${SECRET}\nECONNREFUSED`,
  `Bearer-${SECRET}`,
  `${SECRET}:`,
  `.${SECRET}`,
  `${SECRET}é`,
  `\u2028${SECRET}`,
  SECRET.repeat(10),
  'A'.repeat(65),
  '',
  ' ',
  'ECONNREFUSED ',
  '\nECONNREFUSED',
  'ECONNREFUSED\n',
  1,
  true,
  {},
  [SECRET],
  Symbol(SECRET),
  () => SECRET,
  { toString: () => SECRET },
];

for (const name of ['fetcher', 'metadataResolver', 'jwksResolver']) {
  describe(`the message where a ${name} fails`, () => {
    for (const [place, thrown] of Object.entries(PLACES)) {
      it(`has a word by ${place}`, async () => {
        for (const word of WORDS) assert.equal(await wordOf(thrown(word), name), word);
      });

      it(`has nothing else by ${place}`, async () => {
        for (const word of TOLD_NOTHING) {
          const error = thrown(word);
          // What is left of the others must not answer for it.
          if (error.name === 'Error') error.name = undefined;
          assert.equal(await wordOf(error, name), 'an error', String(word));
        }
      });
    }

    it('has a word by the next place where one has none', async () => {
      for (const bad of [`${SECRET}!`, undefined, 1]) {
        const error = Object.assign(new TypeError(SECRET), { code: 'ECODE', cause: { code: bad } });
        assert.equal(await wordOf(error, name), 'ECODE');
        error.code = bad;
        assert.equal(await wordOf(error, name), 'TypeError');
        error.cause.code = 'ECAUSE';
        assert.equal(await wordOf(error, name), 'ECAUSE');
      }
    });

    it('has no word by what is no error, or throws itself', async () => {
      const throws = new Proxy(
        {},
        {
          get() {
            throw new Error(SECRET);
          },
        },
      );
      for (const thrown of [SECRET, 1, null, undefined, [SECRET], Symbol(SECRET), throws]) {
        assert.equal(await wordOf(thrown, name), 'an error');
      }
    });
  });
}
