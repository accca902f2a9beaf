import { isIPv4, isIPv6 } from 'node:net';
import type { DoorRules } from './door-guard.ts';

/** What the command line says of the door. */
export interface DoorArguments extends Omit<DoorRules, 'key'> {
  readonly host: string;
  readonly port: number;
  /** Whoever reaches it may ask. */
  readonly noKey: boolean;
}

/** The options of the command line, for `parseArgs`. */
export const DOOR_OPTIONS = {
  serve: { type: 'string' },
  'no-key': { type: 'boolean' },
  'allow-host': { type: 'string', multiple: true },
  'allow-origin': { type: 'string', multiple: true },
} as const;

export const DOOR_USAGE: string = `
  --serve [HOST:]PORT   a door for programs: OpenAI's API and /v1/run (default host 127.0.0.1)
  --no-key              with --serve on this computer only: nobody is asked for the key
  --allow-host NAME     with --serve: a name by which it may be called, beside localhost and addresses
  --allow-origin URL    with --serve: pages of this origin may call it
`;

export interface GivenDoor {
  readonly serve?: string | undefined;
  readonly 'no-key'?: boolean | undefined;
  readonly 'allow-host'?: readonly string[] | undefined;
  readonly 'allow-origin'?: readonly string[] | undefined;
}

/** Null where no door is wanted. @throws what `wrong` makes of a sentence */
export function doorArguments(given: GivenDoor, wrong: (message: string) => Error): DoorArguments | null {
  const { serve, 'no-key': noKey = false, 'allow-host': hosts = [], 'allow-origin': origins = [] } = given;
  if (serve === undefined) {
    if (noKey || hosts.length > 0 || origins.length > 0) {
      throw wrong('--no-key, --allow-host and --allow-origin go with --serve.');
    }
    return null;
  }
  const { host, port } = addressOf(serve) ?? {};
  if (host === undefined || port === undefined) {
    throw wrong(`--serve must be [HOST:]PORT, such as 127.0.0.1:8484, not "${serve}".`);
  }
  if (noKey && !isLoopback(host)) throw wrong('--no-key is for a door that this computer alone can reach.');
  const named = hosts.map((name) => name.toLowerCase());
  for (const name of named) {
    if (!/^[a-z0-9.-]+$/.test(name))
      throw wrong(`--allow-host must be a name without a port, not "${name}".`);
  }
  for (const origin of origins) {
    const isOrigin = URL.canParse(origin) && new URL(origin).origin === origin;
    if (!isOrigin) throw wrong(`--allow-origin must be like https://example.org, not "${origin}".`);
  }
  return { host, port, noKey, hosts: named, origins };
}

function addressOf(text: string): { readonly host: string; readonly port: number } | null {
  const [, host = '127.0.0.1', port = ''] = /^(?:(.+):)?(\d{1,5})$/.exec(text) ?? [];
  const bare = host.replace(/^\[(.+)\]$/, '$1');
  const isHost = isIPv4(bare) || isIPv6(bare) || bare === 'localhost';
  // An IPv6 address without brackets would hide its port.
  if (port === '' || !isHost || (isIPv6(bare) && bare === host) || Number(port) > 65_535) return null;
  return { host: bare, port: Number(port) };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}
