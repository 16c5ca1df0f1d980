'use strict';

/** @import { Context, Next } from 'hono' */

const root = require('../index.js');
const { claimsOf, isAdmitted, isVerdict } = require('../core/verdict.js');
const { problemDetails } = require('../http/error-response.js');
const { adapter, pairsOf, pathOf, responseOf } = require('../http/fetch.js');
const { asError } = require('../http/guard.js');
const { protectApiOf } = require('../http/protect-api.js');
const { serialized } = require('../http/serialized.js');

/** @type {import('../http/guard.js').Adapter<Context>} */
const honoAdapter = {
  authorization: ({ req }) => adapter.authorization(req.raw),
  proof: ({ req }) => adapter.proof(req.raw),
  method: ({ req }) => adapter.method(req.raw),
  url: ({ req }) => adapter.url(req.raw),
};

const protectApi = protectApiOf(
  honoAdapter,
  ({ admit, answer, headersFor }) => {
    /**
     * @param {Context} context
     * @param {Next} next
     */
    return async function protectMiddleware(context, next) {
      let headers;
      try {
        const pending = admit(context);
        const verdict = isVerdict(pending) ? pending : await pending;
        if (!isAdmitted(verdict)) return responseOf(serialized(await answer(verdict, context)));
        context.set('claims', claimsOf(verdict));
        headers = headersFor(context);
      } catch (error) {
        throw asError(error);
      }
      await next();
      if (headers === undefined) return;
      for (const [name, value] of pairsOf(headers)) context.header(name, value);
    };
  },
  (answerTo) => {
    /**
     * @param {Context} context
     * @param {Next} next
     */
    return async function metadata({ req }, next) {
      const served = answerTo(req.method, pathOf(req.url));
      return served === undefined ? await next() : responseOf(served);
    };
  },
);

// The published types have the claims among the variables of the context.
const published = /** @type {typeof import('./index.d.ts').protectApi} */ (
  /** @type {unknown} */ (protectApi)
);

module.exports = /** @satisfies {typeof import('./index.d.ts')} */ ({
  ...root,
  problemDetails,
  protectApi: published,
});
