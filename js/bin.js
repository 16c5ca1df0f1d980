#!/usr/bin/env node
'use strict';

// The command `monocloud-backend`.

const { main } = require('./doctor/index.js');

main(process.argv.slice(2)).then((status) => {
  // Exits once the output is written: connections that the user's module has opened would keep the process
  // alive.
  process.stdout.write('', () => process.exit(status));
});
