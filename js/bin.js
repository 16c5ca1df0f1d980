#!/usr/bin/env node
'use strict';

// The command `monocloud-backend`.

const { main } = require('./doctor/index.js');

main(process.argv.slice(2)).then((status) => {
  // The user's own module may have opened connections, which would keep the process: it ends here, once
  // all is written.
  process.stdout.write('', () => process.exit(status));
});
