'use strict';

// A native call throws only after a panic, which is a defect of this package. The request must end with an
// error of a documented class, without the panic's own message, which may hold what was in hand.

/** @import { Failure } from '../binding.js' */

const { MonoCloudAuthBaseError } = require('../errors.js');

const DEFECT = 'The native core failed; this is a defect, please report it';

/**
 * What a native call returns, or the failure that stands for a panic.
 * @template T
 * @param {() => T} work
 * @returns {T | Failure}
 */
function orFailure(work) {
  try {
    return work();
  } catch {
    return { kind: 'internal', message: DEFECT };
  }
}

/**
 * The same for a call that returns no failures.
 * @template T
 * @param {() => T} work
 */
function orThrow(work) {
  try {
    return work();
  } catch {
    throw new MonoCloudAuthBaseError(DEFECT);
  }
}

module.exports = { DEFECT, orFailure, orThrow };
