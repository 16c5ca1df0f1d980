'use strict';

// What the reader of options says under --frozen-intrinsics.

const { readOptions } = require('../../../js/core/options-reader.js');

const read = (options) => readOptions(options, ['scopes'], { what: 'x()', from: read });
let refused;
try {
  read({ scop: 1 });
} catch (error) {
  refused = error;
}
process.stdout.write(String([read({ scopes: 2 }).scopes, refused]));
