'use strict';

// Collections with the methods that the platform had when the package was loaded. A program can replace those
// later, and a verdict must not rest on what a replaced `get` returns.

const { defineProperties, getOwnPropertyDescriptors } = Object;

class OwnMap extends Map {}

const methods = getOwnPropertyDescriptors(Map.prototype);
delete methods.constructor;
defineProperties(OwnMap.prototype, methods);

const uncurry = (method) => Function.prototype.call.bind(method);

module.exports = {
  OwnMap,
  weakMapGet: uncurry(WeakMap.prototype.get),
  weakMapSet: uncurry(WeakMap.prototype.set),
};
