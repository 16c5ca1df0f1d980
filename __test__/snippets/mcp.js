'use strict';

const { isOld } = require('../support/snippets/common.js');

const METADATA = 'https://mcp.example.com/.well-known/oauth-protected-resource';

/** The call of a tool, as a client without a session sends it. */
const call = (name, token, answer) => ({
  to: '/',
  method: 'POST',
  headers: {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
  },
  body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name } }),
  token,
  answer,
});

const DOCUMENT = {
  to: '/.well-known/oauth-protected-resource',
  answer: { status: 200, headers: { 'content-type': 'application/json' } },
};

module.exports = {
  page: 'docs/mcp.md',
  snippets: {
    Express: {
      skip: isOld && "the SDK's transport needs the global `crypto` of Node.js 20",
      requests: [
        DOCUMENT,
        call('whoami', undefined, { status: 401 }),
        call('whoami', {}, { status: 403 }),
        call('whoami', { scopes: ['mcp'] }, { status: 200 }),
      ],
    },
    'Scopes of single tools, and Hono': {
      skip: isOld && '@hono/node-server is for Node.js 20 and later',
      requests: [
        DOCUMENT,
        call('remove', undefined, {
          status: 401,
          challenge: `Bearer resource_metadata="${METADATA}"`,
        }),
        call(
          'remove',
          { scopes: ['mcp'] },
          {
            status: 403,
            challenge: `Bearer error="insufficient_scope", scope="mcp notes:write", resource_metadata="${METADATA}"`,
          },
        ),
        call('remove', { scopes: ['mcp', 'notes:write'] }, { status: 200 }),
      ],
    },
  },
};
