import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeCertificate } from '../signaling-server/certificate.ts';
import { startServer } from '../signaling-server/server.ts';
import { isLocal, originForOthers, socketsTo } from './server-address.ts';

test('knows addresses of the local network, where a certificate may be unknown', () => {
  const local = [
    ...['localhost', '127.0.0.1', '[::1]', 'laptop.local', '192.168.1.7', '10.0.0.1'],
    ...['172.16.0.1', '172.31.9.9', '169.254.1.1', '[fe80::1]', 'fd00::1'],
  ];
  const far = ['potluck.example', '8.8.8.8', '172.32.0.1', '193.168.1.7', '2001:db8::1', '10.example.com'];
  expect(local.filter((host) => !isLocal(host))).toEqual([]);
  expect(far.filter(isLocal)).toEqual([]);
});

test('an address that others can use stays as it is', async () => {
  expect(await originForOthers('https://192.168.1.7:8443')).toBe('https://192.168.1.7:8443');
  // Nobody answers there.
  expect(await originForOthers('https://127.0.0.1:9')).toBe('https://127.0.0.1:9');
});

test('a server that refuses the connection closes the socket, and ends nothing else', async () => {
  const server = createServer((_, response) => response.writeHead(404).end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const socket = socketsTo(`http://127.0.0.1:${port}`)();
  await new Promise<void>((resolve) => socket.addEventListener('close', resolve));
  server.close();
});

test('a server of the local network that signs its certificate itself is reached, and asked where others find it', async () => {
  const root = mkdtempSync(join(tmpdir(), 'potluck-address-'));
  writeFileSync(join(root, 'index.html'), '<!doctype html>');
  const tls = await makeCertificate(['localhost']);
  const server = await startServer({ host: '0.0.0.0', port: 0, root, tls });
  try {
    const origin = `https://127.0.0.1:${server.port}`;
    const socket = socketsTo(origin)();
    const what = await new Promise((resolve) => {
      socket.addEventListener('open', () => resolve('open'));
      socket.addEventListener('close', () => resolve('refused'));
    });
    expect(what).toBe('open');
    socket.close();
    const [first] = server.urls;
    expect(await originForOthers(origin)).toBe(first ? new URL(first).origin : origin);
  } finally {
    await server.close();
    rmSync(root, { recursive: true });
  }
});
