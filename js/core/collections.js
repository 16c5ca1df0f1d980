'use strict';

// A Map with the methods that the platform's had when the package was loaded, because a program can
// replace those later. A verdict must not rest on what a replaced `get` returns.

const { defineProperties, getOwnPropertyDescriptors } = Object;

/**
 * @template K, V
 * @extends {Map<K, V>}
 */
class OwnMap extends Map {}

const methods = /** @type {{ constructor?: PropertyDescriptor }} */ (
  getOwnPropertyDescriptors(Map.prototype)
);
delete methods.constructor;
defineProperties(OwnMap.prototype, methods);

module.exports = { OwnMap };
