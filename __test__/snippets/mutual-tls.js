'use strict';

const {
  BAD_TOKEN,
  HELLO,
  NO_TOKEN,
  client,
  granted,
  other,
} = require('../support/snippets/common.js');
const { behind } = require('../support/snippets/proxies.js');

const HERE = { to: '/api/hello' };
const bound = { certificate: client.cert };

const AT_THE_SOCKET = {
  tls: client,
  requests: [
    { ...HERE, answer: NO_TOKEN },
    { ...HERE, token: {}, answer: BAD_TOKEN },
    { ...HERE, token: bound, answer: granted('hello') },
    { ...HERE, token: bound, identity: other, answer: BAD_TOKEN },
    { ...HERE, token: bound, identity: undefined, answer: BAD_TOKEN },
    { ...HERE, token: { certificate: other.cert }, answer: BAD_TOKEN },
  ],
};

const base64 = client.cert.replaceAll(/-----[^-]+-----|\s/g, '');
const escaped = encodeURIComponent(client.cert);

module.exports = {
  page: 'docs/mutual-tls.md',
  snippets: {
    'At the socket': AT_THE_SOCKET,
    'At the socket 2': AT_THE_SOCKET,
    'Behind a proxy': {
      requests: [
        ...HELLO,
        { ...HERE, token: bound, answer: BAD_TOKEN },
        {
          ...HERE,
          token: bound,
          headers: { 'ssl-client-cert': escaped },
          answer: granted('hello'),
        },
      ],
    },
    'Behind a proxy 2': {
      requests: [
        { ...HERE, token: {}, answer: BAD_TOKEN },
        { ...HERE, token: bound, answer: BAD_TOKEN },
        {
          ...HERE,
          token: bound,
          headers: { 'client-cert': `:${base64}:` },
          answer: granted('hello'),
        },
      ],
    },
    nginx: behind('nginx', { format: 'nginx', header: 'ssl-client-cert', expired: 400 }),
    'AWS ALB': { notRun: 'asks for an AWS account' },
    'AWS ALB 2': {
      env: { LOAD_BALANCER_SUBNETS: 'loopback' },
      requests: [
        { ...HERE, token: bound, answer: BAD_TOKEN },
        {
          ...HERE,
          token: bound,
          headers: { 'x-amzn-mtls-clientcert': escaped + encodeURIComponent(other.cert) },
          answer: granted('hello'),
        },
        {
          ...HERE,
          token: bound,
          headers: { 'x-amzn-mtls-clientcert-leaf': escaped },
          answer: BAD_TOKEN,
        },
      ],
    },
    'AWS ALB 3': { notRun: 'asks for an AWS account' },
    Envoy: { notRun: 'Debian has no Envoy; what it sends is in __test__/mtls/recorded.json' },
    HAProxy: behind('haproxy', { format: 'haproxy', header: 'X-SSL-Client-Cert', expired: 200 }),
    Apache: behind('apache2', {
      format: 'apache',
      header: 'SSL_CLIENT_CERT',
      expired: 'handshake',
    }),
    'RFC 9440': behind('haproxy', { format: 'rfc9440', header: 'Client-Cert', expired: 200 }),
    'Testing it': { notRun: 'the tests make certificates with what they have' },
    'Testing it 2': { test: true },
    'Testing it 3': { notRun: 'needs an API on the internet' },
  },
};
