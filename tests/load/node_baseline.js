// Baseline for the ingress bench: what a webhook handler in Node.js costs when it only checks the
// signature over the raw body and parses it. No Kafka, nothing kept.
'use strict';

const crypto = require('node:crypto');
const http = require('node:http');

const secret = process.env.META_APP_SECRET;
const [host, port] = process.argv[2].split(':');

const server = http.createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const body = Buffer.concat(chunks);
    const expected = 'sha256=' + crypto.createHmac('sha256', secret).update(body).digest('hex');
    const given = request.headers['x-hub-signature-256'] || '';
    const good =
      given.length === expected.length &&
      crypto.timingSafeEqual(Buffer.from(given), Buffer.from(expected));
    const understood = good && JSON.parse(body).object === 'whatsapp_business_account';
    response.writeHead(good ? (understood ? 200 : 400) : 401, { 'Content-Length': 0 });
    response.end();
  });
});
server.keepAliveTimeout = 60000;
server.listen(Number(port), host);
