import { expect, test } from 'vitest';
import { greeting } from './greeting.ts';

const server = {
  url: 'https://localhost:8443',
  urls: ['https://192.168.1.20:8443', 'https://172.17.0.1:8443'],
};

test('the address for phones comes first, as text and as a code, then how to go on', () => {
  const text = greeting(server, 'own', false);
  expect(text).toMatch(/ready at {2}https:\/\/192\.168\.1\.20:8443\n/);
  expect(text.indexOf('192.168')).toBeLessThan(text.indexOf('172.17'));
  expect(text).toContain('https://localhost:8443');
  expect(text).toMatch(/█▀|▀█|▄█/);
  expect(text).toContain('certificate');
  expect(text).toContain('Press Ctrl+C to stop.');
  expect(text).not.toContain('\x1b');
  expect(greeting(server, 'own', true)).toContain('\x1b[97;40m');
});

test('a server for this machine only shows no code; a given certificate needs no warning', () => {
  const local = greeting({ url: 'http://127.0.0.1:8080', urls: [] }, 'none', false);
  expect(local).toContain('http://127.0.0.1:8080');
  expect(local).not.toContain('█');
  expect(greeting(server, 'given', false)).not.toContain('certificate');
  expect(greeting(server, 'none', false)).toContain('Without HTTPS');
});
