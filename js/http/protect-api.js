'use strict';

// `protectApi` of a framework, from its adapter and from what it does with a verdict.

/** @import { Adapter, Guard } from './guard.js' */

const { guard, readArguments, requireCall } = require('./guard.js');

/**
 * @template {object} R the framework's request
 * @template H the framework's handler, hook or middleware
 * @param {Adapter<R>} adapter
 * @param {(route: Guard<R>) => H} handlerOf
 */
function protectApiOf(adapter, handlerOf) {
  /**
   * @param {unknown} [clientOrOptions]
   * @param {unknown} [requestOptions]
   */
  return function protectApi(clientOrOptions, requestOptions) {
    const parts = readArguments(clientOrOptions, requestOptions, protectApi);
    /**
     * @param {unknown} [options]
     * @param {unknown[]} request
     */
    return function protect(options, ...request) {
      requireCall(request, protect);
      return handlerOf(guard(parts, options, adapter, protect));
    };
  };
}

module.exports = { protectApiOf };
