import { readFile, stat, writeFile } from 'node:fs/promises';
import { messageOf } from '../../core/errors.ts';
import type { PlanRoom } from '../../core/plan/room.ts';
import { solve } from '../../core/plan/solve.ts';
import { readArgs, USAGE } from './args.ts';
import { parseRoom } from './parse-room.ts';

const FAILED = 1;
const INFEASIBLE = 2;
/** The largest room that is read takes about a third of this. */
const MOST_BYTES = 64e6;

/** Where the tool writes. */
export interface Output {
  print(text: string): void;
  complain(text: string): void;
}

/** `npm run plan`: a line for each room; gives the exit status. */
export async function planRooms(argv: readonly string[], { print, complain }: Output): Promise<number> {
  let args: ReturnType<typeof readArgs>;
  try {
    args = readArgs(argv);
  } catch (error) {
    complain(`${messageOf(error)}\n\n${USAGE}`);
    return FAILED;
  }
  try {
    // All are read before the first is solved: a wrong file among many is told at once.
    const rooms: PlanRoom[] = [];
    for (const file of args.files) rooms.push(await readRoom(file));
    const lines: string[] = [];
    let exit = 0;
    for (const room of rooms) {
      const startedAt = performance.now();
      const result = solve(room);
      const solveMs = performance.now() - startedAt;
      if ('infeasible' in result) exit = INFEASIBLE;
      lines.push(JSON.stringify('infeasible' in result ? result : { ...result, solveMs }));
    }
    const text = lines.map((line) => `${line}\n`).join('');
    print(text);
    if (args.json !== null) await writeFile(args.json, text);
    return exit;
  } catch (error) {
    complain(messageOf(error));
    return FAILED;
  }
}

async function readRoom(file: string): Promise<PlanRoom> {
  try {
    const { size } = await stat(file);
    if (size > MOST_BYTES) throw new RangeError(`expected at most ${MOST_BYTES} bytes, got ${size}`);
    return parseRoom(await readFile(file, 'utf8'));
  } catch (error) {
    throw new Error(`${file}: ${messageOf(error)}`, { cause: error });
  }
}
