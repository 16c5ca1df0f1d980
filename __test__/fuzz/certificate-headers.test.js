'use strict';

// Headers with certificates, made wrong in every way that chance finds: the same ones each time. A
// proxy is trusted to write the header; much of what it writes an attacker has chosen.
//
//   FUZZ_SECONDS=3600 node --test __test__/fuzz/certificate-headers.test.js    an hour, new ones

const assert = require('node:assert/strict');
const { it } = require('node:test');

const { certificateFromHeader } = require('@monocloud/backend-node/express');
const { describeCertificate } = require('../../js/binding.js');
const { randomOf, seedOf } = require('../support/random.js');
const { tally } = require('../support/tally.js');
const recorded = require('../mtls/recorded.json');

const SECONDS = Number(process.env.FUZZ_SECONDS ?? 0);
/** So many take a second or two. */
const ROUNDS = 40_000;

const NONE = '';
const MALFORMED = 'malformed';

/** The client's certificate, and one that it would rather have: both are public. */
const OWN = recorded.certificate;
const WANTED = recorded.issuer;

const BEGIN = '-----BEGIN CERTIFICATE-----';
const END = '-----END CERTIFICATE-----';
const lines = (base64) => base64.match(/.{1,64}/g).join('\n');
const pemOf = (base64) => `${BEGIN}\n${lines(base64)}\n${END}\n`;
const escaped = (base64) => encodeURIComponent(pemOf(base64));

/** What formats are made of, and the wish of an attacker. */
const WORDS = [
  ...[',', ';', '=', '"', '\\', '\\"', ':', '%', '%0A', '%2C', '%22', '%', '%zz', '%00', '%C3'],
  ...[' ', '\t', '\r\n', '\n', '\u00a0', 'é', '-', '-----', BEGIN, END, '(null)', '==', '='],
  ...['Cert=', 'cert="', 'Chain="', 'URI=', 'DNS=', 'Hash=', 'Subject="', 'By=', '+', '/', '_'],
  ...[escaped(WANTED), pemOf(WANTED), WANTED, `Cert="${escaped(WANTED)}"`, `,Cert=${WANTED}`],
];

function rubbish(chance, words = WORDS) {
  return Array.from({ length: 1 + chance.below(4) }, () => chance.pick(words)).join('');
}

/** How each proxy writes a certificate. Envoy's names are the client's to choose. */
const WRITERS = {
  nginx: (base64) => escaped(base64),
  'aws-alb': (base64) => escaped(base64).replaceAll('%2B', '+').replaceAll('%2F', '/'),
  haproxy: (base64, chance) => chance.pick([base64, `"${base64}"`]),
  apache: (base64) => pemOf(base64).trimEnd().replaceAll('\n', ' '),
  rfc9440: (base64) => `:${base64}:`,
  envoy(base64, chance) {
    const names = [
      `URI=${rubbish(chance)}`,
      `DNS=${rubbish(chance)}`,
      `Subject="${rubbish(chance).replace(/["\\]/g, '\\$&')}"`,
    ];
    const own = [`Hash=00`, `Cert="${escaped(base64)}"`, ...names.slice(chance.below(4))];
    const earlier = [`By=x;${rubbish(chance)},`, `Cert="${escaped(WANTED)}",`, ''];
    return `${chance.pick(earlier)}${own.join(';')}`;
  },
};
const READERS = new Map(
  Object.keys(WRITERS).map((format) => [
    format,
    certificateFromHeader({ format, header: 'x', trustProxy: 'loopback' }),
  ]),
);

function read(format, values, remoteAddress = '127.0.0.1') {
  const rawHeaders = values.flatMap((value) => ['X', value]);
  return READERS.get(format)({ rawHeaders, socket: { remoteAddress } });
}

function change(text, chance) {
  const at = chance.below(text.length + 1);
  const until = Math.min(text.length, at + chance.below(40));
  const word = chance.pick([chance.pick(WORDS), String.fromCharCode(chance.below(256)), '']);
  return chance.pick([
    () => text.slice(0, at) + word + text.slice(at),
    () => text.slice(0, at) + word + text.slice(until),
    () => text.slice(0, until) + text.slice(at),
    () => text.slice(0, at),
  ])();
}

/** Nothing but the three kinds of answer: none, a refusal, or one whole block of canonical base64. */
function assertShape(answer, value) {
  if (answer === NONE || answer === MALFORMED) return undefined;
  const base64 = new RegExp(`^${BEGIN}\n([A-Za-z0-9+/]+={0,2})\n${END}\n$`).exec(answer)?.[1];
  assert.ok(base64, `${JSON.stringify(value)} gave ${JSON.stringify(answer)}`);
  assert.equal(Buffer.from(base64, 'base64').toString('base64'), base64);
  return base64;
}

it('a certificate header gives the certificate that the proxy wrote, or none', () => {
  const seed = seedOf({ long: SECONDS > 0 });
  const chance = randomOf(seed);
  const end = Date.now() + SECONDS * 1000;
  const formats = Object.keys(WRITERS);
  let inputs = 0;
  let others = 0;
  for (; SECONDS > 0 ? Date.now() < end : inputs < ROUNDS; inputs += 1) {
    const format = chance.pick(formats);
    const written = WRITERS[format](OWN, chance);

    // As it is: the client's own, whatever names it has; Envoy's may also make the whole unreadable.
    const own = assertShape(read(format, [written]), written);
    if (format === 'envoy') assert.ok(own === undefined || own === OWN, written);
    else assert.equal(own, OWN, written);

    // Changed: only what is in the header can come out, and it comes out as it is there.
    let value = written;
    for (let times = 1 + chance.below(3); times > 0; times -= 1) value = change(value, chance);
    const base64 = assertShape(read(format, [value]), value);
    if (base64 !== undefined) {
      others += base64 === OWN ? 0 : 1;
      const shown = format === 'nginx' || format === 'aws-alb' || format === 'envoy';
      const packed = (shown ? unescaped(value) : value).replace(/\s+/g, '');
      assert.ok(packed.includes(base64.replace(/=+$/, '')), `${format}: ${value}`);
      // The core has the last word, and says it without a fuss.
      if (inputs % 16 === 0) describeCertificate(pemOf(base64));
    }

    // Twice is once too often, and from a stranger it is nothing.
    assert.equal(read(format, [written, value]), MALFORMED);
    assert.equal(read(format, [value], '192.0.2.1'), NONE);
  }
  assert.ok(others > 0, 'some changes leave a block of base64 that is no longer the certificate');
  tally('certificate headers', { inputs });
});

/** Percent-decoding piece by piece: what can't be decoded stays. */
function unescaped(text) {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (run) => {
    try {
      return decodeURIComponent(run);
    } catch {
      return run;
    }
  });
}
