'use strict';

// The package's version, which `npm run bump` sets.
module.exports = '1.0.0';
