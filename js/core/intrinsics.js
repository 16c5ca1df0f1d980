'use strict';

// Methods of built-in prototypes as functions, captured when the module is loaded: a program can replace them
// later, and a verdict must not rest on what it puts there.

const uncurry = (method) => Function.prototype.call.bind(method);

module.exports = {
  mapGet: uncurry(Map.prototype.get),
  mapSet: uncurry(Map.prototype.set),
  weakMapGet: uncurry(WeakMap.prototype.get),
  weakMapSet: uncurry(WeakMap.prototype.set),
};
