'use strict';

// What can be watched through `node:diagnostics_channel`. Free when nobody listens: a message is
// made only for a subscriber.

const { channel } = require('node:diagnostics_channel');

const PREFIX = '@monocloud/backend-node:';

const channels = {
  cacheFault: channel(`${PREFIX}cache-fault`),
  refresh: channel(`${PREFIX}refresh`),
  refreshFailed: channel(`${PREFIX}refresh-failed`),
  refused: channel(`${PREFIX}refused`),
  staleUse: channel(`${PREFIX}stale-use`),
  unknownKey: channel(`${PREFIX}unknown-key`),
};

function publish(name, message) {
  if (channels[name].hasSubscribers) channels[name].publish(message());
}

module.exports = { publish };
