import { messageOf, PotluckError } from '../../core/errors.ts';
import { type Door, openDoor } from './door.ts';
import type { DoorArguments } from './door-arguments.ts';
import { type DoorKey, doorKey } from './door-key.ts';
import type { DoorRoom } from './room-model.ts';

export interface ServeOptions {
  readonly door: DoorArguments;
  /** Where the key is kept over starts. */
  readonly folder: string;
  readonly room: () => DoorRoom | undefined;
  /** Takes whole lines. */
  readonly print: (text: string) => void;
}

/** Opens the door as the command line says, and tells how to come in. @throws DoorKeyError, or why the address is not to be had */
export async function serve({ door, folder, room, print }: ServeOptions): Promise<Door> {
  const key = door.noKey ? null : await doorKey(folder, process.env.POTLUCK_API_KEY);
  const report = (error: unknown): void => {
    // Our own errors say in a sentence what happened; of others it takes to know where.
    const isOurs = error instanceof PotluckError || !(error instanceof Error);
    print(`The door: ${isOurs ? messageOf(error) : (error.stack ?? error.message)}`);
  };
  const opened = await openDoor({ ...door, key: key?.key ?? null, room, report });
  print(`Programs may ask at ${opened.url}/v1 ${wordsOn(key)}`);
  return opened;
}

/** A key is shown once, when it is made: what a terminal prints may end up in logs. */
function wordsOn(key: DoorKey | null): string {
  if (!key) return 'without a key.';
  if (key.origin === 'environment') return 'with the key of POTLUCK_API_KEY.';
  if (key.origin === 'kept') return `with the key in ${key.path}`;
  return `with this key, which is kept in ${key.path}:\n\n  ${key.key}\n`;
}
