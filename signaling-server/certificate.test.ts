import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { configFolder, isGoodFor, keptCertificate, makeCertificate } from './certificate.ts';

const NAMES = ['localhost', 'laptop.local', '127.0.0.1', '::1', '192.168.1.20', 'fd00::1:2'];

let folder: string;
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'potluck-certificate-')), 'potluck');
});
afterEach(() => rmSync(join(folder, '..'), { recursive: true }));

test('it holds every name and address, for a server, signed by itself', async () => {
  const pair = await makeCertificate(NAMES);
  const certificate = new X509Certificate(pair.cert);
  expect(isGoodFor(pair, NAMES)).toBe(true);
  expect(certificate.subjectAltName).toContain('DNS:laptop.local');
  expect(certificate.subjectAltName).toContain('IP Address:192.168.1.20');
  expect(certificate.ca).toBe(false);
  expect(certificate.verify(certificate.publicKey)).toBe(true);
  expect(certificate.publicKey.asymmetricKeyDetails).toMatchObject({ namedCurve: 'prime256v1' });
});

test('it lasts a year, which Safari accepts, and is good until a week before its end', async () => {
  const pair = await makeCertificate(NAMES);
  const { validFrom, validTo } = new X509Certificate(pair.cert);
  const day = 86_400_000;
  const days = (Date.parse(validTo) - Date.parse(validFrom)) / day;
  expect(days).toBeGreaterThan(365);
  expect(days).toBeLessThanOrEqual(398);
  const before = (n: number): Date => new Date(Date.parse(validTo) - n * day);
  expect(isGoodFor(pair, NAMES, before(8))).toBe(true);
  expect(isGoodFor(pair, NAMES, before(6))).toBe(false);
});

test('another address, another key or damage makes it unfit', async () => {
  const pair = await makeCertificate(NAMES);
  expect(isGoodFor(pair, [...NAMES, '10.0.0.7'])).toBe(false);
  expect(isGoodFor(pair, ['other.local'])).toBe(false);
  expect(isGoodFor({ ...pair, key: (await makeCertificate(NAMES)).key }, NAMES)).toBe(false);
  expect(isGoodFor({ ...pair, cert: pair.cert.slice(0, 200) }, NAMES)).toBe(false);
  expect(isGoodFor({ key: '', cert: '' }, NAMES)).toBe(false);
});

test('it is made once, readable by its owner only, and remade when an address is new', async () => {
  const first = await keptCertificate(NAMES, folder);
  const file = join(folder, 'certificate.pem');
  if (process.platform !== 'win32') expect(statSync(file).mode & 0o777).toBe(0o600);
  expect((await keptCertificate(NAMES, folder)).cert.trim()).toBe(first.cert.trim());
  const second = await keptCertificate([...NAMES, '10.0.0.7'], folder);
  expect(second.cert.trim()).not.toBe(first.cert.trim());
  expect(readFileSync(file, 'utf8')).toContain(second.cert.trim());
});

test('a damaged file is replaced', async () => {
  await keptCertificate(NAMES, folder);
  writeFileSync(join(folder, 'certificate.pem'), 'not a certificate');
  expect(isGoodFor(await keptCertificate(NAMES, folder), NAMES)).toBe(true);
});

test('it lives where each system keeps settings', () => {
  expect(configFolder('linux', {}, '/home/ann')).toBe('/home/ann/.config/potluck');
  expect(configFolder('linux', { XDG_CONFIG_HOME: '/etc/ann' }, '/home/ann')).toBe('/etc/ann/potluck');
  expect(configFolder('darwin', {}, '/Users/ann')).toBe('/Users/ann/Library/Application Support/potluck');
  expect(configFolder('win32', { APPDATA: '/ann/Roaming' }, '/ann')).toBe('/ann/Roaming/potluck');
});
