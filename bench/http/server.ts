import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

// The other side, in a process of its own so that its work is not counted as a client's. It answers every request at
// once with the same small JSON, and POST /token with a token: a client is to be measured here and not a server.
const user = Buffer.from(JSON.stringify({ id: 42, name: 'Ada Lovelace', email: 'ada@example.test', active: true }));
const token = Buffer.from(JSON.stringify({ access_token: 'bench', token_type: 'Bearer', expires_in: 3_600 }));

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  request.resume();
  const body = request.url === '/token' ? token : user;
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length });
  response.end(body);
});
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.on('disconnect', () => process.exit(0));
