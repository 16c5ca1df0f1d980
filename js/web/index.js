'use strict';

const root = require('../index.js');
const { claimsOf, isAdmitted, isVerdict } = require('../core/verdict.js');
const { problemDetails } = require('../http/error-response.js');
const { adapter, pairsOf, pathOf, responseOf } = require('../http/fetch.js');
const { asError } = require('../http/guard.js');
const { protectApiOf } = require('../http/protect-api.js');
const { serialized } = require('../http/serialized.js');

const protectApi = protectApiOf(
  adapter,
  ({ admit, answer, headersFor }) => {
    /** @param {Request} request */
    return async function guard(request) {
      try {
        const pending = admit(request);
        const verdict = isVerdict(pending) ? pending : await pending;
        if (!isAdmitted(verdict)) return responseOf(serialized(await answer(verdict, request)));
        const headers = headersFor(request);
        const claims = claimsOf(verdict);
        return headers === undefined ? { claims } : { claims, headers: pairsOf(headers) };
      } catch (error) {
        throw asError(error);
      }
    };
  },
  (answerTo) => {
    /** @param {Request} request */
    return function metadata({ method, url }) {
      const served = answerTo(method, pathOf(url));
      return served && responseOf(served);
    };
  },
);

// The published type has the claims as the caller declares them.
const published = /** @type {typeof import('./index.d.ts').protectApi} */ (
  /** @type {unknown} */ (protectApi)
);

module.exports = /** @satisfies {typeof import('./index.d.ts')} */ ({
  ...root,
  problemDetails,
  protectApi: published,
});
