'use strict';

module.exports = { ...require('./client.js'), ...require('./errors.js') };
