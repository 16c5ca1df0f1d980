'use strict';

// The core throws nothing but what it did not mean to: a panic, which is a defect of ours. It must end a
// request as an error of a documented class, and its own message may hold what was in hand.

const { MonoCloudAuthBaseError } = require('./errors.js');

const DEFECT = 'The native core failed; this is a defect, please report it';

/** What a native call hands back, or the failure that it should have handed back. */
function orFailure(work) {
  try {
    return work();
  } catch {
    return { kind: 'internal', message: DEFECT };
  }
}

/** The same for a call that hands back no failures. */
function orThrow(work) {
  try {
    return work();
  } catch {
    throw new MonoCloudAuthBaseError(DEFECT);
  }
}

module.exports = { DEFECT, orFailure, orThrow };
