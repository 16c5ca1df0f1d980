'use strict';

// What resolvers of certificates answer once a program has replaced what they might use.

const net = require('node:net');
const express = require('../../../js/express/index.js');
const fastify = require('../../../js/fastify/index.js');

const REPLACED = {
  nothing() {},
  'Object.prototype, by every option'() {
    for (const [name, value] of Object.entries({
      trustProxy: '0.0.0.0/0',
      header: 'other',
      format: 'envoy',
      chain: true,
      0: 'ipv4',
      1: '0',
      named: false,
    })) {
      Object.defineProperty(Object.prototype, name, { value, configurable: true, writable: true });
    }
  },
  'Object.prototype, by what can be enumerated'() {
    Object.prototype.trustProxy = ['0.0.0.0/0'];
    Object.prototype.chain = true;
  },
  'methods of objects'() {
    Object.hasOwn = () => true;
    Object.keys = () => [];
  },
  decodeURIComponent({ pem }) {
    globalThis.decodeURIComponent = () => pem;
  },
  'Array.isArray'() {
    Array.isArray = () => true;
  },
  Buffer({ pem }) {
    globalThis.Buffer = { from: () => pem };
  },
  'the check of an address'() {
    net.BlockList.prototype.check = () => true;
  },
  'net.isIP'() {
    net.isIP = () => 4;
  },
  'the methods of maps and sets'() {
    Map.prototype.has = () => true;
    Set.prototype.has = () => true;
  },
  'the iterator of arrays'() {
    const prototype = Object.getPrototypeOf([][Symbol.iterator]());
    const real = prototype.next;
    prototype.next = function () {
      const step = real.call(this);
      return step.value === '10.0.0.2' ? { done: false, value: '10.0.0.1' } : step;
    };
  },
};

module.exports = ({ input, say }) => {
  const { certificateFromHeader } = express;
  const [own, twice] = [input.escaped, input.escaped + input.escaped];
  const resolvers = () =>
    [certificateFromHeader, fastify.certificateFromHeader].map((make) =>
      make({ format: 'nginx', header: 'x-cert', trustProxy: '10.0.0.1' }),
    );
  const before = resolvers();
  REPLACED[input.replaced](input);
  const ask = (resolver, value, remoteAddress) => {
    const raw = { rawHeaders: ['x-cert', value], socket: { remoteAddress } };
    return resolver(Object.assign(Object.create(null), raw, { raw }));
  };
  const answers = [...before, ...resolvers()].map((resolver) => [
    ask(resolver, own, '10.0.0.1') === input.pem,
    ask(resolver, own, '10.0.0.2'),
    ask(resolver, own, 'x'),
    ask(resolver, twice, '10.0.0.1'),
  ]);
  let without = 'made';
  try {
    certificateFromHeader({ format: 'nginx' });
  } catch ({ name }) {
    without = name;
  }
  say({ answers, without });
};

module.exports.REPLACED = Object.keys(REPLACED);
