'use strict';

// What the reader of options does with names on Object.prototype, and with methods that are replaced.

const { writeSync } = require('node:fs');
const { readOptions } = require('../../../js/core/options-reader.js');

const read = (options) => readOptions(options, ['scopes'], { what: 'x()', from: read });
const refused = () => {
  try {
    read({ scop: 1 });
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
};
for (const name of ['get', 'set', 'enumerable', 'code', 'reason', 'raw']) {
  Object.prototype[name] = () => 'polluted';
}
const first = [refused(), read({}).scopes, read({ scopes: 1 }).scopes];
for (const name of ['get', 'set', 'enumerable', 'code', 'reason', 'raw']) {
  delete Object.prototype[name];
}
// What a program may replace: none of it is asked.
const replaced = () => {
  throw new Error('replaced');
};
Object.hasOwn = Object.getPrototypeOf = Reflect.get = Reflect.ownKeys = replaced;
Reflect.getPrototypeOf = Reflect.getOwnPropertyDescriptor = Array.isArray = replaced;
Array.prototype[Symbol.iterator] = Array.prototype.includes = replaced;
const second = [
  read({ scopes: 2 }).scopes,
  read(
    new (class {
      scopes = 3;
    })(),
  ).scopes,
];
writeSync(1, JSON.stringify([String(first), String(second)]));
