'use strict';

/** Whole seconds since 1970, by the clock that a user's test may have set. */
function now() {
  return Math.floor(Date.now() / 1000);
}

module.exports = { now };
