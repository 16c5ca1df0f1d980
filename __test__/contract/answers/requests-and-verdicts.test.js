'use strict';

// Contract §9: the token of an `Authorization` header, the URL of a request, and what opens a route, without a server.

const { describe, it } = require('node:test');
const assert = require('node:assert/strict');

const { bearerToken, dpopToken, headerOf, schemeOf } = require('../../../js/http/bearer.js');
const { absoluteUrl } = require('../../../js/http/url.js');
const verdicts = require('../../../js/core/verdict.js');

describe('an Authorization header', () => {
  it('has one token after its scheme, in any case and with any blanks', () => {
    for (const [scheme, read, other] of [
      ['Bearer', bearerToken, dpopToken],
      ['DPoP', dpopToken, bearerToken],
    ]) {
      for (const header of [
        `${scheme} t`,
        `${scheme.toLowerCase()} t`,
        `${scheme.toUpperCase()} t`,
        `${scheme}  t`,
        `${scheme}\tt`,
        `${scheme} \t t`,
        ` ${scheme} t`,
        `${scheme} t `,
        `${scheme} t\t`,
      ]) {
        assert.equal(read(header), 't', JSON.stringify(header));
        assert.equal(other(header), undefined, JSON.stringify(header));
        assert.equal(schemeOf(header), scheme.toLowerCase(), JSON.stringify(header));
      }
      for (const header of [`${scheme} a b`, `${scheme} a\tb`, `${scheme} a b `, scheme]) {
        assert.equal(read(header), undefined, JSON.stringify(header));
        assert.equal(schemeOf(header), scheme.toLowerCase(), JSON.stringify(header));
      }
      for (const header of [
        `${scheme}t`,
        `${scheme}, t`,
        'Basic t',
        '',
        ' ',
        't',
        undefined,
        null,
        1,
      ]) {
        assert.equal(read(header), undefined, String(header));
        assert.equal(schemeOf(header), undefined, String(header));
      }
      for (const header of [[`${scheme} t`], { toString: () => `${scheme} t` }]) {
        assert.equal(read(header), undefined);
        assert.equal(schemeOf(header), undefined);
      }
    }
  });

  it('is an own member of the headers', () => {
    assert.equal(headerOf({ authorization: 'x' }, 'authorization'), 'x');
    assert.equal(headerOf({ dpop: 'x' }, 'authorization'), undefined);
    for (const headers of [undefined, {}, Object.create({ authorization: 'x' })]) {
      assert.equal(headerOf(headers, 'authorization'), undefined);
    }
    assert.equal(headerOf({}, 'constructor'), undefined);
  });
});

describe('the URL of a request', () => {
  it('is that of its scheme, its host and its target', () => {
    for (const [scheme, host, target, expected] of [
      ['https', 'a.example', '/x?y#z', 'https://a.example/x?y#z'],
      ['http', 'a.example:8080', '/', 'http://a.example:8080/'],
      ['http', 'a.example:', '/', 'http://a.example:/'],
      ['https', '[::1]:8443', '/x', 'https://[::1]:8443/x'],
      ['https', '[::ffff:10.0.0.1]', '/x', 'https://[::ffff:10.0.0.1]/x'],
      ['https', '[::FFFF]', '/x', 'https://[::FFFF]/x'],
      ['https', "a_~!$&'()*+,;=%-1", '/x', "https://a_~!$&'()*+,;=%-1/x"],
      ['https', 'a.example', '', 'https://a.example/'],
      ['https', 'a.example', '?x', 'https://a.example/?x'],
      ['https', 'a.example', 'x', 'https://a.example/x'],
      ['https', 'a.example', '*', 'https://a.example/*'],
      ['https', 'a.example', 'http://b.example/x', 'https://a.example/x'],
      ['https', 'a.example', 'HTTP://b.example:80', 'https://a.example/'],
      ['https', 'a.example', 'a1+.-://b?x', 'https://a.example/?x'],
      ['https', 'a.example', '//b.example/x', 'https://a.example//b.example/x'],
      ['https', 'a.example', '/http://b.example/x', 'https://a.example/http://b.example/x'],
      ['https', 'a.example', '1a://b/x', 'https://a.example/1a://b/x'],
    ]) {
      assert.equal(absoluteUrl(scheme, host, target), expected);
    }
  });

  it('is none where a part is none', () => {
    for (const scheme of [undefined, '', 'ftp', 'HTTPS', 'https:', ['https']]) {
      assert.equal(absoluteUrl(scheme, 'a.example', '/'), undefined, String(scheme));
    }
    for (const host of [
      '',
      'a/b',
      'a?b',
      'a#b',
      'a@b',
      'a b',
      ' a',
      'a ',
      'a:b',
      'a:1:2',
      '[::1',
      '[::1]x',
      'x[::1]',
      '[g]',
      'a\\b',
      'ä',
      undefined,
      null,
      ['a.example'],
    ]) {
      assert.equal(absoluteUrl('https', host, '/'), undefined, String(host));
    }
    for (const target of [undefined, null, 1, ['/']]) {
      assert.equal(absoluteUrl('https', 'a.example', target), undefined, String(target));
    }
  });
});

describe('a verdict', () => {
  const { Admitted, Refused, isAdmitted, isRefused, isVerdict, verdictOnClaims } = verdicts;
  const nothing = [undefined, null, true, 1, 'x', Symbol('x'), {}, [], () => {}];

  it('is what this package made, and neither what looks like it nor what inherits from it', () => {
    const admitted = new Admitted({ sub: 'a' });
    const refused = new Refused({});
    const copies = [admitted, refused].flatMap((one) => [
      Object.create(one),
      Object.create(Object.getPrototypeOf(one)),
      { ...one },
      new Proxy(one, {}),
    ]);
    for (const value of [...nothing, ...copies]) {
      for (const is of [isAdmitted, isRefused, isVerdict]) assert.equal(is(value), false);
    }
    assert.deepEqual(
      [isAdmitted, isRefused, isVerdict].map((is) => is(admitted)),
      [true, false, true],
    );
    assert.deepEqual(
      [isAdmitted, isRefused, isVerdict].map((is) => is(refused)),
      [false, true, true],
    );
  });

  it('on what a replaced method returned admits an object that is no array', () => {
    const claims = { sub: 'a' };
    const verdict = verdictOnClaims(claims);
    assert.ok(isAdmitted(verdict));
    assert.equal(verdicts.claimsOf(verdict), claims);
    for (const value of nothing.filter((one) => one?.constructor !== Object)) {
      const none = verdictOnClaims(value);
      assert.ok(isRefused(none), String(value));
      assert.deepEqual(verdicts.whyOf(none).failure, {
        kind: 'token',
        message:
          'The access token was not validated: the method that was called returned no claims',
        code: 'invalid_token',
      });
    }
  });
});
