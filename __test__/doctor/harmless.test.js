'use strict';

// What the doctor shows of a text that comes from elsewhere (js/doctor/harmless.js).

const assert = require('node:assert/strict');
const { describe, it } = require('node:test');

const { harmless } = require('../../js/doctor/harmless.js');

const range = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** `[what, code points]` */
const UNSEEN = [
  ['C0 and DEL', [...range(0x00, 0x1f), 0x7f]],
  ['C1', range(0x80, 0x9f)],
  [
    'bidirectional controls',
    [0x061c, 0x200e, 0x200f, ...range(0x202a, 0x202e), ...range(0x2066, 0x2069)],
  ],
  ['line and paragraph separators', [0x2028, 0x2029]],
  [
    'what is shown as nothing',
    [0xad, 0x034f, 0x180e, 0x200b, 0x200c, 0x200d, 0x2060, 0x3164, 0xfeff],
  ],
  ['deprecated formats', range(0x206a, 0x206f)],
  ['interlinear annotations', range(0xfff9, 0xfffb)],
  ['variation selectors', [0xfe0f, 0xe0100, 0xe01ef]],
  ['tags', [0xe0001, ...range(0xe0020, 0xe007f)]],
];

describe('harmless', () => {
  for (const [what, codes] of UNSEEN) {
    it(`escapes ${what}`, () => {
      for (const code of codes) {
        const character = String.fromCodePoint(code);
        const shown = harmless(`a${character}b`);
        assert.match(shown, /^a(\\u[0-9a-f]{4}){1,2}b$/, code.toString(16));
        // It can be read back: nothing is lost.
        assert.equal(JSON.parse(`"${shown}"`), `a${character}b`);
      }
    });
  }

  it('leaves what is seen as it is', () => {
    const text = ' ~"\\ äöü 漢字 عربي עברית 😀 é \u00a0\u3000\u{1f1e6}';
    assert.equal(harmless(text), text);
    assert.equal(harmless(''), '');
  });
});
