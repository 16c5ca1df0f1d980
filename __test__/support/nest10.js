'use strict';

// Nest 10 in place of Nest 11, for a whole process: a program has one Nest only, which `./nest` finds by its name.
// The other packages are those of ../frameworks/nest10, because Nest's name each other as peers.

const Module = require('node:module');
const path = require('node:path');

const { nestFrom } = require('./frameworks.js');

const FOLDER = path.join(__dirname, '..', 'frameworks', 'nest10');

const resolve = Module._resolveFilename;
Module._resolveFilename = function resolveFilename(name, parent, isMain, options) {
  const isNest = name.startsWith('@nestjs/') && options === undefined;
  return resolve.call(this, name, parent, isMain, isNest ? { paths: [FOLDER] } : options);
};

/** As in ./frameworks.js. */
const nest10 = ['express', 'fastify'].map((platform) => ({
  name: `Nest 10 on ${platform}`,
  adapter: 'nest',
  create: (...given) => nestFrom(FOLDER)(platform)(...given),
}));

module.exports = { nest10 };
