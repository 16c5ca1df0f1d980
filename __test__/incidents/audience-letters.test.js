'use strict';

// An audience with letters beyond ASCII, and the spellings that look like it or decode to it.

const assert = require('node:assert/strict');
const { describe, it } = require('node:test');

const { startTally } = require('../support/tally.js');
const { makeKey } = require('../support/tokens.js');

const { inHouse } = require('./support.js');

const tally = startTally('incidents/claims');
const key = makeKey('ES256');

describe('an audience with letters of the world', () => {
  // As the URI has to be written, and as people write it.
  const AUDIENCE = 'https://api.example/caf%C3%A9';

  it('is compared byte for byte: no case, no normalisation, no decoding', async () => {
    const setup = { keys: [key], options: { audience: AUDIENCE } };
    await inHouse(tally, setup, async (house) => {
      const others = [
        'https://api.example/café',
        'https://api.example/cafe\u0301',
        'https://api.example/caf%c3%a9',
        'https://api.example/caf%C3%A9/',
        'https://api.example/./caf%C3%A9',
        'https://api.example:443/caf%C3%A9',
        'https://API.example/caf%C3%A9',
        'HTTPS://api.example/caf%C3%A9',
        'https://api.example/c%61f%C3%A9',
        'https://api.exampIe/caf%C3%A9',
        'https://аpi.example/caf%C3%A9',
        'https://api.example./caf%C3%A9',
        'https://user@api.example/caf%C3%A9',
        'https://api.example\\caf%C3%A9',
        `${AUDIENCE}\0`,
        `${AUDIENCE}\u200b`,
        ` ${AUDIENCE}`,
        `${AUDIENCE}#`,
        `${AUDIENCE}?`,
        AUDIENCE.normalize('NFKD').replace('api', 'ａpi'),
        AUDIENCE.replace('api', 'a\u00adpi'),
        AUDIENCE.replace('k', '\u212a').replace('s', '\u017f'),
      ];
      for (const aud of others) {
        for (const value of [aud, [aud], ['https://x.example', aud]]) {
          const token = house.sign(key, { claims: house.claims({ aud: value }) });
          await house.refuses(token, 'audience_mismatch', { note: JSON.stringify(value) });
        }
      }
      const escaped = house.claimsText('"aud":"https:\\/\\/api.example\\/caf%C3\\u0025A9"', {
        aud: undefined,
      });
      for (const claims of [house.claims({ aud: AUDIENCE }), escaped]) {
        await house.accepts(house.sign(key, { claims }));
      }
      assert.equal(others.length, new Set(others).size);
    });
  });
});
