'use strict';

// Contract §2: options of one kind: numbers, flags, texts and choices. Default, variable, precedence and rule of each.

const assert = require('node:assert/strict');
const { describe, it } = require('node:test');

const {
  FLAGS,
  NUMBERS,
  PREFIX,
  TEXTS,
  allBut,
  clientWith,
  option,
  refusal,
  shown,
} = require('./support.js');

for (const { name, variable: short, least = 0, whole = false } of NUMBERS) {
  const variable = PREFIX + short;
  describe(`§2 ${name}`, () => {
    it('is a number', () => {
      for (const value of [...allBut('number', 'string'), '', ' ', 'x', '5s', '0x10', 'Infinity']) {
        const work = () => clientWith({ [name]: value });
        const { message } = refusal(work, `"${name}" must be a number`, shown(value));
        assert.ok(message.includes(variable), message);
      }
    });

    it('may be the text that a variable would hold', () => {
      for (const text of [String(least), '86400', '1e4', ' 3000 ', '+4000']) {
        clientWith({ [name]: text }, { [variable]: 'x' });
      }
      refusal(() => clientWith({ [name]: String(least - 1) }), `"${name}" must be greater`);
    });

    it(`is finite and at least ${least}`, () => {
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        const { message } = refusal(() => clientWith({ [name]: value }), `"${name}" must be`);
        assert.match(message, /finite/);
        assert.ok(message.includes(variable), message);
      }
      for (const value of [least - 0.001, least - 1, -Number.MAX_VALUE]) {
        const start = `"${name}" must be greater than or equal to ${least}`;
        const { message } = refusal(() => clientWith({ [name]: value }), start, value);
        assert.ok(message.includes(variable), message);
      }
      for (const value of [least, 86_400, Number.MAX_VALUE]) clientWith({ [name]: value });
      const half = () => clientWith({ [name]: least + 0.5 });
      if (whole) refusal(half, `"${name}" must be an integer`);
      else half();
    });

    it('comes from the environment as a decimal number', () => {
      for (const text of [String(least), '86400', '1e4', ' 3000 ', '+4000']) {
        clientWith({}, { [variable]: text });
      }
    });

    it('that does not parse names its variable and its value', () => {
      for (const text of [
        'abc',
        '5s',
        '0x1000',
        'Infinity',
        'NaN',
        '1 0',
        '1,5',
        '--1',
        '1e',
        'true',
        'null',
        '5000;',
        '١',
      ]) {
        const work = () => clientWith({}, { [variable]: text });
        const { message } = refusal(work, `"${name}" must be a number`, text);
        assert.ok(message.includes(variable) && message.includes(text), message);
      }
    });

    it('that is out of range names its variable too', () => {
      for (const text of [String(least - 1), '-1e3', '1e999', '-1e999']) {
        const { message } = refusal(() => clientWith({}, { [variable]: text }), `"${name}" must`);
        assert.ok(message.includes(variable), message);
      }
    });

    it('is unset where the variable is empty or white space, or the option is undefined or null', () => {
      for (const blank of ['', ' ', '\t\n']) clientWith({}, { [variable]: blank });
      clientWith({ [name]: undefined });
      clientWith({ [name]: null });
      refusal(() => clientWith({ [name]: undefined }, { [variable]: 'x' }), `"${name}" must`);
      refusal(() => clientWith({ [name]: null }, { [variable]: 'x' }), `"${name}" must`);
    });

    it('of the constructor wins, over a bad variable too', () => {
      clientWith({ [name]: 5000 }, { [variable]: 'abc' });
      refusal(() => clientWith({ [name]: 'abc' }, { [variable]: '5000' }), `"${name}" must`);
    });
  });
}

for (const { name, variable: short } of FLAGS) {
  const variable = PREFIX + short;
  describe(`§2 ${name}`, () => {
    it('is a boolean', () => {
      for (const value of [...allBut('boolean', 'string'), '', ' ', '5', 'x', 'yes']) {
        const work = () => clientWith(option(name, value));
        const { message } = refusal(work, `"${name}" must be a boolean`, shown(value));
        assert.ok(message.includes(variable), message);
      }
    });

    it('may be the text that a variable would hold', () => {
      for (const text of ['true', 'false', '1', '0', 'TRUE', ' False ']) {
        clientWith(option(name, text), { [variable]: 'x' });
      }
    });

    it('that does not parse names its variable and its value', () => {
      for (const text of ['yes', 'on', 'truee', '2', '-1', 'null', 'undefined', 't', 'f']) {
        const work = () => clientWith({}, { [variable]: text });
        const { message } = refusal(work, `"${name}" must be a boolean`, text);
        assert.ok(message.includes(variable) && message.includes(text), message);
      }
    });

    it('of the constructor wins, over a bad variable too', () => {
      clientWith(option(name, false), { [variable]: 'abc' });
      refusal(() => clientWith(option(name, 'abc'), { [variable]: 'true' }), `"${name}" must`);
    });
  });
}

for (const { name, variable: short } of TEXTS) {
  const variable = PREFIX + short;
  describe(`§2 ${name}`, () => {
    it('is a text', () => {
      for (const value of [...allBut('string'), '']) {
        const work = () => clientWith(option(name, value));
        const { message } = refusal(work, `"${name}" `, shown(value));
        assert.ok(message.includes(variable), message);
      }
    });

    it('is unset where the variable is empty or white space, or the option is undefined or null', () => {
      for (const blank of ['', ' ', '\t\n']) clientWith({}, { [variable]: blank });
      clientWith(option(name, undefined), { [variable]: '' });
      clientWith(option(name, null), { [variable]: '' });
    });
  });
}

for (const { name, variable: short, values } of [
  {
    name: 'clientAuthMethod',
    variable: 'CLIENT_AUTH_METHOD',
    values: [
      'client_secret_basic',
      'client_secret_post',
      'client_secret_jwt',
      'private_key_jwt',
      'tls_client_auth',
      'self_signed_tls_client_auth',
      'spiffe_jwt',
      'spiffe_x509',
    ],
  },
  {
    name: 'validateCertificateBinding',
    variable: 'VALIDATE_CERTIFICATE_BINDING',
    values: ['when_present', 'required', 'dangerously_ignore'],
  },
]) {
  const variable = PREFIX + short;
  it(`§2 ${name} is one of its words, in the constructor and in the environment`, () => {
    for (const value of values) {
      clientWith({ [name]: value });
      clientWith({}, { [variable]: value });
      clientWith({ [name]: value }, { [variable]: 'x' });
    }
    for (const value of ['x', values[0].toUpperCase(), ` ${values[0]}`, 'none', 'true', 'null']) {
      const start = `"${name}" must be one of`;
      for (const work of [
        () => clientWith({ [name]: value }),
        () => clientWith({}, { [variable]: value }),
      ]) {
        const { message } = refusal(work, start, value);
        assert.ok(message.includes(variable), message);
        for (const word of values) assert.ok(message.includes(word), message);
      }
    }
  });
}
