#!/usr/bin/env node
'use strict';

// The command `monocloud-backend`.

const [command, ...args] = process.argv.slice(2);
const status =
  command === 'demo'
    ? require('./demo/index.js').main(args)
    : require('./doctor/index.js').main(process.argv.slice(2));

status.then((code) => {
  // Exits once the output is written: connections that the user's module has opened would keep the process
  // alive.
  process.stdout.write('', () => process.exit(code));
});
