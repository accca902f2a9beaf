import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';

/** PEM. */
export interface KeyPair {
  readonly key: string;
  readonly cert: string;
}

const DAY_MS = 86_400_000;

/** Safari refuses certificates that are valid for more than 398 days. */
const VALID_DAYS = 390;

/** Remade this long before it expires, so that it does not expire while a room is open. */
const RENEW_DAYS = 7;

/** An own certificate for these names and addresses. Nobody vouches for it, so browsers warn once. */
export async function makeCertificate(names: readonly string[], now: Date = new Date()): Promise<KeyPair> {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'Potluck' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    // A phone's clock may be a little behind.
    notBeforeDate: new Date(now.getTime() - DAY_MS),
    notAfterDate: new Date(now.getTime() + (VALID_DAYS - 1) * DAY_MS),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: names.map((name) => (isIP(name) ? { type: 7, ip: name } : { type: 2, value: name })),
      },
    ],
  });
  return { key, cert };
}

/** True when the pair is whole, holds every name and stays valid for a week. */
export function isGoodFor({ key, cert }: KeyPair, names: readonly string[], now: Date = new Date()): boolean {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(cert);
    if (!certificate.checkPrivateKey(createPrivateKey(key))) return false;
  } catch {
    // Damaged is as good as missing: a new one is made.
    return false;
  }
  const holds = (name: string): boolean =>
    (isIP(name) ? certificate.checkIP(name) : certificate.checkHost(name)) !== undefined;
  const expires = Date.parse(certificate.validTo);
  return expires - now.getTime() > RENEW_DAYS * DAY_MS && names.every(holds);
}

/**
 * The certificate kept in `folder`, or a new one that takes its place. Keeping it means that people accept
 * it once, not at every start.
 */
export async function keptCertificate(
  names: readonly string[],
  folder: string = configFolder(),
): Promise<KeyPair> {
  // One file for both, so that they cannot part.
  const file = join(folder, 'certificate.pem');
  const kept = await readFile(file, 'utf8').then(split, () => undefined);
  if (kept && isGoodFor(kept, names)) return kept;
  const made = await makeCertificate(names);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // Renamed when complete: another server that starts now reads the old one or the new one.
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, `${made.key.trim()}\n${made.cert.trim()}\n`, { mode: 0o600 });
  await rename(draft, file);
  return made;
}

/** Where this system keeps settings of programs. */
export function configFolder(
  platform: NodeJS.Platform = process.platform,
  env: NodeJS.ProcessEnv = process.env,
  home: string = homedir(),
): string {
  const base =
    platform === 'win32'
      ? (env.APPDATA ?? join(home, 'AppData', 'Roaming'))
      : platform === 'darwin'
        ? join(home, 'Library', 'Application Support')
        : env.XDG_CONFIG_HOME || join(home, '.config');
  return join(base, 'potluck');
}

function split(pem: string): KeyPair {
  const block = (kind: string): string =>
    new RegExp(`-----BEGIN ${kind}-----[^-]+-----END ${kind}-----`).exec(pem)?.[0] ?? '';
  return { key: block('(?:[A-Z]+ )?PRIVATE KEY'), cert: block('CERTIFICATE') };
}
