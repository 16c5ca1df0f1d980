'use strict';

// The package's version, which `npm run bump` sets.
module.exports = '0.1.0';
