'use strict';

// `protectApi` of a framework, from its adapter and from what it does with a verdict.

/**
 * @import { Adapter, Guard } from './guard.js'
 * @import { MetadataAnswers } from './resource-metadata.js'
 */

const { guard, readArguments, requireCall } = require('./guard.js');
const { metadataAnswers } = require('./resource-metadata.js');

/**
 * @template {object} R the framework's request
 * @template H the framework's handler, hook or middleware
 * @template M the same for the metadata document
 * @param {Adapter<R>} adapter
 * @param {(route: Guard<R>) => H} handlerOf
 * @param {(answerTo: MetadataAnswers) => M} metadataHandlerOf
 */
function protectApiOf(adapter, handlerOf, metadataHandlerOf) {
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
    function protect(options, ...request) {
      requireCall(request, protect);
      return handlerOf(guard(parts, options, adapter, protect));
    }
    protect.metadata = function metadata() {
      return metadataHandlerOf(metadataAnswers(parts, metadata));
    };
    return protect;
  };
}

module.exports = { protectApiOf };
