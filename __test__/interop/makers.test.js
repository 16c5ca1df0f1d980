'use strict';

// Tokens and DPoP proofs of other libraries: the good ones are accepted, and the odd ones refused, each for its own reason.
// The other way round, those libraries verify the client assertions of this package.

const assert = require('node:assert/strict');
const { after, before, describe, it } = require('node:test');

const { METHOD, TARGET, judge } = require('../dpop/support.js');
const { suiteHouse } = require('../incidents/support.js');
const { startTally } = require('../support/tally.js');
const { makeAssertions } = require('./assertions.js');
const { ASSERTIONS, GIVEN_CLAIMS, PROOFS, TOKENS } = require('./expected.js');
const { MAKERS, madeBy, missing, run } = require('./makers.js');

const tally = startTally('interop/makers');

/** Claims that each language writes in its own way. */
const MORE = {
  sub: 'Zoë 😀 <admin> & "co" \\ / \u2028',
  iat: 1.5,
  groups: ['readers', { id: 'writers' }],
  nothing: null,
  'urn:nested': { deep: [[], {}, true, false, -0.25, 9007199254740991] },
};

const claimsOf = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));

for (const maker of MAKERS) {
  describe(maker.name, { skip: missing(maker) }, () => {
    const house = suiteHouse({ before, after }, tally);
    const names = {
      tokens: madeBy(maker, Object.keys(TOKENS)),
      proofs: madeBy(maker, Object.keys(PROOFS)),
      assertions: madeBy(maker, ASSERTIONS),
    };
    let asked;
    let made;
    before(async () => {
      const assertions = await makeAssertions(names.assertions);
      asked = { claims: house().claims(MORE), method: METHOD, url: TARGET, assertions };
      made = await run(maker, asked);
      house().serve('jwks', JSON.stringify({ keys: made.keys }));
    });

    it('makes what it is said to make', () => {
      for (const [kind, expected] of Object.entries(names)) {
        assert.deepEqual(Object.keys(made[kind]).sort(), [...expected].sort(), kind);
      }
    });

    for (const name of names.tokens) {
      const reason = TOKENS[name];
      it(`${name}: ${reason?.toString() ?? 'accepted'}`, async () => {
        const token = made.tokens[name];
        if (reason === undefined) {
          await house().accepts(token, GIVEN_CLAIMS.includes(name) ? asked.claims : undefined);
        } else {
          await house().refuses(token, reason);
        }
      });
    }

    for (const name of names.proofs) {
      const reason = PROOFS[name];
      it(`a DPoP proof, ${name}: ${reason ?? 'accepted once'}`, async () => {
        const { token, proof } = made.proofs[name];
        const verdicts = [];
        for (let time = 0; time < 2; time += 1) {
          verdicts.push(await judge(house().client, token, proof));
        }
        tally.inputs += verdicts.length;
        const expected = reason ? [reason, reason] : ['passed', 'dpop_proof_replayed'];
        assert.deepEqual(verdicts, expected);
        await house().refuses(token, 'dpop_required');
      });
    }

    it('verifies the client assertions of this package', () => {
      for (const { alg, token } of asked.assertions) {
        assert.deepEqual(made.assertions[alg], claimsOf(token), alg);
      }
    });
  });
}
