'use strict';

// Methods of built-in prototypes as functions, captured when the module is loaded: a program can replace them
// later, and a verdict must not rest on what it puts there.

/** @param {Function} method */
const uncurry = (method) => Function.prototype.call.bind(method);

module.exports = {
  /** @type {<K, V>(map: Map<K, V>, key: K) => V | undefined} */
  mapGet: uncurry(Map.prototype.get),
  /** @type {<K, V>(map: Map<K, V>, key: K, value: V) => Map<K, V>} */
  mapSet: uncurry(Map.prototype.set),
  /** @type {<V>(map: WeakMap<object, V>, key: unknown) => V | undefined} */
  weakMapGet: uncurry(WeakMap.prototype.get),
  /** @type {<V>(map: WeakMap<object, V>, key: object, value: V) => WeakMap<object, V>} */
  weakMapSet: uncurry(WeakMap.prototype.set),
};
