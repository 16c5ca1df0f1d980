'use strict';

// The error that each entry point of a package fails with, in a process that goes on afterwards.

module.exports = ({ input: { directory, arch }, say }) => {
  if (arch) Object.defineProperty(process, 'arch', { value: arch });
  for (const file of ['index', 'express/index', 'fastify/index', 'index']) {
    try {
      require(`${directory}/js/${file}.js`);
      say('loaded');
    } catch ({ name, code, message, cause }) {
      say({ name, code, message, cause: cause instanceof Error && cause.message });
    }
  }
};
