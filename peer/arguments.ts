import { parseArgs } from 'node:util';
import { type RoomLink, readRoomLink } from '../core/room-link.ts';
import type { PlanMode } from '../core/session/state.ts';
import { DOOR_OPTIONS, DOOR_USAGE, type DoorArguments, doorArguments } from './door/door-arguments.ts';
import type { ProviderWish } from './providers.ts';

export interface PeerArguments {
  /** The room to join; null: one is opened. */
  readonly link: RoomLink | null;
  /** Where the signaling server is: scheme, host and port. */
  readonly server: string;
  /** With `--lead`: a file or an address. */
  readonly model: string | null;
  readonly mode: PlanMode;
  readonly name: string | null;
  readonly memoryBytes: number | null;
  readonly threads: number | null;
  readonly provider: ProviderWish;
  readonly folder: string | null;
  readonly diskBytes: number | null;
  readonly once: boolean;
  /** Null: none is opened. */
  readonly door: DoorArguments | null;
}

/** What a person can set right. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const USAGE: string = `potluck-peer: a computer without a page joins a room, or opens one

  npm run peer -- LINK                  joins the room of this link (or of POTLUCK_LINK in the environment)
  npm run peer -- --lead --model FILE   opens a room, shows its link and QR code, and runs the model there

  --name NAME      what the others see (default: this computer's name)
  --memory MB      what the layers held here may take in all (default: half of the memory)
  --threads N      threads that compute (default: the fastest number that was measured)
  --provider P     computes on cpu (default), cuda, webgpu, or auto: whatever works here and is fastest
  --store FOLDER   where weights stay for the next visit (default: potluck in the user's cache folder)
  --disk MB        what they may take there (default: as much as there is)
  --once           ends when all others have left, or when there is no such room, instead of waiting
  --lead           opens the room itself
  --server URL     with --lead: the signaling server (default https://localhost:8443)
  --model FILE     with --lead: an .onnx file, with what belongs to it beside it, or the address of one
  --mode MODE      with --lead: fastest, most or everyone (default fastest)
${DOOR_USAGE}`;

const MOST_MEGABYTES = 100e6;
const DEFAULT_SERVER = 'https://localhost:8443';

/**
 * Reads the command line; 'help' where that is asked for. `envLink` stands for a link that is not there: arguments are
 * seen by everybody on a computer, and who has the link is in the room. @throws UsageError
 */
export function parseArguments(args: readonly string[], envLink?: string): PeerArguments | 'help' {
  const { values, positionals } = parsed(args);
  if (values.help) return 'help';
  const [given, ...more] = positionals;
  if (more.length > 0) throw new UsageError(`One link is enough: what is "${more.join(' ')}"?`);
  const lead = values.lead ?? false;
  const common = {
    mode: modeOf(values.mode),
    name: values.name?.trim().slice(0, 40) || null,
    memoryBytes: megabytes('--memory', values.memory),
    threads: whole('--threads', values.threads, 1024),
    provider: providerOf(values.provider),
    folder: values.store ?? null,
    diskBytes: megabytes('--disk', values.disk),
    once: values.once ?? false,
    door: doorArguments(values, (message) => new UsageError(message)),
  };
  if (lead) {
    if (given !== undefined) throw new UsageError('Join the room of a link, or --lead one: not both.');
    if (values.model === undefined) throw new UsageError('--lead needs --model FILE.');
    return { ...common, link: null, server: serverOf(values.server ?? DEFAULT_SERVER), model: values.model };
  }
  if (values.model !== undefined || values.server !== undefined || values.mode !== undefined) {
    throw new UsageError('--model, --mode and --server go with --lead: else the room decides.');
  }
  const address = given ?? envLink;
  if (address === undefined) throw new UsageError('The link of a room is missing.');
  const { origin, link } = linkOf(address);
  return { ...common, link, server: origin, model: null };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        name: { type: 'string' },
        memory: { type: 'string' },
        threads: { type: 'string' },
        provider: { type: 'string' },
        store: { type: 'string' },
        disk: { type: 'string' },
        once: { type: 'boolean' },
        lead: { type: 'boolean' },
        server: { type: 'string' },
        model: { type: 'string' },
        mode: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
        ...DOOR_OPTIONS,
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function linkOf(address: string): { readonly origin: string; readonly link: RoomLink } {
  const url = addressOf(address);
  const link = url && readRoomLink(url);
  if (url && link && link !== 'incomplete') return { origin: url.origin, link };
  const lost = link === 'incomplete';
  // A shell takes an unquoted # for a comment only after a space: the fragment gets lost in other ways.
  const hint = lost ? ' The part behind the # is missing: put the link in quotes.' : '';
  throw new UsageError(`"${address.slice(0, 80)}" is not the link of a room.${hint}`);
}

function modeOf(text = 'fastest'): PlanMode {
  if (text === 'fastest' || text === 'most' || text === 'everyone') return text;
  throw new UsageError(`--mode must be fastest, most or everyone, not "${text}".`);
}

function providerOf(text = 'cpu'): ProviderWish {
  if (text === 'cpu' || text === 'cuda' || text === 'webgpu' || text === 'auto') return text;
  throw new UsageError(`--provider must be cpu, cuda, webgpu or auto, not "${text}".`);
}

function serverOf(address: string): string {
  const url = addressOf(address);
  if (url) return url.origin;
  throw new UsageError(`--server must be an address such as ${DEFAULT_SERVER}, not "${address}".`);
}

function addressOf(text: string): URL | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  return url && /^https?:$/.test(url.protocol) ? url : null;
}

function megabytes(name: string, text: string | undefined): number | null {
  const found = whole(name, text, MOST_MEGABYTES);
  return found === null ? null : found * 1e6;
}

function whole(name: string, text: string | undefined, most: number): number | null {
  if (text === undefined) return null;
  const found = Number(text);
  if (/^\d+$/.test(text) && found >= 1 && found <= most) return found;
  throw new UsageError(`${name} must be a whole number from 1 to ${most}, not "${text}".`);
}
