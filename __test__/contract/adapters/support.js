'use strict';

// A client whose validation ends when the test says so.

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** The module that a framework is installed as. */
function moduleOf(name) {
  return {
    'Express 4': 'express4',
    'Express 5': 'express',
    'Fastify 4': 'fastify4',
    'Fastify 5': 'fastify',
  }[name];
}

module.exports = { moduleOf, turn };
