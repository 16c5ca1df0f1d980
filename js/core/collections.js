'use strict';

// Collections with the methods that the platform's had when the package was loaded, because a program can
// replace those later. A verdict must not rest on what a replaced `get` returns.

const { defineProperties, getOwnPropertyDescriptors } = Object;

class OwnMap extends Map {}
class OwnWeakMap extends WeakMap {}

for (const type of [OwnMap, OwnWeakMap]) {
  const methods = getOwnPropertyDescriptors(Object.getPrototypeOf(type.prototype));
  delete methods.constructor;
  defineProperties(type.prototype, methods);
}

module.exports = { OwnMap, OwnWeakMap };
