'use strict';

// Collections with the methods that the platform had when the package was loaded. A program can replace those
// later, and a verdict must not rest on what a replaced `get` returns.

const { defineProperties, getOwnPropertyDescriptors } = Object;

/**
 * @template K, V
 * @extends {Map<K, V>}
 */
class OwnMap extends Map {}

/**
 * @template K, V
 * @typedef {OwnMap<K, V>} OwnMapOf
 */

const methods = /** @type {{ constructor?: PropertyDescriptor }} */ (
  getOwnPropertyDescriptors(Map.prototype)
);
delete methods.constructor;
defineProperties(OwnMap.prototype, methods);

/** @param {Function} method */
const uncurry = (method) => Function.prototype.call.bind(method);

module.exports = {
  OwnMap,
  /** @type {<V>(map: WeakMap<object, V>, key: unknown) => V | undefined} */
  weakMapGet: uncurry(WeakMap.prototype.get),
  /** @type {<V>(map: WeakMap<object, V>, key: object, value: V) => WeakMap<object, V>} */
  weakMapSet: uncurry(WeakMap.prototype.set),
};
