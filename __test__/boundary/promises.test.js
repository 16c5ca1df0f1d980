'use strict';

// A global Promise that a library has replaced: bluebird and zone.js themselves, loaded before and after the
// package, under every framework; with them tokenResolver let in requests without a token.

const assert = require('node:assert/strict');
const { describe, it } = require('node:test');

const { runProgram } = require('../support/child.js');

const nothing = { letIn: [], refused: [], unanswered: [] };

describe('a replaced global Promise', () => {
  for (const library of ['bluebird', 'zone']) {
    for (const when of ['before', 'after']) {
      it(`and resolvers let requests without a token in: ${library}, loaded ${when}`, async () => {
        const { said } = await runProgram('boundary/programs/libraries.js', {
          args: [library, when],
        });
        assert.deepEqual(said, { replaced: true, apis: 24, first: nothing, second: nothing });
      });
    }
  }
});

describe('frozen intrinsics', () => {
  it('change no answer', async () => {
    const flags = ['--frozen-intrinsics', '--no-warnings'];
    const { said } = await runProgram('boundary/programs/frozen.js', { flags });
    assert.deepEqual(said, {
      good: 'eve',
      forged: 'unknown_key',
      scopes: 'missing_scopes',
      misspelt: 'protect() has no option "scope"; did you mean "scopes"?',
      passed: [{ sub: 'eve' }],
      refused: [
        {
          status: 401,
          headers: { 'WWW-Authenticate': 'Bearer' },
          body: { message: 'unauthorized' },
        },
      ],
    });
  });
});
