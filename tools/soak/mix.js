'use strict';

// The tokens to validate: every kind in a fixed proportion, each with the expected answer.

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** `[share of a thousand, kind]`. */
const SHARES = [
  [480, 'good'],
  [80, 'expired'],
  [50, 'otherAudience'],
  [40, 'otherIssuer'],
  [40, 'unscoped'],
  [100, 'forged'],
  [60, 'unknownKey'],
  [40, 'retired'],
  [30, 'none'],
  [30, 'malformed'],
  [30, 'opaque'],
  [20, 'inactive'],
];

/**
 * @param {() => number} random
 * @returns `next(pool)`: `{ kind, token, accept }` of the tokens that the tenant has minted last
 */
function mixer(random) {
  const pick = (list) => list[Math.floor(random() * list.length)];
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const word = (length) => Array.from({ length }, () => pick(letters)).join('');

  const make = {
    /** A valid token with one letter of its signature changed. */
    forged: ({ good }) => {
      const token = pick(good);
      const at = token.lastIndexOf('.') + 1 + Math.floor(random() * 80);
      const letter = token[at] === 'A' ? 'B' : 'A';
      return token.slice(0, at) + letter + token.slice(at + 1);
    },
    unknownKey: ({ good }) => {
      const [, payload, signature] = pick(good).split('.');
      return `${encode({ alg: 'ES256', kid: word(12) })}.${payload}.${signature}`;
    },
    none: ({ good }) => {
      const [, payload, signature] = pick(good).split('.');
      const alg = pick(['none', 'None', 'NONE', 'HS256', 'RS256']);
      return `${encode({ alg })}.${payload}.${pick(['', signature])}`;
    },
    malformed: ({ good }) => {
      const token = pick(good);
      return pick([
        `${token}=`,
        `${token.slice(0, 20)}\u0000${token.slice(20)}`,
        `.${token.slice(token.indexOf('.') + 1)}`,
        'a.b.c',
        '..',
        `${word(3000)}.${word(3000)}.${word(86)}`,
      ]);
    },
    inactive: () => word(43),
    // Signed with a withdrawn key; an expired token until there is one.
    retired: ({ retired, expired }) => pick(retired.length > 0 ? retired : expired),
  };

  return (pool) => {
    let at = random() * 1000;
    const [, kind] = SHARES.find(([share]) => {
      at -= share;
      return at < 0;
    });
    const token = make[kind] ? make[kind](pool) : pick(pool[kind]);
    return { kind, token, accept: kind === 'good' || kind === 'opaque' };
  };
}

module.exports = { mixer };
