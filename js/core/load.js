'use strict';

// Loads the native addon. Where that fails, ./load-error.js says in one sentence what to do about it: the
// generated ./binding.js blames npm for whatever happened.

const version = require('../version.js');

function load() {
  let binding;
  try {
    binding = require('../binding.js');
  } catch (error) {
    throw require('./load-error.js').loadError(
      /** @type {Error} binding.js throws nothing else */ (error),
    );
  }
  // Each version calls its own addon's functions in its own way. A lock file that was merged by hand
  // may pair two that were never together.
  if (binding.VERSION !== version) {
    throw require('./load-error.js').versionError(version, binding.VERSION);
  }
  return binding;
}

module.exports = load();
