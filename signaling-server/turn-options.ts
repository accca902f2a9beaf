import { readFile } from 'node:fs/promises';
import { messageOf } from '../core/errors.ts';
import { TurnAccess } from './turn-access.ts';
import { UsageError } from './usage-error.ts';

/** The options of the command line that concern TURN, as they were given. */
export interface TurnOptions {
  readonly urls: readonly string[] | undefined;
  readonly secretFile: string | undefined;
  readonly ttl: string | undefined;
}

/** A long event; a page that stays longer is sent new ones. */
const TTL_S = 12 * 3600;
/** Half of it must pass before new ones come, and making a link takes up to 15 s. */
const LEAST_TTL_S = 60;
const MOST_TTL_S = 7 * 24 * 3600;
/** UDP, TCP and TLS of one server, by name and by address. A browser takes longer with each. */
const MOST_URLS = 6;
/** Shorter ones can be guessed from a credential, which each member has. */
const LEAST_SECRET = 16;
const MOST_SECRET = 512;

/** Undefined where none is given. @throws UsageError that does not quote what is in the file. */
export async function readTurnOptions(options: TurnOptions): Promise<TurnAccess | undefined> {
  const { urls = [], secretFile, ttl } = options;
  if (urls.length === 0 && secretFile === undefined && ttl === undefined) return undefined;
  if (urls.length === 0 || secretFile === undefined) {
    throw new UsageError('--turn and --turn-secret-file go together; --turn-ttl goes with them.');
  }
  if (urls.length > MOST_URLS) throw new UsageError(`--turn may be given ${MOST_URLS} times at most.`);
  for (const url of urls) if (!isTurnUrl(url)) throw new UsageError(wrongUrl(url));
  return new TurnAccess({ urls, secret: await readSecret(secretFile), ttlS: ttlOf(ttl) });
}

/** As RFC 7065 has them, with a name or an address, and nothing that a browser would refuse a connection for. */
function isTurnUrl(url: string): boolean {
  const host = '(?:\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)';
  const parts = new RegExp(`^turns?:${host}(?::(\\d{1,5}))?(?:\\?transport=(?:udp|tcp))?$`).exec(url);
  if (!parts || url.length > 300) return false;
  const [, port] = parts;
  return port === undefined || (Number(port) >= 1 && Number(port) <= 65_535);
}

function wrongUrl(url: string): string {
  return `--turn needs turn:HOST[:PORT][?transport=udp|tcp] or turns:…, got "${url.slice(0, 80)}".`;
}

async function readSecret(file: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new UsageError(`The file of --turn-secret-file could not be read: ${messageOf(error)}`);
  }
  const secret = text.trim();
  // One word, as it stands behind `static-auth-secret=`: coturn ends a value at a space or the end of its line.
  const isWord = /^[!-~]+$/.test(secret) && secret.length >= LEAST_SECRET && secret.length <= MOST_SECRET;
  if (isWord) return secret;
  throw new UsageError(
    `The file of --turn-secret-file must hold one word of ${LEAST_SECRET} to ${MOST_SECRET} ` +
      'characters, such as "openssl rand -hex 32" prints; it holds something else.',
  );
}

function ttlOf(text: string | undefined): number {
  if (text === undefined) return TTL_S;
  const found = Number(text);
  if (/^\d{1,7}$/.test(text) && found >= LEAST_TTL_S && found <= MOST_TTL_S) return found;
  throw new UsageError(
    `--turn-ttl needs whole seconds from ${LEAST_TTL_S} to ${MOST_TTL_S}, got "${text.slice(0, 20)}".`,
  );
}
