'use strict';

// Compiles projects, writes the output, and prints what the compiler says: node compile.js DIRECTORY CONFIG...
// In a process of its own: the compiler takes a gigabyte, and a process of that size takes long to start others.

const { compile } = require('../compiler.js');

const [, , directory, ...configs] = process.argv;
for (const config of configs) {
  process.stdout.write(compile(directory, config, {}, { emit: true }));
}
