// A Bluesky personal data server with its DID directory (in memory), both on 127.0.0.1.
//
//   node --input-type=module --eval "$(cat pds.mjs)" FOLDER        in the folder of the installed packages
//
// Prints one line of JSON when both answer: {"url", "plc"}. Ends when standard input closes, so it never outlives
// the test run that started it.
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { PDS } from '@atproto/pds';
import plc from '@did-plc/server';

const [data, blobs, incoming] = ['data', 'blobs', 'incoming'].map((name) => join(process.argv[1], name));
for (const folder of [data, blobs, incoming]) mkdirSync(folder, { recursive: true });

// Both servers would listen on every interface: they call `app.listen(port)`. Here it listens on loopback alone.
function onLoopback(server) {
  server.app.listen = (port) => createServer(server.app).listen(port, '127.0.0.1');
  return server;
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer().on('error', reject).listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

const directory = onLoopback(plc.PlcServer.create({ db: plc.Database.mock(), port: await freePort() }));
const plcUrl = `http://127.0.0.1:${(await directory.start()).address().port}`;

const port = await freePort();
const server = onLoopback(await PDS.fromEnv({
  port,
  hostname: 'localhost',
  devMode: true,
  dataDirectory: data,
  blobstoreDiskLocation: blobs,
  blobstoreDiskTmpLocation: incoming,
  didPlcUrl: plcUrl,
  serviceHandleDomains: ['.test'],
  inviteRequired: false,
  disableSsrfProtection: true,
  rateLimitsEnabled: false,
  crawlers: [],
  trustedOAuthClients: [],
  handleBackupNameservers: [],
  rateLimitBypassIps: [],
  jwtSecret: randomBytes(16).toString('hex'),
  adminPassword: randomBytes(16).toString('hex'),
  plcRotationKeyK256PrivateKeyHex: randomBytes(32).toString('hex'),
}));
await server.start();

process.stdin.resume().on('end', async () => {
  await server.destroy();
  await directory.destroy();
  process.exit(0);
});
console.log(JSON.stringify({ url: `http://127.0.0.1:${port}`, plc: plcUrl }));
