'use strict';

// Loaded into a program of the documentation: the port that it names may be taken, so it gets another, and says
// which. A port of 0 is the program's own affair. Fastify listens twice, on the port that it was given.

const { Server } = require('node:net');

const { listen } = Server.prototype;
const given = new Set();

Server.prototype.listen = function (...args) {
  const isObject = typeof args[0] === 'object' && args[0] !== null;
  const port = Number(isObject ? args[0].port : args[0]);
  if (port > 0 && !given.has(port)) {
    args[0] = isObject ? { ...args[0], port: 0 } : 0;
    this.once('listening', () => {
      given.add(this.address().port);
      process.send?.({ port: this.address().port });
    });
  }
  return listen.apply(this, args);
};
